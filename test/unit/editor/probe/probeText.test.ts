import assert from 'node:assert/strict';
import {
  isProbeOf,
  placesOf,
  probeText,
  tokensAtPlace,
  startOfLast,
  targetAt,
  textOf,
  tokenAtOffset,
  tokenCount,
  wholeTokens,
  type ProbeText,
} from '../../../../src/editor/probe/probeText';
import type { ReadUnit } from '../../../../src/tokens/tokenUnit';

const origin = { line: 0, character: 0 };

function probe(text: string, unit: ReadUnit = 'codePoint', tokens = 100, startOffset = 0, start = origin): ProbeText {
  const made = probeText(text, unit, startOffset, start, tokens);
  assert.ok(made, 'there is a probe');
  return made;
}

function symbols(of: ProbeText): string[] {
  return Array.from({ length: tokenCount(of) }, (_, token) => textOf(of, token));
}

describe('the text of a probe', () => {
  it('has one token for every code point, Korean and emoji among them', () => {
    const text = '가나🙂b👩‍🚀é';
    assert.deepEqual(symbols(probe(text)), Array.from(text));
  });

  it('takes as many code points as asked for and never half of one', () => {
    const made = probe('🙂🙂🙂🙂', 'codePoint', 3);
    assert.equal(made.text, '🙂🙂🙂');
    assert.equal(tokenCount(made), 3);
  });

  it('is none with fewer than two tokens: nothing would be predicted', () => {
    for (const [text, unit] of [
      ['', 'codePoint'],
      ['🙂', 'codePoint'],
      ['👩‍🚀', 'grapheme'],
      ['word', 'word'],
      ['a', 'byte'],
      [' one  ', 'whitespace'],
    ] as const) {
      assert.equal(probeText(text, unit, 0, origin, 10), undefined, unit);
    }
    assert.equal(tokenCount(probe('ab')), 2);
    assert.equal(tokenCount(probe('é', 'byte')), 2);
  });

  it('has one token for a family of emoji, a flag, Hangul in letters of its own, and a line end of two characters', () => {
    assert.deepEqual(symbols(probe('👨‍👩‍👧🇰🇷🇩🇪\u1112\u1161\u11abe\u0301\r\n\t', 'grapheme')), [
      '👨‍👩‍👧',
      '🇰🇷',
      '🇩🇪',
      '\u1112\u1161\u11ab',
      'e\u0301',
      '\r\n',
      '\t',
    ]);
  });

  it('has words, and what stands between them, as tokens', () => {
    assert.deepEqual(symbols(probe('It’s 3.14,  하늘을\r\n\tnot 3.', 'word')), [
      'It’s',
      ' ',
      '3.14',
      ',',
      '  ',
      '하늘을',
      '\r\n',
      '\t',
      'not',
      ' ',
      '3',
      '.',
    ]);
    assert.equal(tokenCount(probe('one two three '.repeat(99), 'word', 256)), 256, '256 words, not 256 characters');
  });

  it('has the bytes of a character at its place, all of them or none', () => {
    const made = probe('a한🙂b', 'byte');
    assert.deepEqual(symbols(made), ['a', '한', '한', '한', '🙂', '🙂', '🙂', '🙂', 'b']);
    assert.deepEqual(
      [0, 1, 3, 5, 8].map((token) => tokensAtPlace(made, token)),
      [
        { first: 0, end: 1 },
        { first: 1, end: 4 },
        { first: 1, end: 4 },
        { first: 4, end: 8 },
        { first: 8, end: 9 },
      ],
    );
    assert.deepEqual(
      [2, 3, 4, 7, 8, 9].map((tokens) => probeText('a한🙂b', 'byte', 0, origin, tokens)?.text),
      [undefined, undefined, 'a한', 'a한', 'a한🙂', 'a한🙂b'],
    );
  });

  it('leaves the spaces between the words of another tool’s model to no token', () => {
    const made = probe('  to be,\n or not', 'wordOrPunctuation', 100, 10);
    assert.deepEqual(symbols(made), ['to', 'be', ',', 'or', 'not']);
    assert.deepEqual(
      [10, 11, 12, 13, 14, 15].map((offset) => tokenAtOffset(made, offset)),
      [undefined, undefined, 0, 0, undefined, 1],
    );
    assert.deepEqual(
      [10, 12, 14, 15, 18, 19, 20].map((offset) => targetAt(made, offset)),
      ['last', 'last', 'last', 'last', 2, 2, 2],
    );
  });

  it('places tokens by line and UTF-16 unit, as the editor counts', () => {
    const made = probe('a🙂b\nc', 'codePoint', 100, 40, { line: 7, character: 3 });
    const starts = Array.from({ length: 5 }, (_, token) => placesOf(made, token, token + 1).start);
    assert.deepEqual(
      starts.map(({ line, character }) => [line, character]),
      [
        [7, 3],
        [7, 4],
        [7, 6],
        [7, 7],
        [8, 0],
      ],
    );
    assert.deepEqual(placesOf(made, 0, 5).end, { line: 8, character: 1 });
  });

  it('counts "\\r\\n" as two code points, one cluster and one end of line', () => {
    const points = probe('x\r\ny');
    assert.deepEqual(symbols(points), ['x', '\r', '\n', 'y']);
    assert.deepEqual(placesOf(points, 3, 4), { start: { line: 1, character: 0 }, end: { line: 1, character: 1 } });
    const clusters = probe('x\r\ny', 'grapheme');
    assert.deepEqual(placesOf(clusters, 1, 2), { start: { line: 0, character: 1 }, end: { line: 1, character: 0 } });
  });

  it('knows the token at an offset of the document, also inside a surrogate pair or a word', () => {
    const made = probe('a🙂b', 'codePoint', 100, 10);
    assert.deepEqual(
      [9, 10, 11, 12, 13, 14].map((offset) => tokenAtOffset(made, offset)),
      [undefined, 0, 1, 1, 2, undefined],
    );
    const words = probe('can’t go', 'word', 100, 10);
    assert.deepEqual(
      [10, 14, 15, 16, 17, 18].map((offset) => tokenAtOffset(words, offset)),
      [0, 0, 1, 2, 2, undefined],
    );
    const bytes = probe('é한', 'byte', 100, 10);
    assert.deepEqual(
      [10, 11].map((offset) => tokenAtOffset(bytes, offset)),
      [0, 2],
      'the first byte of a character',
    );
  });

  it('agrees with a search through all tokens for every offset, in every unit', () => {
    const text = '하늘🙂을 우러러\n한 점 🌌 부끄럼이 없기를 e\u0301 👩‍🚀\r\n'.repeat(9);
    for (const unit of ['codePoint', 'grapheme', 'word', 'byte', 'whitespace', 'wordOrPunctuation'] as const) {
      const made = probe(text, unit, 3000, 5);
      for (let offset = 5; offset < 5 + made.text.length; offset++) {
        const expected = made.spans.findIndex(({ start, end }) => start + 5 <= offset && offset < end + 5);
        assert.equal(tokenAtOffset(made, offset) ?? -1, expected, `${unit} at ${offset}`);
      }
    }
  });

  it('takes the last tokens of a text whole', () => {
    assert.equal(startOfLast('ab🙂🙂', 'codePoint', 3), 1);
    assert.equal(startOfLast('a 🙂🙂 b', 'word', 2), 6);
    assert.equal(startOfLast('a한b', 'byte', 2), 1);
    assert.equal(startOfLast('ab', 'codePoint', 10), undefined);
  });

  it('is told from a frame of an older text, also where the model knows the words of neither', () => {
    const made = probe('abc🙂');
    assert.ok(isProbeOf(made, { probe: 'abc🙂', tokens: ['a', 'b', 'c'] }));
    assert.ok(isProbeOf(made, { probe: 'abc🙂', tokens: ['a', '<unk>', 'c'] }));
    assert.ok(!isProbeOf(made, { probe: 'abd🙂', tokens: ['a', 'b', '<unk>'] }));
    assert.ok(!isProbeOf(made, { probe: 'abc🙂', tokens: ['abc'] }), 'cut by a model of other tokens');
    assert.ok(!isProbeOf(made, { tokens: ['a', 'b', 'c'] }));
  });

  it('traces back the loss of the token at the cursor, which the step before it predicts', () => {
    const made = probe('a🙂b', 'codePoint', 100, 10);
    assert.deepEqual(
      [9, 10, 11, 12, 13, 14].map((offset) => targetAt(made, offset)),
      ['last', 'last', 'last', 'last', 1, 'last'],
      'nothing stands before the step that predicts the second token',
    );
    assert.deepEqual(
      [9, 10, 11, 12, 13, 14].map((offset) => targetAt(made, offset, true)),
      ['last', 'last', 0, 0, 1, 'last'],
      'but behind it, of a model that reads from both ends',
    );
    const bytes = probe('é한', 'byte');
    assert.deepEqual(
      [0, 1].map((offset) => targetAt(bytes, offset)),
      ['last', 1],
    );
  });
});

