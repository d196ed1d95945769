/** What the Jacobians of the carried state do along a text: exponents, singular values, and of the recurrent matrices radius and norm. */
import type { KeysOf, Message } from '../messages';
import type { Direction } from '../layers/direction';

export interface SpectrumRequest {
  readonly text: string;
  /** K: exponents; where the state has fewer numbers, as many as it has. */
  readonly count: number;
  /** Singular values of each step, likewise. */
  readonly values: number;
  /** Whose horizon is to be explained: τ, and log₁₀ of the threshold. */
  readonly target: number | 'last';
  readonly vanishing: number;
  /** Also the directions that reach τ from each lag. */
  readonly byLag: boolean;
}

/** Which one thing explains the horizon: see `horizonCause` of src/core/spectra. */
export interface HorizonCause {
  readonly name: 'matrix' | 'saturation' | 'slope' | 'decay' | 'depth';
  /** Whose horizon; of depth the lowest layer, of what that reads. */
  readonly layer: number;
  /** Lag; of depth 0 where nothing reaches that layer at all. */
  readonly horizon: number;
  /** Part of the fall, in logarithms; of a decay, of what arrives there. */
  readonly share: number;
  /** Of a slope the same of saturated units. */
  readonly saturatedShare?: number;
  /** ln of what is left by that alone at the horizon, of depth at the target's own step; −Infinity for nothing. */
  readonly left: number;
  /** ln of what is left at the horizon by everything. */
  readonly fall: number;
}

/** Directions of the state that a step's state still has of each lag before it: of J_τ … J_{τ−k+1}. */
export interface DirectionsByLag {
  /** k, rising. */
  readonly lags: Int32Array;
  /** ln of the largest singular value; −Infinity where rounding leaves none. */
  readonly largest: Float64Array;
  /** e^entropy of their shares; 0 where there is none. */
  readonly effectiveRank: Float64Array;
  /** How many keep at least `carriedPart` of their length; NaN where rounding hides it. */
  readonly carried: Float64Array;
}

/** Of its length: a direction that keeps less is taken for lost. */
export const carriedPart = 0.01;

/** Of one direction of the stack; steps in the order of the text. */
export interface StateSpectrum {
  readonly direction: Direction;
  /** n: numbers of the state of all layers. */
  readonly size: number;
  /** Nats per token, largest first; −Infinity of a direction that is lost at some step. */
  readonly lyapunov: Float64Array;
  /** The same, [records, K], of stretches of the text in turn, of which each goes to the step before the next `from`, in this direction's own order. */
  readonly finiteTime: {
    /** First step of each stretch, as this direction reads them: of the backward one the text's last step comes first. */
    readonly from: Int32Array;
    readonly exponents: Float64Array;
  };
  /** Of ∂s_t/∂s_{t−1}; null of a state too large for them. */
  readonly jacobian: {
    /** t. */
    readonly steps: Int32Array;
    /** [steps, `values`], largest first, and of all n. */
    readonly largest: Float64Array;
    readonly median: Float64Array;
    readonly smallest: Float64Array;
  } | null;
  /** Where it is asked for, and the state is not too large. */
  readonly byLag: DirectionsByLag | null;
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
  /** Symbols of the T inputs. */
  readonly tokens: readonly string[];
  /** τ. */
  readonly target: number;
  /** Null where no one thing does, and without a horizon. */
  readonly cause: HorizonCause | null;
  /** The forward direction first; empty where there is no carried state of so many numbers. */
  readonly states: readonly StateSpectrum[];
  readonly matrices: readonly MatrixSpectrum[];
  /** What cannot be had, or is not exact, and why. */
  readonly notices: readonly Message[];
}

/** How numbers and places are written in a reader's language. */
export interface CauseWords {
  layer(layer: number): string;
  tokens(count: number): string;
  /** e^ln. */
  size(ln: number): string;
  percent(part: number): string;
}

/** What explains the horizon, in a sentence; null where nothing does. */
export function causeInWords(
  { cause, matrices }: Pick<SpectrumReport, 'cause' | 'matrices'>,
  words: CauseWords,
): { readonly key: KeysOf<'panel'>; readonly args: readonly string[] } | null {
  if (!cause) return null;
  const { name, layer, horizon, share, left, fall } = cause;
  const whose = [words.layer(layer), words.tokens(horizon)] as const;
  const perToken = [words.size(left / horizon), words.percent(share)] as const;
  switch (name) {
    case 'matrix': {
      const own = matrices.find((each) => each.layer === layer && each.direction === 'forward');
      const norm = own?.spectralNorm ?? Infinity;
      return norm < 1
        ? { key: 'panel.cause.matrixBound', args: [...whose, ...perToken, words.size(Math.log(norm))] }
        : { key: 'panel.cause.matrix', args: [...whose, ...perToken] };
    }
    case 'saturation':
      return { key: 'panel.cause.saturation', args: [...whose, ...perToken] };
    case 'slope':
      return {
        key: 'panel.cause.slope',
        args: [...whose, ...perToken, words.percent(cause.saturatedShare ?? 0)],
      };
    case 'decay':
      return { key: 'panel.cause.decay', args: [...whose, words.size(left), words.size(fall)] };
    case 'depth':
      return left === -Infinity
        ? { key: 'panel.cause.depthZero', args: [] }
        : { key: 'panel.cause.depth', args: [words.size(left), words.percent(share), words.tokens(horizon)] };
  }
}

/** Graph mode has none. */
export const noSpectrumOfGraphs: Message = { key: 'notice.spectrum.graph', args: [] };
