/** The one source of randomness: seeded, passed in, and with a state that can be saved and restored. */
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus, xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus';

/** Numbers after which two seeds that differ by 1 have nothing in common. */
const unmixed = 16;

export class Random {
  private constructor(private readonly generator: ReturnType<typeof xoroshiro128plus>) {}

  static fromSeed(seed: number): Random {
    return new Random(xoroshiro128plus(seed));
  }

  /**
   * For few draws, of which each is seen. The generator's first numbers hardly depend on the seed (the very first is always the largest),
   * so they are left out.
   */
  static forDrawing(seed: number): Random {
    const random = Random.fromSeed(seed);
    for (let i = 0; i < unmixed; i++) random.uniform();
    return random;
  }

  static fromState(state: readonly number[]): Random {
    return new Random(xoroshiro128plusFromState(state));
  }

  get state(): readonly number[] {
    return this.generator.getState();
  }

  /** In [0, 1). */
  uniform(): number {
    return uniformFloat64(this.generator);
  }

  /** In [minimum, maximum). */
  between(minimum: number, maximum: number): number {
    return minimum + (maximum - minimum) * this.uniform();
  }

  /** Normal with mean 0 and variance 1 (Box & Muller 1958). Its twin is not kept: the generator's state stays all there is. */
  normal(): number {
    // In (0, 1], so that the logarithm is finite.
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    return radius * Math.cos(2 * Math.PI * this.uniform());
  }
}
