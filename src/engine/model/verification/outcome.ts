/** What a graph gives on a text: numbers that two graphs of one model must agree on. */

/** Numbers by what they are of; T rows each. */
export interface Outcome {
  readonly logProbabilities: Float64Array;
  /** By layer and direction, where the graph lets them be seen. */
  readonly states: readonly (readonly (Float64Array | null)[])[];
  readonly isHalf: boolean;
}

/** T rows of `width`, one every `stride` numbers. */
export function rowsOf(all: Float64Array, T: number, width: number, stride: number, first: number): Float64Array {
  const rows = new Float64Array(T * width);
  for (let t = 0; t < T; t++) rows.set(all.subarray(first + t * stride, first + t * stride + width), t * width);
  return rows;
}
