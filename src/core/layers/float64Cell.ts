/** What a cell computes in float64, step by step: forward of one stream, backward of many gradients through the same activations. */
import type { GeneralDirection, GeneralLayer } from '../model/generalModel';
import type { ActivationFunction } from '../float64/activations';
import { addMatrixVector, addRowsMatrix } from '../float64/products';

/** One direction of a layer on the float64 trace. Step t reads the states at row `before(t)` and writes those at row `after(t)`. */
export interface Float64Direction {
  readonly layer: GeneralLayer;
  readonly parameters: GeneralDirection;
  readonly activations: readonly ActivationFunction[];
  /** (T + 1) × H each, in the order of the kind's states. */
  readonly states: readonly Float64Array[];
  /** T × G·H: the activations; of a vanilla RNN what goes into its activation. */
  readonly gates: Float64Array;
  /** T × G·H: what goes into the activations. */
  readonly preActivations: Float64Array;
  /** T × H, GRU: what R, and with linear_before_reset Rb, gives the candidate. */
  readonly recurrentCandidate: Float64Array;
  /** [G·H], scratch. */
  readonly scratch: Float64Array;
  /** Does the products of `addThroughState` faster, but for the last bits. */
  readonly throughState?: (
    out: Float64Array,
    outAt: number,
    x: Float64Array,
    xAt: number,
    gate: number,
    blocks: number,
  ) => void;
}

/** out += R's blocks from `gate` on, so many, times x [H]. */
export function addThroughState(
  { parameters: { R }, layer: { hiddenSize: H }, throughState }: Float64Direction,
  ...[out, outAt, x, xAt, gate, blocks]: [
    out: Float64Array,
    outAt: number,
    x: Float64Array,
    xAt: number,
    gate: number,
    blocks: number,
  ]
): void {
  if (throughState) throughState(out, outAt, x, xAt, gate, blocks);
  else addMatrixVector(out, outAt, gate === 0 ? R : R.subarray(gate * H * H), x, xAt, blocks * H, H);
}

/** Gradients of n scalars at one step. */
export interface StepBack {
  readonly n: number;
  /** Row of the states before the step, and after it. */
  readonly before: number;
  readonly after: number;
  readonly step: number;
  /** [n, H]: ∂/∂h_t. */
  readonly hidden: Float64Array;
  /** [n, F·H], of the F states behind the first: in what comes through those of the step after, out ∂/∂s_{t−1}; and out ∂/∂s_t, whole. */
  readonly further: Float64Array;
  readonly furtherTotal: Float64Array;
  /** [n, G·H], out: as W and Wb see it, … */
  readonly preActivations: Float64Array;
  /** … and as R's output sees it. */
  readonly recurrent: Float64Array;
  /** [n, H], out: ∂/∂h_{t−1}. */
  readonly previous: Float64Array;
  /** Does the products with R faster, with the same bits. */
  readonly throughR?: ThroughR;
}

/** Tangents of one step along n directions: how s_t changes with s_{t−1} and with what is read. Element (u, i), unit u along direction i, is at u · n + i. */
export interface StepTangents {
  readonly n: number;
  readonly step: number;
  /** Row of the states before the step, and after it. */
  readonly before: number;
  readonly after: number;
  /** [H, n] for each state: in ∂s_{t−1}, out ∂s_t. */
  readonly states: readonly Float64Array[];
  readonly products: TangentProducts;
}

/**
 * The way back of a step's tangents along n directions, what is read held: of φ = Σ_i ⟨Γ_i, J_t q_i⟩, as a function of the q_i, of R and of all that J_t depends on.
 * What passes through R is left to the caller, which adds Rᵀ times `throughGradient` to the gradient by the first state's directions, and its products with
 * these to R's own. Element (u, i) is at u · n + i.
 */
export interface TangentsBack {
  readonly n: number;
  readonly step: number;
  readonly before: number;
  readonly after: number;
  /** [H, n] of each state: q, the directions before the step. */
  readonly read: readonly Float64Array[];
  /** [G·H, n]: R times those of the first state. */
  readonly through: Float64Array;
  /** [H, n] of each state, in: Γ, gradients by the directions after the step; out: by those before it. */
  readonly gradient: readonly Float64Array[];
  /** [G·H, n], out. */
  readonly throughGradient: Float64Array;
  readonly of: TraceGradient;
}

/** Gradients by what a direction has on the trace, where it stands in Jacobians. */
export interface TraceGradient {
  /** Row by row, (T + 1) × H for each state. */
  readonly states: readonly Float64Array[];
  /** T × G·H: by the pre-activations as W and Wb see them, … */
  readonly preActivations: Float64Array;
  /** … and as R's output sees them. */
  readonly recurrent: Float64Array;
}

