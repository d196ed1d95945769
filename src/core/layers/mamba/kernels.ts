/** The layer in float32: what can be done for all steps at once through `Products`, convolution and scan by the kernels (src/kernels/assembly/mamba*.ts). */
import { at, type Arena } from '../../../kernels/arena';
import type { MakeMixer, Mixer, MixerBackPass, MixerParameters, MixerPass, MixerRoom } from '../mixer';
import type { Products } from '../../products';
import {
  partsOf,
  passingBuffers,
  windowBuffers,
  type MambaPart,
  type PassingBuffers,
  type WindowBuffers,
} from './room';
import { mambaSizes, type MambaSizes } from './sizes';

/** Layers of one arena and size take turns with what is only needed while one is at work. */
const passing = new WeakMap<Arena, Map<string, PassingBuffers>>();

export const make: MakeMixer = (arena, sizes, room, products) =>
  new MambaMixer(arena, mambaSizes(sizes), room, products);

class MambaMixer implements Mixer {
  readonly states: readonly Float32Array[];
  readonly totals: readonly Float64Array[];
  private readonly parts: readonly MambaPart[];
  private readonly own: WindowBuffers;
  private readonly shared: PassingBuffers;

  constructor(
    private readonly arena: Arena,
    private readonly sizes: MambaSizes,
    private readonly room: MixerRoom,
    private readonly products: Products,
  ) {
    this.parts = partsOf(room, sizes, arena.threads);
    this.own = windowBuffers(arena, sizes, room);
    this.shared = this.sharedBuffers();
    this.states = [this.own.scan, this.own.inputs];
    const steps = room.learns ? room.steps : 0;
    this.totals = [new Float64Array(steps), new Float64Array(steps)];
  }

  get output(): Float32Array {
    return this.own.output;
  }

  async forward({ steps, batch, lengths, x, parameters }: MixerPass): Promise<void> {
    const { arena, products, own, shared, sizes } = this;
    const { I, O, E, R, width } = sizes;
    const { W_in, b_in, W_x, W_dt, b_dt, W_out, b_out } = rolesOf(parameters);
    const rows = steps * batch;
    if (this.room.learns) own.inputsBefore.set(own.inputs);
    await products.affine(own.projected, x, W_in, b_in ?? shared.zeros, rows, 2 * E, I);
    this.loadFixed(parameters);
    arena.run('mambaConvolve', this.convolveCalls(steps, batch, lengths, parameters));
    await products.affine(own.selected, own.v, W_x, shared.zeros, rows, width, E);
    arena.kernels.copyColumns(at(shared.d), R, at(own.selected), width, rows, R);
    await products.affine(own.beforeStep, shared.d, W_dt, b_dt, rows, E, R);
    arena.run('mambaScan', this.scanCalls(steps, batch, lengths, parameters));
    await products.affine(own.output, own.gated, W_out, b_out ?? shared.zeros, rows, O, E);
  }

  async backward(pass: MixerBackPass): Promise<void> {
    const { arena, products, own, shared, sizes } = this;
    const { kernels } = arena;
    const { steps, batch, x, parameters, above, below, gradient } = pass;
    const { I, O, E, R, width } = sizes;
    const { W_in, W_x, W_dt, W_out } = rolesOf(parameters);
    const sums = rolesOf(gradient);
    const rows = steps * batch;
    await products.transposedMultiply(sums.W_out, above, own.gated, O, E, rows);
    if (sums.b_out) kernels.columnSums(at(sums.b_out), at(above), rows, O);
    await products.multiply(shared.dGated, above, W_out, rows, E, O);
    // Another layer may have had them since.
    this.loadFixed(parameters);
    this.scanBack(pass);
    const [dSelected] = shared.dSelected;
    kernels.copyColumns(at(shared.d), R, at(own.selected), width, rows, R);
    await products.transposedMultiply(sums.W_dt, shared.dBeforeStep, shared.d, E, R, rows);
    kernels.columnSums(at(sums.b_dt), at(shared.dBeforeStep), rows, E);
    await products.multiply(shared.ofD, shared.dBeforeStep, W_dt, rows, R, E);
    kernels.copyColumns(at(dSelected), width, at(shared.ofD), R, rows, R);
    await products.transposedMultiply(sums.W_x, dSelected, own.v, width, E, rows);
    await products.multiply(shared.dThrough, dSelected, W_x, rows, E, width);
    this.convolveBack(pass);
    await products.transposedMultiply(sums.W_in, shared.dProjected, x, 2 * E, I, rows);
    if (sums.b_in) kernels.columnSums(at(sums.b_in), at(shared.dProjected), rows, 2 * E);
    await products.multiply(below, shared.dProjected, W_in, rows, I, 2 * E);
  }

