import assert from 'node:assert/strict';
import { isProbeOf, probeText, startOfLast, symbolAt, targetAt, tokenAtOffset, tokenCount, unitsFor, type ProbeText } from '../../src/editor/probe/probeText';

function probe(text: string, tokens = 100, startOffset = 0, start = { line: 0, character: 0 }): ProbeText {
  const made = probeText(text, startOffset, start, tokens);
  assert.ok(made, 'there is a probe');
  return made;
}

function symbols(of: ProbeText): string[] {
  return Array.from({ length: tokenCount(of) }, (_, token) => symbolAt(of, token));
}

describe('the text of a probe', () => {
  it('has one token for every code point, Korean and emoji among them', () => {
    const text = '가나🙂b👩‍🚀é';
    assert.deepEqual(symbols(probe(text)), Array.from(text));
  });

  it('takes as many code points as asked for and never half of one', () => {
    const made = probe('🙂🙂🙂🙂', 3);
    assert.equal(made.text, '🙂🙂🙂');
    assert.equal(tokenCount(made), 3);
  });

  it('finds enough text in twice as many UTF-16 units, even of emoji only', () => {
    const text = '🙂'.repeat(50);
    assert.equal(tokenCount(probe(text.slice(0, unitsFor(20)), 20)), 20);
  });

  it('is none with fewer than two tokens: nothing would be predicted', () => {
    assert.equal(probeText('', 0, { line: 0, character: 0 }, 10), undefined);
    assert.equal(probeText('🙂', 0, { line: 0, character: 0 }, 10), undefined);
    assert.equal(tokenCount(probe('ab', 10)), 2);
  });

  it('places tokens by line and UTF-16 unit, as the editor counts', () => {
    const made = probe('a🙂b\nc', 100, 40, { line: 7, character: 3 });
    assert.deepEqual(made.places, [
      { line: 7, character: 3 },
      { line: 7, character: 4 },
      { line: 7, character: 6 },
      { line: 7, character: 7 },
      { line: 8, character: 0 },
      { line: 8, character: 1 },
    ]);
  });

  it('counts "\\r\\n" as two tokens and one end of line', () => {
    const made = probe('x\r\ny');
    assert.deepEqual(symbols(made), ['x', '\r', '\n', 'y']);
    assert.deepEqual(made.places[3], { line: 1, character: 0 });
    assert.deepEqual(made.places[4], { line: 1, character: 1 });
  });

  it('knows the token at an offset of the document, also inside a surrogate pair', () => {
    const made = probe('a🙂b', 100, 10);
    assert.deepEqual([9, 10, 11, 12, 13, 14].map((offset) => tokenAtOffset(made, offset)), [undefined, 0, 1, 1, 2, undefined]);
  });

  it('agrees with a search through all tokens for every offset', () => {
    const made = probe('하늘🙂을 우러러\n한 점 🌌 부끄럼이 없기를'.repeat(9), 300, 5);
    for (let offset = 5; offset < 5 + made.text.length; offset++) {
      const expected = made.offsets.findLastIndex((start) => start + 5 <= offset);
      assert.equal(tokenAtOffset(made, offset), expected);
    }
  });

  it('takes the last code points of a text whole', () => {
    assert.equal('ab🙂🙂'.slice(startOfLast('ab🙂🙂', 3)), 'b🙂🙂');
    assert.equal(startOfLast('ab', 10), 0);
  });

  it('tells a frame of an older text by its inputs', () => {
    const made = probe('abc🙂');
    assert.ok(isProbeOf(made, ['a', 'b', 'c']));
    assert.ok(!isProbeOf(made, ['a', 'b', 'c', '🙂']));
    assert.ok(!isProbeOf(made, ['a', 'b', 'd']));
  });

  it('traces back the loss of the token at the cursor, which the step before it predicts', () => {
    const made = probe('a🙂b', 100, 10);
    assert.deepEqual([9, 10, 11, 12, 13, 14].map((offset) => targetAt(made, offset)), ['last', 'last', 0, 0, 1, 'last']);
  });
});
