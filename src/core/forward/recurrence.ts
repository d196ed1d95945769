/**
 * The recurrence of one layer's direction over a window, by the kernels, its streams spread over the threads; the products of large
 * steps by whoever is quicker at them.
 */
import { at } from '../../kernels/arena';
import { splitStreams } from '../../kernels/crew';
import { FixedMatrix, smallestToShare } from '../../kernels/fixedMatrix';
import type { ForwardPass, Part } from '../layers/cell';
import { cellOf } from '../layers/registry';
import { directionsOf } from '../model/config';
import type { DirectionParameters } from '../model/parameters';
import { before, stepOf, type DirectionTape } from '../model/directionTape';
import type { Tape } from '../model/tape';
import type { Products, StepProducts } from '../products';

export class ForwardRecurrence {
  /** Fractions of the last window's activations, in the order of `Cell.counts`. */
  readonly saturation: readonly (readonly Float64Array[])[];
  /** Null where the products of the steps are not the kernels' own, … */
  private readonly matrix: FixedMatrix | null;
  private readonly products: StepProducts | null;
  /** One stream, and R so large that each of its products is shared among the threads. */
  private readonly isShared: boolean;
  /** … then R h of one step, G·H × B. */
  private readonly product: Float32Array;
  /** B × G·H of one step: the recurrent part of pre-activations, where a cell keeps it apart. */
  private readonly scratch: Float32Array;
  private readonly parts: readonly Part[];
  /** A row for each part. */
  private readonly counts: Int32Array;

  constructor(
    private readonly tape: Tape,
    products: Products,
  ) {
    const { config, arena, batch } = tape;
    const cell = cellOf(config.cell);
    const width = cell.gates.length * config.hiddenSize;
    this.saturation = Array.from({ length: config.layers }, () => directionsOf(config).map(() => new Float64Array(cell.counts.length)));
    this.products = products.steps(width, batch, config.hiddenSize);
    this.matrix = this.products ? null : new FixedMatrix(arena, config.hiddenSize, width);
    this.product = arena.floats(this.products ? width * batch : 0);
    this.isShared = batch === 1 && arena.crew !== null && width * config.hiddenSize >= smallestToShare;
    this.scratch = arena.floats(cell.recurrentDiffers ? batch * width : 0);
    this.parts = splitStreams(batch, arena.threads);
    this.counts = arena.ints(this.parts.length * cell.counts.length);
  }

  /** On entry the tape's gates hold what the input gives; on return they, and the states, hold the window. */
  async run(layer: number, d: number, { R, Rb }: DirectionParameters): Promise<void> {
    const { tape, counts, matrix } = this;
    const { config, arena, steps, batch, layers } = tape;
    const cell = cellOf(config.cell);
    const direction = layers[layer].directions[d];
    if (direction.direction === 'backward') {
      // It begins at the window's end, with nothing carried in.
      const size = batch * config.hiddenSize;
      for (const states of direction.states) states.fill(0, steps * size, (steps + 1) * size);
    }
    matrix?.loadTransposed(R);
    counts.fill(0);
    const pass: ForwardPass = {
      tape: direction, steps, batch, hiddenSize: config.hiddenSize, activation: config.activation, lengths: tape.lengthsAddress,
      R: this.isShared ? 0 : matrix ? matrix.address : at(this.product), Rb: at(Rb), scratch: at(this.scratch),
    };
    const calls = this.parts.map((part, p) => cell.forwardArguments(pass, part, tape.records ? at(counts, p * cell.counts.length) : 0));
    if (this.products) await this.stepByStep(this.products, R, direction, calls);
    else if (this.matrix && this.isShared) this.stepsShared(this.matrix, Rb, direction, calls[0]);
    else arena.run(cell.forwardKernel, calls);
    if (tape.records) this.sumUp(this.saturation[layer][d]);
  }

  private async stepByStep(products: StepProducts, R: Float32Array, direction: DirectionTape, calls: readonly number[][]): Promise<void> {
    const { arena, steps, config } = this.tape;
    const { forwardStepKernel } = cellOf(config.cell);
    const step = calls.map((call) => call.push(0) - 1);
    products.load(R);
    for (let s = 0; s < steps; s++) {
      await products.run(this.product, direction.states[0], before(direction, stepOf(direction, s, steps)));
      calls.forEach((call, p) => (call[step[p]] = s));
      arena.run(forwardStepKernel, calls);
    }
  }

  /** One stream, whose products with R are shared among the threads; the bits are those of the window's kernel. */
  private stepsShared(matrix: FixedMatrix, Rb: Float32Array, direction: DirectionTape, call: number[]): void {
    const { arena, steps, config } = this.tape;
    const { forwardStepKernel, recurrentDiffers, gates } = cellOf(config.cell);
    const H = config.hiddenSize;
    const step = call.push(0) - 1;
    for (let s = 0; s < steps; s++) {
      const t = stepOf(direction, s, steps);
      if (recurrentDiffers) this.scratch.set(Rb);
      const [out, first] = recurrentDiffers ? [this.scratch, 0] : [direction.gates, t * gates.length * H];
      matrix.multiplyAdd(out, first, direction.states[0], before(direction, t) * H, 1);
      call[step] = s;
      arena.run(forwardStepKernel, [call]);
    }
  }

  private sumUp(fractions: Float64Array): void {
    const { lengths, config } = this.tape;
    const activations = lengths.reduce((sum, length) => sum + length, 0) * config.hiddenSize;
    fractions.fill(0);
    this.counts.forEach((count, i) => (fractions[i % fractions.length] += count / activations));
  }
}
