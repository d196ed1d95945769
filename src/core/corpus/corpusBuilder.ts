/**
 * From a text that comes in chunks to a corpus, in two passes: one that finds and counts the symbols, one that encodes. The whole
 * text is never held; its ids are.
 */
import { UserError } from '../../userError';
import { makeIds, type Ids } from './ids';
import { SequenceCutter, type Split } from './sequenceCutter';
import { learningReader, type TokenReader } from './tokenReader';
import type { ReadUnit } from '../../tokens/tokenUnit';
import type { NumberRows } from '../model/numberRows';
import { noSpecials, specialSymbols, Vocabulary, type SpecialName } from './vocabulary';

export interface CorpusOptions {
  readonly unit: ReadUnit;
  /** Symbols of the vocabulary at most, specials included; the rarer ones become the unknown token. Null for no limit, and no unknown token. */
  readonly vocabularySize: number | null;
  /** Where the text falls into sequences; null reads it as one. */
  readonly split: Split | null;
  /** Tokens are to be masked. */
  readonly masked: boolean;
}

export interface Corpus {
  readonly vocabulary: Vocabulary;
  /** All tokens, without SOS and EOS. */
  readonly ids: Ids;
  /** Where each sequence ends in `ids`, and the next begins; null where the text is one. */
  readonly ends: Uint32Array | null;
  /** What the ids stand for, and what is to be predicted behind each sequence; only of numbers, whose ids are their places. */
  readonly numbers?: NumberRows;
}

/** Cuts the chunks of a text into tokens' keys, sequence by sequence or as they come. Both passes read through it. */
class ChunkReader {
  private readonly cutter: SequenceCutter | null;
  private keys = new Int32Array(0);
  private rest = '';

  constructor(
    private readonly reader: TokenReader,
    split: Split | null,
    private readonly take: (keys: Int32Array, tokens: number, text: string, endsSequence: boolean) => void,
  ) {
    this.cutter = split && new SequenceCutter(split, (sequence) => this.read(sequence, true));
  }

  /** @param chunk of whole code points */
  add(chunk: string): void {
    if (this.cutter) this.cutter.add(chunk);
    else this.rest = this.read(this.rest + chunk, false);
  }

  end(): void {
    if (this.cutter) this.cutter.end();
    else this.read(this.rest, true);
  }

  /** Returns what is not read yet. */
  private read(text: string, isWhole: boolean): string {
    const max = this.reader.max(text, isWhole);
    if (this.keys.length < max) this.keys = new Int32Array(max);
    const { tokens, consumed } = this.reader.read(text, this.keys, isWhole);
    this.take(this.keys, tokens, text, isWhole && this.cutter !== null);
    return text.slice(consumed);
  }
}

/** The first pass. */
export class CorpusCounter {
  tokens = 0;
  sequences = 0;
  private readonly reader: TokenReader;
  private readonly chunks: ChunkReader;
  /** How often each key was met; as long as the largest key needs. */
  private counts = new Float64Array(0x100);
  private met = 0;

  constructor(private readonly options: CorpusOptions) {
    this.reader = learningReader(options.unit);
    this.chunks = new ChunkReader(this.reader, options.split, (keys, tokens, _, endsSequence) =>
      this.count(keys, tokens, endsSequence),
    );
  }

  add(chunk: string): void {
    this.chunks.add(chunk);
  }

  end(): void {
    this.chunks.end();
  }

  /** Symbols met so far. */
  get symbols(): number {
    return this.met;
  }

  /**
   * The specials that are needed, then the symbols in their order: code points and bytes by value, others as strings compare.
   * With a limit, the most frequent; of equally frequent ones the first.
   */
  vocabulary(): Vocabulary {
    const { unit, vocabularySize, split, masked } = this.options;
    const special: SpecialName[] = [];
    if (split !== null) special.push('sos', 'eos');
    if (vocabularySize !== null) special.push('unknown');
    if (masked) special.push('mask');
    const specials = { ...noSpecials, ...Object.fromEntries(special.map((name, id) => [name, id])) };
    const room = (vocabularySize ?? Infinity) - special.length;
    if (room < 1)
      throw new UserError(
        'error.vocabulary.noRoom',
        vocabularySize ?? 0,
        special.map((name) => specialSymbols[name]).join(', '),
      );
    const symbols = this.keysInOrder(room).map((key) => this.reader.symbol(key));
    return new Vocabulary([...special.map((name) => specialSymbols[name]), ...symbols], unit, specials);
  }

  private keysInOrder(room: number): number[] {
    const { counts, reader } = this;
    const keys: number[] = [];
    counts.forEach((count, key) => {
      if (count > 0) keys.push(key);
    });
    const isByValue = this.options.unit === 'codePoint' || this.options.unit === 'byte';
    const inOrder = isByValue ? keys : keys.sort((a, b) => (reader.symbol(a) < reader.symbol(b) ? -1 : 1));
    if (inOrder.length <= room) return inOrder;
    const place = new Map(inOrder.map((key, index) => [key, index]));
    const before = (a: number, b: number) => (place.get(a) ?? 0) - (place.get(b) ?? 0);
    // Sorting is stable, so equally frequent ones keep their order.
    return inOrder
      .toSorted((a, b) => counts[b] - counts[a])
      .slice(0, room)
      .sort(before);
  }

  private count(keys: Int32Array, tokens: number, endsSequence: boolean): void {
    for (let i = 0; i < tokens; i++) {
      const key = keys[i];
      if (key >= this.counts.length) this.grow(key);
      if (this.counts[key]++ === 0) this.met++;
    }
    this.tokens += tokens;
    if (endsSequence) this.sequences++;
  }

  private grow(key: number): void {
    const counts = new Float64Array(2 * key);
    counts.set(this.counts);
    this.counts = counts;
  }
}

/** The second pass, over the same text. */
export class CorpusEncoder {
  private readonly ids: Ids;
  private readonly ends: Uint32Array | null;
  private readonly chunks: ChunkReader;
  private tokens = 0;
  private sequences = 0;

  /** @param counted the first pass, ended. Throws a RangeError where there is no memory for the ids. */
  constructor(
    private readonly vocabulary: Vocabulary,
    split: Split | null,
    counted: { readonly tokens: number; readonly sequences: number },
  ) {
    this.ids = makeIds(counted.tokens, vocabulary.size);
    this.ends = split && new Uint32Array(counted.sequences);
    this.chunks = new ChunkReader(vocabulary.newReader(), split, (keys, tokens, text, endsSequence) =>
      this.encode(keys, tokens, text, endsSequence),
    );
  }

  /** Throws a UserError for symbols the vocabulary lacks, where it has no unknown token. */
  add(chunk: string): void {
    this.chunks.add(chunk);
  }

  end(): Corpus {
    this.chunks.end();
    if (this.tokens !== this.ids.length) throw changedError();
    return { vocabulary: this.vocabulary, ids: this.ids, ends: this.ends };
  }

  private encode(keys: Int32Array, tokens: number, text: string, endsSequence: boolean): void {
    if (this.tokens + tokens > this.ids.length) throw changedError();
    this.vocabulary.toIds(keys, tokens, this.ids, this.tokens, text);
    this.tokens += tokens;
    if (endsSequence && this.ends) this.ends[this.sequences++] = this.tokens;
  }
}

/** The two passes have read different texts. */
export function changedError(): UserError {
  return new UserError('error.corpus.changedWhileRead');
}
