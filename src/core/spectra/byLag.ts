/**
 * How many directions of the carried state still reach a step: the largest singular values of J_τ J_{τ−1} … J_{τ−k+1}. The product itself is formed, at a scale of its own, which is
 * ten times as fast as `productsByLag`, and right as far down as rounding leaves it; how far that is, is measured along with it.
 */
import { matrix, setProduct } from '../float64/matrixProduct';
import { Random } from '../model/random';
import { lengthOf } from '../numeric';
import { jacobianOf } from './jacobian';
import type { CarriedState, StateBlock } from './carriedState';
import { SingularValues } from './singularValues';

const seed = 1;
/** A value counts where it is so many times what rounding has left. */
const margin = 10;

/** ln of the singular values at some lags, largest first; those that cannot be told from rounding are not among them. */
export interface LargestByLag {
  readonly lags: readonly number[];
  readonly logs: readonly Float64Array[];
  /** ln of the size below which values are missing; −Infinity where none is. */
  readonly floors: Float64Array;
}

/** @param target in the order in which the direction reads  @param lags rising, from 1 to target + 1 at most  @param pause called after each step, and now and then besides */
export async function largestByLag(
  { blocks, order }: CarriedState,
  target: number,
  lags: readonly number[],
  pause: () => Promise<void>,
): Promise<LargestByLag> {
  const found: Found[][] = [];
  for (const block of blocks)
    found.push(
      block.advance ? await ofJacobians(block, order, target, lags, pause) : ofFactors(block, order, target, lags),
    );
  const floors = Float64Array.from(lags, (_, i) => Math.max(...found.map((block) => block[i].floor)));
  const logs = lags.map((_, i) =>
    Float64Array.from(found.flatMap((block) => Array.from(block[i].logs)))
      .filter((log) => log >= floors[i])
      .sort((a, b) => b - a || 0),
  );
  return { lags, logs, floors };
}

interface Found {
  readonly logs: Float64Array;
  readonly floor: number;
}

async function ofJacobians(
  block: StateBlock,
  order: Int32Array,
  target: number,
  lags: readonly number[],
  pause: () => Promise<void>,
): Promise<Found[]> {
  const { size: n } = block;
  const random = Random.fromSeed(seed);
  let P = new Float64Array(n * n);
  let next = new Float64Array(n * n);
  for (let i = 0; i < n; i++) P[i * n + i] = 1;
  // What rounding has done, as one row: each step adds some of it, and it grows as the product's own rows do.
  let noise = new Float64Array(n);
  let scale = 0;
  const found: Found[] = [];
  for (let lag = 1; lag <= (lags.at(-1) ?? 0); lag++) {
    const J = jacobianOf(block, order[target - lag + 1]);
    setProduct(matrix(next, n), matrix(P, n), matrix(J, n), n, n, n);
    const moved = new Float64Array(n);
    setProduct(matrix(moved, n), matrix(noise, n), matrix(J, n), 1, n, n);
    const added = Number.EPSILON * lengthOf(P) * lengthOf(J);
    for (let i = 0; i < n; i++) moved[i] += added * random.normal();
    [P, next, noise] = [next, P, moved];
    const length = lengthOf(P);
    if (length > 0 && Number.isFinite(length)) {
      for (let i = 0; i < P.length; i++) P[i] /= length;
      for (let i = 0; i < n; i++) noise[i] /= length;
      scale += Math.log(length);
    }
    if (lags.includes(lag)) found.push(valuesOf(P, n, scale, Math.log(margin * lengthOf(noise)) + scale));
    await pause();
  }
  return found;
}

function valuesOf(P: Float64Array, n: number, scale: number, floor: number): Found {
  const values = new SingularValues(P, n);
  const logs: number[] = [];
  for (let place = 0; place < n; place++) {
    const log = Math.log(values.at(place)) + scale;
    if (!(log >= floor)) break;
    logs.push(log);
  }
  return { logs: Float64Array.from(logs), floor: logs.length === n ? -Infinity : floor };
}

/** Where J_t is diagonal, its products are as it is. */
function ofFactors(
  { size, logFactors }: StateBlock,
  order: Int32Array,
  target: number,
  lags: readonly number[],
): Found[] {
  const sum = new Float64Array(size);
  const factors = new Float64Array(size);
  let at = 0;
  return lags.map((lag) => {
    for (; at < lag; at++) {
      logFactors?.(order[target - at], factors);
      for (let i = 0; i < size; i++) sum[i] += factors[i];
    }
    return { logs: sum.slice(), floor: -Infinity };
  });
}
