/** Parts of what the engine answers, of a stack and in graph mode. */

import type { Level } from '../terms/regions';

/** One target's gradient, step by step. */
export interface FlowReport {
  /** τ. */
  readonly target: number;
  /** log₁₀‖∂ℓ_τ/∂·_t‖₂; NaN where step t cannot reach τ, −Infinity where it is exactly zero. */
  readonly log10: Float64Array;
  readonly horizon: number | null;
  /** Null where it is not level; where it is, the horizon says nothing. */
  readonly level: Level | null;
}

export interface Prediction {
  readonly symbol: string;
  readonly probability: number;
}

export interface Contribution {
  /** The earlier token's index in the probe. */
  readonly token: number;
  readonly symbol: string;
  /** Its part of the logit, in nats; positive speaks for the token. */
  readonly score: number;
  /** Where most of that came through one of several attention heads: which, and its own part. */
  readonly head?: HeadContribution;
}

export interface HeadContribution {
  readonly layer: number;
  readonly head: number;
  readonly score: number;
}
