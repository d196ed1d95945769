/**
 * Reads tokens as B contiguous streams, window by window. The streams lie one after another in the tokens; after the last
 * whole window all of them start again from their beginnings.
 */
import { UserError } from '../../userError';
import type { Ids } from './ids';
import type { WindowInfo, WindowReader } from './windowReader';

export class Streams implements WindowReader {
  /** Tokens each stream has, without the one that is only a target. */
  private readonly length: number;
  /** Where in each stream the next window starts. */
  private position = 0;

  /** @param steps of each window. Throws a UserError when there is not one window for each stream. */
  constructor(
    private readonly ids: Ids,
    readonly steps: number,
    readonly batch: number,
  ) {
    this.length = Math.floor((ids.length - 1) / batch);
    if (this.length < steps) {
      throw new UserError('error.corpus.tooShort', ids.length, batch, steps, batch * steps + 1);
    }
  }

  get windowsPerPass(): number {
    return Math.floor(this.length / this.steps);
  }

  get tokensPerPass(): number {
    return this.windowsPerPass * this.steps * this.batch;
  }

  get state(): { readonly position: number } {
    return { position: this.position };
  }

  restore({ position }: Readonly<Record<string, number>>): void {
    this.position = position;
  }

  next(inputs: Int32Array, targets: Int32Array, lengths: Int32Array): WindowInfo {
    const { ids, steps, batch } = this;
    if (this.position + steps > this.length) this.position = 0;
    const restarts = this.position === 0;
    for (let b = 0; b < batch; b++) {
      const start = b * this.length + this.position;
      for (let t = 0; t < steps; t++) {
        inputs[t * batch + b] = ids[start + t];
        targets[t * batch + b] = ids[start + t + 1];
      }
    }
    lengths.fill(steps);
    this.position += steps;
    return { steps, restarts };
  }
}
