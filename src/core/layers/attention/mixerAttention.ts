/** The sublayer `mha` in float32: its large products over all steps at once, what happens inside the heads by the kernels. Equations: float64Heads.ts. */
import { at, type Arena } from '../../../kernels/arena';
import { splitStreams, type StreamRange } from '../../../kernels/threadPool';
import type { LayerSizes } from '../../../layers/parameters';
import type { Products } from '../../products';
import type { MakeMixer, Mixer, MixerBackPass, MixerPass, MixerRoom } from '../mixer';
import { parameter } from './parameter';
import { splitElements, sumColumns } from './parts';
import { anglesOf } from './rotary';
import { attentionSizes, type AttentionSizes } from './sizes';

export const makeAttention: MakeMixer = (arena, sizes, room, products) =>
  new AttentionMixer(arena, sizes, room, products);

class AttentionMixer implements Mixer {
  readonly output: Float32Array;
  readonly states = [];
  readonly totals = [];
  private readonly sizes: AttentionSizes;
  /** T·B × 3·D: queries, keys and values; after `backward` their gradients. */
  private readonly qkv: Float32Array;
  /** T·B × D: Σ_t a_{τ,t} v_t, and the gradient by it. */
  private readonly context: Float32Array;
  private readonly contextGradient: Float32Array;
  /** B · heads × T each. */
  private readonly tops: Float32Array;
  private readonly inverses: Float32Array;
  /** T × d/2 each, of rotary positions; sines with a minus turn back. */
  private readonly cosines: Float32Array;
  private readonly sines: Float32Array;
  private readonly backSines: Float32Array;
  private readonly lengths: Int32Array;
  private readonly zeros: Float32Array;
  /** 3·D, scratch. */
  private readonly sums: Float64Array;
  /** Of each part. */
  private readonly scratch: readonly Float32Array[];
  /** Of the pairs of stream and head. */
  private readonly parts: readonly StreamRange[];
  private hasForward = false;

  constructor(
    private readonly arena: Arena,
    of: LayerSizes,
    { steps, batch, learns }: MixerRoom,
    private readonly products: Products,
  ) {
    this.sizes = attentionSizes(of);
    const { width: D, heads, headSize: d, isRotary, hasBiases } = this.sizes;
    const rows = steps * batch;
    this.output = arena.floats(rows * D);
    this.qkv = arena.floats(rows * 3 * D);
    this.context = arena.floats(rows * D);
    this.contextGradient = arena.floats(learns ? rows * D : 0);
    this.tops = arena.floats(batch * heads * steps);
    this.inverses = arena.floats(batch * heads * steps);
    const angles = isRotary ? (steps * d) / 2 : 0;
    this.cosines = arena.floats(angles);
    this.sines = arena.floats(angles);
    this.backSines = arena.floats(angles);
    if (this.cosines.length > 0) this.setAngles(steps);
    this.lengths = arena.ints(batch);
    this.zeros = arena.floats(hasBiases ? 0 : 3 * D);
    this.sums = arena.doubles(learns ? 3 * D : 0);
    this.parts = splitStreams(batch * heads, arena.threads);
    const scratch = learns ? backwardScratch(steps, d) : forwardScratch(steps, d);
    this.scratch = this.parts.map(() => arena.floats(scratch));
  }

  private setAngles(steps: number): void {
    const { cosines, sines } = anglesOf(this.sizes.headSize, steps);
    this.cosines.set(cosines.subarray(0, this.cosines.length));
    for (let i = 0; i < this.sines.length; i++) {
      this.sines[i] = sines[i];
      this.backSines[i] = -sines[i];
    }
  }

  async forward(pass: MixerPass): Promise<void> {
    const { sizes, products, qkv, context, output, zeros } = this;
    const { input: I, width: D, isRotary } = sizes;
    const { steps, batch, x, parameters } = pass;
    const rows = steps * batch;
    await products.affine(qkv, x, parameter(pass, 'Wqkv'), parameters['bqkv'] ?? zeros, rows, 3 * D, I);
    if (isRotary) this.turn(rows, batch, this.sines);
    this.run('attentionForward', pass, [at(context)]);
    await products.affine(output, context, parameter(pass, 'Wo'), parameters['bo'] ?? zeros, rows, D, D);
    this.hasForward = true;
  }

  async backward(pass: MixerBackPass): Promise<void> {
    if (!this.hasForward) throw new Error('attention: back without a forward pass of the same window');
    // The gradients of queries, keys and values take their place.
    this.hasForward = false;
    const { arena, sizes, products, qkv, context, contextGradient } = this;
    const { input: I, width: D, isRotary } = sizes;
    const { steps, batch, x, above, below, gradient } = pass;
    const rows = steps * batch;
    await products.transposedMultiply(parameter({ parameters: gradient }, 'Wo'), above, context, D, D, rows);
    sumColumns(arena, gradient['bo'], above, rows, D, this.sums);
    await products.multiply(contextGradient, above, parameter(pass, 'Wo'), rows, D, D);
    this.run('attentionBackward', pass, [at(context), at(contextGradient)]);
    if (isRotary) this.turn(rows, batch, this.backSines);
    await products.transposedMultiply(parameter({ parameters: gradient }, 'Wqkv'), qkv, x, 3 * D, I, rows);
    sumColumns(arena, gradient['bqkv'], qkv, rows, 3 * D, this.sums);
    await products.multiply(below, qkv, parameter(pass, 'Wqkv'), rows, I, 3 * D);
  }

  /** Nothing is carried from window to window. */
  clearCarried(): void {}

  /** A kernel on every part. @param between its arguments between `qkv` and `tops` */
  private run(
    kernel: 'attentionForward' | 'attentionBackward',
    { steps, batch, lengths }: MixerPass,
    between: readonly number[],
  ): void {
    const { arena, sizes, parts, qkv, tops, inverses, scratch } = this;
    if (lengths) this.lengths.set(lengths);
    arena.run(
      kernel,
      parts.map(({ first, count }, part) => [
        ...[steps, batch, sizes.width, sizes.heads, first, count, lengths ? at(this.lengths) : 0, at(qkv)],
        ...between,
        ...[at(tops), at(inverses), at(scratch[part])],
      ]),
    );
  }

  /** Queries and keys of all rows, or their gradients. */
  private turn(rows: number, batch: number, sines: Float32Array): void {
    const { arena, sizes, qkv, cosines } = this;
    const { width: D, heads, headSize: d } = sizes;
    arena.run(
      'turnHeads',
      splitElements(rows, arena.threads).map(({ first, count }) => [
        ...[batch, 2 * heads, d, first, count, 3 * D],
        ...[at(qkv), at(cosines), at(sines)],
      ]),
    );
  }
}

/** Of a part, as the kernels say it. */
function forwardScratch(T: number, d: number): number {
  return d * panelled(T) + T * panelled(d) + 12 * (panelled(T) + 24);
}

function backwardScratch(T: number, d: number): number {
  return Math.max(forwardScratch(T, d), 2 * d * panelled(T) + 3 * T * panelled(d) + 2 * T * (panelled(T) + 24));
}

function panelled(n: number): number {
  return Math.ceil(n / 8) * 8;
}
