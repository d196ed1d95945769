/**
 * Text from the model as it is when the text begins: one token at a time, the state carried along. A model with a layer that carries none reads its context again for
 * every token, and of a longer text only as much of its end.
 */
import { contextOfLayers, hasStatelessLayer, readsBothWays, type ModelConfig } from '../../core/model/config';
import type { Vocabulary } from '../../core/corpus/vocabulary';
import { makeNetwork, type Network } from '../../core/network';
import { checkSampling, draw, samplingWeights } from '../../core/sampling';
import { UserError } from '../../userError';
import type { PlainModel } from '../../core/model/plainModel';
import { isOfNumbers, type ObjectiveName } from '../../terms/choices';
import type { InspectedModel } from '../inspect/inspector';
import { beginningOf, excludedFrom, type Drawing, type TokenSampler } from './tokenSampler';

export class Sampler implements TokenSampler {
  private readonly excluded: ReadonlySet<number>;
  private drawing: Drawing | null = null;
  /** The id that is read next. */
  private last = 0;
  /** What has been read, where it is read again. */
  private read: number[] = [];

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
      makeNetwork(
        arena,
        plain.config,
        { steps: hasStatelessLayer(plain.config) ? contextFor(plain.config) : 1, batch: 1 },
        products,
      ),
    );
    return new Sampler(vocabulary, plain, network);
  }

  /** Of a text longer than what is read again, that tokens were drawn from its end alone. */
  get notices(): readonly UserError[] {
    const { maxSteps } = this.network.tape;
    return this.read.length > maxSteps ? [new UserError('notice.sample.slid', maxSteps)] : [];
  }

  takeWeights(): void {
    this.network.parameters.values.set(this.plain.parameters.values);
  }

  async begin(prompt: string, drawing: Drawing): Promise<void> {
    checkSampling(drawing);
    const [first, ...rest] = beginningOf(this.vocabulary, prompt);
    this.drawing = drawing;
    this.network.tape.clearState();
    this.read = [];
    this.last = first;
    for (const id of rest) {
      await this.readLast(false);
      this.last = id;
    }
  }

  async next(): Promise<number | null> {
    if (!this.drawing) throw new Error('no text has been begun');
    const probabilities = await this.readLast(true);
    this.last = draw(samplingWeights(probabilities, this.drawing, this.excluded), this.drawing.random);
    return this.last === this.vocabulary.specials.eos ? null : this.last;
  }

  /** @param isWanted what follows the token  @returns V probabilities, where they are wanted */
  private async readLast(isWanted: boolean): Promise<Float32Array> {
    const { tape, forward } = this.network;
    const V = tape.config.vocabularySize;
    if (!hasStatelessLayer(tape.config)) {
      tape.inputs[0] = this.last;
      await forward.run();
      tape.carryState();
      return tape.probabilities;
    }
    this.read.push(this.last);
    if (!isWanted) return tape.probabilities;
    const context = this.read.slice(-tape.maxSteps);
    tape.inputs.set(context);
    tape.targets.fill(-1);
    tape.lengths[0] = context.length;
    tape.resize(context.length);
    // Of what lies before the context no layer knows anything.
    tape.clearState();
    await forward.run();
    return tape.probabilities.subarray((context.length - 1) * V, context.length * V);
  }
}

/** Tokens that are read again where no layer has a limit. */
const defaultContext = 256;

function contextFor({ layers }: ModelConfig): number {
  return contextOfLayers(layers) ?? defaultContext;
}

/** Throws a UserError for a model that does not predict the next token from those before it. */
export function refuseGeneration({
  bidirectional,
  objective,
}: {
  readonly bidirectional: boolean;
  readonly objective: ObjectiveName;
}): void {
  if (bidirectional) {
    throw new UserError('error.generate.bidirectional');
  }
  if (objective === 'masked') throw new UserError('error.generate.masked');
  if (isOfNumbers(objective)) throw new UserError('error.generate.numbers');
}