  clearCarried(): void {
    this.own.carriedScan.fill(0);
    this.own.carriedInputs.fill(0);
  }

  private sharedBuffers(): PassingBuffers {
    const { arena, sizes, room, parts } = this;
    const ofArena = passing.get(arena) ?? new Map<string, PassingBuffers>();
    passing.set(arena, ofArena);
    const key = JSON.stringify([sizes, room]);
    const found = ofArena.get(key) ?? passingBuffers(arena, sizes, room, parts);
    ofArena.set(key, found);
    return found;
  }

  private convolveCalls(
    steps: number,
    batch: number,
    lengths: Int32Array | null,
    parameters: MixerParameters,
  ): number[][] {
    const { own, shared, sizes } = this;
    const { E, K } = sizes;
    const { b_conv } = rolesOf(parameters);
    return this.parts.map(({ first, count, channel, channels }) => [
      ...[steps, batch, E, K, first, count, addressOf(lengths), channel, channels],
      ...[own.projected, shared.taps, b_conv, own.inputs, own.convolved, own.v].map((array) => at(array)),
    ]);
  }

  private scanCalls(steps: number, batch: number, lengths: Int32Array | null, parameters: MixerParameters): number[][] {
    const { own, shared, sizes } = this;
    const { E, S, R } = sizes;
    const { D } = rolesOf(parameters);
    const { projected, v, selected, beforeStep, step, y, gated, starts, scan } = own;
    return this.parts.map(({ first, count, channel, channels }, p) => [
      ...[steps, batch, E, S, R, first, count, addressOf(lengths), channel / 4, Math.ceil(channels / 4)],
      ...[shared.A, D, projected, v, selected, beforeStep, step, y, gated].map((array) => at(array)),
      this.room.learns ? at(starts) : 0,
      at(shared.parts[p].h),
      at(scan),
    ]);
  }

  private scanBack({ steps, batch, lengths, parameters, gradient, truncation }: MixerBackPass): void {
    const { arena, own, shared, sizes, totals } = this;
    const { E, S, R, width } = sizes;
    const { D } = rolesOf(parameters);
    const { projected, v, selected, beforeStep, step, y, starts, carriedScan } = own;
    for (const part of shared.parts) {
      part.A.fill(0);
      part.D.fill(0);
      part.scanSquares.fill(0);
    }
    const calls = this.parts.map(({ first, count, channel, channels }, p) => {
      const part = shared.parts[p];
      const dSelected = shared.dSelected[p] ?? shared.dSelected[0];
      return [
        ...[steps, batch, E, S, R, first, count, addressOf(lengths), truncation, channel / 4, Math.ceil(channels / 4)],
        ...[shared.A, D, projected, v, selected, beforeStep, step, y, starts, shared.dGated].map((array) => at(array)),
        ...[carriedScan, shared.dProjected, shared.dV, shared.dBeforeStep, dSelected].map((array) => at(array)),
        ...[part.A, part.D, part.scanSquares, part.scratch].map((array) => at(array)),
      ];
    });
    arena.run('mambaScanBack', calls);
    const [first, ...others] = shared.dSelected;
    for (const other of others) arena.kernels.add(at(first), at(first), at(other), steps * batch * width);
    const sums = rolesOf(gradient);
    this.sumOf((part) => part.D, sums.D);
    this.giveA(sums.A_log);
    this.rootOfSums((part) => part.scanSquares, totals[0], steps);
  }

