/** Checkpoints of models with attention, norms and residual connections: ONNX Runtime computes from them what the engine computes, and they come back as they were. */
import { strict as assert } from 'node:assert';
import { Vocabulary } from '../../../src/core/corpus/vocabulary';
import { checkConfig, plainLayer, type LayerConfig, type ModelConfig } from '../../../src/core/model/config';
import { initialize } from '../../../src/core/model/initialize';
import { Random } from '../../../src/core/model/random';
import { makeNetwork } from '../../../src/core/network';
import { createBackend } from '../../../src/engine/backend';
import { flushSubnormals, InferenceSession, Tensor } from '../../../src/engine/onnxRuntime';
import type { CellName } from '../../../src/layers/catalog';
import type { NormName } from '../../../src/layers/norm';
import type { LayerOptions } from '../../../src/layers/options';
import { decodeCheckpoint, encodeCheckpoint } from '../../../src/modelFiles/checkpointFile';
import { assertClose } from '../../reference/compare';

const V = 7;
const [T, B] = [11, 3];

function layerOf(cell: CellName, norm: NormName, residual: boolean, options: LayerOptions = {}): LayerConfig {
  return { cell, activation: 'tanh', hiddenSize: 8, ...plainLayer, norm, residual, options };
}

const ofHeads = (heads: number, positions: string, biases: boolean) => ({ heads, positions, biases, context: 12 });

const models: Readonly<Record<string, readonly LayerConfig[]>> = {
  'as GPT-2': Array<LayerConfig>(2).fill(layerOf('attention', 'layerNorm', true, ofHeads(2, 'learned', true))),
  'rotary, rmsNorm, without biases': Array<LayerConfig>(2).fill(
    layerOf('attention', 'rmsNorm', true, ofHeads(4, 'rotary', false)),
  ),
  'bare, without positions': [layerOf('attention', 'none', false, ofHeads(1, 'none', true))],
  'an LSTM below attention': [
    layerOf('lstm', 'none', false),
    layerOf('attention', 'layerNorm', true, ofHeads(2, 'none', true)),
  ],
  'attention below a GRU, with norms and residual connections': [
    layerOf('attention', 'layerNorm', true, ofHeads(2, 'learned', true)),
    layerOf('gru', 'rmsNorm', true),
  ],
};

function configOf(layers: readonly LayerConfig[], tied: boolean): ModelConfig {
  const [{ norm }] = layers;
  return checkConfig({ layers, vocabularySize: V, embeddingSize: 8, tied, objective: 'next', finalNorm: norm });
}

describe('checkpoints of models with attention', () => {
  for (const [name, layers] of Object.entries(models))
    for (const tied of [false, true])
      it(`${name}${tied ? ', tied' : ''}`, async () => {
        const config = configOf(layers, tied);
        const parameters = initialize(config, Random.fromSeed(5));
        // Away from the first values, which are small, and from norms that do nothing.
        const random = Random.fromSeed(6);
        parameters.values.forEach((value, i) => (parameters.values[i] = value + 0.3 * random.normal()));
        const vocabulary = new Vocabulary(Array.from('abcdefg'));
        const bytes = encodeCheckpoint({ config, parameters, vocabulary, step: 3 });
        const read = decodeCheckpoint(bytes, 'model.onnx');
        assert.deepEqual(read.config, config);
        assert.deepEqual(read.parameters.values, parameters.values);

        const ids = Int32Array.from({ length: T * B }, (_, i) => (i * i + 3 * i) % V);
        const backend = await createBackend({ backend: 'wasm', threads: 1 }, 1, Infinity);
        const network = backend.build(B, (arena, products) =>
          makeNetwork(arena, config, { steps: T, batch: B }, products),
        );
        network.parameters.values.set(parameters.values);
        network.tape.inputs.set(ids);
        network.tape.targets.fill(0);
        await network.forward.run();
        const session = await InferenceSession.create(bytes, {
          logSeverityLevel: 3,
          extra: { session: flushSubnormals },
        });
        const feeds = { ids: new Tensor('int64', BigInt64Array.from(Array.from(ids), BigInt), [T, B]) };
        const { logits } = await session.run(feeds);
        assert.deepEqual(logits.dims, [T, B, V]);
        const probabilities = Float32Array.from(logits.data as Float32Array, Math.exp);
        for (let row = 0; row < T * B; row++) {
          const own = probabilities.subarray(row * V, (row + 1) * V);
          const sum = own.reduce((all, each) => all + each, 0);
          own.forEach((value, v) => (own[v] = value / sum));
        }
        assertClose(probabilities, network.tape.probabilities, 1e-5, 'probabilities');
      });
});
