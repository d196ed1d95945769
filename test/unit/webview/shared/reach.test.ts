import assert from 'node:assert/strict';
import { firstReached, isUnreachedBefore } from '../../../../webview/shared/reach';

const zero = Number.NEGATIVE_INFINITY;
const rows = (...relative: readonly (readonly number[])[]) =>
  relative.map((row) => ({ relative: Float32Array.from(row) }));

describe('how far back a gradient reaches', () => {
  it('begins at the first step where any layer’s is over the threshold', () => {
    assert.equal(firstReached(rows([-6, -4, -2, -1, 0], [-8, -7, -6, -1, 0]), -3), 2);
    assert.equal(firstReached(rows([zero, -3, -2.9, 0]), -3), 2, 'at the threshold it has vanished');
  });

  it('is not at all only where it is exactly zero in every layer, or has no way there; a tiny gradient is one', () => {
    assert.equal(isUnreachedBefore(rows([zero, zero, -2, 0]), 2), true);
    assert.equal(isUnreachedBefore(rows([zero, zero, -2, 0], [NaN, zero, -1, 0]), 2), true);
    assert.equal(isUnreachedBefore(rows([-3e38, zero, -2, 0]), 2), false);
    assert.equal(isUnreachedBefore(rows([zero, zero, -2, 0], [zero, -300, -2, 0]), 2), false);
    assert.equal(isUnreachedBefore(rows([-6, -5, -2, 0]), 2), false);
  });
});
