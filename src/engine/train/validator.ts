/** Validation loss: the mean over the validation part of the corpus, read as in training. */
import type { WindowReader } from '../../core/corpus/windowReader';
import type { ModelConfig } from '../../core/model/config';
import { Tape, type Forward } from '../../core/model/tape';

/** A validation in the course of training reads at most this many tokens, always the same ones. */
const mostTokens = 16_384;

export class Validator {
  private readonly tape: Tape;
  private readonly lengths: Int32Array;
  private readonly beginning: WindowReader['state'];

  /** @param reader at its beginning, to which every validation returns */
  constructor(
    config: ModelConfig,
    private readonly reader: WindowReader,
    private readonly forward: Forward,
  ) {
    this.tape = new Tape(config, reader.steps, reader.batch);
    this.lengths = new Int32Array(reader.batch);
    this.beginning = reader.state;
  }

  /** Nats per token. */
  async loss(): Promise<number> {
    const { reader, tape } = this;
    const windows = Math.min(reader.windowsPerPass, Math.ceil(mostTokens / tape.inputs.length));
    reader.restore(this.beginning);
    let sum = 0;
    for (let i = 0; i < windows; i++) {
      if (reader.next(tape.inputs, tape.targets, this.lengths).restarts) tape.clearState();
      await this.forward.run(tape);
      sum += tape.loss;
      tape.carryState();
    }
    return sum / windows;
  }
}
