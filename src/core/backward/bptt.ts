/**
 * Back-propagation through time over one window: from the tape to ∂L/∂parameters and to the total gradients, of every state ∂L/∂s_t, with L the mean
 * loss over the predicted tokens (of numbers: over the steps that have some to predict). What a layer computes is in recurrentBackward.ts or a mixer's; norm, dropout and residual stand around it here.
 */
import { at } from '../../kernels/arena';
import { splitStreams } from '../../kernels/threadPool';
import { kindOf } from '../../layers/catalog';
import {
  denseSize,
  hasInputRows,
  inputSize,
  isMixer,
  largestOutput,
  outputSize,
  readsOneHot,
  topSize,
} from '../model/config';
import type { NormWeights, Parameters } from '../model/parameters';
import type { NormTape, SublayerTape, Tape } from '../model/tape';
import { objectiveOf, type Objective } from '../objectives/registry';
import { sumOfParts } from '../partSums';
import type { Products } from '../products';
import { columnSums, sumOfBlocks } from './blockSums';
import { RecurrentBackward, type VisitDirection } from './recurrentBackward';
import type { TotalNorms } from './totals';

export interface BackwardSettings {
  /** k2: gradients do not pass from step t to t − 1 where k2 divides t; 0 for no such cut. */
  readonly truncation: number;
  /** By which Pascanu's regularizer, summed over the streams, is added to the loss whose gradient is taken; only with `hasOmega`. */
  readonly omega?: number;
  /** n, what the loss is a mean over; by default the predicted tokens of the window itself. */
  readonly predicted?: number;
  /** Called with each direction of the lowest layer, if that is a recurrent one. */
  readonly visitLowest?: VisitDirection;
}

export class Backward {
  private readonly objective: Objective;
  private readonly recurrent: RecurrentBackward;
  /** T·B × V. */
  private readonly logits: Float32Array;
  /** T·B × O: what reaches a sublayer's output from above; and a second one where there are mixers, which do not work in place. */
  private above: Float32Array;
  private below: Float32Array;
  /** T·B × O: what goes past a sublayer; empty without residual connections. */
  private readonly past: Float32Array;
  /** Of each thread the sums of ∂γ and ∂β; empty without norms. */
  private readonly normSums: readonly Float64Array[];
  /** T·B × E, or by the numbers that are read; empty where tokens are read one-hot. */
  private readonly embedded: Float32Array;
  /** V × E: what a tied output leaves in the embedding's gradient. */
  private readonly ofOutput: Float32Array;
  /** [T·B] */
  private readonly squares: Float64Array;
  /** Of the last window: of each layer and direction the norms of ∂L/∂s_t of its states, one for each step. */
  readonly totals: readonly (readonly TotalNorms[])[];
  /**
   * Of the last window: ‖∂L/∂x_t‖ over units and streams of what each layer reads, and of what the output reads, N + 1 in all; null where another variable is the
   * same (see `hasInputRows`).
   */
  readonly inputs: readonly (Float64Array | null)[];

  /** @param tape filled by a forward pass  @param parameters and @param gradient in the tape's arena */
  constructor(
    private readonly tape: Tape,
    private readonly parameters: Parameters,
    readonly gradient: Parameters,
    private readonly products: Products,
  ) {
    const { config, arena, maxSteps, batch } = tape;
    const { embeddingSize, vocabularySize, layers } = config;
    this.objective = objectiveOf(config.features !== null);
    const rows = maxSteps * batch;
    this.recurrent = new RecurrentBackward(tape, parameters, gradient, products);
    this.logits = arena.floats(rows * vocabularySize);
    this.above = arena.floats(rows * largestOutput(config));
    this.below = arena.floats(layers.some(isMixer) ? rows * largestOutput(config) : 0);
    const isPast = tape.layers.some(({ sublayers }) => sublayers.some(({ residual }) => residual));
    this.past = arena.floats(isPast ? rows * largestOutput(config) : 0);
    const hasNorms = tape.finalNorm !== null || tape.layers.some(({ sublayers }) => sublayers.some(({ norm }) => norm));
    const widest = Math.max(largestOutput(config), denseSize(config));
    this.normSums = Array.from({ length: arena.threads }, () => arena.doubles(hasNorms ? 2 * widest : 0));
    this.embedded = arena.floats(rows * denseSize(config));
    this.ofOutput = arena.floats(config.tied ? vocabularySize * (embeddingSize ?? 0) : 0);
    this.inputs = Array.from({ length: layers.length + 1 }, (_, boundary) =>
      hasInputRows(config, boundary) ? new Float64Array(maxSteps) : null,
    );
    this.squares = arena.doubles(this.inputs.some((norms) => norms) ? rows : 0);
    this.totals = tape.layers.map((layer, index) =>
      isMixer(layer) ? [totalsOfMixers(layer)] : this.recurrent.recurrence.totals[index],
    );
  }

