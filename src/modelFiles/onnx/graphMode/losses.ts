/** The loss of each step by its scores, and its derivative by them. */
import { Gradient } from '../../../core/graph/gradient';
import type { Gradients } from '../../../core/graph/backward';
import type { Variable } from '../../../core/graph/variable';
import { valuesOf, type ScoreForm, type ScoreRow } from './textRun';

/** Sums to one within what float32 weights can do: the softmax itself is float64. */
const tolerance = 1e-6;

/** What the numbers of these rows are, each all symbols of one step. */
export function formOf(rows: readonly Float64Array[]): ScoreForm {
  const sums = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0);
  const isOne = (sum: number) => Math.abs(sum - 1) < tolerance;
  if (rows.every((row) => row.every((p) => p >= 0 && p <= 1 + tolerance) && isOne(sums(row)))) return 'probabilities';
  if (rows.every((row) => row.every((p) => p <= tolerance) && isOne(sums(row.map(Math.exp)))))
    return 'logProbabilities';
  return 'logits';
}

/** ln p of every symbol. */
export function logProbabilities(row: ScoreRow, size: number, form: ScoreForm): Float64Array {
  const values = valuesOf(row, size);
  if (form === 'logProbabilities') return values;
  if (form === 'probabilities') return values.map(Math.log);
  const largest = values.reduce((max, value) => Math.max(max, value), -Infinity);
  const normalizer = largest + Math.log(values.reduce((sum, value) => sum + Math.exp(value - largest), 0));
  return values.map((value) => value - normalizer);
}

/**
 * ∂(Σ weight · ℓ_t)/∂scores, ℓ_t = −ln p(target).
 * @param targets ids by step
 */
export function lossSeeds(
  rows: readonly ScoreRow[],
  targets: ArrayLike<number>,
  size: number,
  form: ScoreForm,
  weight: number,
): Gradients {
  const seeds = new Map<Variable, Float64Array>();
  for (const row of rows) {
    const { variable, offset, stride, step } = row;
    const seed = seeds.get(variable) ?? new Float64Array(variable.size);
    seeds.set(variable, seed);
    const target = targets[step];
    if (form === 'logits') {
      const logs = logProbabilities(row, size, form);
      for (let v = 0; v < size; v++) seed[offset + v * stride] += weight * (Math.exp(logs[v]) - Number(v === target));
    } else {
      const at = offset + target * stride;
      seed[at] -= form === 'probabilities' ? weight / variable.tensor.data[at] : weight;
    }
  }
  return new Map(Array.from(seeds, ([variable, seed]) => [variable, Gradient.of(seed)]));
}