  private convolveBack({ steps, batch, lengths, gradient, truncation }: MixerBackPass): void {
    const { arena, own, shared, sizes, totals } = this;
    const { E, K } = sizes;
    for (const part of shared.parts) {
      part.taps.fill(0);
      part.bias.fill(0);
      part.inputSquares.fill(0);
    }
    const calls = this.parts.map(({ first, count, channel, channels }, p) => {
      const part = shared.parts[p];
      return [
        ...[steps, batch, E, K, first, count, addressOf(lengths), truncation, channel, channels],
        ...[own.projected, shared.taps, own.inputsBefore, own.convolved, shared.dV, shared.dThrough].map((array) =>
          at(array),
        ),
        ...[own.carriedInputs, shared.dProjected, part.taps, part.bias, part.inputSquares].map((array) => at(array)),
      ];
    });
    arena.run('mambaConvolveBack', calls);
    const sums = rolesOf(gradient);
    this.sumOf((part) => part.bias, sums.b_conv);
    const [{ taps }] = shared.parts;
    this.sumOf((part) => part.taps, taps);
    arena.kernels.transpose(at(sums.W_conv), at(taps), K, E);
    this.rootOfSums((part) => part.inputSquares, totals[1], steps);
  }

  /** A = −exp(A_log), its channels in fours, and the taps of the convolution, [K, E]. */
  private loadFixed(parameters: MixerParameters): void {
    const { arena, shared, sizes } = this;
    const { W_conv, A_log } = rolesOf(parameters);
    A_log.forEach((log, i) => (shared.A[placeInFours(i, sizes.S)] = -Math.exp(log)));
    arena.kernels.transpose(at(shared.taps), at(W_conv), sizes.E, sizes.K);
  }

  /** ∂L/∂A_log = A ⊙ ∂L/∂A. */
  private giveA(out: Float32Array): void {
    const { sizes, shared } = this;
    for (let i = 0; i < out.length; i++) {
      const place = placeInFours(i, sizes.S);
      let sum = 0;
      for (const { A } of shared.parts) sum += A[place];
      out[i] = shared.A[place] * sum;
    }
  }

  private sumOf(arrayOf: (part: PassingBuffers['parts'][number]) => Float32Array, out: Float32Array): void {
    const arrays = this.shared.parts.map(arrayOf);
    if (out !== arrays[0]) out.set(arrays[0]);
    for (const array of arrays.slice(1)) this.arena.kernels.add(at(out), at(out), at(array), out.length);
  }

  private rootOfSums(
    arrayOf: (part: PassingBuffers['parts'][number]) => Float64Array,
    out: Float64Array,
    steps: number,
  ): void {
    const arrays = this.shared.parts.map(arrayOf);
    for (let t = 0; t < steps; t++) out[t] = Math.sqrt(arrays.reduce((sum, array) => sum + array[t], 0));
  }
}

/** Where element `i` of a row-major [E, S] is in [E / 4, S, 4]. */
function placeInFours(i: number, S: number): number {
  const channel = Math.floor(i / S);
  return ((channel >> 2) * S + (i % S)) * 4 + (channel & 3);
}

function addressOf(array: Int32Array | null): number {
  return array ? at(array) : 0;
}

type Needed = 'W_in' | 'W_conv' | 'b_conv' | 'W_x' | 'W_dt' | 'b_dt' | 'A_log' | 'D' | 'W_out';
type MambaArrays = Readonly<Record<Needed, Float32Array> & Partial<Record<'b_in' | 'b_out', Float32Array>>>;

function rolesOf(parameters: MixerParameters): MambaArrays {
  const { W_in, W_conv, b_conv, W_x, W_dt, b_dt, A_log, D, W_out, b_in, b_out } = parameters;
  if (!(W_in && W_conv && b_conv && W_x && W_dt && b_dt && A_log && D && W_out))
    throw new Error('a parameter of the layer is missing');
  return { W_in, W_conv, b_conv, W_x, W_dt, b_dt, A_log, D, W_out, ...(b_in && { b_in }), ...(b_out && { b_out }) };
}
