/**
 * Gradients whose elements may be far beyond float64's range: along a time axis they span hundreds of powers of ten.
 *
 * A gradient is Σ_b 2^(512 b) · band_b. Each element is in one band, its size there between 2^−300 and 2^300, so that a product with any
 * derivative between 1e-217 and 1e217 loses nothing. A vector–Jacobian product is linear: it is taken of each band by itself, and no operator knows of this.
 * Almost always there is one band; every power of two is exact.
 */
import { forEachRow, type View } from './strided';

/** Two bands apart by 2^bandWidth. */
export const bandWidth = 512;
const up = 2 ** bandWidth;
const down = 2 ** -bandWidth;
const largest = 2 ** 300;
const smallest = 2 ** -300;

export type Bands = ReadonlyMap<number, Float64Array>;

export class Gradient {
  private constructor(
    readonly length: number,
    /** Never written to after they are here. */
    readonly bands: Bands,
  ) {}

  static of(values: Float64Array): Gradient {
    return Gradient.fromBands(values.length, new Map([[0, values]]));
  }

  static zero(length: number): Gradient {
    return new Gradient(length, new Map());
  }

  /** @param bands of any sizes, which are put in order */
  static fromBands(length: number, bands: Bands): Gradient {
    const [only] = bands.values();
    return new Gradient(
      length,
      bands.size === 0 || (bands.size === 1 && isInRange(only)) ? bands : settled(length, bands),
    );
  }

  /** @param bands in which every element is where it belongs */
  static fromSettled(length: number, bands: Bands): Gradient {
    return new Gradient(length, bands);
  }

  /** 2^exponents[r] · values[r, :]. @param values [rows, width] */
  static fromRows(values: Float64Array, width: number, exponents: Int32Array): Gradient {
    const bands = new Map<number, Float64Array>();
    exponents.forEach((exponent, row) => {
      const band = Math.round(exponent / bandWidth);
      const factor = 2 ** (exponent - band * bandWidth);
      if (isZero(values, row * width, (row + 1) * width)) return;
      const to = bandOf(bands, band, values.length);
      for (let i = row * width; i < (row + 1) * width; i++) to[i] = values[i] * factor;
    });
    return Gradient.fromBands(values.length, bands);
  }

  /** Gradients of several targets, each of `length` elements and 0 where there is none, one behind the other. */
  static joined(parts: readonly (Gradient | undefined)[], count: number, length: number): Gradient {
    const bands = new Map<number, Float64Array>();
    parts.forEach((part, target) => {
      for (const [band, values] of part?.bands ?? []) bandOf(bands, band, count * length).set(values, target * length);
    });
    return new Gradient(count * length, bands);
  }

  /** That of one of several targets. @param length of each */
  part(target: number, length: number): Gradient {
    const of = (values: Float64Array) => values.subarray(target * length, (target + 1) * length);
    return new Gradient(length, new Map([...this.bands].map(([band, values]) => [band, of(values)])));
  }

  plus(other: Gradient): Gradient {
    const sum = new GradientSum(this);
    sum.add(other);
    return sum.gradient();
  }

  get isZero(): boolean {
    for (const values of this.bands.values()) if (!isZero(values, 0, values.length)) return false;
    return true;
  }

  /** As plain numbers, which are 0 or infinite where float64 ends. */
  toFloat64(): Float64Array {
    const out = new Float64Array(this.length);
    for (const [band, values] of this.bands) {
      for (let i = 0; i < out.length; i++) if (values[i] !== 0) out[i] += scaled(values[i], band * bandWidth);
    }
    return out;
  }

  /**
   * log₁₀ of the norm of each slice along an axis, −∞ of one that is exactly zero.
   * @param shape of the tensor, of which `axis` is the time, say
   */
  log10Norms(shape: readonly number[], axis: number): Float64Array {
    const steps = shape[axis];
    const inner = shape.slice(axis + 1).reduce((size, length) => size * length, 1);
    const squares = [...this.bands].map(([band, values]) => {
      const sums = new Float64Array(steps);
      for (let i = 0; i < values.length; i++) sums[Math.floor(i / inner) % steps] += values[i] * values[i];
      return { band, sums };
    });
    return Float64Array.from({ length: steps }, (_, t) => {
      const top = Math.max(...squares.filter(({ sums }) => !(sums[t] === 0)).map(({ band }) => band));
      const sum = squares.reduce(
        (all, { band, sums }) => (band === top ? all + sums[t] : band === top - 1 ? all + sums[t] * down * down : all),
        0,
      );
      return top === -Infinity ? -Infinity : 0.5 * Math.log10(sum) + top * bandWidth * Math.LOG10E * Math.LN2;
    });
  }
}