/** What a step's tangents have of its matrices. Results are good until the next call. */
export interface TangentProducts {
  /** [G·H, n]: W ∂x_t; null where what is read does not change. */
  readonly input: Float64Array | null;
  /** [M, G, H] of zeros, to be filled for `mix`. */
  weightsOf(sums: number): Float64Array;
  /**
   * [M·H, n]: Σ_g weights_mg ⊙ (R_g v + W_g ∂x), for M sums over the gates, each unit with weights of its own; one product, whose rows are R's, weighted and added.
   * @param v [H, n]  @param ofInput the weights of W_g ∂x, where they are others
   */
  mix(sums: number, v: Float64Array, ofInput?: Float64Array): Float64Array;
  /** [blocks·H, n]: R's blocks from `gate` on, so many, times v [H, n]. */
  through(gate: number, blocks: number, v: Float64Array): Float64Array;
}

/** out[n, H] += v[n, first … first + rows] · R[row … row + rows, H], v [n, stride]. */
export type ThroughR = (
  out: Float64Array,
  v: Float64Array,
  first: number,
  stride: number,
  row: number,
  rows: number,
  n: number,
) => void;

/** The same by plain loops, unless the step has a faster way. */
export function addThroughR(
  { parameters: { R }, layer: { hiddenSize: H } }: Float64Direction,
  { n, throughR }: StepBack,
  ...[out, v, first, stride, row, rows]: [
    out: Float64Array,
    v: Float64Array,
    first: number,
    stride: number,
    row: number,
    rows: number,
  ]
): void {
  if (throughR) throughR(out, v, first, stride, row, rows, n);
  else addRowsMatrix(out, v, first, stride, row === 0 ? R : R.subarray(row * H), n, rows, H);
}

/** Room for a way back of n gradients at once. @param rows G·H @param states of the kind @param doubles an arena's, where kernels are to reach it */
export function stepBackBuffers(
  n: number,
  H: number,
  rows: number,
  states: number,
  doubles: (length: number) => Float64Array = (length) => new Float64Array(length),
): Omit<StepBack, 'n' | 'before' | 'after' | 'step' | 'throughR'> {
  const zeros = (width: number) => doubles(n * width);
  const further = (states - 1) * H;
  return {
    hidden: zeros(H),
    further: zeros(further),
    furtherTotal: zeros(further),
    preActivations: zeros(rows),
    recurrent: zeros(rows),
    previous: zeros(H),
  };
}

export interface Float64Cell {
  /** What R gives the candidate is kept for the way back. */
  readonly hasRecurrentCandidate: boolean;
  /** Gates, by their number, that a step computes when it has the states behind the first. */
  readonly lateGates?: readonly number[];
  /** On entry `preActivations` of step t hold W x + Wb; on return all of step t is on the trace. */
  forward(direction: Float64Direction, t: number, before: number, after: number): void;
  back(direction: Float64Direction, step: StepBack): void;
  /** The step's Jacobian times n directions: the transpose of `back`. */
  tangents(direction: Float64Direction, step: StepTangents): void;
  /** Of a kind with R that can be flossed, in the forms that can be trained: see src/core/spectra/flossing.ts. Adds to `step.of`. */
  tangentsBack?(direction: Float64Direction, step: TangentsBack): void;
  /** Of a kind in which every unit keeps a factor of its own of itself, and nothing of others, where what it reads is held: ln of it, [H]. */
  logFactors?(direction: Float64Direction, t: number, out: Float64Array): void;
  /** The way back of these. @param gradient [H], by them  @param preActivations [G·H], += */
  logFactorsBack?(direction: Float64Direction, t: number, gradient: Float64Array, preActivations: Float64Array): void;
  /** Of a kind whose state reaches the next through R and the activation alone, h_t = f(a_t) with R h_{t−1} in a_t: f′(a_t), [H]. */
  slopes?(direction: Float64Direction, t: number, after: number, out: Float64Array): void;
  /** Of a kind one of whose states keeps a factor of itself with the gates held: its place among the states, and that factor, [H]. */
  readonly keeps?: {
    readonly state: number;
    factors(direction: Float64Direction, t: number, out: Float64Array): void;
  };
  /** What R's block of gate `gate` multiplies at a step: h_{t−1}, or r ⊙ h_{t−1}; into `out` [H]. Of a kind with R. */
  recurrentInput?(direction: Float64Direction, gate: number, t: number, before: number, out: Float64Array): void;
  /** Adds a step's share of ∂/∂(peepholes), of a cell that can have them. @param step as `back` leaves it, of one gradient @param sum [3·H] */
  addPeepholes?(sum: Float64Array, direction: Float64Direction, step: StepBack): void;
  /** Adds a step's share of ∂/∂(parameters of the kind's own), likewise; by role. */
  addOwn?(sums: Readonly<Record<string, Float64Array>>, direction: Float64Direction, step: StepBack): void;
}

/** h_{t−1}, which R reads in most cells. */
export function previousState(
  { states: [hidden], layer: { hiddenSize: H } }: Float64Direction,
  before: number,
  out: Float64Array,
): void {
  out.set(hidden.subarray(before * H, (before + 1) * H));
}
