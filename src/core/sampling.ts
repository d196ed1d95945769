/** Drawing the next token from a model's prediction. */
import { checkInteger } from './model/config';
import type { Random } from './model/random';
import { UserError } from '../userError';

export interface SamplingSettings {
  /** τ: probabilities are raised to 1/τ; 0 takes the likeliest token always. */
  readonly temperature: number;
  /** Only the K likeliest tokens can be drawn; null for all. */
  readonly topK: number | null;
  /** Only the fewest likeliest tokens that together have at least this probability, after the temperature; null for all. */
  readonly topP: number | null;
}

/** Returns the settings, or throws a UserError naming the one that cannot be used. */
export function checkSampling(settings: SamplingSettings): SamplingSettings {
  const { temperature, topK, topP } = settings;
  if (!(temperature >= 0) || !Number.isFinite(temperature)) {
    throw new UserError('error.setting.temperature', String(temperature));
  }
  if (topK !== null) checkInteger('quantity.topK', topK, 1, 1e9);
  if (topP !== null && !(topP > 0 && topP <= 1)) {
    throw new UserError('error.setting.topP', String(topP));
  }
  return settings;
}

/**
 * What every token's chance is proportional to; the likeliest has 1. Throws a UserError where no token can be drawn: of a prediction that is not finite, or that gives
 * no probability to any of those. Temperature, then top-k (Fan et al. 2018,
 * arXiv:1805.04833), then top-p, the nucleus (Holtzman et al. 2019, arXiv:1904.09751). Of equally likely tokens the first stays.
 * @param probabilities V of them
 * @param excluded ids that are never drawn
 */
export function samplingWeights(
  probabilities: ArrayLike<number>,
  { temperature, topK, topP }: SamplingSettings,
  excluded: ReadonlySet<number>,
): Float64Array {
  const allowed = Float64Array.from(probabilities, (p, id) => (excluded.has(id) ? 0 : p));
  // NaN where one of them is.
  const largest = allowed.reduce((max, p) => Math.max(max, p), 0);
  if (!(largest > 0 && Number.isFinite(largest))) throw new UserError('error.generate.notFinite');
  if (temperature === 0) return onlyFirst(allowed, allowed.indexOf(largest));
  // Relative to the largest, so that a small temperature does not underflow.
  const weights = allowed.map((p) => (p / largest) ** (1 / temperature));
  if (topK === null && topP === null) return weights;
  const ranked = Array.from(weights.keys()).sort((a, b) => weights[b] - weights[a]);
  const kept = nucleus(weights, ranked.slice(0, topK ?? ranked.length), topP);
  return weights.map((weight, id) => (kept.has(id) ? weight : 0));
}

/** An id drawn with these chances. */
export function draw(weights: Float64Array, random: Random): number {
  let rest = random.uniform() * weights.reduce((sum, weight) => sum + weight, 0);
  const drawn = weights.findIndex((weight) => (rest -= weight) < 0);
  // Rounding can leave a rest behind the last.
  return drawn < 0 ? weights.findIndex((weight) => weight === 1) : drawn;
}

function nucleus(weights: Float64Array, ranked: readonly number[], topP: number | null): ReadonlySet<number> {
  if (topP === null) return new Set(ranked);
  const whole = ranked.reduce((sum, id) => sum + weights[id], 0);
  let sum = 0;
  const enough = ranked.findIndex((id) => (sum += weights[id]) >= topP * whole);
  return new Set(ranked.slice(0, enough < 0 ? ranked.length : enough + 1));
}

function onlyFirst(weights: Float64Array, kept: number): Float64Array {
  return weights.map((_, id) => (id === kept ? 1 : 0));
}
