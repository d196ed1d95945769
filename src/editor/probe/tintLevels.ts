/** Which tint a token of the probe gets: in nine kinds, on the scale of r_t = log₁₀(‖∂ℓ_τ/∂h_t‖ / ‖∂ℓ_τ/∂h_τ‖). */
import type { Frame } from '../../protocol/frame';
import type { Thresholds } from '../../protocol/settings';

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

/**
 * The tints of a frame's tokens, neighbours of one tint joined. Reads each series once: it runs in the extension host.
 */
export function tintRuns(frame: Frame): TintRun[] {
  const relative = relativeFlow(frame);
  const runs: TintRun[] = [];
  for (let t = 0; t < relative.length; t++) {
    const tint = tintOf(relative[t], frame.header.thresholds);
    if (!tint) continue;
    const last = runs.at(-1);
    if (last && last.to === t && last.kind === tint.kind && last.level === tint.level) runs[runs.length - 1] = { ...last, to: t + 1 };
    else runs.push({ ...tint, from: t, to: t + 1 });
  }
  return runs;
}

/**
 * r_t of the state, of all layers, through which most of the gradient gets: text is lost to the target only where it vanishes
 * on every path, and an explosion on one path is an explosion. NaN where no state reaches the target.
 */
function relativeFlow({ header, data }: Frame): Float64Array {
  const steps = header.tokens.length;
  const largest = new Float64Array(steps).fill(NaN);
  for (const { name, offset } of header.series) {
    if (name !== 'flow' && name !== 'cellFlow') continue;
    const own = data[offset + header.target];
    if (!Number.isFinite(own)) continue;
    for (let t = 0; t < steps; t++) {
      const relative = data[offset + t] - own;
      if (!(relative <= largest[t])) largest[t] = Number.isNaN(relative) ? largest[t] : relative;
    }
  }
  return largest;
}
