import assert from 'node:assert/strict';
import { decimalsOf } from '../../../../webview/shared/format';

describe('decimals of a number', () => {
  it('are those it has, three at most, in spite of how it is represented', () => {
    for (const [value, expected] of [
      [4, 0],
      [-4.5, 1],
      [4.25, 2],
      [0.1 + 0.2, 1],
      [4.125, 3],
      [1 / 3, 3],
    ] as const)
      assert.equal(decimalsOf(value), expected, String(value));
  });
});
