/**
 * The recurrence of one layer's direction over a window, by the kernels, its streams spread over the threads; the products of large
 * steps by the faster backend.
 */
import { at } from '../../kernels/arena';
import { splitStreams } from '../../kernels/threadPool';
import type { Kernels } from '../../kernels/exports';
import { FixedMatrix, minToShare } from '../../kernels/fixedMatrix';
import type { ForwardPass, Part } from '../layers/cell';
import { cellOf } from '../layers/registry';
import { directionsOf, isMixer, ofEachShape, type LayerConfig } from '../model/config';
import { addressesOfOwn } from '../model/directionParameters';
import type { DirectionParameters } from '../model/parameters';
import { before, stepOf, type DirectionTape } from '../model/directionTape';
import type { LayerTape, Tape } from '../model/tape';
import type { Products, StepProducts } from '../products';

/** What a layer of some kind and size needs to run. */
interface Buffers {
  /** Null where the products of the steps are not the kernels' own, or there are none, … */
  readonly matrix: FixedMatrix | null;
  readonly products: StepProducts | null;
  /** One stream, and R so large that each of its products is shared among the threads. */
  readonly isShared: boolean;
  /** … then R h of one step, G·H × B. */
  readonly product: Float32Array;
  /** B × G·H of one step: the recurrent part of pre-activations, where a cell keeps it apart. */
  readonly scratch: Float32Array;
  /** A row for each part. */
  readonly counts: Int32Array;
  /** V + 1: how often each token is read in the window, the last of them none; empty unless gates lie by token. */
  readonly occurrences: Int32Array;
}

/** Of a mixer. */
const noBuffers: Buffers = {
  matrix: null,
  products: null,
  isShared: false,
  product: new Float32Array(0),
  scratch: new Float32Array(0),
  counts: new Int32Array(0),
  occurrences: new Int32Array(0),
};

export class ForwardRecurrence {
  /** Fractions of the last window's activations, in the order of `Cell.counts`. */
  readonly saturation: readonly (readonly Float64Array[])[];
  /** Of each layer. */
  private readonly buffers: readonly Buffers[];
  private readonly parts: readonly Part[];

  constructor(
    private readonly tape: Tape,
    products: Products,
  ) {
    const { config, arena, batch } = tape;
    this.saturation = config.layers.map((layer) =>
      directionsOf(layer).map(() => new Float64Array(isMixer(layer) ? 0 : cellOf(layer.cell).counts.length)),
    );
    this.parts = splitStreams(batch, arena.threads);
    this.buffers = ofEachShape(config, (layer) => this.buffersFor(layer, products), noBuffers);
  }

  /** Only the lowest layer's gates can be so. */
  private get isByToken(): boolean {
    return this.tape.layers[0].directions.some(({ tokens }) => tokens !== null);
  }

  private buffersFor({ cell: name, hiddenSize: H }: LayerConfig, of: Products): Buffers {
    const { arena, batch } = this.tape;
    const cell = cellOf(name);
    const width = cell.gates.length * H;
    const products = cell.hasR ? of.steps(width, batch, H) : null;
    return {
      products,
      matrix: products || !cell.hasR ? null : new FixedMatrix(arena, H, width),
      product: arena.floats(products ? width * batch : 0),
      isShared: cell.hasR && batch === 1 && arena.pool !== null && width * H >= minToShare,
      scratch: arena.floats(cell.linearBeforeReset ? batch * width : 0),
      counts: arena.ints(this.parts.length * cell.counts.length),
      occurrences: arena.ints(this.isByToken ? this.tape.config.vocabularySize + 1 : 0),
    };
  }

