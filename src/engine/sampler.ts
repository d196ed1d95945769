/** Text from the model: one token at a time, the state carried along. */
import type { Vocabulary } from '../core/corpus/vocabulary';
import type { Random } from '../core/model/random';
import { makeNetwork, type Network } from '../core/network';
import { UserError } from '../core/userError';
import type { InspectedModel } from './inspect/inspector';

export class Sampler {
  private last: number;

  /** @param temperature 0 takes the likeliest token always */
  private constructor(
    private readonly model: InspectedModel,
    private readonly network: Network,
    private readonly temperature: number,
    private readonly random: Random,
    first: number,
  ) {
    this.last = first;
  }

  /** Reads the prompt; an empty one starts as at the beginning of a line. Throws a UserError for symbols the model does not know. */
  static async create(model: InspectedModel, prompt: string, temperature: number, random: Random): Promise<Sampler> {
    if (!(temperature >= 0) || !Number.isFinite(temperature)) {
      throw new UserError('The temperature is {0}; it must be 0 or a positive number.', String(temperature));
    }
    const ids = model.vocabulary.encode(prompt === '' ? startOf(model.vocabulary) : prompt);
    const network = model.backend.build(1, (arena, products) => makeNetwork(arena, model.config, { steps: 1, batch: 1 }, products));
    const sampler = new Sampler(model, network, temperature, random, ids[0]);
    for (const id of ids.subarray(1)) {
      await sampler.read();
      sampler.last = id;
    }
    return sampler;
  }

  /** The next symbol. */
  async next(): Promise<string> {
    await this.read();
    this.last = this.choose();
    return this.model.vocabulary.symbols[this.last];
  }

  private async read(): Promise<void> {
    const { parameters, tape, forward } = this.network;
    // They may have been trained on since the last symbol.
    parameters.values.set(this.model.parameters.values);
    tape.inputs[0] = this.last;
    await forward.run();
    tape.carryState();
  }

  private choose(): number {
    const { probabilities } = this.network.tape;
    const likeliest = probabilities.reduce((best, p, id) => (p > probabilities[best] ? id : best), 0);
    if (this.temperature === 0) return likeliest;
    // p^(1/τ) relative to the largest, so that a small temperature does not underflow.
    const weights = Float64Array.from(probabilities, (p) => (p / probabilities[likeliest]) ** (1 / this.temperature));
    let rest = this.random.uniform() * weights.reduce((sum, weight) => sum + weight, 0);
    const chosen = weights.findIndex((weight) => (rest -= weight) < 0);
    return chosen < 0 ? likeliest : chosen;
  }
}

function startOf({ symbols }: Vocabulary): string {
  return ['\n', ' '].find((symbol) => symbols.includes(symbol)) ?? symbols[0];
}
