/**
 * One layer's direction from its window's end to its beginning, by the kernels, its streams spread over the threads; the products of
 * large steps by the faster backend.
 */
import { at } from '../../kernels/arena';
import { splitStreams } from '../../kernels/threadPool';
import type { Kernels } from '../../kernels/exports';
import { FixedMatrix } from '../../kernels/fixedMatrix';
import type { BackwardPass, Part } from '../layers/cell';
import { cellOf } from '../layers/registry';
import { directionsOf, isMixer, ofEachShape, type LayerConfig, type ModelConfig } from '../model/config';
import { addressesOfOwn } from '../model/directionParameters';
import { stepOf } from '../model/directionTape';
import type { DirectionParameters } from '../model/parameters';
import type { Tape } from '../model/tape';
import { sumOfParts } from '../partSums';
import type { Products, StepProducts } from '../products';
import { stepsOfBlock } from './blockSums';
import type { TotalNorms } from './totals';

/** What a layer of some kind and size needs to run. */
interface Buffers {
  /** Null where the products of the steps are not the kernels' own, or there are none, … */
  readonly matrix: FixedMatrix | null;
  readonly products: StepProducts | null;
  /** … then Rᵀ, H × G·H, and its product with one step's gradient, H × B. */
  readonly transposed: Float32Array;
  readonly product: Float32Array;
  /** A row for each part. */
  readonly squares: Float64Array;
  /** Of each part G·H sums, and as many float32 of scratch; empty where the kernels do not sum up. */
  readonly sums: readonly Float64Array[];
}

/** Of a mixer. */
const noBuffers: Buffers = {
  matrix: null,
  products: null,
  transposed: new Float32Array(0),
  product: new Float32Array(0),
  squares: new Float64Array(0),
  sums: [],
};

/** G·H of the widest layer. */
function largestWidth({ layers }: ModelConfig, isCounted: (layer: LayerConfig) => boolean): number {
  const recurrent = layers.filter((layer) => !isMixer(layer));
  return Math.max(
    0,
    ...recurrent.filter(isCounted).map(({ cell, hiddenSize }) => cellOf(cell).gates.length * hiddenSize),
  );
}

export class BackwardRecurrence {
  readonly totals: readonly (readonly TotalNorms[])[];
  /** T·B × G·H, or (V + 1) × G·H sums by token: gradient of the pre-activations of the direction that was run last, as W sees it … */
  readonly preActivations: Float32Array;
  /** … and as R sees it. */
  recurrentPreActivations: Float32Array;
  /** G·H: the sums of the first over the window, where the kernels have taken them. */
  biasSums: Float64Array | null = null;
  /** The same, where that is another. */
  private readonly separate: Float32Array;
  /** Of each layer and direction, B × H for each state: what is passed to the window before. */
  private readonly carried: readonly (readonly (readonly Float32Array[])[])[];
  /** Of each layer. */
  private readonly buffers: readonly Buffers[];
  private readonly parts: readonly Part[];

  constructor(
    private readonly tape: Tape,
    products: Products,
  ) {
    const { config, arena, maxSteps, batch } = tape;
    const ofEach = <T>(make: (layer: LayerConfig) => T): T[][] =>
      config.layers.map((layer) => (isMixer(layer) ? [] : directionsOf(layer).map(() => make(layer))));
    this.totals = ofEach(({ cell }) => cellOf(cell).states.map(() => new Float64Array(maxSteps)));
    this.carried = ofEach(({ cell, hiddenSize }) => cellOf(cell).states.map(() => arena.floats(batch * hiddenSize)));
    this.preActivations = arena.floats(maxSteps * batch * largestWidth(config, () => true));
    this.separate = arena.floats(maxSteps * batch * largestWidth(config, ({ cell }) => cellOf(cell).linearBeforeReset));
    this.recurrentPreActivations = this.preActivations;
    this.parts = splitStreams(batch, arena.threads);
    this.buffers = ofEachShape(config, (layer) => this.buffersFor(layer, products), noBuffers);
  }

  private buffersFor({ cell: name, hiddenSize: H }: LayerConfig, of: Products): Buffers {
    const { arena, batch, maxSteps } = this.tape;
    const cell = cellOf(name);
    const width = cell.gates.length * H;
    const products = cell.hasR ? of.steps(H, batch, width) : null;
    return {
      products,
      matrix: products || !cell.hasR ? null : new FixedMatrix(arena, width, H),
      transposed: arena.floats(products ? H * width : 0),
      product: arena.floats(products ? H * batch : 0),
      squares: arena.doubles(this.parts.length * cell.states.length * maxSteps),
      sums: this.parts.map(() => arena.doubles(cell.gatesOfInput ? Math.ceil(1.5 * width) : 0)),
    };
  }

