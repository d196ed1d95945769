import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { corpusOf } from './support';

/** What the platform's own segmenter says of a whole text at once. */
function segmented(text: string, granularity: 'grapheme' | 'word'): string[] {
  return Array.from(new Intl.Segmenter('en', { granularity }).segment(text), ({ segment }) => segment);
}

const texts = {
  english: 'It’s the dog’s  dinner, isn’t it? 3.14 is “pi”; e.g. U.S.A.\r\n\r\nA_b c\u0301 d\u200de f \n \n',
  emoji: '🇰🇷🇯🇵🇺🇸👨‍👩‍👧‍👦 👩🏽‍💻🏳️‍🌈1️⃣ ',
  korean: readFileSync('media/samples/tale-ko.txt', 'utf8').slice(0, 1500),
  scripts: 'नमस्ते दुनिया ภาษาไทยเป็นภาษา 漢字とかなの文。日本語 \u1112\u1161\u11ab\u1100\u1173\u11af עברית ',
};

describe('building a corpus', () => {
  for (const [name, text] of Object.entries(texts)) {
    for (const unit of ['grapheme', 'word'] as const) {
      it(`cuts ${name} into ${unit}s as the whole text is, wherever a chunk ends`, () => {
        for (const size of [1, 2, 3, 7, 64, Infinity]) {
          const { vocabulary, ids } = corpusOf(text, { unit }, size);
          assert.deepEqual(
            Array.from(ids, (id) => vocabulary.symbols[id]),
            segmented(text, unit),
            `chunks of ${size}`,
          );
        }
      });
    }
  }

  it('cuts a line without a space, longer than any stretch, as the whole text is', () => {
    for (const [unit, text] of [
      ['word', 'can’t,stop;'.repeat(700)],
      ['grapheme', '🇰🇷👨‍👩‍👧e\u0301'.repeat(700)],
    ] as const) {
      for (const size of [997, Infinity]) {
        const { vocabulary, ids } = corpusOf(text, { unit }, size);
        assert.deepEqual(
          Array.from(ids, (id) => vocabulary.symbols[id]),
          segmented(text, unit),
        );
      }
    }
  });

  it('gives the bytes and code points of chunks', () => {
    const text = Object.values(texts).join('');
    for (const size of [1, 5, Infinity]) {
      assert.equal(corpusOf(text, {}, size).ids.length, Array.from(text).length);
      const { vocabulary, ids } = corpusOf(text, { unit: 'byte' }, size);
      assert.equal(ids.length, Buffer.byteLength(text));
      assert.equal(vocabulary.decode(ids), text);
    }
  });

  it('keeps ids in the smallest type that holds the vocabulary', () => {
    const text = (symbols: number) =>
      Array.from({ length: symbols }, (_, i) => String.fromCodePoint(0x20000 + i)).join('');
    assert.ok(corpusOf(text(256)).ids instanceof Uint8Array);
    assert.ok(corpusOf(text(257)).ids instanceof Uint16Array);
    assert.ok(corpusOf(text(65_537)).ids instanceof Int32Array);
    for (const symbols of [256, 257, 65_537]) {
      const { vocabulary, ids } = corpusOf(text(symbols));
      assert.ok(vocabulary.decode(ids) === text(symbols));
    }
  });

  for (const size of [1, 4, Infinity]) {
    it(`splits lines and paragraphs, and leaves out blank ones (chunks of ${size})`, () => {
      const text = '\n one\r\n\ntwo\nthree \n \t\r\n\r\nfour\r\nfive';
      const sequences = (split: 'lines' | 'paragraphs') => {
        const { vocabulary, ids, ends } = corpusOf(text, { split }, size);
        return Array.from(ends!, (end, i) => vocabulary.decode(ids.subarray(i === 0 ? 0 : ends![i - 1], end)));
      };
      assert.deepEqual(sequences('lines'), [' one', 'two', 'three ', 'four', 'five']);
      assert.deepEqual(sequences('paragraphs'), [' one', 'two\nthree ', 'four\r\nfive']);
    });
  }
});
