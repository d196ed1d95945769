/** Householder reflections. */
import { lengthOf } from '../numeric';

/**
 * (I − τ v vᵀ) x = (corner, 0, …, 0).
 * @param v in: x, at [0, length); out: v
 */
export function reflector(v: Float64Array, length: number): { readonly corner: number; readonly tau: number } {
  const size = lengthOf(v, 0, length);
  if (size === 0 || !Number.isFinite(size)) return { corner: size, tau: 0 };
  const sign = v[0] < 0 ? -1 : 1;
  for (let i = 0; i < length; i++) v[i] /= size;
  const tau = 1 / (1 + Math.abs(v[0]));
  v[0] += sign;
  return { corner: -sign * size, tau };
}
