/**
 * What a model's loss is: from what the output layer gives at a step, y = W top + b, to ℓ of that step, and back to ∂ℓ/∂y. All else of a training step, and of what is looked at, is
 * the same whatever is predicted.
 */
import type { Arena } from '../../kernels/arena';
import type { Floats } from '../model/trace';

/** What the output layer gives, and what it is compared with, of some steps. */
export interface Outputs<F extends Floats> {
  /** Steps, or steps of all streams. */
  readonly rows: number;
  /** rows × V: y before `losses`; behind it what is predicted. */
  readonly probabilities: F;
  /** Ids; less than 0 where nothing is to be predicted. */
  readonly targets: Int32Array;
  /** rows × V: the numbers that are to be predicted; empty of tokens. */
  readonly targetNumbers: F;
  /** rows: −ℓ, 0 where nothing is to be predicted. */
  readonly targetLogProbabilities: F;
}

/** The same on a tape. */
export interface TapeOutputs extends Outputs<Float32Array> {
  readonly arena: Arena;
}

export interface Objective {
  /** From y to what is predicted, and to −ℓ. */
  losses(outputs: TapeOutputs): void;
  /** ∂ℓ/∂y · scale of `rows` rows from `first` on, into `out` from its beginning; zeros where nothing is to be predicted. @param out in the tape's arena */
  gradient(outputs: TapeOutputs, first: number, rows: number, scale: number, out: Float32Array): void;
  /** The same without a scale, and so that the gradient of a prediction that is nearly sure loses no digits. */
  errors(outputs: TapeOutputs, first: number, rows: number, out: Float32Array): void;
  /** As `losses`, in float64. */
  losses64(outputs: Outputs<Float64Array>): void;
  /** V: ∂ℓ/∂y of one step, in float64. */
  error64(outputs: Outputs<Float64Array>, row: number): Float64Array;
}
