/** Gradient clipping by global norm, as PyTorch's `clip_grad_norm_`. */
import { norm } from '../numeric';

/** Added to the norm before dividing, as PyTorch does. */
const epsilon = 1e-6;

export interface ClipResult {
  readonly before: number;
  readonly after: number;
}

/** Scales `gradient` in place so that its L2 norm is at most `maximum`; null only measures. */
export function clipByNorm(gradient: Float32Array, maximum: number | null): ClipResult {
  const before = norm(gradient);
  if (maximum === null || !(before > maximum)) return { before, after: before };
  const scale = maximum / (before + epsilon);
  for (let i = 0; i < gradient.length; i++) gradient[i] *= scale;
  return { before, after: before * scale };
}
