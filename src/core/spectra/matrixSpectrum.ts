/** How a recurrent matrix by itself changes lengths. */
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import type { Weights } from '../model/generalModel';
import { SingularValues } from './singularValues';

/** Beyond this the eigenvalues take minutes. */
export const maxSize = 1024;

/** Of block `block` of R [G·H, H]: ρ, the largest |eigenvalue|, and ‖·‖₂. Null where it is too large, or has numbers that are not finite. */
export function matrixSpectrumOf(
  R: Weights,
  H: number,
  block: number,
): { readonly spectralRadius: number; readonly spectralNorm: number } | null {
  const values = R.subarray(block * H * H, (block + 1) * H * H);
  if (H > maxSize || !values.every(Number.isFinite)) return null;
  // The library squares entries, and never ends where that leaves float64. A power of two changes no digit.
  let largest = 0;
  for (const value of values) largest = Math.max(largest, Math.abs(value));
  const scale = largest > 0 ? 2 ** Math.floor(Math.log2(largest)) : 1;
  const scaled = Array.from(values, (value) => value / scale);
  const { realEigenvalues, imaginaryEigenvalues } = new EigenvalueDecomposition(Matrix.from1DArray(H, H, scaled));
  const spectralRadius =
    scale * realEigenvalues.reduce((max, real, i) => Math.max(max, Math.hypot(real, imaginaryEigenvalues[i])), 0);
  return { spectralRadius, spectralNorm: new SingularValues(Float64Array.from(values), H).at(0) };
}
