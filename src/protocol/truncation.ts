/** The gradient of one window, cut by truncation and whole. */
export interface TruncationReport {
  readonly trainingStep: number;
  /** Symbols of the T inputs. */
  readonly tokens: readonly string[];
  /** Layer whose states `hidden` is of: the lowest. */
  readonly layer: number;
  readonly full: WindowGradient;
  readonly cuts: readonly TruncatedGradient[];
}

export interface WindowGradient {
  /** Global L2 norm over all parameters. */
  readonly norm: number;
  /** T values: ‖∂L/∂h_t‖, L the mean loss of the window. */
  readonly hidden: Float64Array;
}

export interface TruncatedGradient extends WindowGradient {
  readonly k2: number;
  /** Cosine of the angle to the whole gradient, over all parameters. */
  readonly cosine: number;
  /** Its norm divided by that of the whole gradient. */
  readonly relativeNorm: number;
}
