/** The gradient of vectors side by side, from the gradients of its parts: what the layer above reads of a layer's directions. */

/** ‖(a, b, …)‖ step by step, from ‖a‖, ‖b‖, … */
export function joinedLengths(parts: readonly Float64Array[]): Float64Array {
  return parts[0].map((_, t) => Math.hypot(...parts.map((part) => part[t])));
}

/** The same of logarithms to base 10: NaN where no part can be reached, −Infinity where all that can are exactly zero. */
export function joinedLogarithms(parts: readonly Float64Array[]): Float64Array {
  return parts[0].map((_, t) => {
    const reached = parts.map((part) => part[t]).filter((value) => !Number.isNaN(value));
    if (reached.length === 0) return NaN;
    const largest = Math.max(...reached);
    if (!Number.isFinite(largest)) return largest;
    return largest + 0.5 * Math.log10(reached.reduce((sum, value) => sum + 10 ** (2 * (value - largest)), 0));
  });
}
