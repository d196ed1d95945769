/**
 * A frame: the flow of one probe at one training step, as it is sent to the panel. A small header, and every number of
 * every series in one Float32Array, so that it crosses both links without becoming arrays of numbers.
 */
import type { SeriesChoice } from './graph';
import type { Message } from '../messages';
import type { LayerShape } from './model';
import type { SpectrumSample } from './overTraining';
import type { StateName, UnitMapName } from '../layers/catalog';
import type { Direction } from '../layers/direction';
import type { Level, Region, Thresholds } from '../terms/regions';

/**
 * Which state of a layer a lane of the flow is of. Of a model in graph mode there are no layers: a lane is one of the tensors in `FrameHeader.graph`, whose
 * place there is the lane's `layer`, and its state is null.
 */
export type LaneState = StateName | null;

/** Series of T values, one per input token; `loss` is of the whole model, the others of one state of one layer and direction. */
export type SeriesName =
  /** ℓ_t, nats. */
  | 'loss'
  /** log₁₀‖∂ℓ_τ/∂s_t‖; NaN where s_t cannot reach the target, −Infinity where the gradient is exactly zero. */
  | 'flow'
  /** ‖s_t‖. */
  | 'norm'
  /** log₁₀‖∂L/∂s_t‖ of the mean loss; only when asked for. */
  | 'total'
  /** log₁₀‖∂ℓ_τ/∂x_t‖ and log₁₀‖∂L/∂x_t‖ of the input at a boundary, which is the series' `layer`: 0 what the lowest layer reads, N what the output reads. See `FrameHeader.inputs`. */
  | 'inputFlow'
  | 'inputTotal';

export interface SeriesEntry {
  readonly name: SeriesName;
  readonly layer: number;
  readonly direction: Direction;
  /** Null of what is the whole model's, too. */
  readonly state: LaneState;
  /** First element in `Frame.data`; T elements. */
  readonly offset: number;
}

/**
 * Which unit × time map the page looks at; only that one is sent. In graph mode it is of a tensor's own values: `layer` is its place among those that are
 * shown, and the quantity says nothing.
 */
export interface UnitMapChoice {
  readonly layer: number;
  readonly direction: Direction;
  readonly quantity: UnitMapName;
}

export interface UnitMap extends UnitMapChoice {
  /** H; 0 where the frame holds no map: of an earlier training step, and of a graph's tensor that is too wide. */
  readonly units: number;
  /** First element in `Frame.data`; T × H elements, time-major: value of unit u at step t at offset + t·H + u. */
  readonly offset: number;
}

/** One more series, for the tints in the text: ℓ_t less the entropy of the prediction, nats; or one unit's values, in graph mode those of a tensor. */
export type LaneChoice =
  | { readonly kind: 'surprise' }
  | (UnitMapChoice & { readonly kind: 'unit'; readonly unit: number })
  | { readonly kind: 'element'; readonly series: string; readonly unit: number };

export interface Lane {
  readonly choice: LaneChoice;
  /** First element in `Frame.data`; T elements. */
  readonly offset: number;
}

/** Which head of which layer the page looks at; only its weights are sent. */
export interface HeadChoice {
  readonly layer: number;
  readonly head: number;
}

/** What the steps of a layer's heads take of each other, and what the target's gradient is by their keys and values. */
export interface HeadsOfFrame extends HeadChoice {
  /** How many the layer has. */
  readonly count: number;
  /**
   * First element in `Frame.data` of T × T weights, row τ, column t: what the head at step τ takes of step t; the rows sum to 1, and are NaN for t > τ, which cannot
   * be read. Null for a text of more than `maxWeightSteps`.
   */
  readonly weights: number | null;
  /** First elements of count × T each: log₁₀‖∂ℓ_τ/∂k_t‖ and log₁₀‖∂ℓ_τ/∂v_t‖ by head; NaN where t cannot reach the target, −Infinity for exactly zero. */
  readonly keys: number;
  readonly values: number;
}

/** A picture of more tokens than this is larger than any screen, and a frame of it large. */
export const maxWeightSteps = 1024;

/** A region of one layer's flow. */
export interface LayerRegion extends Region {
  readonly layer: number;
  readonly direction: Direction;
}

/** A region of one state's flow. */
export interface FlowRegion extends LayerRegion {
  readonly state: LaneState;
}

/** What one series of gradients comes to, in numbers. */
export interface SeriesSummary {
  /** Smallest lag at which the per-target gradient is under the vanishing threshold; null if it never is. */
  readonly horizon: number | null;
  /** Mean of ln of the gradient factor over the reachable steps, nats per token; null with fewer than two such steps. */
  readonly slope: number | null;
  /** Only where the series is level: the horizon then says nothing. */
  readonly level?: Level;
}

/** What the flow through one state of one layer comes to. */
export interface FlowSummary extends SeriesSummary {
  readonly layer: number;
  readonly direction: Direction;
  readonly state: LaneState;
}

