/** The source × target matrix of a probe: the per-target gradient of every target at once. */
export interface TargetMatrix {
  readonly trainingStep: number;
  /** Symbols of the T inputs. */
  readonly tokens: readonly string[];
  /** Layer whose states are the sources: the top one, in its first direction. */
  readonly layer: number;
  /** T × T, row τ, column t: log₁₀(‖∂ℓ_τ/∂h_t‖ / ‖∂ℓ_τ/∂h_τ‖); NaN where h_t cannot reach τ, −Infinity where the gradient is exactly zero. */
  readonly values: Float32Array;
}
