// The adding problem (Hochreiter & Schmidhuber 1997), as Arjovsky et al. 2016 pose it, in sequences of numbers: two of the values are marked, and their sum is to be predicted.
import { mulberry32 } from './mulberry32.mjs';

const lines = 8192;

/** Σ of two uniform values has this variance: the mean squared error of one who always says 1. */
export const guessing = 1 / 6;

/**
 * One sequence as a line: each step a value of [0, 1) with two decimals and a mark; one mark lies in the first half, one in the second.
 * @param random a generator of numbers in [0, 1)
 */
export function addingLine(random, steps) {
  const half = Math.floor(steps / 2);
  const marked = [Math.floor(half * random()), half + Math.floor((steps - half) * random())];
  const hundredths = Array.from({ length: steps }, () => Math.floor(100 * random()));
  const row = (value, t) => `${(value / 100).toFixed(2)},${marked.includes(t) ? 1 : 0}`;
  const sum = marked.reduce((total, t) => total + hundredths[t], 0);
  return `${hundredths.map(row).join(' ')} = ${(sum / 100).toFixed(2)}`;
}

/** The text of docs/remedies.md, always the same. */
export function addingProblem(steps) {
  const random = mulberry32(steps);
  return Array.from({ length: lines }, () => `${addingLine(random, steps)}\n`).join('');
}

/** Of the variance of what is to be predicted, the part that a model explains: half for one who knows one of the two values. @param validationLoss mean squared error */
export function shareExplained(validationLoss) {
  return 1 - validationLoss / guessing;
}
