/** A probe of a model with a tokenizer.json: its tokens where they stand, also those of bytes and those around the text. */
import assert from 'node:assert/strict';
import {
  placesOf,
  probeText,
  targetAt,
  textOf,
  tokenAtOffset,
  tokenCount,
  tokensAtPlace,
  wholeTokens,
} from '../../../../src/editor/probe/probeText';
import { loadTokenizers } from '../../../../src/tokens/tokenizers';
import type { TokenizerDefinition } from '../../../../src/tokens/tokenizer/tokenizer';

const bytes = Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`);
/** Words begin with their space; a character that is not known is its bytes; every text stands between two tokens. */
const tokenizer: TokenizerDefinition = {
  pre_tokenizer: { type: 'Split', pattern: { String: ' ' }, behavior: 'MergedWithNext', invert: false },
  post_processor: { type: 'BertProcessing', cls: ['a', 0], sep: ['b', 1] },
  model: {
    type: 'BPE',
    vocab: Object.fromEntries(['a', 'b', ' ', ' a', '\n', 'ab', ' ab', ...bytes].map((token, id) => [token, id])),
    merges: ['a b', '  ab'].map((merge) => (merge === 'a b' ? ['a', 'b'] : [' ', 'ab'])),
    byte_fallback: true,
  },
};
const origin = { line: 0, character: 0 };

describe('the text of a probe with a tokenizer.json', () => {
  before(() => loadTokenizers());

  it('has its tokens at their places; those around the text have none', () => {
    const probe = probeText('ab 한 ab\nb', tokenizer, 0, origin, 100);
    assert.ok(probe);
    const texts = Array.from({ length: tokenCount(probe) }, (_, token) => textOf(probe, token));
    assert.deepEqual(texts, ['', 'ab', ' ', '한', '한', '한', ' ab', '\n', 'b', '']);
    assert.deepEqual(tokensAtPlace(probe, 4), { first: 3, end: 6 });
    assert.deepEqual(tokensAtPlace(probe, 1), { first: 1, end: 2 }, 'not with the token before the text');
    assert.equal(tokenAtOffset(probe, 0), 1);
    assert.equal(tokenAtOffset(probe, 5), 6);
    assert.equal(targetAt(probe, 8), 7);
    assert.deepEqual(placesOf(probe, 8, 9), { start: { line: 1, character: 0 }, end: { line: 1, character: 1 } });
  });

  it('has as many tokens as asked for at most, those around it among them', () => {
    for (let tokens = 2; tokens < 12; tokens++) {
      const probe = probeText('ab 한 ab\nb ab ab', tokenizer, 0, origin, tokens);
      if (probe) assert.ok(tokenCount(probe) <= tokens, `${tokenCount(probe)} of ${tokens}`);
      else assert.ok(tokens < 4);
    }
  });

  it('begins with a whole token', () => {
    const text = 'ab ab ab\nab ab';
    const found = (from: number, to = text.length, tokens = 100) => {
      const span = wholeTokens(text, tokenizer, from, to, tokens);
      return span && text.slice(span.start, span.end);
    };
    assert.equal(found(4), ' ab ab\nab ab');
    assert.equal(found(9), 'ab ab');
    assert.equal(found(0, 5), 'ab ab');
    assert.equal(found(0, text.length, 1), 'ab');
  });
});
