/**
 * What the forward pass of one window leaves behind for the backward pass. Everything is time-major: element (t, b, u) of a
 * series lies at (t·B + b)·H + u. The arrays are made once, in an arena that kernels can reach, and used for window after window,
 * which may have fewer steps than there is room for.
 */
import { at, type Arena } from '../../kernels/arena';
import { kindOf, type CellName } from '../../layers/catalog';
import type { NormKind } from '../../layers/norm';
import type { Mixer } from '../layers/mixer';
import { stepsOfBlock } from '../stepsOfBlock';
import { cellOf, mixerOf } from '../layers/registry';
import type { Products } from '../products';
import {
  directionsOf,
  inputSize,
  denseSize,
  isMixer,
  outputSize,
  readsOneHot,
  sizesOf,
  topSize,
  type LayerConfig,
  type ModelConfig,
} from './config';
import type { DirectionTape } from './directionTape';
import { takeRows, type NumberRows } from './numberRows';
import { sublayersOf, type Sublayer } from './sublayers';

/** What a norm leaves behind. */
export interface NormTape {
  readonly kind: NormKind;
  /** T × B × I. */
  readonly output: Float32Array;
  /** T × B × 2: what was subtracted from the row, and what it was then multiplied by. */
  readonly statistics: Float32Array;
}

/** One part of a layer, with what stands around it: given = x + dropout(output), output = sublayer(norm(x)). */
export interface SublayerTape extends Omit<Sublayer, 'norm'> {
  readonly norm: NormTape | null;
  /** Null of a recurrent layer. */
  readonly mixer: Mixer | null;
  /** T × B × O: what the sublayer itself gives, of a recurrent layer its directions side by side. */
  readonly output: Float32Array;
  /** 0 or 1/(1 − p) for each element of `output`; null without dropout. */
  readonly dropout: Float32Array | null;
  /** `output`, after dropout if there is any. */
  readonly passed: Float32Array;
  /** What is read next: `passed`, and x where that is added. */
  readonly given: Float32Array;
}

export interface LayerTape {
  readonly cell: CellName;
  /** H. */
  readonly hiddenSize: number;
  /** Of a recurrent layer; none of a mixer. */
  readonly directions: readonly DirectionTape[];
  readonly sublayers: readonly SublayerTape[];
  /** T × B × O: what the layer above reads. */
  readonly given: Float32Array;
}

/** A state that is carried into the window, as long as it is on the tape. */
export interface CarriedState {
  readonly layer: number;
  /** Of the kind's states. */
  readonly name: string;
  /** Numbers of one stream. */
  readonly width: number;
  /** B × width. */
  readonly values: Float32Array;
}

export interface TapeSettings {
  /** Most steps of a window, and its streams. */
  readonly steps: number;
  readonly batch: number;
  /** Dropout between layers, in training only. */
  readonly dropout?: boolean;
  /** There is room for Pascanu's regularizer: see src/core/backward/omega.ts. */
  readonly hasOmega?: boolean;
  /** Gradients will be taken of what is on it: what only they need is kept. */
  readonly learns?: boolean;
  /** Count saturated gates and take the norms of gradients on the way, as always; without, to measure what that costs. */
  readonly records?: boolean;
  /**
   * Gates of the lowest layer that the token alone decides may be kept once for each token of the vocabulary, not for each step: nobody will read them step by
   * step, as inspecting does.
   */
  readonly byToken?: boolean;
}

export class Tape {
  readonly batch: number;
  /** Steps of the window that is on the tape. */
  steps: number;
  readonly maxSteps: number;
  readonly layers: readonly LayerTape[];
  /** T·B × E, or the numbers that are read, T·B × I; empty where tokens are read one-hot. */
  readonly embedded: Float32Array;
  /** Between the top layer and the output. */
  readonly finalNorm: NormTape | null;
  readonly records: boolean;
  readonly hasOmega: boolean;
  /** T × B token ids: what is read (−1: nothing, in padding) … */
  readonly inputs: Int32Array;
  /** … and what is to be predicted (−1: nothing). */
  readonly targets: Int32Array;
  /** T·B × V: the numbers that are to be predicted, where a target is; empty of a model of tokens. */
  readonly targetNumbers: Float32Array;
  /** Steps of each stream; what comes later is padding. */
  readonly lengths: Int32Array;
  /** Some stream is shorter than the window. */
  isPadded = false;
  /** T × B × V; of a model of numbers what it predicts. */
  readonly probabilities: Float32Array;
  /** T × B: ln p(target), of numbers minus the squared error, so that it is −ℓ of either; 0 where there is none. */
  readonly targetLogProbabilities: Float32Array;
  /** Scratch of sums of columns: as many as the widest gradient of a window has. */
  readonly columnSums: Float64Array;

