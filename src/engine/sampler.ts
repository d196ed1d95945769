/** Text from the model: one token at a time, the state carried along. */
import type { Vocabulary } from '../core/corpus/vocabulary';
import type { Random } from '../core/model/random';
import { makeNetwork, type Network } from '../core/network';
import { checkSampling, draw, samplingWeights, type SamplingSettings } from '../core/sampling';
import { UserError } from '../core/userError';
import type { PlainModel } from '../core/model/plainModel';
import type { ModelSettings } from '../protocol/settings';
import type { InspectedModel } from './inspect/inspector';

export class Sampler {
  /** Ids that stand for no text. */
  private readonly excluded: ReadonlySet<number>;

  private constructor(
    private readonly vocabulary: Vocabulary,
    private readonly plain: PlainModel,
    private readonly network: Network,
    private readonly settings: SamplingSettings,
    private readonly random: Random,
    private last: number,
  ) {
    const { sos, unknown, mask } = vocabulary.specials;
    this.excluded = new Set([sos, unknown, mask].filter((id) => id !== null));
  }

  /**
   * Reads the prompt. A model of sequences reads it as the beginning of one; for another an empty prompt is the beginning of a
   * line. Throws a UserError for settings out of range, symbols the model does not know, and a model that cannot generate.
   */
  static async create(model: InspectedModel, prompt: string, settings: SamplingSettings, random: Random): Promise<Sampler> {
    const { plain, vocabulary } = model;
    if (!plain) throw new UserError('This model has a form that can be inspected, but it cannot generate text here.');
    refuseGeneration(plain.config);
    checkSampling(settings);
    const [first, ...rest] = beginning(vocabulary, prompt);
    const network = model.backend.build(1, (arena, products) => makeNetwork(arena, plain.config, { steps: 1, batch: 1 }, products));
    const sampler = new Sampler(vocabulary, plain, network, settings, random, first);
    for (const id of rest) {
      await sampler.read();
      sampler.last = id;
    }
    return sampler;
  }

  /** The next token's id; null at the end of a sequence. */
  async next(): Promise<number | null> {
    await this.read();
    this.last = draw(samplingWeights(this.network.tape.probabilities, this.settings, this.excluded), this.random);
    return this.last === this.vocabulary.specials.eos ? null : this.last;
  }

  private async read(): Promise<void> {
    const { parameters, tape, forward } = this.network;
    // They may have been trained on since the last token.
    parameters.values.set(this.plain.parameters.values);
    tape.inputs[0] = this.last;
    await forward.run();
    tape.carryState();
  }
}

/** Throws a UserError for a model that does not predict the next token from those before it. */
export function refuseGeneration({ bidirectional, objective }: Pick<ModelSettings, 'bidirectional' | 'objective'>): void {
  if (bidirectional) {
    throw new UserError('A bidirectional model cannot generate text: it reads what follows a token before it predicts the token.');
  }
  if (objective === 'masked') {
    throw new UserError('This model was trained on masked tokens, not on the next one, so it cannot generate text.');
  }
}

function beginning(vocabulary: Vocabulary, prompt: string): Iterable<number> {
  const { sos } = vocabulary.specials;
  if (sos !== null) return [sos, ...vocabulary.encode(prompt)];
  return prompt === '' ? [lineStart(vocabulary)] : vocabulary.encode(prompt);
}

/** The token before a line; a text without lines begins after a space, or anywhere. */
function lineStart({ symbols, firstKnown }: Vocabulary): number {
  return ['\n', '\r\n', ' '].map((symbol) => symbols.indexOf(symbol)).find((id) => id >= 0) ?? firstKnown;
}
