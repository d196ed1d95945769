import assert from 'node:assert/strict';
import { join } from 'node:path';
import { GraphProgram } from '../../../../../src/core/graph/run';
import { finished } from '../../../../../src/core/graph/turns';
import type { GraphProto, ModelProto, TensorProto } from '../../../../../src/formats/onnx/messages';
import { recognizeGraph } from '../../../../../src/modelFiles/onnx/graphMode/recognize';
import { graph, node } from '../../../core/graph/support';
import { apart, openGraph, readGraph, withoutZeros } from './support';

const folder = join(process.cwd(), 'test/vectors/data/graphModels');

describe('graph mode: one way back for a target and the total', () => {
  // Attention, a loop that is written out, a Loop, a token a call, and a run for each prefix.
  for (const file of ['gpt', 'lstm-cells', 'state-space-loop', 'lstm-step', 'last-only'])
    it(`gives what a way back for each gives: ${file}`, () => {
      const { model } = openGraph(join(folder, `${file}.onnx`));
      const length = model.use.ids.length;
      const steps = length === null || model.use.way === 'single' ? 9 : length;
      const ids = Array.from({ length: steps + 1 }, (_, t) => (t * 5 + 1) % model.vocabularySize);
      const { reading } = readGraph(model, ids);
      for (const target of [steps - 1, 3]) {
        const { flows, totals } = finished(reading.flowAndTotals(model.series, target));
        const alone = {
          flows: finished(reading.flow(model.series, target)),
          totals: finished(reading.totals(model.series)),
        };
        model.series.forEach(({ name }, s) => {
          assert.ok(apart(withoutZeros(flows[s]), withoutZeros(alone.flows[s])) < 1e-12, `${name}: flow`);
          assert.ok(apart(totals[s], alone.totals[s]) < 1e-12, `${name}: total`);
        });
      }
    });
});

function table(name: string, dims: readonly number[]): TensorProto {
  const size = dims.reduce((product, length) => product * length, 1);
  return { name, dims: [...dims], dataType: 1, floatData: Array.from({ length: size }, (_, i) => Math.sin(i + 1)) };
}

function numbers(name: string, values: readonly number[], dims: readonly number[]): TensorProto {
  return { name, dims: [...dims], dataType: 7, int64Data: [...values] };
}

describe('graph mode: a graph that takes one length, and declares that it takes any', () => {
  it('is read with that length', () => {
    const [steps, V, D] = [8, 11, 4];
    const axes = (...sizes: readonly (string | number)[]) => ({
      tensorType: {
        elemType: 7,
        shape: { dim: sizes.map((size) => (typeof size === 'number' ? { dimValue: size } : { dimParam: size })) },
      },
    });
    // Sums of the embedding, with a table of positions: as an exporter traces a loop over eight tokens.
    const of: GraphProto = {
      ...graph(
        [
          node('Gather', ['table', 'ids'], ['e']),
          node('Add', ['e', 'positions'], ['x']),
          node('CumSum', ['x', 'one'], ['s']),
          node('Tanh', ['s'], ['h']),
          node('MatMul', ['h', 'head'], ['logits']),
        ],
        [],
        ['logits'],
        [
          table('table', [V, D]),
          table('positions', [1, steps, D]),
          table('head', [D, V]),
          numbers('one', [1], []),
          // Sizes that occur more often.
          ...Array.from({ length: 12 }, (_, i) => [
            numbers(`a${i}`, [20 + i], [1]),
            numbers(`b${i}`, [20 + i], [1]),
          ]).flat(),
        ],
      ),
      input: [{ name: 'ids', type: axes(1, 'T') }],
    };
    const proto: ModelProto = { graph: of, opsetImport: [{ domain: '', version: 18 }] } as ModelProto;
    const model = finished(recognizeGraph(proto, new GraphProgram(proto, () => new Uint8Array(0))));
    assert.equal(model.use.ids.length, steps);
    assert.equal(model.vocabularySize, V);
  });
});
