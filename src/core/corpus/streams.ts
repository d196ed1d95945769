/**
 * Reads tokens as B contiguous streams, window by window. The streams lie one after another in the tokens; after the last
 * whole window all of them start again from their beginnings.
 */
import { UserError } from '../userError';
import type { WindowReader } from './windowReader';

export class Streams implements WindowReader {
  /** Tokens each stream has, without the one that is only a target. */
  private readonly length: number;
  /** Where in each stream the next window starts. */
  private position = 0;

  /** Throws a UserError when there is not one window for each stream. */
  constructor(
    private readonly ids: Int32Array,
    readonly steps: number,
    readonly batch: number,
  ) {
    this.length = Math.floor((ids.length - 1) / batch);
    if (this.length < steps) {
      throw new UserError(
        'The text is too short: {0} tokens to train on, but {1} streams with windows of {2} steps need at least {3}. Choose a longer text, or a smaller batch or window.',
        ids.length, batch, steps, batch * steps + 1,
      );
    }
  }

  /** Whole windows in one pass over the streams. */
  get windows(): number {
    return Math.floor(this.length / this.steps);
  }

  get state(): { position: number } {
    return { position: this.position };
  }

  restore({ position }: Readonly<Record<string, number>>): void {
    this.position = position;
  }

  next(inputs: Int32Array, targets: Int32Array, lengths: Int32Array): { steps: number; restarts: boolean } {
    const restarts = this.position + this.steps > this.length;
    if (restarts) this.position = 0;
    for (let b = 0; b < this.batch; b++) {
      const start = b * this.length + this.position;
      for (let t = 0; t < this.steps; t++) {
        inputs[t * this.batch + b] = this.ids[start + t];
        targets[t * this.batch + b] = this.ids[start + t + 1];
      }
    }
    lengths.fill(this.steps);
    this.position += this.steps;
    return { steps: this.steps, restarts };
  }
}
