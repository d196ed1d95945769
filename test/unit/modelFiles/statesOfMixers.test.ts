/** What Mamba carries goes out of a checkpoint's graph and into it again: a text in parts gives the logits of the whole. */
import { strict as assert } from 'node:assert';
import { Vocabulary } from '../../../src/core/corpus/vocabulary';
import { plainStack, uniformModel, type ModelConfig, type StackConfig } from '../../../src/core/model/config';
import { flushSubnormals, InferenceSession, Tensor } from '../../../src/engine/onnxRuntime';
import { encodeModel } from '../../../src/formats/onnx/messages';
import { decodeOnnx } from '../../../src/formats/onnx/onnxFile';
import { decodeCheckpoint, encodeCheckpoint } from '../../../src/modelFiles/checkpointFile';
import { assertClose } from '../../reference/compare';
import { parametersOf } from '../support/checkpoints';

const options = { logSeverityLevel: 3, extra: { session: flushSubnormals } } as const;
const [V, batch] = [7, 2];

function mambaOf(stack: Partial<StackConfig>): ModelConfig {
  return uniformModel({
    ...plainStack,
    cell: 'mamba',
    activation: 'tanh',
    layers: 2,
    hiddenSize: 6,
    embeddingSize: 6,
    vocabularySize: V,
    ...stack,
  });
}

const [above] = mambaOf({ options: { stateSize: 2 } }).layers;
const published = { norm: 'rmsNorm', finalNorm: 'rmsNorm', residual: true } as const;
const models: Readonly<Record<string, ModelConfig>> = {
  'as it is published': mambaOf(published),
  'of one number and two steps of the convolution': mambaOf({ options: { stateSize: 1, convolution: 2 } }),
  'of five steps of the convolution': mambaOf({ ...published, options: { convolution: 5, projectionBiases: true } }),
  'above an LSTM': {
    ...mambaOf({ layers: 1 }),
    layers: [{ ...above, cell: 'lstm', norm: 'none', residual: false, options: {} }, above],
  },
};

/** ONNX Runtime for Node feeds no input that has a default; other programs do. */
function withoutDefaults(bytes: Uint8Array): Uint8Array {
  const model = decodeOnnx(bytes, 'model.onnx');
  const { graph } = model;
  const initializer = graph.initializer.filter(({ name }) => !name?.endsWith('_0'));
  return encodeModel({ ...model, graph: { ...graph, initializer } });
}

for (const [name, config] of Object.entries(models))
  it(`the states of Mamba ${name} are inputs and outputs of its graph`, async () => {
    const parameters = parametersOf(config);
    const vocabulary = new Vocabulary(Array.from('abcdefg'));
    const bytes = encodeCheckpoint({ config, parameters, vocabulary, step: 3 });
    const ids = Array.from({ length: 12 * batch }, (_, i) => (i * 5 + (i % 3)) % V);
    const part = (from: number, to: number) => {
      const own = ids.slice(from * batch, to * batch);
      return new Tensor('int64', BigInt64Array.from(own, BigInt), [to - from, batch]);
    };
    const session = await InferenceSession.create(bytes, options);
    const { logits } = await session.run({ ids: part(0, 12) });
    await session.release();

    const going = await InferenceSession.create(withoutDefaults(bytes), options);
    let states = Object.fromEntries(
      going.inputMetadata.flatMap((input): [string, Tensor][] => {
        if (input.name === 'ids' || !input.isTensor) return [];
        const shape = input.shape.map((size) => (typeof size === 'number' ? size : 1));
        return [[input.name, new Tensor('float32', new Float32Array(shape.reduce((a, b) => a * b)), shape)]];
      }),
    );
    const ofMamba = config.layers.flatMap(({ cell }, layer) =>
      cell === 'mamba' ? [`layer${layer}.h_0`, `layer${layer}.conv_0`] : [],
    );
    assert.ok(ofMamba.every((input) => input in states));
    const found: number[] = [];
    // The first part is shorter than what the convolution looks back, and one is of a single token.
    for (const [from, to] of [
      [0, 2],
      [2, 3],
      [3, 12],
    ]) {
      const given = await going.run({ ids: part(from, to), ...states });
      found.push(...(given['logits'].data as Float32Array));
      states = Object.fromEntries(Object.keys(states).map((input) => [input, given[input.replace(/_0$/, '_n')]]));
    }
    await going.release();
    assertClose(Float32Array.from(found), logits.data as Float32Array, 1e-6, 'the logits of the parts');

    const read = decodeCheckpoint(bytes, 'model.onnx');
    assert.deepEqual([read.config, read.parameters.values], [config, parameters.values]);
  });
