/** What the layer leaves behind of a text in float64, and its parameters; the names are those of its equations in src/layers/kinds/mamba.ts. */
import { logistic } from '../../numeric';
import type { Float64MixerLayer, Float64MixerTrace } from '../float64Mixer';

export interface MambaTrace extends Float64MixerTrace {
  readonly steps: number;
  /** T × I, as it was read. */
  readonly x: Float64Array;
  /** T × 2E: u, z. */
  readonly projected: Float64Array;
  /** T × E: conv(u) + b_conv, and φ of it. */
  readonly convolved: Float64Array;
  readonly v: Float64Array;
  /** T × (R + 2S): d, B, C. */
  readonly selected: Float64Array;
  /** T × E: W_dt d + b_dt, and its softplus Δ. */
  readonly beforeStep: Float64Array;
  readonly step: Float64Array;
  /** E × S. */
  readonly A: Float64Array;
  /** T × E × S: exp(Δ A). */
  readonly kept: Float64Array;
  /** (T + 1) × E × S. */
  readonly h: Float64Array;
  /** T × E: h C + D ⊙ v, and that ⊙ φ(z). */
  readonly y: Float64Array;
  readonly gated: Float64Array;
}

export type MambaRole =
  'W_in' | 'b_in' | 'W_conv' | 'b_conv' | 'W_x' | 'W_dt' | 'b_dt' | 'A_log' | 'D' | 'W_out' | 'b_out';
export type MambaParameters = Readonly<Record<MambaRole, Float64Array>>;

const none = new Float64Array(0);

/** All of them; a bias that the layer does not have is empty. */
export function parametersOf({ parameters: p }: Pick<Float64MixerLayer, 'parameters'>): MambaParameters {
  const { W_in, b_in, W_conv, b_conv, W_x, W_dt, b_dt, A_log, D, W_out, b_out } = p;
  if (!(W_in && W_conv && b_conv && W_x && W_dt && b_dt && A_log && D && W_out))
    throw new Error('a parameter of the layer is missing');
  return { W_in, b_in: b_in ?? none, W_conv, b_conv, W_x, W_dt, b_dt, A_log, D, W_out, b_out: b_out ?? none };
}

/** φ(x) = x σ(x), and its slope. */
export function silu(x: number): number {
  return x * logistic(x);
}

export function siluSlope(x: number): number {
  const s = logistic(x);
  return s * (1 + x * (1 - s));
}
