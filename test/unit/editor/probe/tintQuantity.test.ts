import assert from 'node:assert/strict';
import { tintsOf } from '../../../../src/editor/probe/tintQuantity';
import type { Frame } from '../../../../src/protocol/frame';
import { spansOf } from '../../../../src/tokens/spans';

/** Two tensors over three steps: one whose gradient has vanished before the target, and one that keeps it. */
const frame: Frame = {
  header: {
    sequence: 1,
    trainingStep: 0,
    layers: [],
    graph: {
      series: [
        { name: 'falls', role: 'embedding', width: 2, isReversed: false },
        { name: 'stays', role: 'state', width: 2, isReversed: false },
      ],
      notices: [],
    },
    tokens: ['a', 'b', 'c'],
    lastTarget: 'd',
    target: 2,
    loss: 1,
    thresholds: { vanishing: -3, exploding: 2 },
    flows: [],
    regions: [],
    series: [
      { name: 'flow', layer: 0, direction: 'forward', state: null, offset: 0 },
      { name: 'flow', layer: 1, direction: 'forward', state: null, offset: 3 },
    ],
    unitMap: { layer: 0, direction: 'forward', quantity: 'hidden', units: 0, offset: 6 },
  },
  data: Float32Array.of(-9, -4, 1, 0, 0, 0),
};
const spans = Array.from(spansOf('abcd', 'codePoint'));
const kinds = (series?: string) =>
  tintsOf(frame, { kind: 'gradient', ...(series !== undefined && { series }) }, spans)?.map((tint) => tint?.kind);

describe('tints by a graph’s tensors', () => {
  it('are by default those of the tensor through which most of the gradient gets', () => {
    assert.deepEqual(kinds(), [undefined, undefined, undefined, undefined]);
  });

  it('are those of one tensor alone where that is chosen', () => {
    assert.deepEqual(kinds('falls'), ['vanishing', 'vanishing', undefined, undefined]);
    assert.deepEqual(kinds('stays'), [undefined, undefined, undefined, undefined]);
  });

  it('are none while the frame does not show that tensor', () => {
    assert.equal(kinds('another'), undefined);
  });
});
