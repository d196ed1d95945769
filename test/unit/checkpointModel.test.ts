/** A checkpoint is a model that anyone can open: ONNX Runtime's own operators, run on it, predict what the engine predicts. */
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { strict as assert } from 'node:assert';
import { Vocabulary } from '../../src/core/corpus/vocabulary';
import { plainStack, type ModelConfig } from '../../src/core/model/config';
import { decodeCheckpoint, encodeCheckpoint } from '../../src/core/onnx/checkpointFile';
import { assertClose } from '../reference/compare';
import { randomModel, readProbe } from './support/models';

const V = 7;
const stacks: readonly Partial<ModelConfig>[] = [
  {},
  { layers: 3 },
  { bidirectional: true, layers: 2, objective: 'masked' },
  { embeddingSize: 4, layers: 2 },
  { embeddingSize: 6, tied: true },
  { embeddingSize: 12, tied: true, bidirectional: true, layers: 2, objective: 'masked' },
];

for (const { cell, activation } of [{ cell: 'rnn', activation: 'tanh' }, { cell: 'rnn', activation: 'relu' }, { cell: 'lstm', activation: 'tanh' }, { cell: 'gru', activation: 'tanh' }] as const) {
  for (const stack of stacks) {
    it(`checkpoint of ${cell} ${activation} ${JSON.stringify(stack)} on ONNX Runtime`, async () => {
      const config: ModelConfig = { ...plainStack, cell, activation, layers: 1, hiddenSize: 6, vocabularySize: V, ...stack };
      const { parameters, ids } = randomModel(config, 5, 21);
      const { tape } = await readProbe('wasm', config, parameters, ids);
      const vocabulary = new Vocabulary(Array.from('abcdefg'));
      const bytes = encodeCheckpoint({ config, parameters, vocabulary, step: 3 });

      const session = await InferenceSession.create(bytes, { logSeverityLevel: 3 });
      const feeds = { ids: new Tensor('int64', BigInt64Array.from(ids.slice(0, -1), BigInt), [20, 1]) };
      const { logits } = await session.run(feeds);
      await session.release();
      assertClose(softmaxRows(logits.data as Float32Array), tape.probabilities.subarray(0, 20 * V), 1e-5, 'probabilities');

      const read = decodeCheckpoint(bytes, 'model.onnx');
      assert.deepEqual(read.config, config);
      assert.deepEqual(read.parameters.values, parameters.values);
    });
  }
}

function softmaxRows(logits: Float32Array): Float64Array {
  const weights = Float64Array.from(logits, Math.exp);
  return weights.map((weight, i) => {
    const row = Math.floor(i / V) * V;
    return weight / weights.subarray(row, row + V).reduce((sum, x) => sum + x, 0);
  });
}