  /** Of the last window and of the lowest layer, a recurrent one: ∂L/∂h_t of each direction, T·B × H. */
  get lowestHidden(): readonly Float32Array[] {
    return this.recurrent.hidden;
  }

  /** Of the last window and of the lowest layer's last direction: ∂L/∂a_t as W sees it and as R sees it, T·B × G·H. */
  get lowestPreActivations(): { readonly input: Float32Array; readonly recurrent: Float32Array } {
    const { preActivations, recurrentPreActivations } = this.recurrent.recurrence;
    return { input: preActivations, recurrent: recurrentPreActivations };
  }

  /** Of the last window: what Pascanu's regularizer has added to the loss. */
  get omega(): number {
    return this.recurrent.omega;
  }

  /** Forgets the gradient of what comes after the window; otherwise `run` takes up what its last window sent back. */
  clearCarried(): void {
    this.recurrent.recurrence.clearCarried();
    for (const { sublayers } of this.tape.layers) for (const { mixer } of sublayers) mixer?.clearCarried();
  }

  /** Writes ∂L/∂parameters, all of it, into `gradient`. */
  async run({ truncation, predicted = this.tape.predicted, omega = 0, visitLowest }: BackwardSettings): Promise<void> {
    const { layers } = this.tape;
    this.recurrent.beginOmega(omega);
    await this.output(predicted);
    for (let layer = layers.length - 1; layer >= 0; layer--) {
      const { sublayers } = layers[layer];
      this.takeInput(layer + 1, this.above);
      for (let index = sublayers.length - 1; index >= 0; index--) {
        // A visitor of the lowest layer's directions is called by no other.
        await this.sublayer(layer, index, truncation, layer === 0 ? visitLowest : undefined);
      }
    }
    this.takeInput(0, this.embedded);
    await this.embedding();
  }

  /** Leaves in `above` what reaches the top layer. */
  private async output(predicted: number): Promise<void> {
    const { tape, parameters, gradient, products, logits, above } = this;
    const { config, rows, layers, finalNorm, top } = tape;
    const { vocabularySize: V } = config;
    const width = topSize(config);
    this.objective.gradient(tape, 0, rows, 1 / predicted, logits);
    const { W, b } = gradient.output;
    await sumOfBlocks(tape, W, (first, count) =>
      products.transposedMultiply(W, logits.subarray(first * V), top.subarray(first * width), V, width, count),
    );
    await columnSums(tape, b, logits, V);
    await products.multiply(above, logits, parameters.output.W, rows, width, V);
    if (finalNorm)
      await this.normBack(
        finalNorm,
        { weights: parameters.finalNorm, gradient: gradient.finalNorm },
        layers[layers.length - 1].given,
        above,
        width,
      );
  }

  /** From `above` to `above`, or of the lowest to `embedded`. */
  private async sublayer(
    layer: number,
    index: number,
    truncation: number,
    visit: VisitDirection | undefined,
  ): Promise<void> {
    const { tape, above, parameters, gradient, past } = this;
    const { config, rows, arena } = tape;
    const { kernels } = arena;
    const sublayer = tape.layers[layer].sublayers[index];
    const { norm, dropout, residual, inputSize: I, outputSize: O, mixer } = sublayer;
    const isLowest = layer === 0 && index === 0;
    const x = tape.inputOf(layer, index);
    // A mixer leaves what reaches it as it is.
    const passes = mixer && !dropout ? above : past;
    if (residual && passes === past) past.set(above.subarray(0, rows * O));
    if (dropout) kernels.multiplyElements(at(above), at(above), at(dropout), rows * O);
    const read = norm?.output ?? x;
    const below = isLowest ? this.embedded : mixer ? this.below : above;
    if (mixer && read) await this.mixerBack(layer, sublayer, read, below, truncation);
    else
      await this.recurrent.run(layer, read, above, isLowest && readsOneHot(config) ? null : below, truncation, visit);
    if (norm && x)
      await this.normBack(
        norm,
        { weights: parameters.norms[layer][index], gradient: gradient.norms[layer][index] },
        x,
        below,
        I,
      );
    if (residual) kernels.add(at(below), at(below), at(passes), rows * I);
    if (below === this.below) [this.above, this.below] = [this.below, this.above];
  }

