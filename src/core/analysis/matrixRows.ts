/** A square matrix of a text, row by row: one for each target, T values each. */

export interface MatrixRows {
  /** Rows that are best computed at once. */
  readonly blockSize: number;
  /** @param from the first target, and `to` the one behind the last, at most `blockSize` of them  @param out [to − from, T] */
  write(from: number, to: number, out: Float64Array): Promise<void> | void;
}

/** T × T. @param pause receives the part that is done; it may throw to cancel */
export async function wholeMatrix(
  steps: number,
  rows: MatrixRows,
  pause: (done: number) => Promise<void>,
): Promise<Float64Array> {
  const matrix = new Float64Array(steps * steps);
  for (let from = 0; from < steps; from += rows.blockSize) {
    const to = Math.min(steps, from + rows.blockSize);
    await rows.write(from, to, matrix.subarray(from * steps, to * steps));
    await pause(to / steps);
  }
  return matrix;
}
