/**
 * The source × target matrix: the per-target gradients of every target at once, in the top layer. All targets pass back through the
 * same activations, so that each step is one product for all of them. Each target's gradient is a row with a scale of its own.
 */
import { at } from '../../kernels/arena';
import { cellOf } from '../layers/registry';
import { topLayer, topSize } from '../model/config';
import { addressesOfOwn } from '../model/directionParameters';
import type { Parameters } from '../model/parameters';
import type { Tape } from '../model/tape';
import { objectiveOf } from '../objectives/registry';
import type { Products } from '../products';
import type { MatrixRows } from './matrixRows';
import { normRowsBack } from './normRows';
import { log10Of } from './scaled';

/** A row whose squares sum to something outside is brought back to unit length: float32 holds its entries well inside. */
const smallestSquares = 1e-16;
const largestSquares = 1e16;
/** Others are let in after so many steps. */
const stepsPerPause = 8;
/** Targets that are taken at once where the rows come block by block. */
const rowsOfBlock = 128;

export class TargetMatrix {
  /** T × H, row r is target T − 1 − r: those that have been reached are the first rows. */
  private readonly hidden: Float32Array;
  /** T × F·H, of the F states behind the first. */
  private readonly further: Float32Array;
  private readonly furtherTotal: Float32Array;
  private readonly previous: Float32Array;
  private readonly preActivations: Float32Array;
  private readonly recurrentPreActivations: Float32Array;
  /** T × H: ∂ℓ_τ/∂h_τ, the last target first. */
  private readonly sources: Float32Array;
  private readonly errors: Float32Array;
  private readonly squares: Float64Array;
  private readonly furtherSquares: Float64Array;
  private readonly factors: Float32Array;
  private readonly logScales: Float64Array;

  /** @param tape of one stream (B = 1)  @param parameters in its arena */
  constructor(
    private readonly tape: Tape,
    private readonly parameters: Parameters,
    private readonly products: Products,
  ) {
    const { config, arena, maxSteps: T } = tape;
    const { cell: name, hiddenSize } = topLayer(config);
    const cell = cellOf(name);
    const states = T * hiddenSize;
    const further = (cell.states.length - 1) * states;
    this.hidden = arena.floats(states);
    this.further = arena.floats(further);
    this.furtherTotal = arena.floats(further);
    this.previous = arena.floats(states);
    this.preActivations = arena.floats(cell.gates.length * states);
    this.recurrentPreActivations = cell.linearBeforeReset
      ? arena.floats(cell.gates.length * states)
      : this.preActivations;
    this.sources = arena.floats(T * topSize(config));
    this.errors = arena.floats(T * config.vocabularySize);
    this.squares = arena.doubles(T);
    this.furtherSquares = arena.doubles(T);
    this.factors = arena.floats(T);
    this.logScales = new Float64Array(T);
  }

  /**
   * T × T, row τ, column t: log₁₀‖∂ℓ_τ/∂h_t‖ in the top layer, forward direction, from what the tape holds now; NaN for t > τ,
   * −Infinity for exactly zero. `pause` is called now and then with the part that is done; it may throw to cancel.
   */
  async run(pause: (done: number) => Promise<void>): Promise<Float64Array> {
    const { steps: T } = this.tape;
    const matrix = new Float64Array(T * T);
    await this.lossGradients();
    await this.passBack(0, T, matrix, pause);
    return matrix;
  }

  /** Rows of that matrix. */
  async rows(): Promise<MatrixRows> {
    await this.lossGradients();
    return {
      blockSize: Math.min(rowsOfBlock, this.tape.steps),
      write: (from, to, out) => this.passBack(from, to, out, () => Promise.resolve()),
    };
  }

