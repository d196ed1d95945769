/** Texts that are hardly texts. */
import { readFileSync } from 'node:fs';
import { corpusOfFile } from '../../src/engine/files/corpusFile';
import { readNewCorpus } from '../../src/engine/train/readCorpus';
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
