/** What the flow over training comes to: the whole text is reached only where that is known. */
import assert from 'node:assert/strict';
import english from '../../../../../l10n/bundle.l10n.json';
import { pageStringsOf } from '../../../../../src/messages';
import { overTrainingVerdict } from '../../../../../webview/sections/overTraining/overTrainingVerdict';
import { Texts } from '../../../../../webview/shared/texts';

const texts = new Texts(pageStringsOf(english), 'en');
const row = (step: number, horizon: number, relative: readonly number[]) => ({
  step,
  horizon,
  relative: Float32Array.from(relative),
});
const said = (...rows: ReturnType<typeof row>[]) => overTrainingVerdict(rows, -3, texts);

describe('the sentence over training', () => {
  it('has the horizons of the first step and the last', () => {
    const rows = [row(1, 2, [0, -2, -4]), row(5, NaN, [0, -1, -2]), row(9, NaN, [0, -1, -2.9])];
    assert.equal(said(...rows), 'The gradient reached 2 tokens at step 1 and reaches the whole text at step 9.');
    assert.equal(said(rows[0]), 'At step 1 the gradient reaches 2 tokens.');
  });

  it('does not say of what is level, zero or not finite that it reaches the whole text', () => {
    assert.equal(said(row(3, NaN, [0, -3.1, -2.9, -3.1])), 'At step 3 the gradient reaches near and far alike.');
    assert.equal(
      said(row(3, NaN, [-Infinity, -Infinity])),
      'At step 3 the gradient reaches no token (it is exactly zero).',
    );
    for (const relative of [[NaN, NaN, NaN], [], [0, Infinity, Infinity]])
      assert.equal(said(row(3, NaN, relative)), 'At step 3 the gradient reaches no known distance (it is not finite).');
  });
});
