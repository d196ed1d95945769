/**
 * Lyapunov exponents of the carried state along a text: how fast directions of s_t grow or shrink, in nats per step. By repeated QR (Benettin et al. 1980, Shimada &
 * Nagashima 1979): V ← J_t V, V = Q R, V ← Q; an exponent is the mean of ln |R_jj| over the steps. Of many directions V = X U, V ← X stands for most of the QRs, with LU's
 * ln |U_jj| in their sums: see triangularize.ts.
 */
import { Random } from '../model/random';
import type { CarriedState, StateBlock } from './carriedState';
import { orthonormalize } from './orthonormal';
import { triangularize } from './triangularize';

export interface LyapunovSpectrum {
  /** Nats per step, largest first; −Infinity of a direction that is lost at some step. */
  readonly exponents: Float64Array;
  /** How many steps had been read at each record, the last of which is the whole text. */
  readonly ends: Int32Array;
  /** Of each record, in the order of `exponents`: ln of the growth since the record before. */
  readonly growth: readonly Float64Array[];
}

/** Of the directions that are followed where not all are. */
const seed = 1;
/** Numbers of a block up to which all its exponents are computed: which are the largest is then no matter of where the directions began. */
const maxWhole = 128;
/** Records of a text at most, about. */
const maxRecords = 32;
/** Directions from which LU keeps them apart inside a record, and QR at its end alone: it is less work, and sums up to the same. */
const minForTriangles = 48;
/** Steps from one QR or LU to the next at most. */
const longest = 8;
/** Between two of them the directions may come so near each other (nats): the digits that costs are those behind the twelfth. */
const maxSpread = Math.log(1e4);
/** With more than that, the steps are done again one by one. */
const tooMuch = Math.log(1e6);

/** Numbers of the largest block of which only K random directions are followed; 0 where there is none. */
export function largestSampled({ blocks }: CarriedState, count: number): number {
  return blocks.reduce(
    (most, { size, logFactors }) => (logFactors || directionsOf(size, count) === size ? most : Math.max(most, size)),
    0,
  );
}

/** How many directions of a block are followed. */
function directionsOf(size: number, count: number): number {
  return size <= maxWhole ? size : Math.min(count, size);
}

/**
 * @param count K: so many exponents, or all where there are no more  @param pause called now and then; throws when it is canceled
 * @param followed so many directions of a block, random ones, in place of all of a small block, or of K: quicker, and rough
 */
export async function lyapunovSpectrum(
  state: CarriedState,
  count: number,
  pause: () => Promise<void>,
  followed: number | null = null,
): Promise<LyapunovSpectrum> {
  const { order, blocks } = state;
  const every = Math.max(1, Math.ceil(order.length / maxRecords));
  const ends: number[] = [];
  for (let end = every; end < order.length; end += every) ends.push(end);
  ends.push(order.length);
  const found: Float64Array[][] = [];
  for (const block of blocks) {
    const growth = block.logFactors
      ? ofFactors(block.logFactors, block.size, order, ends)
      : await ofBlock(
          block,
          followed === null ? directionsOf(block.size, count) : Math.min(followed, block.size),
          order,
          ends,
          pause,
        );
    found.push(growth);
  }
  return largestOf(found, ends, count);
}

/** Of all blocks together, the largest; those that are no numbers stand before all, since nothing can be said then of any. @param found of each block, of each record its growths */
function largestOf(found: readonly Float64Array[][], ends: readonly number[], count: number): LyapunovSpectrum {
  const steps = ends[ends.length - 1];
  const all = found.flatMap((growth) =>
    Array.from(growth[0], (_, j) => ({ growth, j, sum: growth.reduce((sum, record) => sum + record[j], 0) })),
  );
  const rank = ({ sum }: { readonly sum: number }) => (Number.isNaN(sum) ? Infinity : sum);
  const kept = all.toSorted((a, b) => (rank(a) === rank(b) ? 0 : rank(b) - rank(a))).slice(0, count);
  return {
    exponents: Float64Array.from(kept, ({ sum }) => sum / steps),
    ends: Int32Array.from(ends),
    growth: ends.map((_, record) => Float64Array.from(kept, ({ growth, j }) => growth[record][j])),
  };
}

