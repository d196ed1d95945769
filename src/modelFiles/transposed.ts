/** Matrices the other way round, in the precision that they have. */
import type { Weights } from '../core/model/generalModel';

/** [rows, columns] → [columns, rows]. */
export function transposed<Values extends Weights>(values: Values, rows: number, columns: number): Values {
  const turned: Weights = values.slice();
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) turned[j * rows + i] = values[i * columns + j];
  return turned as Values;
}
