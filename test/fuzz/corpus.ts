/** Texts that are hardly texts. */
import { readFileSync } from 'node:fs';
import { NumberCorpusReader } from '../../src/core/corpus/numberCorpus';
import { corpusOfFile } from '../../src/engine/files/corpusFile';
import { readNewCorpus } from '../../src/engine/train/readCorpus';
import { firstSequence } from '../../src/tokens/numbers';
import { spansOf } from '../../src/tokens/spans';
import type { FuzzedFormat } from './format';
import { fileOf } from './temporaryFile';

const units = ['codePoint', 'grapheme', 'word', 'byte'] as const;

export const corpus: FuzzedFormat = {
  name: 'corpus',
  files: [
    readFileSync('media/samples/tale-ko.txt').subarray(0, 600),
    Buffer.from('\ufeffthe sea and the tide\r\nand the clock 👩‍👩‍👧 e\u0301\n\nend'),
  ],
  read(bytes) {
    const settings = {
      unit: units[bytes.length % 4],
      vocabularySize: bytes.length % 3 === 0 ? 10 : null,
      split: bytes.length % 2 === 0 ? 'lines' : null,
      masked: bytes.length % 5 === 0,
    } as const;
    return readNewCorpus(corpusOfFile(fileOf('corpus.txt', bytes)), settings);
  },
};

/** Sequences of numbers, of which a text of one's own can hardly be one. */
export const numbers: FuzzedFormat = {
  name: 'numbers',
  files: [
    Buffer.from(readFileSync('media/samples/adding.txt', 'utf8').split('\n').slice(0, 6).join('\n')),
    Buffer.from('1 2.5 -3e-2 = 4,5\r\n# six\n  .5 +1. = 0,0\n\n'),
  ],
  read(bytes) {
    const text = Buffer.from(bytes).toString('utf8');
    const reader = new NumberCorpusReader();
    const cut = bytes.length % 7;
    for (let at = 0; at < text.length; at += 100 + cut) reader.add(text.slice(at, at + 100 + cut));
    for (const { start, end } of spansOf(text, 'numbers'))
      if (!(0 <= start && start < end && end <= text.length)) throw new Error(`a token from ${start} to ${end}`);
    firstSequence(text);
    const { numbers, ends } = reader.end();
    if (numbers.inputs.length !== (ends.at(-1) ?? 0) * numbers.inputSize) throw new Error('rows of other lengths');
    if (numbers.targets.length !== ends.length * numbers.outputSize) throw new Error('targets of other lengths');
    if (![...numbers.inputs, ...numbers.targets].every(Number.isFinite)) throw new Error('a number that is none');
    return numbers;
  },
};
