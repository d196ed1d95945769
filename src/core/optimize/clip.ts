/** Gradient clipping by value and by global norm, as PyTorch's `clip_grad_value_` and `clip_grad_norm_`. */
import { at } from '../../kernels/arena';
import type { Kernels } from '../../kernels/exports';
import { UserError } from '../../userError';

/** Added to the norm before dividing, as PyTorch does. */
const epsilon = 1e-6;

export interface ClipSettings {
  /** Largest global L2 norm, or null for none. */
  readonly clipNorm: number | null;
  /** Largest magnitude of an entry, or null for none. */
  readonly clipValue: number | null;
}

export interface ClipResult {
  /** Global L2 norm of the gradient as it came, … */
  readonly before: number;
  /** … and as it is left. */
  readonly after: number;
  /** Fraction of the entries that were cut to ±clipValue. */
  readonly clippedFraction: number;
}

/**
 * Clips `gradient`, an array of the kernels' arena, in place: first each entry by value, then what that leaves by norm, so that both limits hold in the end. (The other
 * way round the norm would be lowered twice.) The norm before is always of the unclipped gradient.
 */
export function clip(gradient: Float32Array, { clipNorm, clipValue }: ClipSettings, kernels: Kernels): ClipResult {
  const before = Math.sqrt(kernels.sumOfSquares(at(gradient), gradient.length));
  if (clipValue === null) return { before, after: clipByNorm(gradient, before, clipNorm, kernels), clippedFraction: 0 };
  const cut = kernels.clampMagnitude(at(gradient), gradient.length, clipValue);
  const left = Math.sqrt(kernels.sumOfSquares(at(gradient), gradient.length));
  return { before, after: clipByNorm(gradient, left, clipNorm, kernels), clippedFraction: cut / gradient.length };
}

/** Scales `gradient`, whose L2 norm is `norm`, so that it is at most `maximum`; null is no limit. Returns the norm that is left. */
function clipByNorm(gradient: Float32Array, norm: number, maximum: number | null, kernels: Kernels): number {
  if (maximum === null || !(norm > maximum)) return norm;
  const factor = maximum / (norm + epsilon);
  kernels.scale(at(gradient), gradient.length, factor);
  return norm * factor;
}

/** Throws a UserError where a setting cannot be used. */
export function checkClipping({ clipNorm, clipValue }: ClipSettings): void {
  if (clipNorm !== null && !(clipNorm > 0)) {
    throw new UserError('error.setting.clipNorm', String(clipNorm));
  }
  if (clipValue !== null && !(clipValue > 0)) {
    throw new UserError('error.setting.clipValue', String(clipValue));
  }
}