  /** What is saved with a checkpoint, layer by layer. */
  readonly carried: readonly CarriedState[];
  /** Of each mixer's state, that it carries in and out itself. */
  private readonly ofMixers: readonly { readonly carried: CarriedState; readonly state: Float32Array }[];

  constructor(
    readonly arena: Arena,
    readonly config: ModelConfig,
    { steps, batch, dropout = false, records = true, learns = false, byToken = false, hasOmega = false }: TapeSettings,
    products: Products,
  ) {
    this.records = records;
    this.hasOmega = hasOmega;
    this.steps = steps;
    this.maxSteps = steps;
    this.batch = batch;
    const rows = steps * batch;
    const none = new Float32Array(0);
    this.inputs = arena.ints(rows);
    this.targets = arena.ints(rows);
    const isByToken = byToken && paysByToken(config, steps, batch, arena.threads);
    this.layers = config.layers.map((own, layer) => {
      const tokens = isByToken && layer === 0 ? this.inputs : null;
      const rowsOfGates = tokens ? config.vocabularySize + 1 : rows;
      const directions = kindOf(own.cell).mixer
        ? []
        : directionTapes(arena, own, { steps, batch, tokens, rowsOfGates });
      const parts = sublayersOf(config, layer);
      const sublayers = parts.map((sublayer, index): SublayerTape => {
        const sizes = { ...sizesOf(config, layer), input: sublayer.inputSize };
        const mixer =
          directions.length > 0
            ? null
            : mixerOf(own.cell, sublayer.name).make(arena, sizes, { steps, batch, learns }, products);
        const { norm, inputSize, outputSize } = sublayer;
        const [first] = directions;
        const output =
          mixer?.output ??
          (directions.length === 1
            ? first.states[0].subarray(batch * own.hiddenSize)
            : arena.floats(rows * outputSize));
        const isLast = layer === config.layers.length - 1 && index === parts.length - 1;
        const drops = dropout && !isLast;
        const passed = drops ? arena.floats(rows * outputSize) : output;
        return {
          ...sublayer,
          norm:
            norm === 'none'
              ? null
              : { kind: norm, output: arena.floats(rows * inputSize), statistics: arena.floats(2 * rows) },
          mixer,
          output,
          dropout: drops ? arena.floats(rows * outputSize) : null,
          passed,
          given: sublayer.residual ? arena.floats(rows * outputSize) : passed,
        };
      });
      return {
        cell: own.cell,
        hiddenSize: own.hiddenSize,
        directions,
        sublayers,
        given: sublayers.at(-1)?.given ?? none,
      };
    });
    this.embedded = arena.floats(rows * denseSize(config));
    this.targetNumbers = arena.floats(config.features === null ? 0 : rows * config.vocabularySize);
    this.finalNorm =
      config.finalNorm === 'none'
        ? null
        : {
            kind: config.finalNorm,
            output: arena.floats(rows * topSize(config)),
            statistics: arena.floats(2 * rows),
          };
    const ofMixers = this.layers.flatMap(({ sublayers }, layer) =>
      sublayers.flatMap(({ mixer, states }) =>
        states.flatMap((name, index) => {
          if (!mixer) return [];
          const width = stateWidth(config, layer, name);
          return [{ carried: { layer, name, width, values: arena.floats(batch * width) }, state: mixer.states[index] }];
        }),
      ),
    );
    this.ofMixers = ofMixers;
    this.carried = config.layers.flatMap((own, layer) => {
      const { directions } = this.layers[layer];
      if (directions.length === 0)
        return ofMixers.map(({ carried }) => carried).filter((state) => state.layer === layer);
      const width = own.hiddenSize;
      return kindOf(own.cell).states.map(({ name }, state) => ({
        layer,
        name,
        width,
        values: directions[0].states[state].subarray(0, batch * width),
      }));
    });
    this.lengths = arena.ints(batch).fill(steps);
    this.probabilities = arena.floats(rows * config.vocabularySize);
    this.targetLogProbabilities = arena.floats(rows);
    const { vocabularySize } = config;
    const widthsOf = (layer: LayerConfig) =>
      isMixer(layer) ? outputSize(layer) : cellOf(layer.cell).gates.length * layer.hiddenSize;
    this.columnSums = arena.doubles(
      Math.max(
        vocabularySize,
        inputSize(config, 0),
        ...config.layers.flatMap((layer) => [widthsOf(layer), outputSize(layer)]),
      ),
    );
  }

