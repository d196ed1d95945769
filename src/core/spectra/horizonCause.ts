/** Which one thing explains the horizon, if the numbers decide it: docs/quantities.md has the rule, and why it is sound. */
import { joinedLogarithms } from '../analysis/boundaries';
import { inputFlow, perTargetInFloat64 } from '../float64/float64PerTarget';
import type { Float64Trace } from '../float64/float64Trace';
import { LowestInput } from '../float64/lowestInput';
import { fallOf, horizonParts, type HorizonParts } from './horizonParts';

/** What explains the horizon makes up this part of the fall at least: without it, an even fall would go on at most a quarter farther. */
const minShare = 0.8;

export interface HorizonCause {
  /**
   * `matrix`: R makes it shorter. `saturation`: saturated units let little through. `slope`: the activation's slope does, but not by saturated units alone. `decay`: the gates, or step sizes, that
   * the layer has chosen keep so little. `depth`: it is lost from layer to layer, at the target's own step.
   */
  readonly name: 'matrix' | 'saturation' | 'slope' | 'decay' | 'depth';
  /** Whose horizon it is; of depth the lowest layer's, of what that reads. */
  readonly layer: number;
  /** Lag. */
  readonly horizon: number;
  /** Part of the fall, in logarithms; of a decay, of what arrives there. About 1 at most, or 1 / minShare of a decay. */
  readonly share: number;
  /** The same of saturated units; only of a slope. */
  readonly saturatedShare?: number;
  /** ln of what is left of the gradient by that alone, at the horizon; of depth, at the target's own step. −Infinity where nothing is. */
  readonly left: number;
  /** ln of what is left at the horizon by everything together. */
  readonly fall: number;
}

/** Null where there is no horizon, or nothing makes up enough of it. @param vanishing log₁₀ of the threshold */
export async function horizonCause(
  trace: Float64Trace,
  target: number,
  vanishing: number,
): Promise<HorizonCause | null> {
  const depth = trace.layers.length > 1 ? await inDepth(trace, target, vanishing) : null;
  if (depth) return depth;
  const parts = await horizonParts(trace, target, vanishing);
  return parts && inTime(parts, trace.layers.length - 1);
}

function inTime(parts: HorizonParts, layer: number): HorizonCause | null {
  const { horizon, fall } = parts;
  const of = { layer, horizon, fall };
  switch (parts.through) {
    case 'factors':
      return { ...of, name: 'decay', share: 1, left: fall };
    case 'gates': {
      // A fall of the same size alone can be chance: what arrives has to be what was kept.
      const isSo = isShare(parts.kept / fall) && isShare(parts.arrived);
      return isSo ? { ...of, name: 'decay', share: parts.arrived, left: parts.kept } : null;
    }
    case 'matrix': {
      const { slopes, matrix, saturated } = parts;
      const lost = Math.max(0, -slopes) + Math.max(0, -matrix);
      const share = (part: number): number => (part === -Infinity ? 1 : Math.max(0, -part) / lost);
      if (share(matrix) >= minShare) return { ...of, name: 'matrix', share: share(matrix), left: matrix };
      if (share(saturated) >= minShare) return { ...of, name: 'saturation', share: share(saturated), left: saturated };
      if (share(slopes) >= minShare)
        return { ...of, name: 'slope', share: share(slopes), saturatedShare: share(saturated), left: slopes };
      return null;
    }
  }
}

function isShare(part: number): boolean {
  return part >= minShare && part <= 1 / minShare;
}

/** Of what the lowest layer reads, relative to what the output layer reads at the target: first all layers down, then back in time. */
async function inDepth(trace: Float64Trace, target: number, vanishing: number): Promise<HorizonCause | null> {
  const found = await perTargetInFloat64(trace, target);
  const lowest = inputFlow(found, new LowestInput(trace.model, trace.steps));
  const top =
    found.inputs[trace.layers.length] ?? joinedLogarithms(found.norms[trace.layers.length - 1].map(([h]) => h));
  const left = (lowest[target] - top[target]) * Math.LN10;
  if (Number.isNaN(left) || !(left <= vanishing * Math.LN10)) return null;
  const inTimeToo = fallOf(lowest, target, vanishing);
  if (!inTimeToo && left > -Infinity) return null;
  const fall = left + (inTimeToo?.fall ?? 0);
  const share = left === -Infinity ? 1 : left / fall;
  return share >= minShare ? { name: 'depth', layer: 0, horizon: inTimeToo?.horizon ?? 0, share, left, fall } : null;
}
