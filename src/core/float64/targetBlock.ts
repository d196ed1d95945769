/**
 * Gradients of several targets on their way down together, so that a product passes for all of them at once. A target's rows lie behind one another, a row for each of
 * the steps `first` … `last`, all at one scale; what is outside is zero.
 */
export interface TargetBlock {
  readonly width: number;
  /** Of each target. */
  readonly first: Int32Array;
  readonly last: Int32Array;
  /** Row at which its rows begin; and behind them all, how many there are. */
  readonly begin: Int32Array;
  /** [rows, width]. */
  readonly values: Float64Array;
  /** Times e^logScale. */
  readonly logScales: Float64Array;
}

/** Rows of zeros for these steps. */
export function targetBlock(
  width: number,
  first: Int32Array,
  last: Int32Array,
  logScales: Float64Array = new Float64Array(first.length),
): TargetBlock {
  const begin = new Int32Array(first.length + 1);
  for (let r = 0; r < first.length; r++) begin[r + 1] = begin[r] + last[r] + 1 - first[r];
  return { width, first, last, begin, values: new Float64Array(begin[first.length] * width), logScales };
}

/** Its step of every row. */
export function stepsOf({ first, last, begin }: TargetBlock): Int32Array {
  const steps = new Int32Array(begin[first.length]);
  for (let r = 0; r < first.length; r++) for (let t = first[r]; t <= last[r]; t++) steps[begin[r] + t - first[r]] = t;
  return steps;
}

/** Adds rows of the same scales, of which `to` has all steps. */
export function addBlock(to: TargetBlock, from: TargetBlock): void {
  const { width } = to;
  for (let r = 0; r < from.first.length; r++) {
    let target = (to.begin[r] + from.first[r] - to.first[r]) * width;
    for (let i = from.begin[r] * width; i < from.begin[r + 1] * width; i++, target++)
      to.values[target] += from.values[i];
  }
}
