import assert from 'node:assert/strict';
import { byteSymbol } from '../../../../src/tokens/tokenUnit';
import { noSpecials, Vocabulary } from '../../../../src/core/corpus/vocabulary';
import { formatVocabulary, parseVocabulary } from '../../../../src/modelFiles/vocabularyFormat';
import { corpusOf } from './support';

const units = ['codePoint', 'grapheme', 'word', 'byte'] as const;
// A family, a flag, a Hangul syllable in letters of its own, a combining accent, a line end of two characters, Thai and Chinese.
const mixed = 'a<sos>b e\u0301 can’t 3.14 👨‍👩‍👧🇰🇷 \u1112\u1161\u11ab 안녕\r\n漢字かな ภาษาไทย\n\n\t.';

describe('a vocabulary', () => {
  for (const unit of units) {
    it(`gives a text back, token by token (${unit})`, () => {
      const { vocabulary, ids } = corpusOf(mixed, { unit });
      assert.equal(vocabulary.decode(ids), mixed);
      assert.deepEqual(vocabulary.encode(mixed), ids);
      if (unit !== 'byte') assert.equal(Array.from(ids, (id) => vocabulary.symbols[id]).join(''), mixed);
    });
  }

  it('has the tokens a reader would count', () => {
    const count = (unit: (typeof units)[number], text: string) => corpusOf(text, { unit }).ids.length;
    const text = 'e\u0301👨‍👩‍👧🇰🇷\r\n';
    assert.deepEqual(
      units.map((unit) => count(unit, text)),
      [11, 4, 4, Buffer.byteLength(text)],
    );
    const { vocabulary, ids } = corpusOf('It’s 3.14, not 3.', { unit: 'word' });
    assert.deepEqual(
      Array.from(ids, (id) => vocabulary.symbols[id]),
      ['It’s', ' ', '3.14', ',', ' ', 'not', ' ', '3', '.'],
    );
  });

  it('is sorted by code point, byte or string, without specials unless they are needed', () => {
    assert.deepEqual(corpusOf('b😀a\uffeeab').vocabulary.symbols, ['a', 'b', '\uffee', '😀']);
    assert.deepEqual(corpusOf('é a', { unit: 'byte' }).vocabulary.symbols, [' ', 'a', '\\xA9', '\\xC3']);
    assert.deepEqual(corpusOf('b a b', { unit: 'word' }).vocabulary.symbols, [' ', 'a', 'b']);
  });

  it('writes every byte so that it can be told from all others', () => {
    const symbols = Array.from({ length: 256 }, (_, byte) => byteSymbol(byte));
    assert.equal(new Set(symbols).size, 256);
    assert.deepEqual(new Vocabulary(symbols, 'byte').encode('\\xC3é'), Uint8Array.from(Buffer.from('\\xC3é')));
  });

  it('reads half of a surrogate pair as a symbol of its own, and what follows it too', () => {
    const vocabulary = new Vocabulary(['a', 'b', '\ud83d']);
    assert.deepEqual([...vocabulary.encode('a\ud83db')], [0, 2, 1]);
  });

  it('with a limit keeps the most frequent symbols, of equally frequent ones the first, and an unknown token', () => {
    const { vocabulary, ids } = corpusOf('dddccbba', { vocabularySize: 3 });
    assert.deepEqual(vocabulary.symbols, ['<unk>', 'b', 'd']);
    assert.deepEqual([...ids], [2, 2, 2, 0, 0, 1, 1, 0]);
    assert.equal(vocabulary.decode(ids), 'ddd��bb�');
    assert.deepEqual([...vocabulary.encode('xyzd')], [0, 0, 0, 2]);
  });

  it('refuses a limit that leaves no room for a symbol', () => {
    assert.throws(
      () => corpusOf('ab\ncd', { vocabularySize: 3, split: 'lines' }),
      /^UserError: A vocabulary of size 3 has no room for symbols besides the special ones \(<sos>, <eos>, <unk>\)/,
    );
  });

  it('never takes a text for a special symbol', () => {
    const { vocabulary, ids } = corpusOf('<sos>', { vocabularySize: 10, split: 'lines', masked: true });
    assert.deepEqual(vocabulary.symbols, ['<sos>', '<eos>', '<unk>', '<mask>', '<', '>', 'o', 's']);
    assert.deepEqual(vocabulary.specials, { sos: 0, eos: 1, unknown: 2, mask: 3 });
    assert.deepEqual([...ids], [4, 7, 6, 7, 5]);
    assert.equal(vocabulary.decode([0, 4, 2, 3, 1]), '<��');
  });

  it('says what a model without an unknown token does not know', () => {
    assert.throws(
      () => corpusOf('ab').vocabulary.encode('a,\tb'),
      /^UserError: The model does not know “,” \(U\+002C\), U\+0009:/,
    );
    assert.throws(() => corpusOf('a b', { unit: 'word' }).vocabulary.encode('a word'), /does not know “word”:/);
    assert.throws(() => corpusOf('ab', { unit: 'byte' }).vocabulary.encode('aé'), /does not know “\\xC3”, “\\xA9”:/);
  });

  it('names the line ends that an editor does not show', () => {
    const { vocabulary } = corpusOf('ab\n');
    assert.throws(() => vocabulary.encode('a\r\nb'), /^UserError: The model does not know U\+000D: .*CRLF/);
    assert.throws(() => vocabulary.encode('a\rb'), /^UserError: The model does not know U\+000D: .*\(CR, /);
    assert.throws(() => corpusOf('ab\n', { unit: 'grapheme' }).vocabulary.encode('a\r\nb'), /U\+000D U\+000A: .*CRLF/);
    assert.throws(() => corpusOf('ab\n', { unit: 'byte' }).vocabulary.encode('a\r\nb'), /CRLF/);
    assert.throws(() => new Vocabulary(['\n', '\n']), /“\\n” twice/);
  });

  it('reads and writes line ends as the symbol that stands for them', () => {
    for (const [unit, text, symbols, ids] of [
      ['codePoint', 'ab\na\n', ['<eos>', 'a', 'b'], [1, 2, 0, 1, 0]],
      ['grapheme', 'ab\r\na', ['<eos>', 'a', 'b'], [1, 2, 0, 1]],
      ['word', 'ab a\na', ['<eos>', 'a', 'ab', ' '], [2, 3, 1, 0, 1]],
      ['wordOrLineEnd', ' ab a\r\n\na\r', ['<eos>', 'a', 'ab'], [2, 1, 0, 0, 1, 0]],
    ] as const) {
      const vocabulary = new Vocabulary(symbols, unit, noSpecials, true, 0);
      assert.deepEqual([...vocabulary.encode(text)], [...ids], unit);
      assert.equal(vocabulary.decode(ids), text.trimStart().replace(/\r\n?/g, '\n'), unit);
      const { symbols: kept, tokens } = formatVocabulary(vocabulary);
      const again = parseVocabulary({ symbols: JSON.parse(kept), tokens: JSON.parse(tokens) });
      assert.deepEqual([...(again?.encode(text) ?? [])], [...ids], unit);
    }
  });

  it('takes bytes that are no character for a replacement', () => {
    const { vocabulary } = corpusOf('aé', { unit: 'byte' });
    assert.deepEqual(vocabulary.symbols, ['a', '\\xA9', '\\xC3']);
    assert.equal(vocabulary.decode([0, 1, 2, 1, 2]), 'a�é�');
  });

  it('refuses symbols that are none', () => {
    assert.throws(
      () => new Vocabulary(['a', 'bc']),
      /Symbol 1 of the vocabulary is “bc”; each symbol must be one character/,
    );
    assert.throws(() => new Vocabulary(['a', 'a']), /“a” twice/);
    assert.throws(() => new Vocabulary(['é'], 'byte'), /not a token of this kind \(byte\)/);
  });

  it('comes back from a checkpoint’s metadata', () => {
    for (const unit of units) {
      const { vocabulary } = corpusOf(mixed, { unit, vocabularySize: 30, split: 'lines' });
      const { symbols, tokens } = formatVocabulary(vocabulary);
      const again = parseVocabulary({ symbols: JSON.parse(symbols), tokens: JSON.parse(tokens) });
      assert.deepEqual([again?.symbols, again?.unit, again?.specials], [vocabulary.symbols, unit, vocabulary.specials]);
    }
  });

  it('is code points without specials in older files', () => {
    const vocabulary = parseVocabulary({ symbols: ['a', 'b'], tokens: undefined });
    assert.deepEqual([vocabulary?.unit, vocabulary?.specials], ['codePoint', noSpecials]);
  });

  it('is none where the metadata says something else', () => {
    const symbols = ['<unk>', 'a'];
    for (const tokens of [
      null,
      {},
      { unit: 'letter' },
      { unit: 'word', unknown: 1 },
      { unit: 'word', unknown: '0' },
      { unit: 'word', sos: 0, eos: 0 },
    ]) {
      assert.equal(parseVocabulary({ symbols, tokens }), null, JSON.stringify(tokens));
    }
    assert.equal(parseVocabulary({ symbols: [1], tokens: undefined }), null);
  });
});