describe('the whole tokens of a stretch', () => {
  const found = (text: string, unit: ReadUnit, from: number, to = text.length, tokens = 100) => {
    const span = wholeTokens(text, unit, from, to, tokens);
    return span && text.slice(span.start, span.end);
  };

  it('begin where the corpus has a token, wherever the stretch does', () => {
    const text = 'the stones can’t speak\nof 👨‍👩‍👧 or\r\n하늘을 우러러';
    for (let from = 0; from < text.length; from++) {
      for (const unit of ['word', 'grapheme'] as const) {
        const tokens = Array.from(new Intl.Segmenter('en', { granularity: unit }).segment(text));
        const holding = tokens.find(({ index, segment }) => index <= from && from < index + segment.length)!;
        assert.ok(
          found(text, unit, from)?.startsWith(holding.segment) && found(text, unit, from) === text.slice(holding.index),
          `${unit} from ${from}`,
        );
      }
    }
    assert.equal(found('🙂🙂b', 'codePoint', 1), '🙂🙂b');
    assert.equal(found('a한b', 'byte', 1), '한b');
    assert.equal(found('to be', 'whitespace', 1), 'to be');
    assert.equal(found('to be', 'whitespace', 2), 'be');
  });

  it('end with the one that the stretch ends in, and are as many as asked for', () => {
    assert.equal(found('one two three', 'word', 1, 5), 'one two');
    assert.equal(found('one two three', 'word', 0, 4), 'one ');
    assert.equal(found('one two three', 'word', 0, 13, 3), 'one two');
    assert.equal(found('one two', 'whitespace', 3, 4), undefined);
  });

  it('keep a far start in step with the corpus though no line ends: pairs of flags, spaces before letters', () => {
    const text = `${'🇰🇷🇩🇪'.repeat(50)}x ${'한 줄 '.repeat(200)}end`;
    for (let from = 0; from < text.length; from += 7) {
      const tokens = Array.from(new Intl.Segmenter('en', { granularity: 'grapheme' }).segment(text));
      const holding = tokens.find(({ index, segment }) => index <= from && from < index + segment.length)!;
      assert.equal(found(text, 'grapheme', from, text.length, 1), holding.segment);
    }
  });

  it('of numbers has a token for each step, and one target wherever the cursor stands', () => {
    const made = probe('  0.37,0 0.81,1   = 1.18 ', 'numbers', 100, 40);
    assert.deepEqual(symbols(made), ['0.37,0', '0.81,1', '= 1.18']);
    for (let offset = 35; offset < 70; offset++) assert.equal(targetAt(made, offset), 'last');
    assert.equal(tokenAtOffset(made, 40 + 3), 0);
    assert.equal(tokenAtOffset(made, 40 + 8), undefined);
    assert.equal(probeText('# a comment', 'numbers', 0, origin, 100), undefined);
  });
});
