/** Rows of the matrix of the lowest boundary by the kernels, in float32, from what a tape holds: see blockWalk.ts. */
import { at, type Arena } from '../../kernels/arena';
import { FixedMatrix } from '../../kernels/fixedMatrix';
import { cellOf } from '../layers/registry';
import { inputSize } from '../model/config';
import { addressesOfOwn } from '../model/directionParameters';
import type { Parameters } from '../model/parameters';
import type { Tape } from '../model/tape';
import type { Products } from '../products';
import { BlockWalk, type BlockWalked, type LowestRows } from './blockWalk';
import { stepsOfInputBlock } from './inputGradient';
import type { MatrixRows } from './matrixRows';
import { sublayerNormBack } from './normRows';
import type { Walked, WalkedLayer, WalkStep } from './perTargetWalk';
import { log10Of } from './scaled';

/** Numbers of a state of a block. */
const maxNumbersOfBlock = 8192;
const maxRowsOfBlock = 64;
/** Rows of the lowest layer's pre-activations that are multiplied at once. */
const maxGatheredRows = 512;

/** @param tape of one stream (B = 1) that reads forward only  @param parameters in its arena  @param walked the same, target by target */
export function inputRowsOf(
  tape: Tape,
  parameters: Parameters,
  products: Products,
  walked: Walked<Float32Array>,
): MatrixRows {
  const { config, maxSteps } = tape;
  const widest = Math.max(...config.layers.map(({ hiddenSize }) => hiddenSize));
  const gathered = Math.min(maxGatheredRows, 2 * stepsOfInputBlock(config, Infinity));
  const rows = Math.max(1, Math.min(maxRowsOfBlock, Math.floor(maxNumbersOfBlock / widest), gathered, maxSteps));
  const block = new BlockOfTape(tape, parameters, products, walked, rows);
  return new BlockWalk(block, new GatheredRows(tape, parameters, products, gathered), rows);
}

class BlockOfTape implements BlockWalked<Float32Array> {
  readonly layers: readonly WalkedLayer[];
  private readonly R: readonly (FixedMatrix | null)[];
  private readonly recurrentPreActivations: Float32Array;
  private readonly squares: Float64Array;
  private readonly factors: Float32Array;

  constructor(
    private readonly tape: Tape,
    private readonly parameters: Parameters,
    private readonly products: Products,
    private readonly walked: Walked<Float32Array>,
    rows: number,
  ) {
    const { arena, config } = tape;
    this.layers = walked.layers;
    this.R = config.layers.map(({ cell, hiddenSize: H }) =>
      cellOf(cell).hasR ? new FixedMatrix(arena, cellOf(cell).gates.length * H, H) : null,
    );
    const isSeparate = config.layers.some(({ cell }) => cellOf(cell).linearBeforeReset);
    this.recurrentPreActivations = arena.floats(
      isSeparate ? rows * Math.max(...this.layers.map(({ width }) => width)) : 0,
    );
    this.squares = arena.doubles(rows);
    this.factors = arena.floats(rows);
  }

  readonly log10Of = log10Of;

  get hasLowestRows(): boolean {
    return this.walked.inputRows[0];
  }

  normBack(layer: number, t: number, rows: number, gradient: Float32Array): void {
    sublayerNormBack(this.tape, this.parameters, layer, 0, t, gradient, 0, rows);
  }

  get steps(): number {
    return this.tape.steps;
  }

  zeros(length: number): Float32Array {
    return this.tape.arena.floats(length);
  }

  begin(): void {
    this.R.forEach((R, layer) => R?.load(this.parameters.layers[layer][0].R));
  }

  lossGradient(target: number, out: Float32Array, outAt: number): Promise<number> {
    return this.walked.lossGradient(target, out, outAt);
  }

  combine(
    out: Float32Array,
    a: Float32Array,
    alpha: number,
    b: Float32Array,
    beta: number,
    from: number,
    length: number,
  ): void {
    this.walked.combine(out, from, alpha, a, from, beta, b, from, length);
  }

  lengths(values: Float32Array, rows: number, width: number, out: Float64Array): void {
    const { squares, tape } = this;
    tape.arena.kernels.rowSquares(rows, width, at(values), at(squares));
    for (let r = 0; r < rows; r++) out[r] = Math.sqrt(squares[r]);
  }

  divideRows(values: Float32Array, rows: number, width: number, divisors: Float64Array): void {
    const { factors } = this;
    for (let r = 0; r < rows; r++) factors[r] = 1 / divisors[r];
    this.tape.arena.kernels.scaleRows(rows, width, at(values), at(factors));
  }

  multiplyRows(values: Float32Array, rows: number, width: number, by: Float64Array): void {
    const { factors } = this;
    for (let r = 0; r < rows; r++) factors[r] = by[r];
    this.tape.arena.kernels.scaleRows(rows, width, at(values), at(factors));
  }

