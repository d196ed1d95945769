/** Gradients that arrive at the steps of a text, each of unit length beside the logarithm of its scale, so that nothing underflows or overflows however far it goes. */

/** What the walk does with numbers; it looks into no vector itself. Parts of vectors are given by where they begin, and their length. */
export interface Arithmetic<V> {
  zeros(length: number): V;
  /** out = α a + β b; b is not read where β is 0: it may be left from before. */
  combine(
    out: V,
    outAt: number,
    alpha: number,
    a: V,
    aAt: number,
    beta: number,
    b: V,
    bAt: number,
    length: number,
  ): void;
  lengthOf(values: V, at: number, length: number): number;
  /** log₁₀ of e^logScale · length; −Infinity of 0. */
  log10Of(length: number, logScale: number): number;
  divide(values: V, at: number, length: number, divisor: number): void;
  multiply(values: V, length: number, factor: number): void;
}

/** Rows of some width, one for each step. */
export interface Arrivals<V> {
  /** Each row of unit length, … */
  readonly values: V;
  /** … times e^logScale; −Infinity for zero. */
  readonly logScales: Float64Array;
  /** 1 where something can arrive at all, even if zero. */
  readonly isReached: Uint8Array;
}

/** Whether a row is anything but zero: what is no number is, and must not be taken for zero. */
export function isSent(logScale: number): boolean {
  return logScale !== -Infinity;
}

export function arrivals<V>({ zeros }: Pick<Arithmetic<V>, 'zeros'>, steps: number, width: number): Arrivals<V> {
  return {
    values: zeros(steps * width),
    logScales: new Float64Array(steps).fill(-Infinity),
    isReached: new Uint8Array(steps),
  };
}

/** Adds a row of some scale to what reaches step t. */
export function addArrival<V>(
  arithmetic: Arithmetic<V>,
  { values, logScales }: Arrivals<V>,
  t: number,
  row: V,
  from: number,
  width: number,
  logScale: number,
): void {
  const common = Math.max(logScale, logScales[t]);
  arithmetic.combine(
    values,
    t * width,
    Math.exp(logScale - common),
    row,
    from,
    Math.exp(logScales[t] - common),
    values,
    t * width,
    width,
  );
  logScales[t] = rescale(arithmetic, values, t * width, width, common);
}

/** Brings a row to unit length; returns the logarithm of its scale. */
export function rescale<V>(arithmetic: Arithmetic<V>, values: V, at: number, width: number, logScale: number): number {
  const length = arithmetic.lengthOf(values, at, width);
  if (length !== 0) arithmetic.divide(values, at, width, length);
  return logScale + Math.log(length);
}
