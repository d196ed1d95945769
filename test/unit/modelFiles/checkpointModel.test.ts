/** A checkpoint is a model that anyone can open: ONNX Runtime's own operators, run on it, predict what the engine predicts. */
import { strict as assert } from 'node:assert';
import { readFileSync } from 'node:fs';
import { Vocabulary } from '../../../src/core/corpus/vocabulary';
import { plainStack, uniformModel, type StackConfig } from '../../../src/core/model/config';
import { plainModelOf } from '../../../src/core/model/plainModel';
import { kindOf } from '../../../src/layers/catalog';
import { encodeModel } from '../../../src/formats/onnx/messages';
import { decodeOnnx } from '../../../src/formats/onnx/onnxFile';
import { readOnnx } from '../../../src/modelFiles/onnx/read/readModel';
import { decodeCheckpoint, encodeCheckpoint } from '../../../src/modelFiles/checkpointFile';
import { decodeSafetensors } from '../../../src/formats/safetensors';
import { readTorchWeights } from '../../../src/modelFiles/torchWeights';
import { writeTorchWeights } from '../../../src/modelFiles/writeTorchWeights';
import { flushSubnormals, InferenceSession, Tensor } from '../../../src/engine/onnxRuntime';
import { assertClose } from '../../reference/compare';
import { randomModel, readProbe } from '../support/models';

// The first session of a process decides for its thread.
const options = { logSeverityLevel: 3, extra: { session: flushSubnormals } } as const;
const V = 7;
const stacks: readonly Partial<StackConfig>[] = [
  {},
  { options: { positive: true } },
  { layers: 3 },
  { bidirectional: true, layers: 2, objective: 'masked' },
  { embeddingSize: 4, layers: 2 },
  { embeddingSize: 6, tied: true },
  { embeddingSize: 12, tied: true, bidirectional: true, layers: 2, objective: 'masked' },
];

/** With a norm or a residual connection around every layer. */
const aroundStacks: readonly Partial<StackConfig>[] = [
  { embeddingSize: 6, layers: 2, norm: 'layerNorm' },
  { embeddingSize: 6, layers: 3, norm: 'rmsNorm', residual: true, finalNorm: 'layerNorm', tied: true },
  { embeddingSize: 12, layers: 2, residual: true, finalNorm: 'rmsNorm', bidirectional: true, objective: 'masked' },
];

for (const cell of ['rnn', 'lstm', 'gru', 'minGRU', 'minLSTM'] as const) {
  for (const stack of aroundStacks) {
    it(`checkpoint of ${cell} ${JSON.stringify(stack)} on ONNX Runtime, and read back`, async () => {
      const config = uniformModel({
        ...plainStack,
        cell,
        activation: 'tanh',
        layers: 1,
        hiddenSize: 6,
        vocabularySize: V,
        ...stack,
      });
      const { parameters, ids } = randomModel(config, 5, 21);
      for (const entry of parameters.layout.entries)
        if (/norm/.test(entry.role))
          parameters.view(entry).forEach((value, i, values) => (values[i] = value + 0.1 * Math.sin(i)));
      const { tape } = await readProbe('wasm', config, parameters, ids);
      const vocabulary = new Vocabulary(Array.from('abcdefg'));
      const bytes = encodeCheckpoint({ config, parameters, vocabulary, step: 3 });
      const session = await InferenceSession.create(bytes, options);
      const feeds = { ids: new Tensor('int64', BigInt64Array.from(ids.slice(0, -1), BigInt), [20, 1]) };
      const { logits } = await session.run(feeds);
      assertClose(
        softmaxRows(logits.data as Float32Array),
        tape.probabilities.subarray(0, 20 * V),
        1e-5,
        'probabilities',
      );
      const read = decodeCheckpoint(bytes, 'step-3.onnx');
      assert.deepEqual(read.config, config);
      assert.deepEqual(read.parameters.values, parameters.values);

      const weights = writeTorchWeights({ config, parameters }, 3, {});
      const { plain } = readTorchWeights(weights, 'own.safetensors', { activation: null, tensors: null });
      assert.deepEqual(plain?.config, config);
      assert.deepEqual(plain.parameters.values, parameters.values);
      const { tensors } = decodeSafetensors(weights, 'own.safetensors');
      assert.equal(tensors.has('layers.0.norm.weight'), config.layers[0].norm !== 'none');
      assert.equal(tensors.has('norm.bias'), config.finalNorm === 'layerNorm');
      assert.ok(
        [...tensors.keys()].every((name) => !name.startsWith('rnn.')),
        'no module of several layers is meant',
      );
    });
  }
}

