/** How a recurrent matrix by itself changes lengths. */
import { matrix, setProduct } from '../float64/matrixProduct';
import type { Weights } from '../model/generalModel';
import { lengthOf } from '../numeric';
import { SingularValues } from './singularValues';

/** Beyond this it takes minutes. */
export const maxSize = 1024;
/** m from which on ‖A^m‖^(1/m) can be as near to ρ as float64 can say, and at most. */
const leastPower = 2 ** 46;
const maxPower = 2 ** 60;
/** To about a thousandth. */
const roughPower = 2 ** 14;
const tolerance = 1e-14;

/** Of the radius. */
export type Precision = 'exactly' | 'roughly';

export interface MatrixSpectrum {
  /** ρ: the largest |eigenvalue|. */
  readonly spectralRadius: number;
  /** ‖·‖₂. */
  readonly spectralNorm: number;
}

/** Of block `block` of R [G·H, H]. Null where it is too large, or has numbers that are not finite. */
export function matrixSpectrumOf(
  R: Weights,
  H: number,
  block: number,
  precision: Precision = 'exactly',
): MatrixSpectrum | null {
  const values = blockOf(R, H, block);
  if (!values) return null;
  const powers = new Powers(values, H, precision === 'exactly' ? leastPower : roughPower);
  while (powers.square());
  return { spectralRadius: powers.radius, spectralNorm: normOf(values, H) };
}

/** The same in pieces. @param pause called between them; throws when it is canceled */
export async function matrixSpectrumInPieces(
  R: Weights,
  H: number,
  block: number,
  pause: () => Promise<void>,
): Promise<MatrixSpectrum | null> {
  const values = blockOf(R, H, block);
  if (!values) return null;
  const powers = new Powers(values, H);
  while (powers.square()) await pause();
  return { spectralRadius: powers.radius, spectralNorm: normOf(values, H) };
}

function blockOf(R: Weights, H: number, block: number): Float64Array | null {
  const values = R.subarray(block * H * H, (block + 1) * H * H);
  return H <= maxSize && values.every(Number.isFinite) ? Float64Array.from(values) : null;
}

function normOf(values: Float64Array, n: number): number {
  return new SingularValues(values, n).at(0);
}

/** A^m for m = 1, 2, 4, …, by which ρ is known: Gelfand's formula, ρ = lim ‖A^m‖^(1/m), needs products alone, whatever the eigenvalues. */
class Powers {
  /** A^m is e^(m · log) times `power`, which is of length 1. */
  private power: Float64Array;
  private next: Float64Array;
  private log = 0;
  private m = 1;
  private change = Infinity;

  /** @param A [n, n] */
  constructor(
    A: Float64Array,
    private readonly n: number,
    private readonly least = leastPower,
  ) {
    this.power = A.slice();
    this.next = new Float64Array(n * n);
    this.normalize();
  }

  /** ‖A^m‖^(1/m). */
  get radius(): number {
    return Math.exp(this.log);
  }

  /** Doubles m; whether more would change anything. */
  square(): boolean {
    const { power, next, n } = this;
    if (this.log === -Infinity || this.m >= maxPower || (this.least < leastPower && this.m >= this.least)) return false;
    setProduct(matrix(next, n), matrix(power, n), matrix(power, n), n, n, n);
    [this.power, this.next] = [next, power];
    this.m *= 2;
    this.normalize();
    // What the powers' own growth is beside ρ^m, a power of m at most, is nothing any more.
    return Math.abs(this.change) > tolerance || this.m < this.least;
  }

  private normalize(): void {
    const { power } = this;
    const length = lengthOf(power);
    if (length > 0) for (let i = 0; i < power.length; i++) power[i] /= length;
    this.change = Math.log(length) / this.m;
    this.log += this.change;
  }
}
