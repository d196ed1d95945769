import {
  CorpusCounter,
  CorpusEncoder,
  type Corpus,
  type CorpusOptions,
} from '../../../../src/core/corpus/corpusBuilder';
import type { WindowReader } from '../../../../src/core/corpus/windowReader';

export const plain: CorpusOptions = { unit: 'codePoint', vocabularySize: null, split: null, masked: false };

/** The corpus of a text that comes in chunks of `size` code points, all at once if it is Infinity. */
export function corpusOf(text: string, options: Partial<CorpusOptions> = {}, size = Infinity): Corpus {
  const symbols = Array.from(text);
  const chunks =
    size === Infinity
      ? [text]
      : Array.from({ length: Math.ceil(symbols.length / size) }, (_, i) =>
          symbols.slice(i * size, (i + 1) * size).join(''),
        );
  const all = { ...plain, ...options };
  const counter = new CorpusCounter(all);
  for (const chunk of chunks) counter.add(chunk);
  counter.end();
  const encoder = new CorpusEncoder(counter.vocabulary(), all.split, counter);
  for (const chunk of chunks) encoder.add(chunk);
  return encoder.end();
}

export interface Window {
  readonly steps: number;
  readonly restarts: boolean;
  readonly inputs: number[];
  readonly targets: number[];
  readonly lengths: number[];
}

/** The reader's next windows; of each the part that it filled. */
export function windowsOf(reader: WindowReader, count: number): Window[] {
  // What was there before must not show through.
  const [inputs, targets] = [
    new Int32Array(reader.steps * reader.batch).fill(-7),
    new Int32Array(reader.steps * reader.batch).fill(-7),
  ];
  const lengths = new Int32Array(reader.batch);
  return Array.from({ length: count }, () => {
    const { steps, restarts } = reader.next(inputs, targets, lengths);
    const filled = steps * reader.batch;
    return {
      steps,
      restarts,
      inputs: [...inputs.subarray(0, filled)],
      targets: [...targets.subarray(0, filled)],
      lengths: [...lengths],
    };
  });
}