  clearCarried(): void {
    for (const carried of this.carried.flat(2)) carried.fill(0);
  }

  /**
   * @param hidden T·B × H, in: what reaches each h_t from above; out: ∂L/∂h_t
   * @param truncation k2, or 0
   */
  async run(
    layer: number,
    d: number,
    parameters: DirectionParameters,
    hidden: Float32Array,
    truncation: number,
  ): Promise<void> {
    const { tape, parts } = this;
    const own = this.buffers[layer];
    const { matrix, squares } = own;
    const { R } = parameters;
    const { config, arena, steps, batch } = tape;
    const { cell: name, hiddenSize, activation, options } = config.layers[layer];
    const cell = cellOf(name);
    this.recurrentPreActivations = cell.linearBeforeReset ? this.separate : this.preActivations;
    matrix?.load(R);
    squares.fill(0);
    const direction = tape.layers[layer].directions[d];
    const width = cell.gates.length * hiddenSize;
    const areSummed = cell.gatesOfInput !== undefined && !direction.tokens && steps <= stepsOfBlock;
    if (areSummed) for (const sums of own.sums) sums.fill(0);
    // By token each part has sums of its own.
    const sizeOfPart = direction.tokens ? direction.gates.length : 0;
    this.preActivations.fill(0, 0, parts.length * sizeOfPart);
    const pass: BackwardPass = {
      tape: direction,
      steps,
      batch,
      hiddenSize,
      activation,
      options,
      lengths: tape.lengthsAddress,
      truncation,
      R: matrix ? matrix.address : 0,
      own: addressesOfOwn(parameters),
      hidden: at(hidden),
      carried: this.carried[layer][d].map((values) => at(values)),
      preActivations: at(this.preActivations),
      recurrentPreActivations: at(this.recurrentPreActivations),
      sums: 0,
    };
    const row = squares.length / parts.length;
    const calls = (R: number) =>
      parts.map((part, p) => {
        const sums = areSummed ? at(own.sums[p]) : 0;
        const ofPart = { ...pass, R, sums, preActivations: at(this.preActivations, p * sizeOfPart) };
        return cell.backwardArguments(ofPart, part, tape.records ? at(squares, p * row) : 0);
      });
    if (own.products && cell.backwardStepKernel)
      await this.stepByStep(own, own.products, R, cell.backwardStepKernel, pass, calls);
    else arena.run(cell.backwardKernel, calls(pass.R));
    for (let p = 1; p < parts.length && sizeOfPart > 0; p++)
      arena.kernels.add(pass.preActivations, pass.preActivations, at(this.preActivations, p * sizeOfPart), sizeOfPart);
    this.biasSums = areSummed ? sumOfParts(own.sums, width) : null;
    if (tape.records) this.norms(squares, this.totals[layer][d], row);
  }

  /** @param calls arguments of the parts, with the address of the step before's product or 0 */
  private async stepByStep(
    { transposed, product }: Buffers,
    products: StepProducts,
    R: Float32Array,
    kernel: keyof Kernels,
    pass: BackwardPass,
    calls: (product: number) => number[][],
  ): Promise<void> {
    const { recurrentPreActivations, tape } = this;
    const { arena, steps, batch } = tape;
    const { hiddenSize: H } = pass;
    arena.kernels.transpose(at(transposed), at(R), R.length / H, H);
    products.load(transposed);
    const first = calls(0);
    const later = calls(at(product));
    const step = first[0].length;
    let isCut = true;
    for (let s = 0; s < steps; s++) {
      const parts = isCut ? first : later;
      for (const part of parts) part[step] = s;
      arena.run(kernel, parts);
      const t = stepOf(pass.tape, steps - 1 - s, steps);
      const border = pass.tape.direction === 'forward' ? t : t + 1;
      isCut = pass.truncation > 0 && border % pass.truncation === 0;
      if (!isCut) await products.run(product, recurrentPreActivations, t);
    }
    if (!isCut) arena.kernels.addTransposed(pass.carried[0], at(product), batch, batch, H);
  }

  /** From the parts' sums of squares. */
  private norms(all: Float64Array, totals: TotalNorms, row: number): void {
    const { steps } = this.tape;
    const sum = (index: number) => {
      let squares = 0;
      for (let start = 0; start < all.length; start += row) squares += all[start + index];
      return Math.sqrt(squares);
    };
    totals.forEach((norms, state) => {
      for (let t = 0; t < steps; t++) norms[t] = sum(state * steps + t);
    });
  }
}
