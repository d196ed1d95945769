/** Orders in which the unit map can show its units. */
import type { UnitStatistics } from './statistics';

export const unitOrders = ['index', 'saturation', 'variance', 'similarity'] as const;
export type UnitOrder = (typeof unitOrders)[number];

/** Steps looked at to compare units. */
const maxSamples = 96;
const iterations = 40;

/** Unit at each row, first row on top; null is as they are. Values are T × H, time-major. */
export function orderOf(
  order: UnitOrder,
  values: Float32Array,
  units: number,
  { left, right, variance }: UnitStatistics,
): Uint32Array | null {
  switch (order) {
    case 'index':
      return null;
    case 'saturation':
      return left && right ? descending(left.map((share, u) => share + right[u])) : null;
    case 'variance':
      return descending(variance);
    case 'similarity':
      return bySimilarity(values, units);
  }
}

function descending(keys: Float64Array): Uint32Array {
  return Uint32Array.from(keys.keys()).sort((a, b) => keys[b] - keys[a] || a - b);
}

/**
 * Units that move together lie together: by their angle in the plane of the two leading principal components of the units' courses
 * (Friendly, “Corrgrams”, The American Statistician 56, 2002), cut at the widest gap.
 */
function bySimilarity(values: Float32Array, units: number): Uint32Array {
  const series = standardized(values, units);
  const first = leading(series, units, null);
  const second = leading(series, units, first);
  const angles = Array.from({ length: units }, (_, u) => Math.atan2(second[u], first[u]));
  const order = Uint32Array.from(angles.keys()).sort((a, b) => angles[a] - angles[b] || a - b);
  let [cut, widest] = [0, 2 * Math.PI + angles[order[0]] - angles[order[units - 1]]];
  for (let i = 1; i < units; i++) {
    const gap = angles[order[i]] - angles[order[i - 1]];
    if (gap > widest) [cut, widest] = [i, gap];
  }
  return Uint32Array.from([...order.subarray(cut), ...order.subarray(0, cut)]);
}

/** Some steps of every unit, S × H, with mean 0 and length 1 over the steps; a unit that never moves is 0. */
function standardized(values: Float32Array, units: number): Float64Array[] {
  const steps = values.length / units;
  const count = Math.min(steps, maxSamples);
  const samples = Array.from({ length: count }, (_, i) => {
    const start = Math.floor((i * steps) / count) * units;
    return Float64Array.from(values.subarray(start, start + units), (value) => (Number.isFinite(value) ? value : 0));
  });
  for (let u = 0; u < units; u++) {
    const mean = samples.reduce((sum, sample) => sum + sample[u], 0) / count;
    const length = Math.sqrt(samples.reduce((sum, sample) => sum + (sample[u] - mean) ** 2, 0));
    for (const sample of samples) sample[u] = length > 1e-12 ? (sample[u] - mean) / length : 0;
  }
  return samples;
}

/** The leading eigenvector of the units' correlations by power iteration, orthogonal to `other`. */
function leading(samples: readonly Float64Array[], units: number, other: Float64Array | null): Float64Array {
  // Begins the same for everybody, and along no axis.
  let vector = Float64Array.from({ length: units }, (_, u) => 1 + 0.5 * Math.sin(u + (other ? 2 : 1)));
  for (let i = 0; i < iterations; i++) {
    const next = new Float64Array(units);
    for (const sample of samples) {
      let dot = 0;
      for (let u = 0; u < units; u++) dot += sample[u] * vector[u];
      for (let u = 0; u < units; u++) next[u] += dot * sample[u];
    }
    if (other) {
      let along = 0;
      for (let u = 0; u < units; u++) along += next[u] * other[u];
      for (let u = 0; u < units; u++) next[u] -= along * other[u];
    }
    const length = Math.hypot(...next);
    if (length < 1e-12) return next;
    vector = next.map((value) => value / length);
  }
  return vector;
}
