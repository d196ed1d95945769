/** Vectors that are carried through many steps, with a power of two kept apart so that they neither vanish nor overflow on the way. */
import { bandWidth, Gradient, scaled } from './gradient';

/** 2^exponent · values. */
export class Carried {
  readonly values: Float64Array;
  exponent = 0;

  constructor(length: number) {
    this.values = new Float64Array(length);
  }

  /** values[at … at + length) += gradient[from … from + length). */
  add(gradient: Gradient | undefined, from: number, at: number, length: number): void {
    for (const [band, row] of gradient?.bands ?? []) {
      const size = largestOf(row, from, length);
      if (size === 0) continue;
      const there = largestOf(this.values, 0, this.values.length);
      const exponent = band * bandWidth;
      const top = exponent + exponentOf(size);
      this.rescale(there === 0 ? top : Math.max(top, this.exponent + exponentOf(there)));
      for (let i = 0; i < length; i++) this.values[at + i] += scaled(row[from + i], exponent - this.exponent);
    }
  }

  /** Brings the largest element to about 1. False where there is none. */
  normalize(): boolean {
    const size = largestOf(this.values, 0, this.values.length);
    if (size !== 0) this.rescale(this.exponent + exponentOf(size));
    return size !== 0;
  }

  private rescale(exponent: number): void {
    const change = this.exponent - exponent;
    if (change !== 0) for (let i = 0; i < this.values.length; i++) this.values[i] = scaled(this.values[i], change);
    this.exponent = exponent;
  }
}

/** A sum of many terms, each 2^exponent · something. */
export class ScaledSum {
  private exponent: number | null = null;

  constructor(readonly values: Float64Array) {}

  /** What a term of this exponent must be multiplied by before it is added to `values`. */
  factorOf(exponent: number): number {
    this.exponent ??= exponent;
    const change = exponent - this.exponent;
    if (change <= bandWidth / 2) return scaled(1, change);
    for (let i = 0; i < this.values.length; i++) this.values[i] = scaled(this.values[i], -change);
    this.exponent = exponent;
    return 1;
  }

  gradient(): Gradient {
    return Gradient.fromRows(this.values, this.values.length, Int32Array.of(this.exponent ?? 0));
  }
}

function largestOf(x: Float64Array, at: number, length: number): number {
  let largest = 0;
  for (let i = at; i < at + length; i++) if (!(Math.abs(x[i]) <= largest)) largest = Math.abs(x[i]);
  return largest;
}

/** 0 of what is not finite, which no power of two makes smaller. */
function exponentOf(size: number): number {
  return Number.isFinite(size) ? Math.floor(Math.log2(size)) : 0;
}
