/** What the source × target matrix comes to. */
import assert from 'node:assert/strict';
import english from '../../../../../l10n/bundle.l10n.json';
import { pageStringsOf } from '../../../../../src/messages';
import { matrixVerdict } from '../../../../../webview/sections/matrix/matrixVerdict';
import { Texts } from '../../../../../webview/shared/texts';

const texts = new Texts(pageStringsOf(english), 'en');

/** Each target's row falls by its own power of ten a token. */
function said(slopes: readonly number[]): string {
  const T = slopes.length;
  const values = new Float32Array(T * T).fill(NaN);
  slopes.forEach((slope, target) => {
    for (let t = 0; t <= target; t++) values[target * T + t] = Number.isFinite(slope) ? slope * (target - t) : slope;
  });
  return matrixVerdict({ tokens: Array<string>(T).fill('a'), values }, -3, texts);
}

describe('the sentence over the matrix', () => {
  it('has the smallest lag within which half of those that fall have fallen', () => {
    // Horizons 1, 2, 3 and 4, of the last four targets.
    assert.equal(
      said([-0.1, -0.1, -0.1, -0.1, -3.1, -1.6, -1.1, -0.8]),
      'The gradient of 4 of the 8 targets falls below a thousandth, half of them within 2 tokens.',
    );
    assert.equal(said([-0.1, -0.1]), 'It never falls below a thousandth for any of the 2 targets.');
  });

  it('does not count targets without a gradient of their own among those whose gradient stays', () => {
    assert.equal(said([NaN, NaN, NaN]), 'Of 3 targets the gradient is not finite.');
    assert.equal(
      said([-0.1, -0.1, -Infinity]),
      'It never falls below a thousandth for any of the 2 targets. Of 1 target the gradient is exactly zero at their own step.',
    );
  });
});
