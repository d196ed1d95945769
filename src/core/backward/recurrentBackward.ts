/** A recurrent layer's way back over a window: the recurrence through the kernels, what can be done for all steps at once through `Products`. */
import { at } from '../../kernels/arena';
import { statesBefore } from '../forward/directions';
import { cellOf } from '../layers/registry';
import { denseSize, inputSize, isMixer, largestOutput, readsOneHot } from '../model/config';
import type { Parameters } from '../model/parameters';
import type { Tape } from '../model/tape';
import type { Products } from '../products';
import { columnSums, sumOfBlocks } from './blockSums';
import { weighForOmega } from './omega';
import { BackwardRecurrence } from './recurrence';

/** Called with each direction of a layer and its ∂L/∂a_t as W sees it, T·B × G·H, which stays until the next direction is run. */
export type VisitDirection = (d: number, preActivations: Float32Array) => void;

export class RecurrentBackward {
  readonly recurrence: BackwardRecurrence;
  /** Of each of two directions, T·B × H, what reaches its states; a single one has the same array as the layer. */
  private readonly separate: readonly Float32Array[];
  /** Of the layer that was run last: ∂L/∂h_t of each direction, T·B × H. */
  hidden: readonly Float32Array[] = [];
  /** T·B × I: what the second direction adds to what goes down. */
  private readonly addend: Float32Array;
  /** Of Pascanu's regularizer: by what it is added, what it has added in this window, T·B × H, and G·H × H; empty without it. */
  private omegaScale = 0;
  omega = 0;
  private readonly throughR: Float32Array;
  private readonly ofOmega: Float32Array;
  /** V × G·H: the sums of pre-activation gradients by token; empty with an embedding. */
  private readonly columns: Float32Array;

  constructor(
    private readonly tape: Tape,
    private readonly parameters: Parameters,
    private readonly gradient: Parameters,
    private readonly products: Products,
  ) {
    const { config, arena, maxSteps, batch } = tape;
    const { vocabularySize, layers } = config;
    const rows = maxSteps * batch;
    const bidirectional = layers.filter((layer) => layer.bidirectional);
    const [lowest] = layers;
    this.recurrence = new BackwardRecurrence(tape, products);
    const widest = Math.max(0, ...bidirectional.map(({ hiddenSize }) => hiddenSize));
    this.separate = Array.from({ length: bidirectional.length > 0 ? 2 : 0 }, () => arena.floats(rows * widest));
    this.addend = arena.floats(
      bidirectional.length === 0 ? 0 : rows * Math.max(largestOutput(config), denseSize(config)),
    );
    this.columns = arena.floats(
      readsOneHot(config) && !isMixer(lowest)
        ? vocabularySize * cellOf(lowest.cell).gates.length * lowest.hiddenSize
        : 0,
    );
    const recurrent = layers.filter((layer) => tape.hasOmega && !isMixer(layer) && cellOf(layer.cell).hasR);
    this.throughR = arena.floats(rows * Math.max(0, ...recurrent.map(({ hiddenSize }) => hiddenSize)));
    this.ofOmega = arena.floats(
      Math.max(0, ...recurrent.map(({ cell, hiddenSize: H }) => cellOf(cell).gates.length * H * H)),
    );
  }

  /** Before a window. @param scale see `BackwardSettings.omega` */
  beginOmega(scale: number): void {
    this.omegaScale = scale;
    this.omega = 0;
  }

  /**
   * Writes the gradients of the layer's parameters. On return `above` is lost.
   * @param x [T·B, I]: what the layer has read; null for one-hot tokens
   * @param above [T·B, O]: ∂L/∂y
   * @param below [T·B, I], out: ∂L/∂x, may be `above`; null where it is not wanted
   */
  async run(
    layer: number,
    x: Float32Array | null,
    above: Float32Array,
    below: Float32Array | null,
    truncation: number,
    visit?: VisitDirection,
  ): Promise<void> {
    const { tape, parameters } = this;
    this.splitDirections(layer, above);
    for (let d = 0; d < tape.layers[layer].directions.length; d++) {
      await this.recurrence.run(layer, d, parameters.layers[layer][d], this.hidden[d], truncation);
      await this.weights(layer, d, x);
      if (this.omegaScale > 0) await this.addOmega(layer, d, truncation);
      visit?.(d, this.recurrence.preActivations);
      if (below) await this.down(below, layer, d);
    }
  }

  private splitDirections(layer: number, above: Float32Array): void {
    const { layers, rows, arena } = this.tape;
    const { directions, hiddenSize: H } = layers[layer];
    this.hidden = directions.length === 1 ? [above] : this.separate;
    if (directions.length === 1) return;
    this.hidden.forEach((hidden, d) =>
      arena.kernels.copyColumns(at(hidden), H, at(above, d * H), directions.length * H, rows, H),
    );
  }

