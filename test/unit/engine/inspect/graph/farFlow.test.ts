import assert from 'node:assert/strict';
import { GraphProgram } from '../../../../../src/core/graph/run';
import { finished } from '../../../../../src/core/graph/turns';
import { GraphBuilder } from '../../../../../src/formats/onnx/graphBuilder';
import { dataType } from '../../../../../src/formats/onnx/messages';
import { recognizeGraph } from '../../../../../src/modelFiles/onnx/graphMode/recognize';
import { readGraph } from './support';

const [V, H] = [5, 3];

/** h_t = a h_{t−1} + e_t, one token a call: of a target's gradient every step before it has a times that of the next. */
function decaying(a: number): GraphBuilder {
  const builder = new GraphBuilder();
  const numbers = (rows: number, columns: number) =>
    Float32Array.from({ length: rows * columns }, (_, i) => Math.sin(i + 1));
  builder.input('token', dataType.int64, [1]);
  builder.input('h', dataType.float, [1, H]);
  const embedded = builder.node('Gather', [builder.floats('table', [V, H], numbers(V, H)), 'token']);
  const kept = builder.node('Mul', ['h', builder.floats('a', [1], Float32Array.of(a))]);
  builder.node('Add', [kept, embedded], {}, 'h_next');
  builder.node('MatMul', ['h_next', builder.floats('output', [H, V], numbers(H, V))], {}, 'logits');
  builder.output('logits', dataType.float, [1, V]);
  builder.output('h_next', dataType.float, [1, H]);
  return builder;
}

describe('the flow of a graph', () => {
  for (const [a, what] of [
    [2 ** -10, 'vanishes'],
    [-(2 ** -40), 'vanishes quickly'],
  ] as const)
    it(`keeps its logarithm where it ${what} beyond what a float holds, on one tape and on several`, () => {
      const proto = { graph: decaying(a).build('decay'), opsetImport: [{ version: 13 }] };
      const program = new GraphProgram(proto, () => {
        throw new Error('nothing lies outside');
      });
      const model = finished(recognizeGraph(proto, program));
      assert.equal(model.use.way, 'single');
      const ids = Int32Array.from({ length: 201 }, (_, t) => (t * t + t) % V);
      for (const maxTape of [Infinity, 1]) {
        const { reading } = readGraph(model, ids, maxTape);
        const states = model.series.filter(({ name }) => name === 'h_next');
        for (const target of [199, 120]) {
          const [flow] = finished(reading.flow(states, target));
          flow.forEach((log, t) => {
            const expected = t > target ? NaN : flow[target] + (target - t) * Math.log10(Math.abs(a));
            assert.ok(
              Number.isNaN(expected) ? Number.isNaN(log) : Math.abs(log - expected) < 1e-9 * Math.abs(expected),
              `step ${t}: ${log}, not ${expected}`,
            );
          });
        }
      }
    });
});
