/** How a recurrent matrix by itself changes lengths. */
import type { Weights } from '../model/generalModel';
import { Powers } from './powers';
import { SingularValues } from './singularValues';

/** Beyond this it takes minutes. */
export const maxSize = 1024;
/** m from which on ‖A^m‖^(1/m) can be as near to ρ as float64 can say, and at most. */
const leastPower = 2 ** 46;
const maxPower = 2 ** 60;
/** To about a thousandth. */
const roughPower = 2 ** 14;
const tolerance = 1e-14;

/** Of the radius. */
export type Precision = 'exactly' | 'roughly';

export interface MatrixSpectrum {
  /** ρ: the largest |eigenvalue|. */
  readonly spectralRadius: number;
  /** ‖·‖₂. */
  readonly spectralNorm: number;
}

/** Of block `block` of R [G·H, H]. Null where it is too large, or has numbers that are not finite. */
export function matrixSpectrumOf(
  R: Weights,
  H: number,
  block: number,
  precision: Precision = 'exactly',
): MatrixSpectrum | null {
  const values = blockOf(R, H, block);
  if (!values) return null;
  const powers = new Powers(values, H);
  while (isOpen(powers, precision)) powers.square();
  return { spectralRadius: Math.exp(powers.logRadius), spectralNorm: normOf(values, H) };
}

/** The same in pieces. @param pause called between them; throws when it is canceled */
export async function matrixSpectrumInPieces(
  R: Weights,
  H: number,
  block: number,
  pause: () => Promise<void>,
): Promise<MatrixSpectrum | null> {
  const values = blockOf(R, H, block);
  if (!values) return null;
  const powers = new Powers(values, H);
  while (isOpen(powers, 'exactly')) {
    powers.square();
    await pause();
  }
  return { spectralRadius: Math.exp(powers.logRadius), spectralNorm: normOf(values, H) };
}

function blockOf(R: Weights, H: number, block: number): Float64Array | null {
  const values = R.subarray(block * H * H, (block + 1) * H * H);
  return H <= maxSize && values.every(Number.isFinite) ? Float64Array.from(values) : null;
}

function normOf(values: Float64Array, n: number): number {
  return new SingularValues(values, n).at(0);
}

/** Whether another doubling would change anything. */
function isOpen({ m, logRadius, change }: Powers, precision: Precision): boolean {
  if (logRadius === -Infinity || m >= maxPower) return false;
  if (precision === 'roughly' && m >= roughPower) return false;
  // What the powers' own growth is beside ρ^m, a power of m at most, is nothing any more.
  return Math.abs(change) > tolerance || m < (precision === 'exactly' ? leastPower : roughPower);
}
