/** A graph that goes through one step only, as tf2onnx 1.17 writes Keras' TimeDistributed. */
import assert from 'node:assert/strict';
import { GraphProgram } from '../../../../../src/core/graph/run';
import { finished } from '../../../../../src/core/graph/turns';
import { GraphBuilder } from '../../../../../src/formats/onnx/graphBuilder';
import { dataType } from '../../../../../src/formats/onnx/messages';
import { recognizeGraph } from '../../../../../src/modelFiles/onnx/graphMode/recognize';
import { UserError } from '../../../../../src/userError';

const [V, H] = [5, 3];
const numbers = (size: number) => Float32Array.from({ length: size }, (_, i) => Math.sin(i + 1));

/** Scores of one token of the text. @param step its place in the text */
function scoresOf(step: number): () => unknown {
  const builder = new GraphBuilder();
  builder.input('ids', dataType.int64, [1, 'time']);
  const x = builder.node('Gather', [builder.floats('table', [V, H], numbers(V * H)), 'ids']);
  const states = builder.node('Softsign', [x]);
  const cut = [step, step === -1 ? 2 ** 31 : step + 1, 1].map((each) => builder.integers([each]));
  const one = builder.node('Slice', [states, ...cut]);
  builder.node('MatMul', [one, builder.floats('output', [H, V], numbers(H * V))], {}, 'scores');
  builder.output('scores', dataType.float, [1, 1, V]);
  const proto = { graph: builder.build('graph'), opsetImport: [{ version: 13 }] };
  const program = new GraphProgram(proto, () => {
    throw new Error('nothing lies outside');
  });
  return () => finished(recognizeGraph(proto, program));
}

describe('a graph with one answer', () => {
  it('is refused as one that goes through a single step, where that is the first', () => {
    assert.throws(scoresOf(0), (thrown) => {
      assert.ok(thrown instanceof UserError);
      assert.deepEqual([thrown.key, ...thrown.args], ['error.graph.oneStep', 'scores']);
      return true;
    });
  });

  it('is not said to be so where it has none at all', () => {
    // A text needs more than 200 tokens to have any; those that it is tried with are shorter.
    assert.throws(scoresOf(200), (thrown) => thrown instanceof UserError && thrown.key === 'error.graph.noScores');
  });

  it('is read prefix by prefix where that is the last', () => {
    const model = scoresOf(-1)() as { readonly use: { readonly way: string } };
    assert.equal(model.use.way, 'prefixes');
  });
});
