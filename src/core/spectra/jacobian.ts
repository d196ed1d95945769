/** The Jacobians J_t = ∂s_t/∂s_{t−1} themselves, their singular values step by step, and those of their products back from a step. */
import { matrix, setTransposedProduct } from '../float64/matrixProduct';
import type { CarriedState, StateBlock } from './carriedState';
import { GradedRows } from './gradedRows';
import { orthonormalize } from './orthonormal';
import { SingularValues } from './singularValues';

/** Numbers of a block beyond which its Jacobian is not formed: a singular value decomposition a step takes too long. */
export const maxDense = 512;

/** Whether singular values of all blocks can be had. */
export function hasSingularValues({ blocks }: CarriedState): boolean {
  return blocks.every(({ size, advance }) => advance === null || size <= maxDense);
}

/** J_t, [size, size]. */
export function jacobianOf({ size: n, advance, logFactors }: StateBlock, t: number): Float64Array {
  const J = new Float64Array(n * n);
  if (advance) {
    for (let i = 0; i < n; i++) J[i * n + i] = 1;
    advance(t, J, n);
    return J;
  }
  const diagonal = new Float64Array(n);
  logFactors?.(t, diagonal);
  for (let i = 0; i < n; i++) J[i * n + i] = Math.exp(diagonal[i]);
  return J;
}

/** Of one step. */
export interface StepValues {
  /** Largest first. */
  readonly largest: Float64Array;
  /** Of all n; of an even number the mean of the middle two. */
  readonly median: number;
  readonly smallest: number;
}

/** @param count how many of the largest */
export function singularValuesAt({ blocks, size }: CarriedState, t: number, count: number): StepValues {
  if (blocks.length === 1 && blocks[0].advance) {
    const values = new SingularValues(jacobianOf(blocks[0], t), size);
    return {
      largest: values.largest(count),
      median: (values.at((size - 1) >> 1) + values.at(size >> 1)) / 2,
      smallest: values.at(size - 1),
    };
  }
  const all = new Float64Array(size);
  let at = 0;
  for (const block of blocks) {
    const own = all.subarray(at, (at += block.size));
    if (block.advance) own.set(new SingularValues(jacobianOf(block, t), block.size).largest(block.size));
    else {
      block.logFactors?.(t, own);
      for (let i = 0; i < own.length; i++) own[i] = Math.exp(own[i]);
    }
  }
  all.sort((a, b) => b - a);
  return {
    largest: all.slice(0, count),
    median: (all[(size - 1) >> 1] + all[size >> 1]) / 2,
    smallest: all[size - 1],
  };
}

/** ln of all singular values of J_τ J_{τ−1} … J_{τ−k+1}, largest first, of some lags k. */
export interface LagValues {
  readonly lags: readonly number[];
  readonly logs: readonly Float64Array[];
}

/** @param target in the order in which the direction reads, the last step of the product  @param lags rising, each at most target + 1 */
export async function productsByLag(
  { blocks, order }: CarriedState,
  target: number,
  lags: readonly number[],
  pause: () => Promise<void>,
): Promise<LagValues> {
  const ofBlocks: (readonly Float64Array[])[] = [];
  for (const block of blocks)
    ofBlocks.push(await (block.advance ? ofJacobians : ofFactors)(block, order, target, lags, pause));
  const logs = lags.map((_, lag) =>
    Float64Array.from(ofBlocks.flatMap((found) => Array.from(found[lag]))).sort((a, b) => b - a || 0),
  );
  return { lags, logs };
}

async function ofJacobians(
  block: StateBlock,
  order: Int32Array,
  target: number,
  lags: readonly number[],
  pause: () => Promise<void>,
): Promise<Float64Array[]> {
  const { size: n } = block;
  const rows = new GradedRows(n);
  const [Q, R, logs] = [new Float64Array(n * n), new Float64Array(n * n), new Float64Array(n)];
  for (let i = 0; i < n; i++) Q[i * n + i] = 1;
  const Y = new Float64Array(n * n);
  const found: Float64Array[] = [];
  const last = lags.at(-1) ?? 0;
  for (let lag = 0; lag <= last; lag++) {
    if (lags.includes(lag)) found.push(rows.logSingularValues());
    await pause();
    if (lag === last) break;
    // The transposed product grows on its left: Pᵀ ← Jᵀ Pᵀ.
    setTransposedProduct(Y, matrix(jacobianOf(block, order[target - lag]), n), matrix(Q, n), n, n, n);
    rows.sortWith(Y);
    orthonormalize(Y, n, n, logs, R);
    Q.set(Y);
    rows.multiply(R);
  }
  return found;
}

function ofFactors(
  { size, logFactors }: StateBlock,
  order: Int32Array,
  target: number,
  lags: readonly number[],
): Promise<Float64Array[]> {
  const sum = new Float64Array(size);
  const factors = new Float64Array(size);
  let at = 0;
  return Promise.resolve(
    lags.map((lag) => {
      for (; at < lag; at++) {
        logFactors?.(order[target - at], factors);
        for (let i = 0; i < size; i++) sum[i] += factors[i];
      }
      return sum.slice();
    }),
  );
}

/** e^H of the shares p_i = σ_i / Σ σ, H = −Σ p ln p (Roy & Vetterli 2007): n where all are alike, 1 where one is all; 0 of zeros. @param logs ln σ, largest first */
export function effectiveRank(logs: Float64Array): number {
  const [largest] = logs;
  if (!(largest > -Infinity)) return 0;
  const sizes = logs.map((log) => Math.exp(log - largest));
  const sum = sizes.reduce((a, b) => a + b, 0);
  return Math.exp(
    -sizes.reduce((entropy, size) => (size > 0 ? entropy + (size / sum) * Math.log(size / sum) : entropy), 0),
  );
}

/** How many directions keep at least this part of their length. @param logs ln σ */
export function carriedDirections(logs: Float64Array, part: number): number {
  return logs.reduce((count, log) => (log >= Math.log(part) ? count + 1 : count), 0);
}
