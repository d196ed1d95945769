/** What the Jacobians of the carried state do along a text: exponents, singular values, and of the recurrent matrices radius and norm. */
import type { Message } from '../messages';
import type { Direction } from '../layers/direction';

export interface SpectrumRequest {
  readonly text: string;
  /** K: exponents, and singular values of each step; where the state has fewer numbers, as many as it has. */
  readonly count: number;
  /** Step from which products go back; 'last' is the last input. */
  readonly target: number | 'last';
  /** Singular values of every step, rather than of some. */
  readonly everyStep: boolean;
  /** Also those of products by lag. */
  readonly byLag: boolean;
}

/** Of one direction of the stack; steps in the order of the text. */
export interface StateSpectrum {
  readonly direction: Direction;
  /** n: numbers of the state of all layers. */
  readonly size: number;
  /** Every layer keeps of each number a factor that it chooses by what it reads, and nothing of others. */
  readonly isChosen: boolean;
  /** Nats per token, largest first; −Infinity of a direction that is lost at some step. */
  readonly lyapunov: Float64Array;
  /** The same along the text: after so many steps as `ends` says, ln of the growth since the end before, [ends, K]. */
  readonly ends: Int32Array;
  readonly growth: Float64Array;
  /** Of ∂s_t/∂s_{t−1}; null of a state too large for them. */
  readonly jacobian: {
    /** t. */
    readonly steps: Int32Array;
    /** [steps, K], largest first, and of all n. */
    readonly largest: Float64Array;
    readonly median: Float64Array;
    readonly smallest: Float64Array;
  } | null;
  /** Of ∂s_τ/∂s_{τ−k}, by lag k; null unless asked for, and of a state too large for them. */
  readonly products: {
    readonly lags: Int32Array;
    /** ln of [lags, K], largest first, and of all n; −Infinity for exactly zero. */
    readonly largest: Float64Array;
    readonly median: Float64Array;
    readonly smallest: Float64Array;
    /** e to the entropy of their shares, see docs/quantities.md. */
    readonly effectiveRank: Float64Array;
    /** How many directions keep a thousandth of their length or more. */
    readonly carried: Int32Array;
  } | null;
}

/** Of one square block of a recurrent matrix. */
export interface MatrixSpectrum {
  /** PyTorch's name of the matrix, and behind it that of the gate, where there are several. */
  readonly name: string;
  readonly layer: number;
  readonly direction: Direction;
  /** ρ, the largest |eigenvalue|, and ‖·‖₂; null of a matrix too large for them, or not finite. */
  readonly spectralRadius: number | null;
  readonly spectralNorm: number | null;
}

export interface SpectrumReport {
  /** Training steps of the weights. */
  readonly trainingStep: number;
  /** τ. */
  readonly target: number;
  /** The forward direction first; empty where there is no carried state of so many numbers, and then why. */
  readonly states: readonly StateSpectrum[];
  readonly refusal: Message | null;
  readonly matrices: readonly MatrixSpectrum[];
  /** Of all tanh units that are states of cells without gates, at all steps: the part that is saturated. Null where there is none. */
  readonly saturated: number | null;
  /** Of gates that keep a state, unit by unit the mean of ln: the greatest, in nats per token. Null where there is none. */
  readonly slowestGate: number | null;
}
