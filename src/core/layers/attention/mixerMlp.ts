/** The sublayer `mlp` in float32: y = W₂ gelu(W₁ x + b₁) + b₂, all steps at once. */
import { at, type Arena } from '../../../kernels/arena';
import type { LayerSizes } from '../../../layers/parameters';
import type { Products } from '../../products';
import type { MakeMixer, Mixer, MixerBackPass, MixerPass, MixerRoom } from '../mixer';
import { parameter } from './parameter';
import { splitElements, sumColumns } from './parts';
import { hasTanhGelu, innerWidth } from './sizes';

export const makeMlp: MakeMixer = (arena, sizes, room, products) => new MlpMixer(arena, sizes, room, products);

class MlpMixer implements Mixer {
  readonly output: Float32Array;
  readonly states = [];
  readonly totals = [];
  /** T·B × 4·D: before GELU, and after it; in the way back then the gradient by what is before it. Without a way back both are one. */
  private readonly preActivations: Float32Array;
  private readonly activations: Float32Array;
  private readonly inner: number;
  private readonly zeros: Float32Array;
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
  }

  async forward(pass: MixerPass): Promise<void> {
    const { arena, products, inner, output, preActivations, activations, zeros, sizes } = this;
    const { input: I, hidden: D } = sizes;
    const { steps, batch, x, parameters } = pass;
    const rows = steps * batch;
    await products.affine(preActivations, x, parameter(pass, 'W1'), parameters['b1'] ?? zeros, rows, inner, I);
    arena.run(
      hasTanhGelu(sizes) ? 'geluTanhForward' : 'geluForward',
      splitElements(rows * inner, arena.threads).map(({ first, count }) => [
        at(activations, first),
        at(preActivations, first),
        count,
      ]),
    );
    await products.affine(output, activations, parameter(pass, 'W2'), parameters['b2'] ?? zeros, rows, D, inner);
    this.hasForward = true;
  }

  async backward(pass: MixerBackPass): Promise<void> {
    if (!this.hasForward) throw new Error('mlp: back without a forward pass of the same window');
    // The gradient of the activations takes their place.
    this.hasForward = false;
    const { arena, products, inner, preActivations, activations, sizes } = this;
    const { input: I, hidden: D } = sizes;
    const { steps, batch, x, above, below, gradient } = pass;
    const rows = steps * batch;
    await products.transposedMultiply(parameter({ parameters: gradient }, 'W2'), above, activations, D, inner, rows);
    sumColumns(arena, gradient['b2'], above, rows, D);
    await products.multiply(activations, above, parameter(pass, 'W2'), rows, inner, D);
    arena.run(
      hasTanhGelu(sizes) ? 'geluTanhBackward' : 'geluBackward',
      splitElements(rows * inner, arena.threads).map(({ first, count }) => [
        at(activations, first),
        at(preActivations, first),
        count,
      ]),
    );
    await products.transposedMultiply(parameter({ parameters: gradient }, 'W1'), activations, x, inner, I, rows);
    sumColumns(arena, gradient['b1'], activations, rows, inner);
    await products.multiply(below, activations, parameter(pass, 'W1'), rows, I, inner);
  }

  /** Nothing is carried from window to window. */
  clearCarried(): void {}
}
