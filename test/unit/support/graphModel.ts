/** A small model that is no stack of known layers, as a file. */
import { Random } from '../../../src/core/model/random';
import { GraphBuilder } from '../../../src/formats/onnx/graphBuilder';
import { dataType, encodeModel } from '../../../src/formats/onnx/messages';

/** Names of the tensors that are found in it, in the order of the graph, but for the last. */
export const graphModelTensors = {
  embedding: '/embedding/Gather_output_0',
  state: 'RNN:/blocks.0/rnn/RNN:hidden',
  firstSum: '/blocks.0/Add_output_0',
  secondSum: '/blocks.1/Add_output_0',
} as const;

/**
 * An embedding of width 8, a vanilla RNN whose states go back into the sum, and a block with a Softsign, which no stack of layers has. Its weights are
 * random, from a fixed seed; its vocabulary, one code point a symbol, is in the file. @param symbols id = index
 */
export function graphModelFile(symbols: readonly string[]): Uint8Array {
  const [V, D] = [symbols.length, 8];
  const random = Random.forDrawing(7);
  const builder = new GraphBuilder();
  const weights = (name: string, shape: readonly number[], scale: number): string => {
    const size = shape.reduce((product, length) => product * length, 1);
    return builder.floats(
      name,
      shape,
      Float32Array.from({ length: size }, () => scale * random.normal()),
    );
  };
  const ids = builder.input('ids', dataType.int64, [1, 'time']);
  const x = builder.node('Gather', [weights('E', [V, D], 1), ids], {}, graphModelTensors.embedding);
  const timeFirst = builder.node('Transpose', [x], { perm: [1, 0, 2] });
  const rnn = [weights('W', [1, D, D], 0.3), weights('R', [1, D, D], 0.3)];
  const states = '/blocks.0/rnn/RNN';
  builder.nodeWithOutputs('RNN', [timeFirst, ...rnn], [states], { hidden_size: D });
  const forward = builder.node('Squeeze', [states, builder.integers([1])]);
  const batchFirst = builder.node('Transpose', [forward], { perm: [1, 0, 2] });
  const first = builder.node('Add', [x, batchFirst], {}, graphModelTensors.firstSum);
  const inner = builder.node('Softsign', [builder.node('MatMul', [first, weights('A', [D, 2 * D], 0.4)])]);
  const outer = builder.node('MatMul', [inner, weights('B', [2 * D, D], 0.4)]);
  const second = builder.node('Add', [first, outer], {}, graphModelTensors.secondSum);
  builder.node('MatMul', [second, weights('U', [D, V], 0.4)], {}, 'logits');
  builder.output('logits', dataType.float, [1, 'time', V]);
  return encodeModel({
    irVersion: 8,
    producerName: 'handmade',
    opsetImport: [{ domain: '', version: 18 }],
    metadataProps: [{ key: 'vocabulary', value: JSON.stringify(symbols) }],
    graph: builder.build('graph'),
  });
}
