/**
 * Reads sequence by sequence: each window is a batch of whole sequences, SOS before and EOS behind, so that every gradient
 * reaches back to its sequence's beginning. Each pass reads every sequence once; where its last batch has fewer than B, the other
 * streams are empty.
 */
import { UserError } from '../../userError';
import type { Ids } from './ids';
import { randomOf, shuffle } from './shuffle';
import type { WindowInfo, WindowReader } from './windowReader';

/** Sequences `first` up to, and without, `last` of a corpus. */
export interface SequenceRange {
  /** Tokens of all sequences, without SOS and EOS. */
  readonly ids: Ids;
  /** Where each of the corpus's sequences ends in `ids`, and the next begins. */
  readonly ends: Uint32Array;
  readonly first: number;
  readonly last: number;
}

export interface SequenceSettings {
  readonly batch: number;
  readonly sos: number;
  readonly eos: number;
  /** Of the order, which is another in each pass; null keeps the corpus's own. */
  readonly seed: number | null;
  /** Most tokens of a sequence, without SOS and EOS. */
  readonly longest: number;
}

export class Sequences implements WindowReader {
  readonly batch: number;
  readonly steps: number;
  private readonly order: Uint32Array;
  private pass = 0;
  /** Sequences read in this pass. */
  private position = 0;

  /** Throws a UserError when there is no sequence, or one that is too long. */
  constructor(
    private readonly range: SequenceRange,
    private readonly settings: SequenceSettings,
  ) {
    const { first, last } = range;
    if (last <= first) throw new UserError('error.corpus.noSequence');
    this.batch = settings.batch;
    this.steps = 1 + this.longest();
    this.order = new Uint32Array(last - first);
    this.arrange();
  }

  get windowsPerPass(): number {
    return Math.ceil(this.order.length / this.batch);
  }

  /** Every token, and each sequence's EOS. */
  get tokensPerPass(): number {
    const { first, last, ends } = this.range;
    return ends[last - 1] - this.start(first) + this.order.length;
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
    const { order, batch, range } = this;
    if (this.position >= order.length) {
      this.pass++;
      this.position = 0;
      this.arrange();
    }
    let steps = 0;
    for (let b = 0; b < batch; b++) {
      const place = this.position + b;
      const sequence = range.first + order[place];
      lengths[b] = place < order.length ? 1 + range.ends[sequence] - this.start(sequence) : 0;
      steps = Math.max(steps, lengths[b]);
    }
    for (let b = 0; b < batch; b++) this.fill(b, steps, lengths[b], inputs, targets);
    this.position = Math.min(order.length, this.position + batch);
    return { steps, restarts: true };
  }

  private fill(b: number, steps: number, length: number, inputs: Int32Array, targets: Int32Array): void {
    const { ids, first } = this.range;
    const { batch, sos, eos } = this.settings;
    const start = length > 0 ? this.start(first + this.order[this.position + b]) : 0;
    for (let t = 0; t < steps; t++) {
      const element = t * batch + b;
      inputs[element] = t >= length ? -1 : t === 0 ? sos : ids[start + t - 1];
      targets[element] = t >= length ? -1 : t === length - 1 ? eos : ids[start + t];
    }
  }

  private start(sequence: number): number {
    return sequence === 0 ? 0 : this.range.ends[sequence - 1];
  }

  private arrange(): void {
    const { seed } = this.settings;
    if (seed !== null) shuffle(this.order, randomOf(seed, this.pass));
    else this.order.forEach((_, index) => (this.order[index] = index));
  }

  private longest(): number {
    const { first, last, ends } = this.range;
    let longest = 0;
    for (let sequence = first; sequence < last; sequence++) {
      const length = ends[sequence] - this.start(sequence);
      if (length > this.settings.longest) {
        throw new UserError('error.corpus.sequenceTooLong', sequence + 1, length, this.settings.longest);
      }
      longest = Math.max(longest, length);
    }
    return longest;
  }
}
