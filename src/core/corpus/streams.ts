/**
 * Reads tokens as B contiguous streams, window by window. The streams lie one after another in the tokens; after the last
 * whole window all of them start again from their beginnings, or a little behind them.
 */
import { UserError } from '../../userError';
import type { Ids } from './ids';
import type { WindowInfo, WindowReader } from './windowReader';

/** Multiples of it, modulo 1, come near every number early and keep apart. */
const goldenRatio = (Math.sqrt(5) - 1) / 2;

export class Streams implements WindowReader {
  readonly windowsPerPass: number;
  /** Tokens each stream has, without the one that is only a target. */
  private readonly length: number;
  /** Places at which a pass can begin. */
  private readonly beginnings: number;
  /** Where in each stream the next window starts. */
  private position = 0;
  /** Passes that have ended. */
  private pass = 0;

  /**
   * @param steps of each window  @param isShifted every pass begins elsewhere in the streams, up to a window behind their beginnings, so that the windows differ
   * from pass to pass. Throws a UserError when there is not one window for each stream.
   */
  constructor(
    private readonly ids: Ids,
    readonly steps: number,
    readonly batch: number,
    { isShifted = false }: { readonly isShifted?: boolean } = {},
  ) {
    this.length = Math.floor((ids.length - 1) / batch);
    if (this.length < steps) {
      throw new UserError('error.corpus.tooShort', ids.length, batch, steps, batch * steps + 1);
    }
    this.beginnings = isShifted ? Math.min(steps, this.length - steps + 1) : 1;
    this.windowsPerPass = Math.floor((this.length - this.beginnings + 1) / steps);
  }

  get tokensPerPass(): number {
    return this.windowsPerPass * this.steps * this.batch;
  }

  get state(): Readonly<Record<string, number>> {
    const { position, pass } = this;
    return this.beginnings > 1 ? { position, pass } : { position };
  }

  restore({ position, pass = 0 }: Readonly<Record<string, number>>): void {
    this.position = position;
    this.pass = pass;
  }

  next(inputs: Int32Array, targets: Int32Array, lengths: Int32Array): WindowInfo {
    const { ids, steps, batch } = this;
    if (this.position === this.beginning + this.windowsPerPass * steps) {
      this.pass++;
      this.position = this.beginning;
    }
    const restarts = this.position === this.beginning;
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

  /** Of this pass, in each stream. */
  private get beginning(): number {
    return Math.floor(((this.pass * goldenRatio) % 1) * this.beginnings);
  }
}
