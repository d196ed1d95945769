/** A cap on the spectral radius of the recurrent matrices: what is beyond it is scaled down after an update. */
import { recurrentWeights } from '../../layers/parameters';
import { logRadiusBound } from '../spectra/radiusBound';
import type { Parameters } from '../model/parameters';

/** Scales each gate's block of every R, [H, H], so that ρ is at most `cap`; one that is below stays as it is, bit for bit. */
export function capRadii(parameters: Parameters, cap: number): void {
  for (const entry of parameters.layout.entries) {
    if (entry.parameter?.role !== recurrentWeights.role) continue;
    const values = parameters.view(entry);
    const H = entry.shape[1];
    for (let start = 0; start < values.length; start += H * H) {
      const block = values.subarray(start, start + H * H);
      const excess = logRadiusBound(block, H, Math.log(cap)) - Math.log(cap);
      if (!(excess > 0)) continue;
      const factor = Math.exp(-excess);
      for (let i = 0; i < block.length; i++) block[i] *= factor;
    }
  }
}