/** Where J_t is triangular and its diagonal known, growths are that diagonal's. */
function ofFactors(
  logFactors: NonNullable<StateBlock['logFactors']>,
  size: number,
  order: Int32Array,
  ends: readonly number[],
): Float64Array[] {
  const factors = new Float64Array(size);
  let step = 0;
  return ends.map((end) => {
    const growth = new Float64Array(size);
    for (; step < end; step++) {
      logFactors(order[step], factors);
      for (let j = 0; j < size; j++) growth[j] += factors[j];
    }
    return growth;
  });
}

async function ofBlock(
  { size: n, advance }: StateBlock,
  k: number,
  order: Int32Array,
  ends: readonly number[],
  pause: () => Promise<void>,
): Promise<Float64Array[]> {
  if (!advance) throw new Error('a block has neither a Jacobian nor factors');
  let V = firstDirections(n, k);
  let before = V.slice();
  // The columns of V among the k directions: those that are not lost.
  const kept = Array.from({ length: k }, (_, j) => j);
  const found: Float64Array[] = [];
  let length = 1;
  let step = 0;
  for (const end of ends) {
    const growth = new Float64Array(k).fill(-Infinity);
    for (const j of kept) growth[j] = 0;
    while (step < end) {
      const to = Math.min(end, step + length);
      const m = kept.length;
      if (m === 0) break;
      before.set(V);
      const logs = new Float64Array(m);
      for (let s = step; s < to; s++) advance(order[s], V, m);
      if (to < end && m >= minForTriangles) triangularize(V, n, m, logs);
      else orthonormalize(V, n, m, logs);
      const spread = spreadOf(logs);
      if (to - step > 1 && !(spread <= tooMuch)) {
        V.set(before);
        length = 1;
        continue;
      }
      const lost = logs.some(Number.isNaN) ? -1 : logs.indexOf(-Infinity);
      if (lost >= 0) {
        // Followed on, it would be a direction that nothing has led to, and take from those behind it what is theirs. Nor do they say yet whether they are lost too.
        V = withoutColumn(before, n, m, lost);
        before = V.slice();
        const [column] = kept.splice(lost, 1);
        growth[column] = -Infinity;
        continue;
      }
      kept.forEach((column, j) => {
        growth[column] += logs[j];
      });
      const perStep = spread / (to - step);
      step = to;
      length = Math.max(1, Math.min(longest, Math.floor(maxSpread / perStep) || 1));
    }
    found.push(growth);
    await pause();
  }
  return found;
}

/** @param V [n, k] */
function withoutColumn(V: Float64Array, n: number, k: number, column: number): Float64Array {
  const rest = new Float64Array(n * (k - 1));
  for (let i = 0, to = 0; i < n; i++) for (let j = 0; j < k; j++) if (j !== column) rest[to++] = V[i * k + j];
  return rest;
}

/** Of all n directions the state's own; of fewer, random ones, since a direction that is the state's own may never leave its unit. */
function firstDirections(n: number, k: number): Float64Array {
  const V = new Float64Array(n * k);
  if (k === n) {
    for (let i = 0; i < n; i++) V[i * n + i] = 1;
    return V;
  }
  const random = Random.fromSeed(seed);
  // Column by column: so that a direction is the same however many there are.
  for (let j = 0; j < k; j++) for (let i = 0; i < n; i++) V[i * k + j] = random.normal();
  orthonormalize(V, n, k, new Float64Array(k));
  return V;
}

/** How much faster one direction has grown than another; NaN where a value is none. */
function spreadOf(logs: Float64Array): number {
  let [least, most] = [Infinity, -Infinity];
  for (const log of logs) {
    least = Math.min(least, log);
    most = Math.max(most, log);
  }
  return most - least;
}
