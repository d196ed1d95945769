import assert from 'node:assert/strict';
import { comparedTensors, refusalOf, type ComparedModel } from '../../../../src/editor/compare/comparable';
import { inEnglish } from '../../../../src/messages';
import type { GraphSummary, SeriesRole } from '../../../../src/protocol/graph';

function graphOf(...roles: SeriesRole[]): GraphSummary {
  return {
    mode: 'graph',
    vocabularySize: 5,
    parameterCount: 100,
    producer: null,
    stackRefusal: { key: 'error.graph.empty', args: [] },
    readsLaterTokens: false,
    maxSteps: null,
    hasScores: true,
    tensors: roles.map((role, i) => ({ name: `t${i}`, role, width: 4, isReversed: false })),
    defaultSeries: [],
  };
}

const stack = (name: string, unit: ComparedModel['unit'] = 'codePoint'): ComparedModel => ({ name, unit, graph: null });
const graph = (name: string, ...roles: SeriesRole[]): ComparedModel => ({
  name,
  unit: 'codePoint',
  graph: graphOf(...roles),
});
const said = (...models: ComparedModel[]) => {
  const refusal = refusalOf(models);
  return refusal && inEnglish(refusal);
};

describe('which models can be compared', () => {
  it('those that read by the same tokens', () => {
    assert.equal(said(stack('a'), stack('b')), null);
    assert.match(said(stack('a'), stack('b', 'byte')) ?? '', /^“a” reads text as .* and “b” as bytes/);
  });

  it('models in graph mode with each other, by the embedding', () => {
    assert.equal(said(graph('a', 'embedding', 'state'), graph('b', 'tensor', 'embedding')), null);
    assert.deepEqual(comparedTensors(graphOf('tensor', 'embedding', 'embedding')), ['t1']);
  });

  it('a graph with a stack of layers: its embedding is what a lowest layer reads', () => {
    assert.equal(said(stack('a'), graph('b', 'embedding')), null);
  });

  it('not a graph without an embedding', () => {
    assert.match(said(graph('a', 'embedding'), graph('b', 'state')) ?? '', /^No embedding was found in “b”/);
  });
});
