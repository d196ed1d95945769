/** The sublayer `mlp` in float32: y = W₂ gelu(W₁ x + b₁) + b₂, all steps at once. */
import { at, type Arena } from '../../../kernels/arena';
import type { LayerSizes } from '../../../layers/parameters';
import type { Products } from '../../products';
import type { MakeMixer, Mixer, MixerBackPass, MixerPass, MixerRoom } from '../mixer';
import { parameter } from './parameter';
import { splitStreams } from '../../../kernels/threadPool';
import { sumOfParts } from '../../partSums';
import { sumColumns } from './parts';
import { hasTanhGelu, innerWidth } from './sizes';

export const makeMlp: MakeMixer = (arena, sizes, room, products) => new MlpMixer(arena, sizes, room, products);

class MlpMixer implements Mixer {
  readonly output: Float32Array;
  readonly states = [];
  readonly totals = [];
  /** T·B × 4·D: W₁ x, then the slopes of GELU there; and what GELU makes of it and b₁, in the way back then the gradient by what is before it. Without a way back both are one. */
  private readonly preActivations: Float32Array;
  private readonly activations: Float32Array;
  private readonly inner: number;
  private readonly zeros: Float32Array;
  /** 4·D of each thread: sums of the gradient that b₁ has. */
  private readonly sums: readonly Float64Array[];
  private hasForward = false;

  constructor(
    private readonly arena: Arena,
    private readonly sizes: LayerSizes,
    { steps, batch, learns }: MixerRoom,
    private readonly products: Products,
  ) {
    const rows = steps * batch;
    this.inner = innerWidth(sizes);
    this.output = arena.floats(rows * sizes.hidden);
    this.preActivations = arena.floats(rows * this.inner);
    this.activations = learns ? arena.floats(rows * this.inner) : this.preActivations;
    this.zeros = arena.floats(this.inner);
    this.sums = Array.from({ length: learns ? arena.threads : 0 }, () => arena.doubles(this.inner));
  }

  async forward(pass: MixerPass): Promise<void> {
    const { arena, products, inner, output, preActivations, activations, zeros, sizes } = this;
    const { input: I, hidden: D } = sizes;
    const { steps, batch, x, parameters } = pass;
    const rows = steps * batch;
    await products.affine(preActivations, x, parameter(pass, 'W1'), null, rows, inner, I);
    const bias = at(parameters['b1'] ?? zeros);
    const isInPlace = activations === preActivations;
    const kernel = hasTanhGelu(sizes) ? 'geluTanh' : 'gelu';
    arena.run(
      isInPlace ? `${kernel}Forward` : `${kernel}AndSlope`,
      splitStreams(rows, arena.threads).map(({ first, count }) => [
        ...[count, inner, at(preActivations, first * inner), bias],
        ...(isInPlace ? [] : [at(activations, first * inner)]),
      ]),
    );
    await products.affine(output, activations, parameter(pass, 'W2'), parameters['b2'] ?? zeros, rows, D, inner);
    this.hasForward = true;
  }

  async backward(pass: MixerBackPass): Promise<void> {
    if (!this.hasForward) throw new Error('mlp: back without a forward pass of the same window');
    // The gradient of the activations takes their place.
    this.hasForward = false;
    const { arena, products, inner, preActivations: slopes, activations, sums, sizes } = this;
    const { input: I, hidden: D } = sizes;
    const { steps, batch, x, above, below, gradient } = pass;
    const rows = steps * batch;
    await products.transposedMultiply(parameter({ parameters: gradient }, 'W2'), above, activations, D, inner, rows);
    sumColumns(arena, gradient['b2'], above, rows, D, sums[0]);
    await products.multiply(activations, above, parameter(pass, 'W2'), rows, inner, D);
    for (const of of sums) of.fill(0);
    arena.run(
      'geluBackward',
      splitStreams(rows, arena.threads).map(({ first, count }, part) => [
        count,
        inner,
        at(activations, first * inner),
        at(slopes, first * inner),
        at(sums[part]),
      ]),
    );
    gradient['b1']?.set(sumOfParts(sums));
    await products.transposedMultiply(parameter({ parameters: gradient }, 'W1'), activations, x, inner, I, rows);
    await products.multiply(below, activations, parameter(pass, 'W1'), rows, I, inner);
  }

  /** Nothing is carried from window to window. */
  clearCarried(): void {}
}
