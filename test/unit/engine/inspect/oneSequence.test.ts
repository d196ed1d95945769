import assert from 'node:assert/strict';
import { Vocabulary, noSpecials } from '../../../../src/core/corpus/vocabulary';
import { oneSequence } from '../../../../src/engine/inspect/oneSequence';

const ofSequences = (...symbols: string[]) =>
  new Vocabulary(['<sos>', '<eos>', ...symbols], 'codePoint', { ...noSpecials, sos: 0, eos: 1 });

describe('the text of a model of single sequences', () => {
  it('ends before the line end that ends it', () => {
    const vocabulary = ofSequences('a', 'b');
    assert.deepEqual(oneSequence('ab\n', vocabulary), { text: 'ab', start: 0 });
    assert.deepEqual(oneSequence('ab\r\n', vocabulary), { text: 'ab', start: 0 });
    assert.deepEqual(oneSequence('\n \nab\n\n', vocabulary), { text: 'ab', start: 3 });
    assert.deepEqual(oneSequence('ab', vocabulary), { text: 'ab', start: 0 });
  });

  it('is a paragraph where line ends are in it', () => {
    assert.deepEqual(oneSequence('ab\nb\n', ofSequences('\n', 'a', 'b')), { text: 'ab\nb', start: 0 });
  });

  it('is refused where there are several', () => {
    assert.throws(() => oneSequence('ab\na\n', ofSequences('a', 'b')), /The text has 2 sequences \(lines/);
    assert.throws(() => oneSequence('a\n\nb', ofSequences('\n', 'a', 'b')), /The text has 2 sequences \(paragraphs/);
  });

  it('is the whole for other models', () => {
    assert.deepEqual(oneSequence('a\nb\n', new Vocabulary(['\n', 'a', 'b'])), { text: 'a\nb\n', start: 0 });
  });
});