for (const { cell, activation } of [
  { cell: 'rnn', activation: 'tanh' },
  { cell: 'rnn', activation: 'relu' },
  { cell: 'lstm', activation: 'tanh' },
  { cell: 'gru', activation: 'tanh' },
  { cell: 'minGRU', activation: 'tanh' },
  { cell: 'minLSTM', activation: 'tanh' },
] as const) {
  for (const stack of stacks) {
    it(`checkpoint of ${cell} ${activation} ${JSON.stringify(stack)} on ONNX Runtime`, async () => {
      const config = uniformModel({
        ...plainStack,
        cell,
        activation,
        layers: 1,
        hiddenSize: 6,
        vocabularySize: V,
        ...stack,
      });
      const { parameters, ids } = randomModel(config, 5, 21);
      const { tape } = await readProbe('wasm', config, parameters, ids);
      const vocabulary = new Vocabulary(Array.from('abcdefg'));
      const bytes = encodeCheckpoint({ config, parameters, vocabulary, step: 3 });

      const session = await InferenceSession.create(bytes, options);
      const int64 = (part: readonly number[]) =>
        new Tensor('int64', BigInt64Array.from(part, BigInt), [part.length, 1]);
      const feeds = { ids: new Tensor('int64', BigInt64Array.from(ids.slice(0, -1), BigInt), [20, 1]) };
      const { logits } = await session.run(feeds);
      assertClose(
        softmaxRows(logits.data as Float32Array),
        tape.probabilities.subarray(0, 20 * V),
        1e-5,
        'probabilities',
      );
      if (stack.bidirectional !== true) {
        const before = await session.run({ ids: int64(ids.slice(0, 8)) });
        const states = Object.entries(before).flatMap(([name, value]): [string, Tensor][] =>
          name.endsWith('_n') ? [[name.replace(/_n$/, '_0'), value]] : [],
        );
        const going = await InferenceSession.create(withoutDefaults(bytes), options);
        const { logits: rest } = await going.run({ ids: int64(ids.slice(8, -1)), ...Object.fromEntries(states) });
        await going.release();
        assertClose(
          rest.data as Float32Array,
          (logits.data as Float32Array).slice(8 * V),
          1e-6,
          'what follows the states that were fed',
        );
      }
      await session.release();

      const read = decodeCheckpoint(bytes, 'model.onnx');
      assert.deepEqual(read.config, config);
      assert.deepEqual(read.parameters.values, parameters.values);

      // What has no operator is no stack without its metadata.
      if (!kindOf(cell).onnx) return;
      const { model, notices } = readOnnx({ ...decodeOnnx(bytes, 'model.onnx'), metadataProps: [] }, () =>
        assert.fail('no external data'),
      );
      assert.ok(model, 'read as anyone’s model');
      assert.deepEqual(notices, []);
      const plain = plainModelOf(model);
      assert.deepEqual(plain.config, config);
      assert.deepEqual(plain.parameters.values, parameters.values);
    });
  }
}

/** ONNX Runtime for Node feeds no input that has a default; other programs do. */
function withoutDefaults(bytes: Uint8Array): Uint8Array {
  const model = decodeOnnx(bytes, 'model.onnx');
  const { graph } = model;
  return encodeModel({
    ...model,
    graph: { ...graph, initializer: graph.initializer.filter(({ name }) => !name?.endsWith('_0')) },
  });
}

it('a checkpoint from before the states were inputs still opens', () => {
  const { config, parameters, vocabulary, step } = decodeCheckpoint(
    readFileSync('test/vectors/data/checkpoint-before-states.onnx'),
    'old.onnx',
  );
  assert.deepEqual(
    [config.layers[0].cell, config.layers[0].hiddenSize, vocabulary.symbols.join(''), step],
    ['lstm', 3, '\n ehlo', 3],
  );
  assert.ok(parameters.values.every((value) => Number.isFinite(value) && value !== 0));
});

function softmaxRows(logits: Float32Array): Float64Array {
  const weights = Float64Array.from(logits, Math.exp);
  return weights.map((weight, i) => {
    const row = Math.floor(i / V) * V;
    return weight / weights.subarray(row, row + V).reduce((sum, x) => sum + x, 0);
  });
}