  /**
   * On entry the tape's gates hold what the input gives; on return they, and the states, hold the window.
   * @param bias G·H: Wb + Rb, of a kind whose kernels add it
   */
  async run(layer: number, d: number, parameters: DirectionParameters, bias: Float32Array): Promise<void> {
    const { tape } = this;
    const { R, Rb } = parameters;
    const own = this.buffers[layer];
    const { counts, matrix } = own;
    const { config, arena, steps, batch, layers } = tape;
    const { cell: name, hiddenSize, activation, options } = config.layers[layer];
    const cell = cellOf(name);
    const direction = layers[layer].directions[d];
    if (direction.direction === 'backward') {
      // It begins at the window's end, with nothing carried in.
      const size = batch * hiddenSize;
      for (const states of direction.states) states.fill(0, steps * size, (steps + 1) * size);
    }
    matrix?.loadTransposed(R);
    counts.fill(0);
    const pass: ForwardPass = {
      tape: direction,
      steps,
      batch,
      hiddenSize,
      activation,
      options,
      lengths: tape.lengthsAddress,
      R: own.isShared ? 0 : matrix ? matrix.address : at(own.product),
      Rb: at(Rb),
      bias: at(bias),
      own: addressesOfOwn(parameters),
      scratch: at(own.scratch),
    };
    if (direction.tokens) this.activateByToken(own, direction, pass);
    const calls = this.parts.map((part, p) =>
      cell.forwardArguments(pass, part, tape.records ? at(counts, p * cell.counts.length) : 0),
    );
    if (own.products && cell.forwardStepKernel)
      await this.stepByStep(own, own.products, R, cell.forwardStepKernel, direction, calls);
    else if (matrix && own.isShared && cell.forwardStepKernel)
      this.stepsShared(own, matrix, Rb, cell.forwardStepKernel, tape.layers[layer], direction, calls[0]);
    else arena.run(cell.forwardKernel, calls);
    if (tape.records) this.sumUp(counts, this.saturation[layer][d], hiddenSize);
  }

  /** The gates of every token of the vocabulary, and of none. */
  private activateByToken({ counts, occurrences }: Buffers, { gates }: DirectionTape, pass: ForwardPass): void {
    const { tape } = this;
    const { config, arena, inputs, lengths, batch, rows } = tape;
    const { cell: name, hiddenSize, options } = config.layers[0];
    const none = occurrences.length - 1;
    occurrences.fill(0);
    for (let row = 0; row < rows; row++) {
      if (row / batch >= lengths[row % batch]) continue;
      occurrences[inputs[row] < 0 ? none : inputs[row]]++;
    }
    cellOf(name).gatesOfInput?.(arena.kernels, {
      rows: none + 1,
      hiddenSize,
      options,
      bias: pass.bias,
      gates: at(gates),
      occurrences: at(occurrences),
      counts: tape.records ? at(counts) : 0,
    });
  }

  private async stepByStep(
    { product }: Buffers,
    products: StepProducts,
    R: Float32Array,
    kernel: keyof Kernels,
    direction: DirectionTape,
    calls: readonly number[][],
  ): Promise<void> {
    const { arena, steps } = this.tape;
    const step = calls.map((call) => call.push(0) - 1);
    products.load(R);
    for (let s = 0; s < steps; s++) {
      await products.run(product, direction.states[0], before(direction, stepOf(direction, s, steps)));
      calls.forEach((call, p) => (call[step[p]] = s));
      arena.run(kernel, calls);
    }
  }

  /** One stream, whose products with R are shared among the threads; the bits are those of the window's kernel. */
  private stepsShared(
    { scratch }: Buffers,
    matrix: FixedMatrix,
    Rb: Float32Array,
    kernel: keyof Kernels,
    { cell, hiddenSize: H }: LayerTape,
    direction: DirectionTape,
    call: number[],
  ): void {
    const { arena, steps } = this.tape;
    const { linearBeforeReset, gates } = cellOf(cell);
    const step = call.push(0) - 1;
    for (let s = 0; s < steps; s++) {
      const t = stepOf(direction, s, steps);
      if (linearBeforeReset) scratch.set(Rb);
      const [out, first] = linearBeforeReset ? [scratch, 0] : [direction.gates, t * gates.length * H];
      matrix.multiplyAdd(out, first, direction.states[0], before(direction, t) * H, 1);
      call[step] = s;
      arena.run(kernel, [call]);
    }
  }

  private sumUp(counts: Int32Array, fractions: Float64Array, hiddenSize: number): void {
    const activations = this.tape.tokens * hiddenSize;
    fractions.fill(0);
    // Streams that read nothing, as those of a share at the end of a pass.
    if (activations === 0) return;
    counts.forEach((count, i) => (fractions[i % fractions.length] += count / activations));
  }
}
