export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Between which two values the middle half lies. */
export function quartiles(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const quarter = Math.floor(sorted.length / 4);
  return [sorted[quarter], sorted[sorted.length - 1 - quarter]];
}

/** The value that a share of all does not exceed. */
export function percentile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}

/**
 * How many times as fast `ours` is: the ratio of the medians, and the least and greatest ratio within one round, whose two
 * measurements stand side by side in time.
 */
export function speedup(theirs, ours) {
  const rounds = theirs.map((seconds, i) => seconds / ours[i]);
  return { ratio: median(theirs) / median(ours), least: Math.min(...rounds), greatest: Math.max(...rounds) };
}
