/** What the Jacobians of the carried state do along a text: exponents, singular values, and of the recurrent matrices radius and norm. */
import type { Message } from '../messages';
import type { Direction } from '../layers/direction';

export interface SpectrumRequest {
  readonly text: string;
  /** K: exponents, and singular values of each step; where the state has fewer numbers, as many as it has. */
  readonly count: number;
}

/** Of one direction of the stack; steps in the order of the text. */
export interface StateSpectrum {
  readonly direction: Direction;
  /** n: numbers of the state of all layers. */
  readonly size: number;
  /** Nats per token, largest first; −Infinity of a direction that is lost at some step. */
  readonly lyapunov: Float64Array;
  /** Of ∂s_t/∂s_{t−1}; null of a state too large for them. */
  readonly jacobian: {
    /** t. */
    readonly steps: Int32Array;
    /** [steps, K], largest first, and of all n. */
    readonly largest: Float64Array;
    readonly median: Float64Array;
    readonly smallest: Float64Array;
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
  /** The forward direction first; empty where there is no carried state of so many numbers. */
  readonly states: readonly StateSpectrum[];
  readonly matrices: readonly MatrixSpectrum[];
  /** What cannot be had, or is not exact, and why. */
  readonly notices: readonly Message[];
}

/** Graph mode has none. */
export const noSpectrumOfGraphs: Message = { key: 'notice.spectrum.graph', args: [] };
