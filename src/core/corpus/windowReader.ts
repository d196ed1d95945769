/** Where the windows of a training or a validation come from. */
export interface WindowReader {
  /** B: streams side by side. */
  readonly batch: number;
  /** Most steps of a window. */
  readonly steps: number;
  /**
   * Fills a window, time-major: element (t, b) at t·B + b. Inputs and targets are ids, −1 in padding; targets are −1 also where nothing
   * is to be predicted. `lengths[b]` is the number of steps of stream b. Returns the steps of this window, and whether the streams
   * start anew, so that no state carries over.
   */
  next(inputs: Int32Array, targets: Int32Array, lengths: Int32Array): { steps: number; restarts: boolean };
  /** What must be saved to go on with the same windows: whole numbers by name. */
  readonly state: Readonly<Record<string, number>>;
  restore(state: Readonly<Record<string, number>>): void;
}
