/**
 * Reads tokens as B contiguous streams, window by window. The streams lie one after another in the tokens; after the last
 * whole window all of them start again from their beginnings.
 */
import { UserError } from '../userError';

export class Streams {
  /** Tokens each stream has, without the one that is only a target. */
  private readonly length: number;
  /** Where in each stream the next window starts. */
  position = 0;

  /** Throws a UserError when there is not one window for each stream. */
  constructor(
    private readonly ids: Int32Array,
    private readonly window: number,
    private readonly batch: number,
  ) {
    this.length = Math.floor((ids.length - 1) / batch);
    if (this.length < window) {
      throw new UserError(
        'The text is too short: {0} tokens to train on, but {1} streams with windows of {2} steps need at least {3}. Choose a longer text, or a smaller batch or window.',
        ids.length, batch, window, batch * window + 1,
      );
    }
  }

  /** Whole windows in one pass over the streams. */
  get windows(): number {
    return Math.floor(this.length / this.window);
  }

  /** Fills T × B inputs and targets, time-major. Returns true when the streams have started again, so that no state carries over. */
  next(inputs: Int32Array, targets: Int32Array): boolean {
    const restarts = this.position + this.window > this.length;
    if (restarts) this.position = 0;
    for (let b = 0; b < this.batch; b++) {
      const start = b * this.length + this.position;
      for (let t = 0; t < this.window; t++) {
        inputs[t * this.batch + b] = this.ids[start + t];
        targets[t * this.batch + b] = this.ids[start + t + 1];
      }
    }
    this.position += this.window;
    return restarts;
  }
}
