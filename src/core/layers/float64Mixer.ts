/**
 * What a sublayer of a mixer computes in float64, of one text and one stream: the oracle of its kernels, and what inspection uses. Plain loops; helpers are in
 * src/core/float64/products.ts. Norm and residual are the stack's work, as in float32.
 */
import type { LayerSizes } from '../../layers/parameters';
import type { Arrivals } from '../analysis/arrivals';
import type { TakeDoubles } from '../float64/doubles';
import type { TargetBlock } from '../float64/targetBlock';
import type { Floats, MapValues } from '../model/trace';

export interface Float64MixerLayer extends LayerSizes {
  /** Of the layer, those of all its sublayers, by role; one that the layer does not have is missing. */
  readonly parameters: Float64Parameters;
  /** Where the arrays of a trace come from; by default they are new. */
  readonly take?: TakeDoubles;
}

/** Of each head log₁₀ norms by step: NaN where the target cannot be reached, −Infinity for exactly zero. */
export interface HeadNorms {
  /** ‖∂ℓ_τ/∂k_t‖, before rotary positions turn k. */
  readonly keys: readonly Float64Array[];
  /** ‖∂ℓ_τ/∂v_t‖. */
  readonly values: readonly Float64Array[];
}

/** By the name of a unit map or a state, or as the kind's equations call it. */
export interface MixerQuantity extends MapValues {
  readonly name: string;
}

export type Float64Parameters = Readonly<Partial<Record<string, Float64Array>>>;

export interface Float64MixerTrace {
  /** T × O. */
  readonly output: Float64Array;
}

export interface Float64Mixer<Trace extends Float64MixerTrace = Float64MixerTrace> {
  /** @param x T × I  @param carried of each state of the sublayer, before the first step: as in a `CarriedState` of the tape; null or missing for zeros */
  forward(layer: Float64MixerLayer, x: Float64Array, steps: number, carried?: readonly (Floats | null)[]): Trace;
  /**
   * Total gradients: ∂ℓ/∂x is added to `below`, T × I, ∂ℓ/∂parameters to `gradient`, of those that are in it: all, or none.
   * @param above T × O: ∂ℓ/∂y  @param norms of each state of the sublayer [T], out: ‖∂ℓ/∂s_t‖
   * @param truncation k2: no gradient passes by a state from step t to t − 1 where k2 divides t; 0, or missing, for no such cut
   */
  backward(
    layer: Float64MixerLayer,
    trace: Trace,
    above: Float64Array,
    below: Float64Array,
    gradient: Float64Parameters,
    norms: readonly Float64Array[],
    truncation?: number,
  ): void;
  /**
   * The gradient of one target, right at any lag: rows carry their own scale, so that nothing underflows or overflows.
   * @param above T × O: ∂ℓ_τ/∂y  @param below T × I, out: ∂ℓ_τ/∂x, its `isReached` too; it comes with nothing in it
   * @returns of each state of the sublayer log₁₀‖∂ℓ_τ/∂s_t‖ by step: NaN where the target cannot be reached, −Infinity for exactly zero
   */
  flow(
    layer: Float64MixerLayer,
    trace: Trace,
    above: Arrivals<Float64Array>,
    below: Arrivals<Float64Array>,
  ): Float64Array[];
  /**
   * The same of several targets at once, without the norms of states: ∂ℓ_τ/∂x at the scales of what comes from above; null where nothing goes down. Of a sublayer that
   * has it not, targets are done one by one.
   */
  flowOfMany?(layer: Float64MixerLayer, trace: Trace, above: TargetBlock): TargetBlock | null;
  /**
   * Of a sublayer that keeps of every number of its first state a factor of that number's own, and nothing of others, where what it reads is held: ln of them at step t.
   * Its further states hold inputs for a number of steps and are then empty. Of other sublayers with states it is missing.
   */
  logFactors?(layer: Float64MixerLayer, trace: Trace, t: number): Float64Array;
  /** Of each state of the sublayer ‖s_t‖ by step. */
  stateNorms(layer: Float64MixerLayer, trace: Trace): Float64Array[];
  /**
   * Adds to each token's part of weights · y_step what that token left in it, the sum of which is exact with what the sublayer chooses held fixed (gates, step sizes,
   * attention weights). Of a sublayer without such a sum it is missing.
   * @param parts [T]  @param weights [O]
   * @returns of each head what of that came through it, [T]; none of a sublayer without heads
   */
  addContributions?(
    layer: Float64MixerLayer,
    trace: Trace,
    parts: Float64Array,
    weights: Float64Array,
    step: number,
  ): readonly Float64Array[];
  /** Of each head T × T, row τ, column t: what step τ takes of step t, zero for t > τ. Of a sublayer without heads it is missing, like `headNorms`. */
  headWeights?(trace: Trace): readonly Float64Array[];
  /** Of each head what a target's gradient is by keys and values. @param above T × O: ∂ℓ_τ/∂y */
  headNorms?(layer: Float64MixerLayer, trace: Trace, above: Arrivals<Float64Array>): HeadNorms;
  /** What a step computes on the way to its output, in this order: where a number fails first. Of many numbers that are sound nothing need be said. */
  onTheWay?(layer: Float64MixerLayer, trace: Trace): readonly MixerQuantity[];
  /** One of the kind's unit maps; null of a map that another sublayer has. */
  unitMap(layer: Float64MixerLayer, trace: Trace, name: string): MapValues | null;
}
