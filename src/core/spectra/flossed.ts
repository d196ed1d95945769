/** What gradient flossing knows of one direction of a layer that has read a window. */
import type { TraceGradient } from '../layers/float64Cell';

export interface Flossed {
  /** λ, [k]. */
  readonly exponents: Float64Array;
  /** Adds the gradient of Σ λ² by what is on the trace, and by R [G·H, H] where it stands in Jacobians. */
  back(of: TraceGradient, R: Float64Array): void;
}
