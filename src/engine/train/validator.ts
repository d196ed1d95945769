/** Validation loss: the mean over the validation part of the corpus, read as streams with the state carried along. */
import { Streams } from '../../core/corpus/streams';
import type { ModelConfig } from '../../core/model/config';
import { Tape, type Forward } from '../../core/model/tape';

/** A validation in the course of training reads at most this many tokens, always the same ones. */
const mostTokens = 16_384;

export class Validator {
  private constructor(
    private readonly streams: Streams,
    private readonly tape: Tape,
    private readonly forward: Forward,
  ) {}

  /** Null when the tokens are too few to predict any. Few tokens are read as one stream instead of `batch`. */
  static create(config: ModelConfig, ids: Int32Array, window: number, batch: number, forward: Forward): Validator | null {
    if (ids.length < 2) return null;
    const streams = ids.length - 1 >= window * batch ? batch : 1;
    const steps = Math.min(window, ids.length - 1);
    return new Validator(new Streams(ids, steps, streams), new Tape(config, steps, streams), forward);
  }

  /** Nats per token. */
  async loss(): Promise<number> {
    const { streams, tape } = this;
    const windows = Math.min(streams.windows, Math.ceil(mostTokens / tape.inputs.length));
    streams.position = 0;
    tape.clearState();
    let sum = 0;
    for (let i = 0; i < windows; i++) {
      streams.next(tape.inputs, tape.targets);
      await this.forward.run(tape);
      sum += tape.loss;
      tape.carryState();
    }
    return sum / windows;
  }
}
