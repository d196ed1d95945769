/** A long computation beside the training, in pieces: after each it rests, so that it takes no more than a part of the time. */
import { setTimeout } from 'node:timers/promises';

export class PartOfTime {
  private began = performance.now();

  /** @param share of the time, while the computation lasts */
  constructor(private readonly share: number) {}

  /** After a piece; throws when the call has been canceled. */
  async rest(signal: AbortSignal): Promise<void> {
    const cost = performance.now() - this.began;
    await setTimeout(cost / this.share - cost);
    signal.throwIfAborted();
    this.began = performance.now();
  }
}
