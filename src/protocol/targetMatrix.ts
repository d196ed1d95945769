/** The source × target matrix of a probe: the per-target gradient of every target at once. */
export interface MatrixRequest {
  readonly text: string;
  /** In graph mode the tensor by which; null for the embedding, or the first of those that are shown where there is none. Not used otherwise. */
  readonly series: string | null;
}

export interface TargetMatrix {
  readonly trainingStep: number;
  /** Symbols of the T inputs. */
  readonly tokens: readonly string[];
  /** Layer whose states are the sources: the top one, in its first direction. Null in graph mode. */
  readonly layer: number | null;
  /** Name of the tensor that is the source; only in graph mode. */
  readonly series: string | null;
  /** T × T, row τ, column t: log₁₀(‖∂ℓ_τ/∂h_t‖ / ‖∂ℓ_τ/∂h_τ‖); NaN where h_t cannot reach τ, −Infinity where the gradient is exactly zero. */
  readonly values: Float32Array;
}
