/** Rows of the matrix of the lowest boundary in float64, many targets at once: see blockWalk.ts. */
import { Arena } from '../../kernels/arena';
import { FixedMatrix64 } from '../../kernels/fixedMatrix64';
import { BlockWalk, type BlockWalked, type LowestRows } from '../analysis/blockWalk';
import type { MatrixRows } from '../analysis/matrixRows';
import type { WalkedLayer, WalkStep } from '../analysis/perTargetWalk';
import type { StepBack } from '../layers/float64Cell';
import { float64CellOf } from '../layers/registry';
import { lengthOf } from '../numeric';
import { hasInputRows } from '../model/generalModel';
import { log10Of } from './arithmetic';
import { addLossGradient } from './float64Backward';
import { walkedLayers } from './float64PerTarget';
import { rowsOf, type Float64Trace } from './float64Trace';
import { normalizeBack } from './norm';
import type { LowestInput } from './lowestInput';

/** Numbers of a layer's pre-activations of a block: what travels stays in the nearer caches. */
const maxNumbersOfBlock = 8192;
const maxRowsOfBlock = 64;

/** @param trace of a model that reads forward only  @param input of it */
export function inputRowsInFloat64(trace: Float64Trace, input: LowestInput): MatrixRows {
  const layers = walkedLayers(trace);
  const widest = Math.max(...layers.map(({ width }) => width));
  const rows = Math.max(4, Math.min(maxRowsOfBlock, Math.floor(maxNumbersOfBlock / widest), trace.steps));
  return Arena.build((arena) => {
    const block = new BlockOfTrace(trace, layers, arena, rows);
    return new BlockWalk(block, new LowestLengths(trace, input, arena, rows), rows);
  });
}

class BlockOfTrace implements BlockWalked<Float64Array> {
  /** Of each layer what R gives, and the product with R, and with W. */
  private readonly ways: readonly {
    readonly recurrent: Float64Array;
    readonly R: FixedMatrix64 | null;
    readonly W: FixedMatrix64 | null;
  }[];
  readonly hasLowestRows: boolean;
  readonly log10Of = log10Of;
  private hasWeights = false;

  constructor(
    private readonly trace: Float64Trace,
    readonly layers: readonly WalkedLayer[],
    private readonly arena: Arena,
    rows: number,
  ) {
    this.hasLowestRows = hasInputRows(trace.model, 0);
    this.ways = layers.map(({ hiddenSize: H, width, inputSize: I }, layer) => ({
      recurrent: arena.doubles(rows * width),
      R: trace.layers[layer].directions[0].parameters.R.length > 0 ? new FixedMatrix64(arena, width, H) : null,
      W: layer > 0 || this.hasLowestRows ? new FixedMatrix64(arena, width, I) : null,
    }));
  }

  get steps(): number {
    return this.trace.steps;
  }

  zeros(length: number): Float64Array {
    return this.arena.doubles(length);
  }

  /** The trace keeps its weights. */
  begin(): void {
    if (this.hasWeights) return;
    this.ways.forEach(({ R, W }, layer) => {
      const { parameters } = this.trace.layers[layer].directions[0];
      R?.load(parameters.R);
      W?.load(parameters.W);
    });
    this.hasWeights = true;
  }

  lossGradient(target: number, out: Float64Array, outAt: number): Promise<number> {
    out.fill(0, outAt, outAt + this.layers[this.layers.length - 1].hiddenSize);
    addLossGradient(this.trace, target, 1, out, outAt);
    return Promise.resolve(0);
  }

  normBack(layer: number, t: number, rows: number, gradient: Float64Array): void {
    const [{ norm, input, inputSize: I }] = this.trace.layers[layer].sublayers;
    if (norm && input) for (let r = 0; r < rows; r++) normalizeBack(input, t, gradient, r * I, norm);
  }

  combine(
    out: Float64Array,
    a: Float64Array,
    alpha: number,
    b: Float64Array,
    beta: number,
    at: number,
    length: number,
  ): void {
    const end = at + length;
    if (beta === 0) for (let i = at; i < end; i++) out[i] = alpha * a[i];
    else for (let i = at; i < end; i++) out[i] = alpha * a[i] + beta * b[i];
  }

  lengths(values: Float64Array, rows: number, width: number, out: Float64Array): void {
    for (let r = 0; r < rows; r++) out[r] = lengthOf(values, r * width, width);
  }

  divideRows(values: Float64Array, rows: number, width: number, divisors: Float64Array): void {
    for (let r = 0; r < rows; r++) for (let i = r * width; i < (r + 1) * width; i++) values[i] /= divisors[r];
  }

  multiplyRows(values: Float64Array, rows: number, width: number, factors: Float64Array): void {
    for (let r = 0; r < rows; r++) for (let i = r * width; i < (r + 1) * width; i++) values[i] *= factors[r];
  }

  stepBack(layer: number, t: number, rows: number, step: WalkStep<Float64Array>, preActivations: Float64Array): void {
    const { cell, directions } = this.trace.layers[layer];
    const [own] = directions;
    const { recurrent, R } = this.ways[layer];
    const way: StepBack = { ...step, n: rows, step: t, ...rowsOf(own, t), preActivations, recurrent };
    float64CellOf(cell).back(
      own,
      R
        ? {
            ...way,
            throughR: (out, v, first, stride, row, count, n) => R.multiplyAdd(out, v, first, stride, row, count, n),
          }
        : way,
    );
  }

  down(layer: number, preActivations: Float64Array, rows: number, _targets: number, out: Float64Array): void {
    const { width, inputSize: I } = this.layers[layer];
    out.fill(0, 0, rows * I);
    this.ways[layer].W?.multiplyAdd(out, preActivations, 0, width, 0, width, rows);
  }
}

/** Takes the lowest layer's rows of one step, which are at once lengths of what it reads. */
class LowestLengths implements LowestRows<Float64Array> {
  readonly values: Float64Array;
  private readonly rows: ReturnType<LowestInput['rowsIn']>;
  private readonly lengths: Float64Array;
  private out: Float64Array = new Float64Array(0);
  private from = 0;
  private to = 0;

  constructor(
    private readonly trace: Float64Trace,
    private readonly input: LowestInput,
    arena: Arena,
    rows: number,
  ) {
    this.values = arena.doubles(rows * input.width);
    this.rows = input.rowsIn(arena, rows);
    this.lengths = new Float64Array(rows);
  }

  begin(from: number, to: number, out: Float64Array): void {
    [this.from, this.to, this.out] = [from, to, out];
  }

  place(): number {
    return 0;
  }

  placed(t: number, rows: number, logScales: Float64Array): void {
    const { values, lengths, out, from, to, trace, input } = this;
    const { width } = input;
    // At unit length, as they are added up where there are two directions.
    for (let r = 0; r < rows; r++) {
      const length = lengthOf(values, r * width, width);
      lengths[r] = logScales[r] === -Infinity ? -Infinity : logScales[r] + Math.log(length);
      if (length !== 0) for (let i = r * width; i < (r + 1) * width; i++) values[i] /= length;
    }
    const found = this.rows(values, rows);
    for (let r = 0; r < rows; r++)
      out[(to - 1 - r - from) * trace.steps + t] = lengths[r] === -Infinity ? -Infinity : log10Of(found[r], lengths[r]);
  }

  end(): void {
    // Every step is taken as it comes.
  }
}
