/**
 * The forward pass of one window: tokens and carried-in state on the tape → the states, gates and probabilities that the backward
 * pass needs. What a layer computes is in recurrentForward.ts or a mixer's; norm, dropout and residual stand around it here.
 */
import { at } from '../../kernels/arena';
import { splitStreams } from '../../kernels/threadPool';
import { normEpsilon } from '../../layers/norm';
import { topSize } from '../model/config';
import type { NormWeights, Parameters } from '../model/parameters';
import type { NormTape, SublayerTape, Tape } from '../model/tape';
import { objectiveOf } from '../objectives/registry';
import type { Products } from '../products';
import { RecurrentForward } from './recurrentForward';

export class Forward {
  private readonly recurrent: RecurrentForward;

  /** @param parameters in the tape's arena */
  constructor(
    private readonly tape: Tape,
    private readonly parameters: Parameters,
    private readonly products: Products,
  ) {
    this.recurrent = new RecurrentForward(tape, parameters, products);
  }

  /** What the gates of the last window counted: of each layer and direction the fractions named in `Cell.counts`; nothing of a mixer. */
  get saturation(): readonly (readonly Float64Array[])[] {
    return this.recurrent.saturation;
  }

  /** Fills the whole tape. */
  async run(): Promise<void> {
    await this.states();
    const { config, layers, probabilities, rows, finalNorm, top } = this.tape;
    const { W, b } = this.parameters.output;
    if (finalNorm)
      this.normalize(finalNorm, this.parameters.finalNorm, layers[layers.length - 1].given, topSize(config));
    await this.products.affine(probabilities, top, W, b, rows, config.vocabularySize, topSize(config));
    objectiveOf(config.features !== null).losses(this.tape);
  }

  /** The states and gates only, for a window whose predictions are not wanted yet. */
  async states(): Promise<void> {
    this.embed();
    const { tape } = this;
    tape.loadCarried();
    // Null where the lowest layer reads one-hot tokens.
    let x = tape.inputOf(0, 0);
    for (const [layer, { sublayers }] of tape.layers.entries()) {
      for (const [index, sublayer] of sublayers.entries()) {
        await this.sublayer(layer, index, sublayer, x);
        x = sublayer.given;
      }
    }
  }

  private async sublayer(layer: number, index: number, sublayer: SublayerTape, x: Float32Array | null): Promise<void> {
    const { tape } = this;
    const { rows, arena } = tape;
    const { norm, mixer, output, dropout, passed, given, residual, inputSize, outputSize } = sublayer;
    if (norm && x) this.normalize(norm, this.parameters.norms[layer][index], x, inputSize);
    const read = norm?.output ?? x;
    if (mixer && read) {
      const { steps, batch, lengths, isPadded } = tape;
      const { own } = this.parameters.layers[layer][0];
      await mixer.forward({ steps, batch, lengths: isPadded ? lengths : null, x: read, parameters: own });
    } else await this.recurrent.run(layer, read);
    if (dropout) arena.kernels.multiplyElements(at(passed), at(output), at(dropout), rows * outputSize);
    if (residual && x) arena.kernels.add(at(given), at(passed), at(x), rows * outputSize);
  }

  private normalize(
    { kind, output, statistics }: NormTape,
    weights: NormWeights | null,
    x: Float32Array,
    width: number,
  ): void {
    if (!weights) throw new Error('a norm without weights');
    const { gamma, beta } = weights;
    const [isRms, shift] = [Number(kind === 'rmsNorm'), beta.length > 0 ? at(beta) : 0];
    const { arena, rows } = this.tape;
    arena.run(
      'normForward',
      splitStreams(rows, arena.threads).map(({ first, count }) => [
        count,
        width,
        at(x, first * width),
        at(gamma),
        shift,
        isRms,
        normEpsilon,
        at(output, first * width),
        at(statistics, 2 * first),
      ]),
    );
  }

  /** Numbers are on the tape as they are. */
  private embed(): void {
    const { embedding } = this.parameters;
    if (!embedding) return;
    const { config, inputs, rows, arena, embedded } = this.tape;
    arena.kernels.gatherRows(at(embedded), at(embedding), at(inputs), rows, config.embeddingSize ?? 0, 0);
  }
}
