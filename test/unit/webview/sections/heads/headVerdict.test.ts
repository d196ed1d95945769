/** What is said of a head at a target: never that its weights are even where only none of them is large. */
import assert from 'node:assert/strict';
import english from '../../../../../l10n/bundle.l10n.json';
import { pageStringsOf } from '../../../../../src/messages';
import { headVerdict } from '../../../../../webview/sections/heads/headVerdict';
import { Texts } from '../../../../../webview/shared/texts';

const texts = new Texts(pageStringsOf(english), 'en');
const said = (weights: readonly number[]) =>
  headVerdict(
    {
      tokens: weights.map((_, t) => String(t % 10)),
      target: weights.length - 1,
      weights: Float32Array.from(weights),
      name: 'head 1',
    },
    texts,
  );

describe('the sentence on a head', () => {
  it('says of half of the tokens with twice the even share that none stands out, and a bound that holds', () => {
    // 29 tokens with 1/29, 29 with none: no weight is above twice 1/58, and half of the tokens are not read at all.
    const sentence = said(Array.from({ length: 58 }, (_, t) => (t % 2 === 0 ? 1 / 29 : 0)));
    assert.match(sentence, /head 1 picks out none of the 58 tokens up to it: none has a weight above 0\.04\./);
    assert.doesNotMatch(sentence, /alike/);
  });
});