  stepBack(
    layer: number,
    t: number,
    rows: number,
    { hidden, further, furtherTotal, previous }: WalkStep<Float32Array>,
    preActivations: Float32Array,
    from: number,
  ): void {
    const { arena, config, layers } = this.tape;
    const { cell: name, hiddenSize: H, activation, options } = config.layers[layer];
    const cell = cellOf(name);
    const [recurrent, first] = cell.linearBeforeReset ? [this.recurrentPreActivations, 0] : [preActivations, from];
    previous.fill(0, 0, rows * H);
    cell.stepBack(arena.kernels, {
      tape: layers[layer].directions[0],
      step: t,
      rows,
      own: addressesOfOwn(this.parameters.layers[layer][0]),
      hiddenSize: H,
      activation,
      options,
      hidden: at(hidden),
      further: at(further),
      furtherTotal: at(furtherTotal),
      preActivations: at(preActivations, from),
      recurrentPreActivations: at(recurrent, first),
      previous: at(previous),
    });
    this.R[layer]?.multiplyAdd(previous, 0, recurrent, first, rows);
  }

  /** Target by target this is one product for all steps up to the target: a product of as many rows is computed where that is. */
  async down(
    layer: number,
    preActivations: Float32Array,
    rows: number,
    targets: number,
    out: Float32Array,
  ): Promise<void> {
    const { width, inputSize: I } = this.layers[layer];
    const { W } = this.parameters.layers[layer][0];
    for (let first = 0; first < rows;) {
      let count = 1;
      const isLarge = this.products.isLarge(targets + 1 - first, I, width);
      while (first + count < rows && this.products.isLarge(targets + 1 - first - count, I, width) === isLarge) count++;
      await this.products.multiply(
        out.subarray(first * I),
        preActivations.subarray(first * width),
        W,
        count,
        I,
        width,
        targets + 1 - first,
      );
      first += count;
    }
  }
}

/** Gathers rows of several steps, so that their products with W are large. */
class GatheredRows implements LowestRows<Float32Array> {
  readonly values: Float32Array;
  private readonly stepsOfBlock: number;
  private readonly multiplied: Float32Array;
  private readonly squares: Float64Array;
  private readonly scales: Float64Array;
  /** Of each row where it belongs in `out`. */
  private readonly places: Int32Array;
  private readonly arena: Arena;
  private used = 0;
  private block = -1;
  private from = 0;
  private to = 0;
  private out: Float64Array = new Float64Array(0);

  constructor(
    private readonly tape: Tape,
    private readonly parameters: Parameters,
    private readonly products: Products,
    private readonly capacity: number,
  ) {
    const { arena, config, maxSteps } = tape;
    const [{ cell, hiddenSize: H }] = config.layers;
    this.arena = arena;
    this.stepsOfBlock = stepsOfInputBlock(config, maxSteps);
    this.values = arena.floats(capacity * cellOf(cell).gates.length * H);
    this.multiplied = arena.floats(capacity * inputSize(config, 0));
    this.squares = arena.doubles(capacity);
    this.scales = new Float64Array(capacity);
    this.places = new Int32Array(capacity);
  }

  begin(from: number, to: number, out: Float64Array): void {
    [this.from, this.to, this.out, this.used] = [from, to, out, 0];
  }

  async place(t: number, rows: number): Promise<number> {
    const block = Math.floor(t / this.stepsOfBlock);
    if (this.used + rows > this.capacity || block !== this.block) await this.end();
    this.block = block;
    return this.used * this.width;
  }

  placed(t: number, rows: number, logScales: Float64Array): void {
    const { scales, places, used, to, from, tape } = this;
    for (let r = 0; r < rows; r++) {
      scales[used + r] = logScales[r];
      places[used + r] = (to - 1 - r - from) * tape.steps + t;
    }
    this.used += rows;
  }

  async end(): Promise<void> {
    const { used, arena, tape, parameters, products, values, squares, scales, places, out, width } = this;
    if (used === 0) return;
    const I = inputSize(tape.config, 0);
    const rowsOfOne = Math.min(this.stepsOfBlock, tape.steps - this.block * this.stepsOfBlock);
    await products.multiply(this.multiplied, values, parameters.layers[0][0].W, used, I, width, rowsOfOne);
    arena.kernels.rowSquares(used, I, at(this.multiplied), at(squares));
    for (let i = 0; i < used; i++)
      out[places[i]] = scales[i] === -Infinity ? -Infinity : log10Of(Math.sqrt(squares[i]), scales[i]);
    this.used = 0;
  }

  /** G·H of the lowest layer. */
  private get width(): number {
    return this.values.length / this.capacity;
  }
}