  /** What a sublayer has read, before its norm; null of one-hot tokens. */
  inputOf(layer: number, sublayer: number): Float32Array | null {
    if (sublayer > 0) return this.layers[layer].sublayers[sublayer - 1].given;
    if (layer > 0) return this.layers[layer - 1].given;
    return readsOneHot(this.config) ? null : this.embedded;
  }

  /** T × B × O: what the output layer reads. */
  get top(): Float32Array {
    return this.finalNorm?.output ?? this.layers[this.layers.length - 1].given;
  }

  /** Rows of a series that the window fills: T·B. */
  get rows(): number {
    return this.steps * this.batch;
  }

  /** Writes what the ids of the window stand for, of a model of numbers. */
  takeNumbers({ inputs, inputSize, targets, outputSize }: NumberRows): void {
    takeRows(this.embedded, inputs, inputSize, this.inputs.subarray(0, this.rows));
    takeRows(this.targetNumbers, targets, outputSize, this.targets.subarray(0, this.rows));
  }

  /** n: how many tokens are to be predicted; of numbers, how many steps have some. */
  get predicted(): number {
    let count = 0;
    for (let row = 0; row < this.rows; row++) if (this.targets[row] >= 0) count++;
    return count;
  }

  /** Tokens that the window reads, without padding. */
  get tokens(): number {
    return this.lengths.reduce((sum, length) => sum + length, 0);
  }

  /** Σ ln p(target), in nats; of numbers minus the sum of the squared errors. */
  get logLikelihood(): number {
    let sum = 0;
    for (let row = 0; row < this.rows; row++) sum += this.targetLogProbabilities[row];
    return sum;
  }

  /** L = (1/n) Σ ℓ, nats per predicted token, or the mean squared error. */
  get loss(): number {
    return -this.logLikelihood / this.predicted;
  }

  /** Address of the streams' lengths for the kernels; 0 where no stream is shorter than the window. */
  get lengthsAddress(): number {
    return this.isPadded ? at(this.lengths) : 0;
  }

  /** Sets the window's size; `lengths` has been filled for it. */
  resize(steps: number): void {
    this.steps = steps;
    this.isPadded = this.lengths.some((length) => length < steps);
  }

  /** Makes the state after the last step the one carried into the next window. Only the forward direction carries one. */
  carryState(): void {
    for (const { directions, hiddenSize } of this.layers) {
      const size = this.batch * hiddenSize;
      const last = this.steps * size;
      for (const states of directions.at(0)?.states ?? []) states.copyWithin(0, last, last + size);
    }
    for (const { carried, state } of this.ofMixers) carried.values.set(state);
  }

  /** Gives the mixers the states that are carried in, which they replace by those that they carry out. */
  loadCarried(): void {
    for (const { carried, state } of this.ofMixers) state.set(carried.values);
  }

  clearState(): void {
    for (const { values } of this.carried) values.fill(0);
  }
}

/**
 * The lowest layer's gates see one-hot tokens alone, and there are fewer different ones than steps, also where each thread sums up gradients of its own. Not for
 * windows whose weight gradients are summed block by block.
 */
function paysByToken(config: ModelConfig, steps: number, batch: number, threads: number): boolean {
  const [lowest] = config.layers;
  if (!readsOneHot(config) || isMixer(lowest) || !cellOf(lowest.cell).gatesOfInput) return false;
  return steps <= stepsOfBlock && 2 * threads * (config.vocabularySize + 1) <= steps * batch;
}

interface DirectionRoom extends Pick<DirectionTape, 'tokens'> {
  readonly steps: number;
  readonly batch: number;
  readonly rowsOfGates: number;
}

function directionTapes(
  arena: Arena,
  own: LayerConfig,
  { steps, batch, tokens, rowsOfGates }: DirectionRoom,
): DirectionTape[] {
  const cell = cellOf(own.cell);
  const H = own.hiddenSize;
  const none = new Float32Array(0);
  return directionsOf(own).map((direction) => ({
    direction,
    states: cell.states.map(() => arena.floats((steps + 1) * batch * H)),
    gates: arena.floats(rowsOfGates * cell.gates.length * H),
    tokens,
    recurrentCandidate: cell.linearBeforeReset ? arena.floats(steps * batch * H) : none,
  }));
}

/** Numbers of a state of one stream. */
function stateWidth(config: ModelConfig, layer: number, name: string): number {
  const sizes = sizesOf(config, layer);
  const found = kindOf(config.layers[layer].cell).states.find((state) => state.name === name);
  return found?.width?.(sizes) ?? sizes.hidden;
}
