/** Per-target gradients by the kernels, in float32, from what a tape holds. */
import { at, type Arena } from '../../kernels/arena';
import { FixedMatrix } from '../../kernels/fixedMatrix';
import { cellOf } from '../layers/registry';
import { directionsOf, hasInputRows, inputSize, ofEachShape, outputSize, topSize } from '../model/config';
import { addressesOfOwn } from '../model/directionParameters';
import type { Parameters } from '../model/parameters';
import type { Tape } from '../model/tape';
import type { Products } from '../products';
import { objectiveOf } from '../objectives/registry';
import { normRowsBack, sublayerNormBack } from './normRows';
import { PerTargetWalk, type Walked, type WalkedLayer, type WalkStep } from './perTargetWalk';
import { log10Of } from './scaled';

export class PerTargetGradient extends PerTargetWalk<Float32Array> {
  /** What it walks through. */
  readonly tapeWalked: Walked<Float32Array>;

  /** @param tape of one stream (B = 1)  @param parameters in its arena */
  constructor(tape: Tape, parameters: Parameters, products: Products) {
    const walked = new WalkedTape(tape, parameters, products);
    super(walked, tape.maxSteps);
    this.tapeWalked = walked;
  }
}

class WalkedTape implements Walked<Float32Array> {
  readonly layers: readonly WalkedLayer[];
  readonly inputRows: readonly boolean[];
  readonly log10Of = log10Of;
  private readonly arena: Arena;
  /** Of each layer the way back through R; null of a kind without it. */
  private readonly R: readonly (FixedMatrix | null)[];
  /** G·H, where R sees other gradients than W. */
  private readonly recurrentPreActivations: Float32Array;
  private readonly error: Float32Array;
  /** Of the direction that was begun last. */
  private own: Readonly<Record<string, number>> = {};

  constructor(
    private readonly tape: Tape,
    private readonly parameters: Parameters,
    private readonly products: Products,
  ) {
    const { config, arena } = tape;
    this.arena = arena;
    this.layers = config.layers.map((own, layer) => {
      const { gates, states } = cellOf(own.cell);
      return {
        hiddenSize: own.hiddenSize,
        inputSize: inputSize(config, layer),
        outputSize: outputSize(own),
        states: states.length,
        width: gates.length * own.hiddenSize,
        directions: directionsOf(own),
        sublayers: tape.layers[layer].sublayers.map(({ norm, residual, inputSize: I }) => ({
          inputSize: I,
          hasNorm: norm !== null,
          residual,
        })),
      };
    });
    this.inputRows = Array.from({ length: config.layers.length + 1 }, (_, boundary) => hasInputRows(config, boundary));
    const isSeparate = config.layers.some(({ cell }) => cellOf(cell).linearBeforeReset);
    this.recurrentPreActivations = arena.floats(isSeparate ? Math.max(...this.layers.map(({ width }) => width)) : 0);
    this.error = arena.floats(config.vocabularySize);
    this.R = ofEachShape(
      config,
      ({ cell, hiddenSize: H }) =>
        cellOf(cell).hasR ? new FixedMatrix(arena, cellOf(cell).gates.length * H, H) : null,
      null,
    );
  }

  get steps(): number {
    return this.tape.steps;
  }

  readonly zeros = (length: number): Float32Array => this.tape.arena.floats(length);

  combine(
    out: Float32Array,
    outAt: number,
    alpha: number,
    a: Float32Array,
    aAt: number,
    beta: number,
    b: Float32Array,
    bAt: number,
    length: number,
  ): void {
    if (beta === 0) for (let i = 0; i < length; i++) out[outAt + i] = alpha * a[aAt + i];
    else for (let i = 0; i < length; i++) out[outAt + i] = alpha * a[aAt + i] + beta * b[bAt + i];
  }

  lengthOf(values: Float32Array, from: number, length: number): number {
    return Math.sqrt(this.arena.kernels.sumOfSquares(at(values, from), length));
  }

  divide(values: Float32Array, from: number, length: number, divisor: number): void {
    this.arena.kernels.scale(at(values, from), length, 1 / divisor);
  }

  multiply(values: Float32Array, length: number, factor: number): void {
    this.arena.kernels.scale(at(values), length, factor);
  }

  /** Vᵀ ∂ℓ/∂y: of tokens Vᵀ(p − y). */
  async lossGradient(target: number, out: Float32Array, outAt: number): Promise<number> {
    const {
      error,
      tape: { config, targets },
    } = this;
    const V = config.vocabularySize;
    const width = topSize(config);
    if (targets[target] < 0) return -Infinity;
    objectiveOf(config.features !== null).errors(this.tape, target, 1, error);
    // Of a sure prediction it is so small that its squares would be lost.
    const size = error.reduce((max, entry) => Math.max(max, Math.abs(entry)), 0);
    if (size > 0) for (let v = 0; v < error.length; v++) error[v] /= size;
    await this.products.multiply(out.subarray(outAt, outAt + width), error, this.parameters.output.W, 1, width, V);
    this.finalNormBack(target, out, outAt);
    return size > 0 ? Math.log(size) : 0;
  }

  private finalNormBack(t: number, gradient: Float32Array, from: number): void {
    const { finalNorm, layers } = this.tape;
    if (finalNorm)
      normRowsBack(
        this.tape,
        finalNorm,
        this.parameters.finalNorm,
        layers[layers.length - 1].given,
        t,
        gradient,
        from,
        1,
      );
  }

  normBack(layer: number, sublayer: number, t: number, gradient: Float32Array, from: number): void {
    sublayerNormBack(this.tape, this.parameters, layer, sublayer, t, gradient, from, 1);
  }

  begin(layer: number, d: number): void {
    const parameters = this.parameters.layers[layer][d];
    this.R[layer]?.load(parameters.R);
    this.own = addressesOfOwn(parameters);
  }

  stepBack(
    layer: number,
    d: number,
    t: number,
    { hidden, further, furtherTotal, previous }: WalkStep<Float32Array>,
    preActivations: Float32Array,
    from: number,
  ): void {
    const { config, layers } = this.tape;
    const { cell: name, hiddenSize, activation, options } = config.layers[layer];
    const cell = cellOf(name);
    const [recurrent, first] = cell.linearBeforeReset ? [this.recurrentPreActivations, 0] : [preActivations, from];
    previous.fill(0);
    cell.stepBack(this.arena.kernels, {
      tape: layers[layer].directions[d],
      step: t,
      rows: 1,
      own: this.own,
      hiddenSize,
      activation,
      options,
      hidden: at(hidden),
      further: at(further),
      furtherTotal: at(furtherTotal),
      preActivations: at(preActivations, from),
      recurrentPreActivations: at(recurrent, first),
      previous: at(previous),
    });
    this.R[layer]?.multiplyAdd(previous, 0, recurrent, first, 1);
  }

  down(
    layer: number,
    d: number,
    preActivations: Float32Array,
    first: number,
    count: number,
    out: Float32Array,
  ): Promise<void> {
    const { width, inputSize: I } = this.layers[layer];
    return this.products.multiply(
      out,
      preActivations.subarray(first * width),
      this.parameters.layers[layer][d].W,
      count,
      I,
      width,
    );
  }
}
