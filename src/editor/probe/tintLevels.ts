/** The nine tints; which of them a gradient gets, on the scale of r_t = log₁₀(‖∂ℓ_τ/∂h_t‖ / ‖∂ℓ_τ/∂h_τ‖); and runs and regions of them. */
import type { KeysOf } from '../../messages';
import type { Thresholds } from '../../terms/regions';

/** Where the levels of either side begin, in multiples of the threshold: one before it, and three in a region. */
const levelStarts = [1 / 3, 1, 5 / 3, 8 / 3];

export const levelsPerSide = levelStarts.length;

/** From this level on a token is in a region. */
export const regionLevel = 2;

export type TintKind = 'vanishing' | 'exploding' | 'zero';

export interface Tint {
  readonly kind: TintKind;
  /** 1 … `levelsPerSide`; 1 for zero. */
  readonly level: number;
}

/** Tokens from `from` to before `to` with the same tint. */
export interface TintRun extends Tint {
  readonly from: number;
  readonly to: number;
}

/** The tint for r_t; undefined near the target's own size, and where the token cannot reach the target (NaN). */
export function tintOf(relative: number, thresholds: Thresholds): Tint | undefined {
  if (Number.isNaN(relative)) return undefined;
  if (relative === -Infinity) return { kind: 'zero', level: 1 };
  const kind = relative < 0 ? 'vanishing' : 'exploding';
  const multiple = relative / thresholds[kind];
  const level = levelStarts.filter((start) => multiple >= start).length;
  return level >= 1 ? { kind, level } : undefined;
}

/** Neighbors of one tint joined. @param tints one for each token of the probe */
export function tintRuns(tints: readonly (Tint | undefined)[]): TintRun[] {
  const runs: TintRun[] = [];
  tints.forEach((tint, token) => {
    if (!tint) return;
    const last = runs.at(-1);
    if (last && last.to === token && last.kind === tint.kind && last.level === tint.level)
      runs[runs.length - 1] = { ...last, to: token + 1 };
    else runs.push({ ...tint, from: token, to: token + 1 });
  });
  return runs;
}

/** A stretch of tokens in which the gradient has vanished or exploded, `from` to before `to`. */
export interface TintRegion {
  readonly kind: 'vanishing' | 'exploding';
  readonly from: number;
  readonly to: number;
}

/** Of either kind the region that lies nearest before the target: where the way back is first lost. One that begins at 0 is all of the text before it. */
export function nearestRegions(tints: readonly (Tint | undefined)[], target: number): TintRegion[] {
  const regions: TintRegion[] = [];
  for (const kind of ['vanishing', 'exploding'] as const) {
    // What is exactly zero has vanished too.
    const isInside = (token: number) => {
      const tint = tints.at(token);
      return (
        tint !== undefined &&
        (tint.kind === kind ? tint.level >= regionLevel : kind === 'vanishing' && tint.kind === 'zero')
      );
    };
    let last = target - 1;
    while (last >= 0 && !isInside(last)) last -= 1;
    if (last < 0) continue;
    let from = last;
    while (from > 0 && isInside(from - 1)) from -= 1;
    regions.push({ kind, from, to: last + 1 });
  }
  return regions;
}

/** What is said of a region in the text: “before here” only where nothing before it is outside. */
export function noteKey({ kind, from }: TintRegion): KeysOf<'tint'> {
  if (kind === 'vanishing') return from === 0 ? 'tint.vanishingBefore' : 'tint.vanishingAt';
  return from === 0 ? 'tint.explodingBefore' : 'tint.explodingAt';
}