  /** ∂L/∂W = Σ_t ∂L/∂a_t x_tᵀ, ∂L/∂R = Σ_t ∂L/∂a_t h_{t−1}ᵀ, the biases' sums, and what the kind has besides; of those that it has. */
  private async weights(layer: number, d: number, x: Float32Array | null): Promise<void> {
    const { tape, gradient, products, recurrence } = this;
    const { config, layers } = tape;
    const { preActivations, recurrentPreActivations } = recurrence;
    const { cell, hiddenSize: H } = layers[layer];
    const code = cellOf(cell);
    const width = code.gates.length * H;
    const { W, R, Wb, Rb, own } = gradient.layers[layer][d];
    if (x) {
      const inputs = inputSize(config, layer);
      await sumOfBlocks(tape, W, (first, count) =>
        products.transposedMultiply(
          W,
          preActivations.subarray(first * width),
          x.subarray(first * inputs),
          width,
          inputs,
          count,
        ),
      );
    } else if (layers[layer].directions[d].tokens)
      tape.arena.kernels.transpose(at(W), at(preActivations), config.vocabularySize, width);
    else await this.oneHotWeights(W, width);
    const before = code.states.map((_, state) => statesBefore(tape, layers[layer].directions[d], H, state));
    if (code.hasR) {
      await sumOfBlocks(tape, R, (first, count) =>
        products.transposedMultiply(
          R,
          recurrentPreActivations.subarray(first * width),
          before[0].subarray(first * H),
          width,
          H,
          count,
        ),
      );
    }
    if (Wb.length > 0) await this.biasGradient(Wb, layer, d, width);
    if (Rb.length > 0) {
      if (recurrentPreActivations === preActivations && Wb.length > 0) Rb.set(Wb);
      else await columnSums(tape, Rb, recurrentPreActivations, width);
    }
    for (const [role, out] of Object.entries(own)) {
      await sumOfBlocks(tape, out, (first, rows) =>
        code.ownGradient?.(role, out, {
          rows,
          hiddenSize: H,
          before: before.map((states) => states.subarray(first * H)),
          hidden: this.hidden[d].subarray(first * H),
          preActivations: preActivations.subarray(first * width),
        }),
      );
    }
  }

  /** Adds to ∂L/∂R the gradient of Pascanu's regularizer: two products of the size of those of R itself. */
  private async addOmega(layer: number, d: number, truncation: number): Promise<void> {
    const { tape, parameters, gradient, products, recurrence, throughR, ofOmega } = this;
    const { arena, rows, steps, batch, lengths } = tape;
    const { hiddenSize: H, directions } = tape.layers[layer];
    const { direction } = directions[d];
    const v = recurrence.recurrentPreActivations;
    const { R } = gradient.layers[layer][d];
    const width = R.length / H;
    await products.multiply(throughR, v, parameters.layers[layer][d].R, rows, H, width);
    const window = { direction, steps, batch, hiddenSize: H, lengths, truncation };
    this.omega += weighForOmega(throughR, this.hidden[d], window, this.omegaScale);
    const sum = ofOmega.subarray(0, R.length);
    await sumOfBlocks(tape, sum, (first, count) =>
      products.transposedMultiply(sum, v.subarray(first * width), throughR.subarray(first * H), width, H, count),
    );
    arena.kernels.add(at(R), at(R), at(sum), R.length);
  }

  private async biasGradient(Wb: Float32Array, layer: number, d: number, width: number): Promise<void> {
    const { tape, recurrence } = this;
    const { preActivations, biasSums } = recurrence;
    const { tokens, gates } = tape.layers[layer].directions[d];
    if (biasSums) Wb.set(biasSums);
    else if (tokens) tape.arena.kernels.columnSums(at(Wb), at(preActivations), gates.length / width, width);
    else await columnSums(tape, Wb, preActivations, width);
  }

  /** With one-hot x_t the product is a sum of rows by token. */
  private oneHotWeights(W: Float32Array, width: number): Promise<void> {
    const { inputs, arena, config } = this.tape;
    const { columns } = this;
    return sumOfBlocks(this.tape, W, (first, count) => {
      columns.fill(0);
      arena.kernels.scatterAddRows(
        at(columns),
        at(inputs, first),
        at(this.recurrence.preActivations, first * width),
        count,
        width,
      );
      arena.kernels.transpose(at(W), at(columns), config.vocabularySize, width);
    });
  }

  /** What a direction sends to the layer's input, ∂L/∂x_t = Wᵀ ∂L/∂a_t: written by the first direction, added to by the second. */
  private async down(out: Float32Array, layer: number, d: number): Promise<void> {
    const { config, layers, rows, arena } = this.tape;
    const { preActivations } = this.recurrence;
    const inputs = inputSize(config, layer);
    const { cell, hiddenSize } = layers[layer];
    const width = cellOf(cell).gates.length * hiddenSize;
    const to = d === 0 ? out : this.addend;
    await this.products.multiply(to, preActivations, this.parameters.layers[layer][d].W, rows, inputs, width);
    if (d > 0) arena.kernels.add(at(out), at(out), at(to), rows * inputs);
  }
}