/** What the flow through the input at one boundary comes to. */
export interface InputSummary extends SeriesSummary {
  /** 0 … N. */
  readonly boundary: number;
  readonly regions: readonly Region[];
}

/** What a frame says of a model in graph mode. */
export interface FrameOfGraph {
  /** The tensors that are shown, in the order of the graph. */
  readonly series: readonly SeriesChoice[];
  /** What holds of this text alone, as that the end of it is not read. */
  readonly notices: readonly Message[];
}

export interface FrameHeader {
  /** Counts the frames of one engine; newer is larger. */
  readonly sequence: number;
  readonly trainingStep: number;
  /** The model's, the lowest first; none in graph mode. */
  readonly layers: readonly LayerShape[];
  /** Only in graph mode. */
  readonly graph?: FrameOfGraph;
  /** The text, of a frame that was asked for: two texts can have the same symbols, where the vocabulary lacks some. */
  readonly probe?: string;
  /** Symbols of the T inputs, in order; of numbers what stands in the text for each step. */
  readonly tokens: readonly string[];
  /** Symbol that follows the last input: what the last step has to predict. */
  readonly lastTarget: string;
  /** τ, 0 … T − 1: the step whose loss is traced back. */
  readonly target: number;
  /** Of a model of numbers: it predicts them behind the last step alone. */
  readonly isOfNumbers?: boolean;
  /** L, nats per token, over the probe; of numbers the squared error. */
  readonly loss: number;
  readonly thresholds: Thresholds;
  /** Layer by layer and direction by direction, in the order of the kind's states. */
  readonly flows: readonly FlowSummary[];
  readonly regions: readonly FlowRegion[];
  /**
   * The lowest boundary first. Where they are asked for, and always of a model with a layer whose output is no state of its own (a mixer, or a residual
   * connection): elsewhere the states of the layers say the same but for the lowest boundary.
   */
  readonly inputs?: readonly InputSummary[];
  readonly series: readonly SeriesEntry[];
  readonly unitMap: UnitMap;
  /** Only where the watch asks for one. */
  readonly lane?: Lane;
  /** Only where the watch asks for it, of a layer with heads. */
  readonly heads?: HeadsOfFrame;
  /** Beside some frames of a model that learns. */
  readonly spectrum?: SpectrumSample;
}

export interface Frame {
  readonly header: FrameHeader;
  readonly data: Float32Array;
}

/** The T values of a series, a view into the frame; undefined if the frame does not hold it. Without a state, that of the layer's first. */
export function seriesOf(
  frame: Frame,
  name: SeriesName,
  layer = 0,
  direction: Direction = 'forward',
  state?: LaneState,
): Float32Array | undefined {
  const entry = frame.header.series.find(
    (s) =>
      s.name === name &&
      (name === 'loss' ||
        (s.layer === layer && s.direction === direction && (state === undefined || s.state === state))),
  );
  return entry && frame.data.subarray(entry.offset, entry.offset + frame.header.tokens.length);
}

/** log₁₀ of the target's gradient by a state, or by what is read at a boundary, where there is no state; undefined if the frame does not hold it. */
export function flowOfLane(
  frame: Frame,
  layer: number,
  direction: Direction,
  state: LaneState,
): Float32Array | undefined {
  const ofState = seriesOf(frame, 'flow', layer, direction, state);
  return ofState ?? (state === null ? seriesOf(frame, 'inputFlow', layer, direction) : undefined);
}

/** What such a flow comes to. */
export function summaryOfLane(
  { flows, inputs = [] }: Pick<FrameHeader, 'flows' | 'inputs'>,
  layer: number,
  direction: Direction,
  state: LaneState,
): SeriesSummary | undefined {
  const ofState = flows.find((flow) => flow.layer === layer && flow.direction === direction && flow.state === state);
  return ofState ?? (state === null ? inputs.find(({ boundary }) => boundary === layer) : undefined);
}

/** How far back it reaches, tokens; NaN where it never falls below the vanishing threshold, and where it is level. */
export function reachOf(summary: SeriesSummary | undefined): number {
  return summary?.level ? NaN : (summary?.horizon ?? NaN);
}

/** The T × T weights of the head that the frame shows, a view into it; null where it holds none. */
export function headWeightsOf({ header: { heads, tokens }, data }: Frame): Float32Array | null {
  if (!heads || heads.weights === null) return null;
  return data.subarray(heads.weights, heads.weights + tokens.length ** 2);
}

/** count × T values, a view into the frame. */
export function headNormsOf({ header: { heads, tokens }, data }: Frame, of: 'keys' | 'values'): Float32Array | null {
  return heads ? data.subarray(heads[of], heads[of] + heads.count * tokens.length) : null;
}

/** The T × H values of the frame's unit map, time-major, a view into the frame. */
export function unitMapOf(frame: Frame): Float32Array {
  const { unitMap, tokens } = frame.header;
  return frame.data.subarray(unitMap.offset, unitMap.offset + tokens.length * unitMap.units);
}
