/** From a text to a corpus: read twice, once to find its symbols and once to encode it. */
import { createHash } from 'node:crypto';
import {
  changedError,
  CorpusCounter,
  CorpusEncoder,
  type Corpus,
  type CorpusOptions,
} from '../../core/corpus/corpusBuilder';
import { NumberCorpusReader } from '../../core/corpus/numberCorpus';
import { vocabularyOfNumbers, type Vocabulary } from '../../core/corpus/vocabulary';
import { UserError } from '../../userError';
import type { CorpusText } from '../files/corpusFile';

/** The largest that a model can have: `checkConfig`. */
const maxSymbols = 200_000;

export interface ReadCorpus extends Corpus {
  /** Of the text as UTF-8, in hexadecimal. */
  readonly sha256: string;
}

/** A corpus with a vocabulary of its own. Throws a UserError for what is no text, or has too few symbols or too many. */
export async function readNewCorpus(text: CorpusText, options: CorpusOptions): Promise<ReadCorpus> {
  const { counter, sha256 } = await count(text, options);
  const { symbols } = counter;
  if (counter.tokens === 0) throw new UserError('error.corpus.blank', text.name);
  if (options.vocabularySize === null && symbols > maxSymbols) {
    throw new UserError('error.corpus.tooManySymbols', text.name, symbols, maxSymbols);
  }
  const vocabulary = counter.vocabulary();
  if (symbols < 2) throw new UserError('error.corpus.oneSymbol', text.name, vocabulary.symbols[vocabulary.size - 1]);
  return { ...(await encode(text, vocabulary, options, counter, sha256)), sha256 };
}

/**
 * A corpus for a vocabulary that is there: of a resumed run, or of a model that was opened. Throws a UserError when the text is
 * not the one with this hash (null accepts every text), or has symbols that the vocabulary lacks.
 */
export async function readKnownCorpus(
  text: CorpusText,
  vocabulary: Vocabulary,
  options: CorpusOptions,
  expectedSha256: string | null,
): Promise<ReadCorpus> {
  const { counter, sha256 } = await count(text, options);
  if (expectedSha256 !== null && sha256 !== expectedSha256) {
    throw new UserError('error.corpus.changedSinceRun', text.name);
  }
  return { ...(await encode(text, vocabulary, options, counter, sha256)), sha256 };
}

/**
 * A corpus of numbers. Throws a UserError that names the line for what is none, and when the text is not the one with this hash (null accepts every text).
 */
export async function readNumbers(text: CorpusText, expectedSha256: string | null): Promise<ReadCorpus> {
  const reader = new NumberCorpusReader();
  const hash = createHash('sha256');
  let refusal: UserError | null = null;
  for await (const chunk of text.chunks(hash)) {
    try {
      if (!refusal) reader.add(chunk);
    } catch (thrown) {
      if (expectedSha256 === null || !(thrown instanceof UserError)) throw thrown;
      // Of a text that has changed it matters less what is wrong with it now.
      refusal = thrown;
    }
  }
  const sha256 = hash.digest('hex');
  if (expectedSha256 !== null && sha256 !== expectedSha256)
    throw new UserError('error.corpus.changedSinceRun', text.name);
  if (refusal) throw refusal;
  const { numbers, ends } = reader.end();
  const ids = Int32Array.from({ length: ends[ends.length - 1] }, (_, place) => place);
  return { vocabulary: vocabularyOfNumbers(), ids, ends, numbers, sha256 };
}

async function count(text: CorpusText, options: CorpusOptions): Promise<{ counter: CorpusCounter; sha256: string }> {
  const counter = new CorpusCounter(options);
  const hash = createHash('sha256');
  for await (const chunk of text.chunks(hash, options.unit === 'byte')) counter.add(chunk);
  counter.end();
  return { counter, sha256: hash.digest('hex') };
}

async function encode(
  text: CorpusText,
  vocabulary: Vocabulary,
  { split }: CorpusOptions,
  counter: CorpusCounter,
  sha256: string,
): Promise<Corpus> {
  const hash = createHash('sha256');
  const encoder = makeEncoder(text, vocabulary, split, counter);
  for await (const chunk of text.chunks(hash, vocabulary.unit === 'byte')) encoder.add(chunk);
  if (hash.digest('hex') !== sha256) throw changedError();
  return encoder.end();
}

function makeEncoder(
  text: CorpusText,
  vocabulary: Vocabulary,
  split: CorpusOptions['split'],
  counter: CorpusCounter,
): CorpusEncoder {
  try {
    return new CorpusEncoder(vocabulary, split, counter);
  } catch (thrown) {
    if (!(thrown instanceof RangeError)) throw thrown;
    throw new UserError('error.corpus.tooLargeForMemory', text.name, counter.tokens);
  }
}
