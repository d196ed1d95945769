/** What a cell is: the recurrence of one layer in one direction. Its equations, forward and backward, stand in its kernels. */
import type { Kernels } from '../../kernels/exports';
import type { Activation } from '../../layers/activation';
import type { LayerOptions } from '../../layers/options';
import type { DirectionTape } from '../model/directionTape';

export interface CellSettings {
  readonly hiddenSize: number;
  readonly activation: Activation;
  readonly options: LayerOptions;
}

/** Streams that one call of a kernel handles. */
export interface Part {
  readonly first: number;
  readonly count: number;
}

/** What every recurrence of a window needs; addresses are in bytes. */
interface Pass extends CellSettings {
  readonly tape: DirectionTape;
  /** T and B. */
  readonly steps: number;
  readonly batch: number;
  /** Int32 [B]: steps of each stream; 0 where all have T. */
  readonly lengths: number;
  /** A FixedMatrix: Rᵀ on the way forward, R on the way back. For a step's kernel the product with it instead: [G·H, B] or [H, B], or 0. Of a kind without R 0. */
  readonly R: number;
  readonly own: OwnParameters;
}

/** The parameters of the kind's own, by role. */
type OwnParameters = Readonly<Record<string, number>>;

export interface ForwardPass extends Pass {
  /** The tape's gates hold W x + Wb + Rb; where `linearBeforeReset` W x + Wb, and Rb is here: [G·H]. */
  readonly Rb: number;
  /** [G·H]: Wb + Rb, of a kind with `gatesOfInput`, whose tape's gates hold W x alone. */
  readonly bias: number;
  /** [B, G·H], where `linearBeforeReset`. */
  readonly scratch: number;
}

/** Activations of gates that see the input alone. */
export interface GatesOfInput extends Pick<CellSettings, 'hiddenSize' | 'options'> {
  readonly rows: number;
  readonly bias: number;
  /** [rows, G·H], in: W x; out: the activations. */
  readonly gates: number;
  /** Int32 [rows]: how often each of them is read. */
  readonly occurrences: number;
  /** Where they are counted, as of `forwardArguments`, or 0. */
  readonly counts: number;
}

export interface BackwardPass extends Pass {
  /** k2: gradients do not pass from step t to t − 1 where k2 divides t; 0 for no such cut. */
  readonly truncation: number;
  /** [T, B, H], in: what reaches the first state of each step from above; out: its gradient ∂L/∂h_t. */
  readonly hidden: number;
  /** Of each state [B, H], in: its gradient after the window; out: before it. */
  readonly carried: readonly number[];
  /** [T, B, G·H], out: gradient of the pre-activations as W sees them, or by token += their sums, [V + 1, G·H]; … */
  readonly preActivations: number;
  /** … and as R sees them; the same unless `linearBeforeReset`. */
  readonly recurrentPreActivations: number;
  /** Of a kind with `gatesOfInput`: Float64 [G·H] += Σ over the steps of the former, and Float32 [G·H] of scratch behind it; 0 where they are not wanted. */
  readonly sums: number;
}

/** One step back of many rows, all through the same activations: those of a tape of one stream. */
export interface StepBack extends CellSettings {
  readonly tape: DirectionTape;
  readonly step: number;
  readonly rows: number;
  readonly own: OwnParameters;
  /** [rows, H]: in ∂ℓ/∂h_t. */
  readonly hidden: number;
  /** [rows, F·H], of the F states behind the first: in what comes through those of the step after, out ∂ℓ/∂s_{t−1}; and out ∂ℓ/∂s_t, whole. */
  readonly further: number;
  readonly furtherTotal: number;
  /** [rows, G·H], out. */
  readonly preActivations: number;
  readonly recurrentPreActivations: number;
  /** [rows, H], out: the part of ∂ℓ/∂h_{t−1} that does not pass through R. */
  readonly previous: number;
}

/** A stretch of rows of a window that has been run back: (t, b) by (t, b). */
export interface GradientRows {
  readonly rows: number;
  readonly hiddenSize: number;
  /** [rows, H]: each state before its step. */
  readonly before: readonly Float32Array[];
  /** [rows, H] and [rows, G·H]: ∂L/∂h_t, and ∂L/∂a_t as W sees it. */
  readonly hidden: Float32Array;
  readonly preActivations: Float32Array;
}

export interface Kink {
  readonly block: number;
  readonly at: number;
}

export interface Cell {
  /** The candidate's recurrent part stands behind the reset gate: R sees other gradients than W, and Rb is not added to Wb. */
  readonly linearBeforeReset: boolean;
  /** ∂h_{t−1} has a part that does not pass through R, which `stepBack` gives. */
  readonly bypassesR: boolean;
  /** Of a kind whose gates see the input alone. Its kernels add the bias themselves, and can read the gates by token. */
  gatesOfInput?(kernels: Kernels, rows: GatesOfInput): void;
  /** Where what is kept of a gate's block has a derivative that jumps: rounding may put a unit on the other side. */
  kink?(settings: Pick<CellSettings, 'activation' | 'options'>): Kink | null;
  /** What a pass forward counts, one after another: see `Saturation`. */
  readonly counts: readonly string[];
  readonly forwardKernel: keyof Kernels;
  /** One step of it; its arguments are the same and the step's number on the way. Null of a kind without R, whose steps have no products. */
  readonly forwardStepKernel: keyof Kernels | null;
  /** @param counts address of Int32, one for each of `counts` */
  forwardArguments(pass: ForwardPass, part: Part, counts: number): number[];
  readonly backwardKernel: keyof Kernels;
  readonly backwardStepKernel: keyof Kernels | null;
  /** @param squares address of Float64: of each state [T] sums of squares of ∂L/∂s_t */
  backwardArguments(pass: BackwardPass, part: Part, squares: number): number[];
  stepBack(kernels: Kernels, step: StepBack): void;
  /** Writes ∂L/∂(a parameter of the kind's own), summed over the rows. */
  ownGradient?(role: string, out: Float32Array, rows: GradientRows): void;
}