  private mixerBack(
    layer: number,
    { mixer }: SublayerTape,
    x: Float32Array,
    below: Float32Array,
    truncation: number,
  ): Promise<void> | undefined {
    const { tape, parameters, gradient, above } = this;
    const { steps, batch, lengths, isPadded } = tape;
    return mixer?.backward({
      steps,
      batch,
      lengths: isPadded ? lengths : null,
      x,
      parameters: parameters.layers[layer][0].own,
      above,
      below,
      gradient: gradient.layers[layer][0].own,
      truncation,
    });
  }

  /** ∂L/∂y → ∂L/∂x in place, and ∂L/∂γ, ∂L/∂β. @param x [T·B, width]: what the norm has read */
  private async normBack(
    { kind, statistics }: NormTape,
    { weights, gradient }: { readonly weights: NormWeights | null; readonly gradient: NormWeights | null },
    x: Float32Array,
    above: Float32Array,
    width: number,
  ): Promise<void> {
    if (!weights || !gradient) throw new Error('a norm without weights');
    const { tape, normSums } = this;
    const { arena } = tape;
    const [{ gamma, beta }, isRms] = [gradient, Number(kind === 'rmsNorm')];
    const sums = new Float32Array(2 * width);
    await sumOfBlocks(tape, sums, (start, length) => {
      for (const ofPart of normSums) ofPart.fill(0);
      arena.run(
        'normBackward',
        splitStreams(length, arena.threads).map(({ first, count }, part) => [
          count,
          width,
          at(x, (start + first) * width),
          at(weights.gamma),
          isRms,
          at(statistics, 2 * (start + first)),
          at(above, (start + first) * width),
          at(normSums[part]),
          beta.length > 0 ? at(normSums[part], width) : 0,
        ]),
      );
      sums.set(sumOfParts(normSums, 2 * width));
    });
    gamma.set(sums.subarray(0, width));
    beta.set(sums.subarray(width, width + beta.length));
  }

  /** Takes the norms of what reaches a boundary, where they are wanted. */
  private takeInput(boundary: number, rows: Float32Array): void {
    const norms = this.inputs[boundary];
    const { tape, squares } = this;
    if (!norms || !tape.records) return;
    const { config, batch, steps } = tape;
    const width = boundary === 0 ? inputSize(config, 0) : outputSize(config.layers[boundary - 1]);
    tape.arena.kernels.rowSquares(tape.rows, width, at(rows), at(squares));
    for (let t = 0; t < steps; t++) {
      let sum = 0;
      for (let b = 0; b < batch; b++) sum += squares[t * batch + b];
      norms[t] = Math.sqrt(sum);
    }
  }

  /** A tied output has left its own part in the same gradient. */
  private async embedding(): Promise<void> {
    const { inputs, arena, config } = this.tape;
    const { embedding } = this.gradient;
    if (!embedding) return;
    const size = config.embeddingSize ?? 0;
    const ofOutput = config.tied ? this.ofOutput : null;
    ofOutput?.set(embedding);
    await sumOfBlocks(this.tape, embedding, (first, count) => {
      embedding.fill(0);
      arena.kernels.scatterAddRows(at(embedding), at(inputs, first), at(this.embedded, first * size), count, size);
    });
    if (ofOutput) arena.kernels.add(at(embedding), at(embedding), at(ofOutput), embedding.length);
  }
}

/** In the order of the kind's states. */
function totalsOfMixers({ cell, sublayers }: Tape['layers'][number]): TotalNorms {
  const found = new Map(
    sublayers.flatMap(({ mixer, states }) => states.map((name, index) => [name, mixer?.totals[index]] as const)),
  );
  return kindOf(cell).states.map(({ name }) => found.get(name) ?? new Float64Array(0));
}
