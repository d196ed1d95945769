/** Models whose layers differ, in files: ONNX Runtime computes from a checkpoint what the engine computes, and both checkpoints and weights come back as they were. */
import { strict as assert } from 'node:assert';
import { Vocabulary } from '../../../src/core/corpus/vocabulary';
import type { ModelConfig } from '../../../src/core/model/config';
import { initialize } from '../../../src/core/model/initialize';
import type { Parameters } from '../../../src/core/model/parameters';
import { Random } from '../../../src/core/model/random';
import { makeNetwork } from '../../../src/core/network';
import { createBackend } from '../../../src/engine/backend';
import { flushSubnormals, InferenceSession, Tensor } from '../../../src/engine/onnxRuntime';
import { modelOfSettings } from '../../../src/engine/train/modelOfSettings';
import { decodeSafetensors, encodeSafetensors } from '../../../src/formats/safetensors';
import { decodeCheckpoint, encodeCheckpoint } from '../../../src/modelFiles/checkpointFile';
import { readTorchWeights } from '../../../src/modelFiles/torchWeights';
import { writeTorchWeights } from '../../../src/modelFiles/writeTorchWeights';
import { readLayers } from '../../../src/protocol/layerList';
import { completeModel, defaultModelSettings, type OpenModelSettings } from '../../../src/protocol/settings';
import { assertClose } from '../../reference/compare';

const V = 7;
const [T, B] = [11, 3];

/** As the settings make it. */
function mixture(list: string, others: Partial<OpenModelSettings> = {}): ModelConfig {
  const open = { ...defaultModelSettings, objective: null, norm: null, finalNorm: null, residual: null };
  return modelOfSettings(completeModel({ ...open, ...others, layers: readLayers(list) }), V);
}

const models: Readonly<Record<string, ModelConfig>> = {
  'lstm:8,attention:8': mixture('lstm:8,attention:8', { options: { positions: 'learned', context: 12 } }),
  'attention:8,lstm:8, tied': mixture('attention:8,lstm:8', { tied: true }),
  'mamba:8,attention:8x2': mixture('mamba:8,attention:8x2', { options: { positions: 'rotary', heads: 2 } }),
  'minGRU:4,mamba:6 without residual connections': mixture('minGRU:4,mamba:6', { residual: false }),
  'gru:6,minGRU:4': mixture('gru:6,minGRU:4', { options: { positive: true } }),
  'rnn:6,mamba:6 with norms and residual connections': mixture('rnn:6,mamba:6', { norm: 'layerNorm', residual: true }),
  'lstm:5,gru:4 both ways': mixture('lstm:5,gru:4', { bidirectional: true }),
};

function parametersOf(config: ModelConfig): Parameters {
  const parameters = initialize(config, Random.fromSeed(5));
  // Away from the first values, which are small, and from norms that do nothing.
  const random = Random.fromSeed(6);
  parameters.values.forEach((value, i) => (parameters.values[i] = value + 0.3 * random.normal()));
  return parameters;
}

for (const [name, config] of Object.entries(models)) {
  describe(`files of ${name}`, () => {
    const parameters = parametersOf(config);
    const vocabulary = new Vocabulary(Array.from('abcdefg'));

    it('a checkpoint predicts on ONNX Runtime what the engine predicts, and is read back', async () => {
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

    it('weights come back as they were, of each layer under names of its own', () => {
      const bytes = writeTorchWeights({ config, parameters }, 9, {});
      const read = readTorchWeights(bytes, 'model.safetensors', { activation: null });
      assert.deepEqual(read.plain?.config, config);
      assert.deepEqual(read.plain.parameters.values, parameters.values);
      assert.equal(read.trainingStep, 9);
      const names = Array.from(decodeSafetensors(bytes, 'model.safetensors').tensors.keys());
      assert.equal(new Set(names).size, names.length);
      const isOf = (layer: number, each: string) => each.startsWith(`layers.${layer}.`) || each.endsWith(`_l${layer}`);
      config.layers.forEach((_, layer) =>
        assert.ok(names.some((each) => isOf(layer, each) || each.startsWith(`rnn.${layer}.`))),
      );
    });

    it('weights of which one is missing are not read as another model', () => {
      const { tensors, metadata } = decodeSafetensors(writeTorchWeights({ config, parameters }, 9, {}), 'm');
      // A recurrent layer's own matrix, or another layer's input projection.
      const missing = Array.from(tensors.keys()).find((each) => /weight_ih|Wqkv|in_proj|to_hidden.*weight/.test(each));
      const left = new Map(Array.from(tensors).filter(([each]) => each !== missing));
      assert.equal(left.size, tensors.size - 1);
      assert.throws(() => readTorchWeights(encodeSafetensors(left, metadata), 'm.safetensors', { activation: null }), {
        name: 'UserError',
      });
    });
  });
}
