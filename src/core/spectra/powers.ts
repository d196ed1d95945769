/**
 * A^m for m = 1, 2, 4, …, by which the spectral radius is known: Gelfand's formula, ρ = lim ‖A^m‖^(1/m), from above. It needs products alone, whatever the eigenvalues, where
 * these take a hundred training steps.
 */
import { matrix, setProduct } from '../float64/matrixProduct';
import type { Weights } from '../model/generalModel';
import { lengthOf } from '../numeric';

export class Powers {
  /** A^m is e^(m · logRadius) times `power`, which is of length 1: no power leaves float64. */
  private power: Float64Array;
  private next: Float64Array;
  private log = 0;
  private doubled = 1;
  private lastChange = Infinity;

  /** @param A [n, n] */
  constructor(
    A: Weights,
    private readonly n: number,
  ) {
    this.power = Float64Array.from(A);
    this.next = new Float64Array(n * n);
    this.normalize();
  }

  get m(): number {
    return this.doubled;
  }

  /** ln ‖A^m‖^(1/m) ≥ ln ρ, of the Frobenius norm. −Infinity of a nilpotent A from some m on; NaN where a number is not finite. */
  get logRadius(): number {
    return this.log;
  }

  /** Of `logRadius`, by the last doubling; what is left of its error is about as much. */
  get change(): number {
    return this.lastChange;
  }

  /** Doubles m. */
  square(): void {
    const { power, next, n } = this;
    setProduct(matrix(next, n), matrix(power, n), matrix(power, n), n, n, n);
    [this.power, this.next] = [next, power];
    this.doubled *= 2;
    this.normalize();
  }

  private normalize(): void {
    const { power } = this;
    const length = lengthOf(power);
    if (length > 0) for (let i = 0; i < power.length; i++) power[i] /= length;
    this.lastChange = Math.log(length) / this.doubled;
    this.log += this.lastChange;
  }
}