/** x · 2^exponent, also where 2^exponent alone is no float. */
export function scaled(x: number, exponent: number): number {
  let result = x;
  let left = exponent;
  for (; left > bandWidth && Number.isFinite(result); left -= bandWidth) result *= up;
  for (; left < -bandWidth && result !== 0; left += bandWidth) result *= down;
  return result * 2 ** Math.max(-1074, Math.min(1023, left));
}

/** Zero and what is not finite belong everywhere. */
function isInBand(value: number): boolean {
  const size = Math.abs(value);
  return !((size < smallest && size !== 0) || (size > largest && size !== Infinity));
}

function isInRange(values: Float64Array): boolean {
  for (let i = 0; i < values.length; i++) {
    const size = Math.abs(values[i]);
    if ((size < smallest || size > largest) && !isInBand(size)) return false;
  }
  return true;
}

function isZero(values: Float64Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (values[i] !== 0) return false;
  return true;
}

function bandOf(bands: Map<number, Float64Array>, band: number, length: number): Float64Array {
  const found = bands.get(band) ?? new Float64Array(length);
  bands.set(band, found);
  return found;
}

/** A sum that grows term by term, in place. */
export class GradientSum {
  private bands: Map<number, Float64Array> | null = null;

  constructor(private readonly first: Gradient) {}

  add(term: Gradient): void {
    this.bands ??= new Map([...this.first.bands].map(([band, values]) => [band, values.slice()]));
    for (const [band, values] of term.bands) {
      const own = bandOf(this.bands, band, term.length);
      const others = [...this.bands].filter(([other]) => other !== band).map(([, of]) => of);
      if (others.length === 0) {
        let isSettled = true;
        for (let i = 0; i < values.length; i++) {
          const sum = own[i] + values[i];
          own[i] = sum;
          if (!isInBand(sum)) isSettled = false;
        }
        if (!isSettled)
          for (let i = 0; i < values.length; i++) if (!isInBand(own[i])) replace(this.bands, i, term.length);
        continue;
      }
      for (let i = 0; i < values.length; i++) {
        if (values[i] === 0) continue;
        const sum = own[i] + values[i];
        own[i] = sum;
        if (!isInBand(sum) || others.some((of) => of[i] !== 0)) replace(this.bands, i, term.length);
      }
    }
  }

  /** Adds to the elements of a view alone. @param term with the elements of the view, one after another */
  addAt(view: View, term: Gradient): void {
    this.bands ??= new Map([...this.first.bands].map(([band, values]) => [band, values.slice()]));
    const { bands } = this;
    const { length } = this.first;
    for (const [band, values] of term.bands) {
      const own = bandOf(bands, band, length);
      forEachRow(view, (to, at, count, stride) => {
        for (let i = 0; i < count; i++) {
          const place = to + i * stride;
          own[place] += values[at + i];
          if (bands.size > 1 || !isInBand(own[place])) replace(bands, place, length);
        }
      });
    }
  }

  /** Nothing may be added after it. */
  gradient(): Gradient {
    return this.bands ? Gradient.fromSettled(this.first.length, this.bands) : this.first;
  }
}

/** Brings one element, which may be of any size and in several bands, into the one where it belongs. */
function replace(bands: Map<number, Float64Array>, i: number, length: number): void {
  let sum = 0;
  let place = 0;
  for (const [band, values] of bands) {
    let value = values[i];
    values[i] = 0;
    if (value === 0) continue;
    let at = band;
    for (; Math.abs(value) < smallest; at--) value *= up;
    for (; Math.abs(value) > largest && Math.abs(value) !== Infinity; at++) value *= down;
    if (sum === 0) [sum, place] = [value, at];
    else if (at === place) sum += value;
    // Two bands below, nothing can be seen of it.
    else if (at < place) sum += at === place - 1 ? value * down : 0;
    else [sum, place] = [value + (place === at - 1 ? sum * down : 0), at];
  }
  if (sum === 0) return;
  for (; Math.abs(sum) < smallest; place--) sum *= up;
  for (; Math.abs(sum) > largest && Math.abs(sum) !== Infinity; place++) sum *= down;
  bandOf(bands, place, length)[i] = sum;
}

function settled(length: number, bands: Bands): Bands {
  const result = new Map([...bands].map(([band, values]) => [band, values.slice()]));
  const given = [...result.values()];
  for (let i = 0; i < length; i++) {
    let found = 0;
    let isSettled = true;
    for (const values of given) {
      const size = Math.abs(values[i]);
      if (size === 0) continue;
      found++;
      if (size < smallest || (size > largest && size !== Infinity)) isSettled = false;
    }
    if (found > 1 || !isSettled) replace(result, i, length);
  }
  for (const [band, values] of result) if (isZero(values, 0, length)) result.delete(band);
  return result;
}
