/** Gradient clipping by value and by global norm, as PyTorch's `clip_grad_value_` and `clip_grad_norm_`. */
import { norm } from '../numeric';
import { UserError } from '../userError';

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
 * Clips `gradient` in place: first each entry by value, then what that leaves by norm, so that both limits hold in the end. (The other
 * way round the norm would be lowered twice.) The norm before is always of the unclipped gradient.
 */
export function clip(gradient: Float32Array, { clipNorm, clipValue }: ClipSettings): ClipResult {
  if (clipValue === null) return { ...clipByNorm(gradient, clipNorm), clippedFraction: 0 };
  const before = norm(gradient);
  const clippedFraction = clipByValue(gradient, clipValue);
  const { after } = clipByNorm(gradient, clipNorm);
  return { before, after, clippedFraction };
}

/** Cuts each entry of `gradient` to ±`maximum`, in place. Returns the fraction of the entries that were larger. */
export function clipByValue(gradient: Float32Array, maximum: number): number {
  let cut = 0;
  for (let i = 0; i < gradient.length; i++) {
    const g = gradient[i];
    if (Math.abs(g) > maximum) {
      gradient[i] = g > 0 ? maximum : -maximum;
      cut++;
    }
  }
  return cut / gradient.length;
}

/** Scales `gradient` in place so that its L2 norm is at most `maximum`; null only measures. */
export function clipByNorm(gradient: Float32Array, maximum: number | null): { readonly before: number; readonly after: number } {
  const before = norm(gradient);
  if (maximum === null || !(before > maximum)) return { before, after: before };
  const scale = maximum / (before + epsilon);
  for (let i = 0; i < gradient.length; i++) gradient[i] *= scale;
  return { before, after: before * scale };
}

/** Throws a UserError where a setting cannot be used. */
export function checkClipping({ clipNorm, clipValue }: ClipSettings): void {
  if (clipNorm !== null && !(clipNorm > 0)) {
    throw new UserError('The clipping norm is {0}; it must be a positive number, or none.', String(clipNorm));
  }
  if (clipValue !== null && !(clipValue > 0)) {
    throw new UserError('The clipping value is {0}; it must be a positive number, or none.', String(clipValue));
  }
}