  /** Of the targets `from` to before `to`, the last one first. */
  private async passBack(
    from: number,
    to: number,
    out: Float64Array,
    pause: (done: number) => Promise<void>,
  ): Promise<void> {
    const { hidden, further, sources, tape } = this;
    const { config, steps: T, arena } = tape;
    const H = topLayer(config).hiddenSize;
    out.fill(NaN);
    hidden.fill(0);
    further.fill(0);
    this.logScales.fill(0);
    for (let t = to - 1; t >= 0; t--) {
      const rows = Math.min(to - t, to - from);
      if (t >= from) {
        const newest = (rows - 1) * H;
        const source = t * topSize(config);
        hidden.set(sources.subarray(source, source + H), newest);
        arena.kernels.rowSquares(1, H, at(hidden, newest), at(this.squares, rows - 1));
      }
      for (let r = 0; r < rows; r++)
        out[(to - 1 - r - from) * T + t] = log10Of(Math.sqrt(this.squares[r]), this.logScales[r]);
      await this.stepBack(t, rows);
      if (t % stepsPerPause === 0) await pause(1 - t / to);
    }
  }

  /** ∂ℓ_τ/∂h_τ = Vᵀ(p − y) of every step. */
  private async lossGradients(): Promise<void> {
    const { config, steps } = this.tape;
    const V = config.vocabularySize;
    objectiveOf(config.features !== null).errors(this.tape, 0, steps, this.errors);
    await this.products.multiply(this.sources, this.errors, this.parameters.output.W, steps, topSize(config), V);
    const { finalNorm, layers } = this.tape;
    const x = layers[layers.length - 1].given;
    for (let t = 0; finalNorm && t < steps; t++)
      normRowsBack(this.tape, finalNorm, this.parameters.finalNorm, x, t, this.sources, t * topSize(config), 1);
  }

  /** From ∂ℓ/∂h_t of the first `rows` targets to ∂ℓ/∂h_{t−1}. */
  private async stepBack(t: number, rows: number): Promise<void> {
    const { hidden, further, furtherTotal, previous, preActivations, recurrentPreActivations, tape } = this;
    const { config, arena, layers } = tape;
    const { cell: name, hiddenSize: H, activation, options } = topLayer(config);
    const cell = cellOf(name);
    const top = layers.length - 1;
    const parameters = this.parameters.layers[top][0];
    cell.stepBack(arena.kernels, {
      tape: layers[top].directions[0],
      step: t,
      rows,
      own: addressesOfOwn(parameters),
      hiddenSize: H,
      activation,
      options,
      hidden: at(hidden),
      further: at(further),
      furtherTotal: at(furtherTotal),
      preActivations: at(preActivations),
      recurrentPreActivations: at(recurrentPreActivations),
      previous: at(previous),
    });
    if (cell.hasR)
      await this.products.multiply(hidden, recurrentPreActivations, parameters.R, rows, H, cell.gates.length * H);
    else hidden.fill(0, 0, rows * H);
    if (cell.bypassesR) arena.kernels.add(at(hidden), at(hidden), at(previous), rows * H);
    this.rescale(rows);
  }

  /** Leaves the rows' squares in `squares`. */
  private rescale(rows: number): void {
    const { hidden, further, squares, furtherSquares, factors, tape } = this;
    const { kernels } = tape.arena;
    const H = topLayer(tape.config).hiddenSize;
    const F = further.length / hidden.length;
    kernels.rowSquares(rows, H, at(hidden), at(squares));
    if (F > 0) kernels.rowSquares(rows, F * H, at(further), at(furtherSquares));
    else furtherSquares.fill(0);
    let isNeeded = false;
    for (let r = 0; r < rows; r++) {
      const sum = squares[r] + furtherSquares[r];
      const isOutside = sum > 0 && (sum < smallestSquares || sum > largestSquares);
      factors[r] = isOutside ? 1 / Math.sqrt(sum) : 1;
      if (!isOutside) continue;
      this.logScales[r] += 0.5 * Math.log(sum);
      squares[r] /= sum;
      isNeeded = true;
    }
    if (!isNeeded) return;
    kernels.scaleRows(rows, H, at(hidden), at(factors));
    if (F > 0) kernels.scaleRows(rows, F * H, at(further), at(factors));
  }
}
