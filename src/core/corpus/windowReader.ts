/** Where the windows of a training or validation come from, however the corpus is read. */
import type { NumberRows } from '../model/numberRows';

export interface WindowInfo {
  /** Of this window: at most `WindowReader.steps`. */
  readonly steps: number;
  /** No state carries over from the window before. */
  readonly restarts: boolean;
}

/** Time-major: element (t, b) at t·B + b. */
export interface WindowReader {
  /** B. */
  readonly batch: number;
  /** Most steps of one window. */
  readonly steps: number;
  readonly windowsPerPass: number;
  /** What its ids stand for; only of numbers. */
  readonly numbers?: NumberRows;
  /** Tokens that are predicted in one pass. */
  readonly tokensPerPass: number;
  /**
   * Fills the first steps × B inputs and targets, and the steps of each stream. A target of −1 is nothing to predict, as in
   * padding, where the input is −1 as well.
   */
  next(inputs: Int32Array, targets: Int32Array, lengths: Int32Array): WindowInfo;
  /** What must be saved to continue with the same windows: whole numbers by name. */
  readonly state: Readonly<Record<string, number>>;
  /** Continues from a saved state of a reader made in the same way. */
  restore(state: Readonly<Record<string, number>>): void;
}
