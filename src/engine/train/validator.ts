/** Validation loss: the mean over the validation part of the corpus, read as the training reads its part. */
import type { WindowReader } from '../../core/corpus/windowReader';
import type { ModelConfig } from '../../core/model/config';
import type { Parameters } from '../../core/model/parameters';
import { makeNetwork, type Network } from '../../core/network';
import type { Backend } from '../backend';

/** A validation in the course of training reads at most this many tokens, always the same ones. */
const maxTokens = 16_384;

export class Validator {
  /** Where each validation begins. */
  private readonly start: Readonly<Record<string, number>>;

  private constructor(
    private readonly reader: WindowReader,
    private readonly network: Network,
    private readonly parameters: Parameters,
  ) {
    this.start = reader.state;
  }

  /** @param reader at its beginning, to which every validation returns  @param parameters of the model that is trained */
  static create(config: ModelConfig, reader: WindowReader, parameters: Parameters, backend: Backend): Validator {
    const { steps, batch } = reader;
    const network = backend.build(batch, (arena, products) => makeNetwork(arena, config, { steps, batch }, products));
    return new Validator(reader, network, parameters);
  }

  /** Nats per predicted token, or the mean squared error. */
  async loss(): Promise<number> {
    const { reader, network } = this;
    const { tape, forward } = network;
    network.parameters.values.set(this.parameters.values);
    reader.restore(this.start);
    let sum = 0;
    let predicted = 0;
    let read = 0;
    for (let window = 0; window < reader.windowsPerPass && read < maxTokens; window++) {
      const { steps, restarts } = reader.next(tape.inputs, tape.targets, tape.lengths);
      tape.resize(steps);
      if (reader.numbers) tape.takeNumbers(reader.numbers);
      if (restarts) tape.clearState();
      await forward.run();
      sum += tape.loss * tape.predicted;
      predicted += tape.predicted;
      read += tape.rows;
      tape.carryState();
    }
    return sum / predicted;
  }
}
