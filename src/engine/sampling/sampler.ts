/** Text from the model as it is when the text begins: one token at a time, the state carried along. */
import { readsBothWays } from '../../core/model/config';
import type { Vocabulary } from '../../core/corpus/vocabulary';
import { makeNetwork, type Network } from '../../core/network';
import { checkSampling, draw, samplingWeights } from '../../core/sampling';
import { UserError } from '../../userError';
import type { PlainModel } from '../../core/model/plainModel';
import type { ModelSettings } from '../../protocol/settings';
import type { InspectedModel } from '../inspect/inspector';
import { beginningOf, excludedFrom, type Drawing, type TokenSampler } from './tokenSampler';

export class Sampler implements TokenSampler {
  readonly notices: readonly UserError[] = [];
  private readonly excluded: ReadonlySet<number>;
  private drawing: Drawing | null = null;
  /** The id that is read next. */
  private last = 0;

  private constructor(
    private readonly vocabulary: Vocabulary,
    private readonly plain: PlainModel,
    private readonly network: Network,
  ) {
    this.excluded = excludedFrom(vocabulary);
  }

  /** With a copy of the weights, still to be taken. Throws a UserError for a model that cannot generate. */
  static of({ plain, vocabulary, backend }: InspectedModel): Sampler {
    if (!plain) throw new UserError('error.generate.form');
    refuseGeneration({ bidirectional: readsBothWays(plain.config), objective: plain.config.objective });
    const network = backend.build(1, (arena, products) =>
      makeNetwork(arena, plain.config, { steps: 1, batch: 1 }, products),
    );
    return new Sampler(vocabulary, plain, network);
  }

  takeWeights(): void {
    this.network.parameters.values.set(this.plain.parameters.values);
  }

  async begin(prompt: string, drawing: Drawing): Promise<void> {
    checkSampling(drawing);
    const [first, ...rest] = beginningOf(this.vocabulary, prompt);
    this.drawing = drawing;
    this.network.tape.clearState();
    this.last = first;
    for (const id of rest) {
      await this.read();
      this.last = id;
    }
  }

  async next(): Promise<number | null> {
    if (!this.drawing) throw new Error('no text has been begun');
    await this.read();
    this.last = draw(
      samplingWeights(this.network.tape.probabilities, this.drawing, this.excluded),
      this.drawing.random,
    );
    return this.last === this.vocabulary.specials.eos ? null : this.last;
  }

  private async read(): Promise<void> {
    const { tape, forward } = this.network;
    tape.inputs[0] = this.last;
    await forward.run();
    tape.carryState();
  }
}

/** Throws a UserError for a model that does not predict the next token from those before it. */
export function refuseGeneration({
  bidirectional,
  objective,
}: Pick<ModelSettings, 'bidirectional' | 'objective'>): void {
  if (bidirectional) {
    throw new UserError('error.generate.bidirectional');
  }
  if (objective === 'masked') {
    throw new UserError('error.generate.masked');
  }
}
