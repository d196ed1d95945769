/** What is read off a model that has read a probe: its states, gates and predictions, whatever computed them. Layouts are the tape's. */
import type { CellName } from '../../layers/catalog';
import type { Direction } from '../../layers/direction';

export type Floats = Float32Array | Float64Array;

/** One direction of one layer; rows of states as `before` and `after` of the tape say. */
export interface DirectionTrace {
  readonly direction: Direction;
  /** (T + 1) × H each, in the order of the kind's states. The first one is what the direction gives. */
  readonly states: readonly Floats[];
  /** T × G·H: activations of the gates in ONNX's order; of a vanilla RNN the pre-activations. */
  readonly gates: Floats;
}

/** Of a mixer, by the names of its kind's states and unit maps. */
export interface MixerValues {
  /** ‖s_t‖ by step. */
  stateNorms(state: string): Float64Array;
  unitMap(name: string): MapValues;
  /** Of each head T × T, row τ, column t: what step τ takes of step t, zero for t > τ. None of a layer without heads. */
  readonly heads: readonly Float64Array[];
}

/** Values of a unit map: T × units, time-major. */
export interface MapValues {
  readonly units: number;
  readonly values: Floats;
}

export interface LayerTrace {
  readonly cell: CellName;
  /** H. */
  readonly hiddenSize: number;
  /** Of a recurrent layer; none of a mixer. */
  readonly directions: readonly DirectionTrace[];
  /** Of a mixer that has been read in float64. */
  readonly values?: MixerValues;
}

/** The directions of a layer as everyone names them; a mixer reads forward. */
export function directionNames({ directions }: Pick<LayerTrace, 'directions'>): readonly Direction[] {
  return directions.length > 0 ? directions.map(({ direction }) => direction) : ['forward'];
}

/** Of one stream. */
export interface Trace {
  /** T. */
  readonly steps: number;
  readonly layers: readonly LayerTrace[];
  /** T ids each: what is read, and what is to be predicted, −1 for nothing. */
  readonly inputs: Int32Array;
  readonly targets: Int32Array;
  /** T × V; of a model of numbers what it predicts. */
  readonly probabilities: Floats;
  /** T × V: the numbers that are to be predicted, at steps that have a target; empty of a model of tokens. */
  readonly targetNumbers: Floats;
  /** T: ln p(target), of numbers minus the squared error; 0 where nothing is to be predicted. */
  readonly targetLogProbabilities: Floats;
  /** Nats per predicted token, or the mean squared error. */
  readonly loss: number;
}
