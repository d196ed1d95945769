import assert from 'node:assert/strict';
import { Vocabulary } from '../../../src/core/corpus/vocabulary';
import { byteSymbol, symbolsOf } from '../../../src/tokens/tokenUnit';
import { spansOf } from '../../../src/tokens/spans';
import { Random } from '../../../src/core/model/random';

const units = ['codePoint', 'grapheme', 'word', 'byte', 'whitespace', 'wordOrPunctuation', 'wordOrLineEnd'] as const;
const parts = [
  'a',
  'Z',
  '7',
  ' ',
  '  ',
  '\n',
  '\r\n',
  '\r',
  '\t',
  '’',
  '.',
  ',',
  '한',
  '\u1112\u1161\u11ab',
  'e\u0301',
  '🙂',
  '👨‍👩‍👧',
  '🇰🇷',
  '\u200d',
  '漢字',
  'ภาษาไทย',
  '\ufeff',
  '\u0000',
  '\ud83d',
  '\udc80',
  '\udcff',
  '\ude42',
  '\u3000',
];
const rounds = 200;
const seed = Number(process.env['BACKFLOW_SEED'] ?? Date.now() % 2 ** 31);

describe('where the tokens of a text lie', () => {
  for (const unit of units) {
    it(`is the same cut as that of the symbols which a model reads (${unit}, seed ${seed})`, () => {
      const random = Random.fromSeed(seed);
      for (let round = 0; round < rounds; round++) {
        const text = Array.from(
          { length: 1 + Math.floor(40 * random.uniform()) },
          () => parts[Math.floor(parts.length * random.uniform())],
        ).join('');
        const spans = Array.from(spansOf(text, unit));
        // Every symbol there is, so that none is unknown; ids then stand for the symbols themselves.
        const symbols =
          unit === 'byte'
            ? Array.from({ length: 256 }, (_, byte) => byteSymbol(byte))
            : [...new Set(symbolsOf(text, unit))];
        const vocabulary = new Vocabulary(symbols, unit);
        const read = Array.from(vocabulary.encode(text), (id) => vocabulary.symbols[id]);
        const shown = spans.map(({ start, end }) => text.slice(start, end));
        if (unit === 'byte') assert.equal(spans.length, read.length, JSON.stringify(text));
        else assert.deepEqual(shown, read, JSON.stringify(text));
        spans.forEach(({ start, end }, token) =>
          assert.ok(start < end && (token === 0 || start >= spans[token - 1].start)),
        );
      }
    });
  }

  it('gives a character’s place to each of its bytes, as many as UTF-8 has', () => {
    for (const [character, bytes] of [
      ['a', 1],
      ['é', 2],
      ['한', 3],
      ['🙂', 4],
    ] as const) {
      assert.equal(Buffer.byteLength(character), bytes);
      assert.deepEqual(
        Array.from(spansOf(`x${character}`, 'byte')).slice(1),
        Array.from({ length: bytes }, () => ({ start: 1, end: 1 + character.length })),
      );
    }
  });
});
