/**
 * Reads sequence by sequence: each window is a batch of whole sequences, so that every gradient reaches back to its sequence's beginning. Each pass reads every
 * sequence once; where its last batch has fewer than B, the other streams are empty.
 */
import { UserError } from '../../userError';
import { randomOf, shuffle } from './shuffle';
import type { WindowInfo, WindowReader } from './windowReader';

/** Sequences `first` up to, and without, `last` of a corpus. */
export interface Range {
  /** Where each of the corpus's sequences ends, and the next begins. */
  readonly ends: Uint32Array;
  readonly first: number;
  readonly last: number;
}

export interface BatchesSettings {
  readonly batch: number;
  /** Of the order, which is another in each pass; null keeps the corpus's own. */
  readonly seed: number | null;
  /** Most of its own steps that a sequence may have. */
  readonly longest: number;
}

type TooLong = 'error.corpus.sequenceTooLong' | 'error.numbers.sequenceTooLong';

export abstract class SequenceBatches implements WindowReader {
  readonly batch: number;
  readonly steps: number;
  private readonly order: Uint32Array;
  private pass = 0;
  /** Sequences read in this pass. */
  private position = 0;

  /** @param added steps that each sequence has besides its own  @param tooLong what is said of one that is too long. Throws a UserError for such a one, and where there is none. */
  protected constructor(
    private readonly all: Range,
    private readonly batches: BatchesSettings,
    private readonly added: number,
    tooLong: TooLong,
  ) {
    const { first, last } = all;
    if (last <= first) throw new UserError('error.corpus.noSequence');
    this.batch = batches.batch;
    this.steps = added + this.longest(tooLong);
    this.order = new Uint32Array(last - first);
    this.arrange();
  }

  /** Writes the steps of a stream, padding behind its own. @param length 0 of an empty stream, whose `sequence` says nothing */
  protected abstract fill(
    b: number,
    steps: number,
    length: number,
    sequence: number,
    inputs: Int32Array,
    targets: Int32Array,
  ): void;

  get windowsPerPass(): number {
    return Math.ceil(this.order.length / this.batch);
  }

  /** Steps of all sequences, those that are added too. */
  get tokensPerPass(): number {
    const { first, last, ends } = this.all;
    return ends[last - 1] - this.start(first) + this.added * this.order.length;
  }

  get state(): { readonly pass: number; readonly position: number } {
    return { pass: this.pass, position: this.position };
  }

  restore({ pass, position }: Readonly<Record<string, number>>): void {
    this.pass = pass;
    this.position = position;
    this.arrange();
  }

  next(inputs: Int32Array, targets: Int32Array, lengths: Int32Array): WindowInfo {
    const { order, batch, all } = this;
    if (this.position >= order.length) {
      this.pass++;
      this.position = 0;
      this.arrange();
    }
    let steps = 0;
    for (let b = 0; b < batch; b++) {
      const place = this.position + b;
      const sequence = this.sequenceAt(b);
      lengths[b] = place < order.length ? this.added + all.ends[sequence] - this.start(sequence) : 0;
      steps = Math.max(steps, lengths[b]);
    }
    for (let b = 0; b < batch; b++) this.fill(b, steps, lengths[b], this.sequenceAt(b), inputs, targets);
    this.position = Math.min(order.length, this.position + batch);
    return { steps, restarts: true };
  }

  /** Where a sequence begins in the corpus. */
  protected start(sequence: number): number {
    return sequence === 0 ? 0 : this.all.ends[sequence - 1];
  }

  /** Of a stream of this window; of an empty one the first. */
  private sequenceAt(b: number): number {
    const place = this.position + b;
    return this.all.first + (place < this.order.length ? this.order[place] : 0);
  }

  private arrange(): void {
    const { seed } = this.batches;
    if (seed !== null) shuffle(this.order, randomOf(seed, this.pass));
    else this.order.forEach((_, index) => (this.order[index] = index));
  }

  private longest(tooLong: TooLong): number {
    const { first, last, ends } = this.all;
    let longest = 0;
    for (let sequence = first; sequence < last; sequence++) {
      const length = ends[sequence] - this.start(sequence);
      if (length > this.batches.longest) {
        throw new UserError(tooLong, sequence + 1, length, this.batches.longest);
      }
      longest = Math.max(longest, length);
    }
    return longest;
  }
}
