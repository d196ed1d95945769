/**
 * One layer's direction from its window's end to its beginning, by the kernels, its streams spread over the threads; the products of
 * large steps by whoever is quicker at them.
 */
import { at } from '../../kernels/arena';
import { splitStreams } from '../../kernels/crew';
import { FixedMatrix } from '../../kernels/fixedMatrix';
import type { BackwardPass, Part } from '../layers/cell';
import { cellOf } from '../layers/registry';
import { directionsOf } from '../model/config';
import { stepOf } from '../model/directionTape';
import type { Tape } from '../model/tape';
import type { Products, StepProducts } from '../products';

/** ‖∂L/∂s_t‖₂ over units and streams, of one layer's direction: for each of its states a value per step of the window. */
export type TotalNorms = readonly Float64Array[];

export class BackwardRecurrence {
  readonly totals: readonly (readonly TotalNorms[])[];
  /** T·B × G·H: gradient of the pre-activations of the direction that was run last, as W sees it … */
  readonly preActivations: Float32Array;
  /** … and as R sees it. */
  readonly recurrentPreActivations: Float32Array;
  /** Of each layer and direction, B × H for each state: what goes on to the window before. */
  private readonly carried: readonly (readonly (readonly Float32Array[])[])[];
  /** Null where the products of the steps are not the kernels' own, … */
  private readonly matrix: FixedMatrix | null;
  private readonly products: StepProducts | null;
  /** … then Rᵀ, H × G·H, and its product with one step's gradient, H × B. */
  private readonly transposed: Float32Array;
  private readonly product: Float32Array;
  private readonly parts: readonly Part[];
  /** A row for each part. */
  private readonly squares: Float64Array;

  constructor(
    private readonly tape: Tape,
    products: Products,
  ) {
    const { config, arena, mostSteps, batch } = tape;
    const cell = cellOf(config.cell);
    const H = config.hiddenSize;
    const width = cell.gates.length * H;
    const ofEach = <T>(make: () => T): T[][] => Array.from({ length: config.layers }, () => directionsOf(config).map(make));
    this.totals = ofEach(() => cell.states.map(() => new Float64Array(mostSteps)));
    this.carried = ofEach(() => cell.states.map(() => arena.floats(batch * H)));
    this.preActivations = arena.floats(mostSteps * batch * width);
    this.recurrentPreActivations = cell.recurrentDiffers ? arena.floats(mostSteps * batch * width) : this.preActivations;
    this.products = products.steps(H, batch, width);
    this.matrix = this.products ? null : new FixedMatrix(arena, width, H);
    this.transposed = arena.floats(this.products ? H * width : 0);
    this.product = arena.floats(this.products ? H * batch : 0);
    this.parts = splitStreams(batch, arena.threads);
    this.squares = arena.doubles(this.parts.length * cell.states.length * mostSteps);
  }

  clearCarried(): void {
    for (const carried of this.carried.flat(2)) carried.fill(0);
  }

  /**
   * @param hidden T·B × H, in: what reaches each h_t from above; out: ∂L/∂h_t
   * @param truncation k2, or 0
   */
  async run(layer: number, d: number, R: Float32Array, hidden: Float32Array, truncation: number): Promise<void> {
    const { tape, parts, squares, matrix } = this;
    const { config, arena, steps, batch } = tape;
    const cell = cellOf(config.cell);
    matrix?.load(R);
    squares.fill(0);
    const pass: BackwardPass = {
      tape: tape.layers[layer].directions[d], steps, batch, hiddenSize: config.hiddenSize, activation: config.activation,
      lengths: tape.lengthsAddress, truncation, R: matrix ? matrix.address : 0, hidden: at(hidden),
      carried: this.carried[layer][d].map((values) => at(values)),
      preActivations: at(this.preActivations), recurrentPreActivations: at(this.recurrentPreActivations),
    };
    const row = squares.length / parts.length;
    const calls = (R: number) => parts.map((part, p) => cell.backwardArguments({ ...pass, R }, part, tape.records ? at(squares, p * row) : 0));
    if (this.products) await this.stepByStep(this.products, R, pass, calls);
    else arena.run(cell.backwardKernel, calls(pass.R));
    if (tape.records) this.norms(this.totals[layer][d], row);
  }

  /** @param calls arguments of the parts, with the address of the step before's product or 0 */
  private async stepByStep(products: StepProducts, R: Float32Array, pass: BackwardPass, calls: (product: number) => number[][]): Promise<void> {
    const { transposed, product, recurrentPreActivations, tape } = this;
    const { arena, steps, batch, config } = tape;
    const { hiddenSize: H } = config;
    const { backwardStepKernel } = cellOf(config.cell);
    arena.kernels.transpose(at(transposed), at(R), R.length / H, H);
    products.load(transposed);
    const first = calls(0);
    const later = calls(at(product));
    const step = first[0].length;
    let isCut = true;
    for (let s = 0; s < steps; s++) {
      const parts = isCut ? first : later;
      for (const part of parts) part[step] = s;
      arena.run(backwardStepKernel, parts);
      const t = stepOf(pass.tape, steps - 1 - s, steps);
      const border = pass.tape.direction === 'forward' ? t : t + 1;
      isCut = pass.truncation > 0 && border % pass.truncation === 0;
      if (!isCut) await products.run(product, recurrentPreActivations, t);
    }
    if (!isCut) arena.kernels.addTransposed(pass.carried[0], at(product), batch, batch, H);
  }

  /** From the parts' sums of squares. */
  private norms(totals: TotalNorms, row: number): void {
    const { steps } = this.tape;
    const sum = (index: number) => {
      let squares = 0;
      for (let start = 0; start < this.squares.length; start += row) squares += this.squares[start + index];
      return Math.sqrt(squares);
    };
    totals.forEach((norms, state) => {
      for (let t = 0; t < steps; t++) norms[t] = sum(state * steps + t);
    });
  }
}
