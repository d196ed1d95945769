/** What the layer leaves behind of a text in float64, and its parameters; the names are those of its equations in src/layers/kinds/mamba.ts. */
import { logistic } from '../../numeric';
import type { MambaSizes } from './sizes';
import type { Float64MixerLayer, Float64MixerTrace } from '../float64Mixer';

export interface MambaTrace extends Float64MixerTrace {
  readonly steps: number;
  /** T × I, as it was read. */
  readonly x: Float64Array;
  /** T × 2E: u, z. */
  readonly projected: Float64Array;
  /** [K − 1, E]: u before the first step, oldest first; null for zeros. */
  readonly inputsBefore: Float64Array | null;
  /** T × E: σ(z). */
  readonly gate: Float64Array;
  /** T × E: conv(u) + b_conv, σ of it, and φ of it. */
  readonly convolved: Float64Array;
  readonly convolvedGate: Float64Array;
  readonly v: Float64Array;
  /** T × (R + 2S): d, B, C. */
  readonly selected: Float64Array;
  /** T × E: Δ, the softplus of W_dt d + b_dt, and its slope. */
  readonly step: Float64Array;
  readonly stepSlope: Float64Array;
  /** E × S. */
  readonly A: Float64Array;
  /** [chunks, E, S]: h before every chunk of steps: see scan.ts. */
  readonly starts: Float64Array;
  /** T: Σ h². */
  readonly squares: Float64Array;
  /** T × E: h C + D ⊙ v, and that ⊙ φ(z). */
  readonly y: Float64Array;
  readonly gated: Float64Array;
  /** Computed when they are first asked for: T × E × S, exp(Δ A), and (T + 1) × E × S. */
  readonly kept: Float64Array;
  readonly h: Float64Array;
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

/** The convolution's weights, [K, E], those of its own step first. */
export function tapsOf({ E, K }: MambaSizes, { W_conv }: MambaParameters): Float64Array {
  const taps = new Float64Array(K * E);
  for (let k = 0; k < K; k++) for (let e = 0; e < E; e++) taps[k * E + e] = W_conv[e * K + K - 1 - k];
  return taps;
}

/** φ(x) = x σ(x). */
export function silu(x: number): number {
  return x * logistic(x);
}

/** φ′(x), from s = σ(x). */
export function siluSlope(x: number, s: number): number {
  return s * (1 + x * (1 - s));
}
