/**
 * What each token left in what the layer gives, with gates and step sizes held fixed (B, C, Δ, φ(z), and what the convolution made of the tokens before it):
 *   y_t = Σ_k ((Π_{j=k+1..t} exp(Δ_j A)) ⊙ (Δ_k ⊙ v_k) B_kᵀ) C_t + D ⊙ v_t,  then ⊙ φ(z_t) and W_out; the bias of the projection is the step's own.
 */
import { addRowsMatrix } from '../../float64/products';
import type { Float64MixerLayer } from '../float64Mixer';
import { parametersOf, silu, type MambaTrace } from './trace';
import { mambaSizes } from './sizes';

/** See `Float64Mixer.addContributions`. */
export function addContributions(
  layer: Float64MixerLayer,
  { projected, v, selected, step: sizes, kept }: MambaTrace,
  parts: Float64Array,
  weights: Float64Array,
  step: number,
): readonly Float64Array[] {
  const { O, E, S, R, width } = mambaSizes(layer);
  const { W_out, b_out, D } = parametersOf(layer);
  // Of each channel what its y counts for.
  const ofChannel = new Float64Array(E);
  addRowsMatrix(ofChannel, weights, 0, 0, W_out, 1, O, E);
  // Of each number of the state, going back: what is left of it at the step, read by C.
  const counts = new Float64Array(E * S);
  for (let e = 0; e < E; e++) {
    ofChannel[e] *= silu(projected[(2 * step + 1) * E + e]);
    parts[step] += ofChannel[e] * D[e] * v[step * E + e];
    for (let s = 0; s < S; s++) counts[e * S + s] = ofChannel[e] * selected[step * width + R + S + s];
  }
  b_out.forEach((bias, i) => (parts[step] += bias * weights[i]));
  for (let k = step; k >= 0; k--) {
    const B = k * width + R;
    for (let e = 0; e < E; e++) {
      let sum = 0;
      for (let s = 0; s < S; s++) {
        sum += counts[e * S + s] * selected[B + s];
        counts[e * S + s] *= kept[(k * E + e) * S + s];
      }
      parts[k] += sum * sizes[k * E + e] * v[k * E + e];
    }
  }
  return [];
}
