/** SimpleRNN, LSTM and GRU of Keras, in one direction or in two, as layers of ours. */
import type {
  ActivationForm,
  GeneralDirection,
  GeneralLayer,
  GeneralSublayer,
  Weights,
} from '../../core/model/generalModel';
import { activationsOf, kindOfKeras, optionsOf, type CellName } from '../../layers/catalog';
import type { Direction } from '../../layers/direction';
import { UserError } from '../../userError';
import { activationForm } from './activations';
import { inShort } from '../symbolList';
import { transposed } from '../transposed';
import { layerOf, sizeIn, type KerasLayer } from './config';
import { checkShapes, type KerasArray, type KerasPart, type KerasWeights } from './weights';

/** Keras' wrapper of a recurrent layer. */
const inTwoDirections = 'Bidirectional';

export function isRecurrent(className: string): boolean {
  return kindOfKeras(className) !== undefined || className === inTwoDirections;
}

export interface ReadLayer {
  readonly layer: GeneralLayer;
  /** Whether it gives its state after every token, not after the last one alone. */
  readonly givesAll: boolean;
}

export interface RecurrentContext {
  readonly weights: KerasWeights;
  readonly inputSize: number;
  readonly sublayer: GeneralSublayer;
  /** Of Keras. */
  readonly version: number;
  readonly file: string;
}

/** @param keras one of which `isRecurrent` says so  Throws a UserError for a form that is not read. */
export function recurrentLayer(keras: KerasLayer, context: RecurrentContext): ReadLayer {
  if (keras.className !== inTwoDirections) {
    if (keras.config['go_backwards'] === true) throw new UserError('error.keras.backwards', context.file, keras.name);
    const one = directionOf(keras, keras, 'cell', 'forward', context);
    return { layer: generalLayer([one], keras, context), givesAll: givesAll(keras) };
  }
  const { merge_mode: merge = 'concat', layer, backward_layer: other } = keras.config;
  if (merge !== 'concat') throw new UserError('error.keras.merge', context.file, keras.name, inShort(merge));
  const forward = layerOf(layer);
  // What reads from the end is a copy of the other unless it is said.
  const backward = layerOf(other) ?? forward;
  if (!forward || !backward || !kindOfKeras(forward.className) || backward.className !== forward.className)
    throw new UserError('error.keras.layerUnknown', context.file, keras.name, keras.className);
  if (forward.config['go_backwards'] === true) throw new UserError('error.keras.backwards', context.file, keras.name);
  const both = [
    directionOf(keras, forward, 'forward', 'forward', context),
    directionOf(keras, backward, 'backward', 'backward', context),
  ];
  if (both[0].hiddenSize !== both[1].hiddenSize || both[0].linearBeforeReset !== both[1].linearBeforeReset)
    throw new UserError('error.keras.directionsDiffer', context.file, keras.name);
  return { layer: generalLayer(both, keras, context), givesAll: givesAll(forward) };
}

function givesAll({ config }: KerasLayer): boolean {
  return config['return_sequences'] === true;
}

interface ReadDirection {
  readonly cell: CellName;
  readonly hiddenSize: number;
  readonly linearBeforeReset: boolean;
  readonly direction: GeneralDirection;
}

function directionOf(
  keras: KerasLayer,
  { className, config }: KerasLayer,
  part: KerasPart,
  direction: Direction,
  context: RecurrentContext,
): ReadDirection {
  const { weights, inputSize: I, file } = context;
  const kind = kindOfKeras(className);
  if (!kind?.keras) throw new Error(`${className} is no recurrent layer`);
  const { gateOrder } = kind.keras;
  const H = sizeIn(config, 'units', file);
  const rows = gateOrder.length * H;
  const arrays = weights.of(keras, part);
  const hasBias = config['use_bias'] !== false;
  const hasForms = kind.onnx?.attributes.includes('linear_before_reset') ?? false;
  // Older files do not say which of the two forms it is; its biases do.
  const isAfter = hasForms && (config['reset_after'] ?? arrays.at(2)?.shape.length === 2) === true;
  checkShapes(arrays, [[I, rows], [H, rows], ...(hasBias ? [isAfter ? [2, rows] : [rows]] : [])], keras, file);
  const [kernel, recurrent, bias] = arrays;
  const inOrder = (values: Weights): Weights => inOurOrder(values, gateOrder);
  const biases = biasesOf(hasBias ? bias : null, rows, kernel.read());
  return {
    cell: kind.name,
    hiddenSize: H,
    linearBeforeReset: !hasForms || isAfter,
    direction: {
      direction,
      W: inOrder(transposed(kernel.read(), I, rows)),
      R: inOrder(transposed(recurrent.read(), H, rows)),
      Wb: inOrder(biases.subarray(0, rows)),
      Rb: inOrder(biases.subarray(rows)),
      own: {},
      peepholes: null,
      activations: activationsOfKeras(kind.name, config, keras, context),
      initialStates: [],
    },
  };
}

/** Of the input and of the state, one behind the other; a single one is the input's. */
function biasesOf(bias: KerasArray | null, rows: number, like: Weights): Weights {
  const both = like instanceof Float64Array ? new Float64Array(2 * rows) : new Float32Array(2 * rows);
  if (bias) both.set(bias.read());
  return both;
}

/** Blocks of rows, or of a vector, one behind the other. */
function inOurOrder(values: Weights, gateOrder: readonly number[]): Weights {
  const length = values.length / gateOrder.length;
  const ours = values instanceof Float64Array ? new Float64Array(values.length) : new Float32Array(values.length);
  gateOrder.forEach((own, block) => {
    ours.set(values.subarray(block * length, (block + 1) * length), own * length);
  });
  return ours;
}

/** In the order of ONNX's operator. */
function activationsOfKeras(
  cell: CellName,
  { activation = 'tanh', recurrent_activation: gates = 'sigmoid' }: KerasLayer['config'],
  { name }: KerasLayer,
  { version, file }: RecurrentContext,
): readonly ActivationForm[] {
  const said = activationsOf(cell, activation).map((each) => (each === 'sigmoid' ? gates : activation));
  return said.map((each) => {
    const form = activationForm(each, version);
    if (!form) throw new UserError('error.keras.activation', file, name, inShort(each));
    return form;
  });
}

function generalLayer(
  directions: readonly ReadDirection[],
  { name, className }: KerasLayer,
  { inputSize, sublayer }: RecurrentContext,
): GeneralLayer {
  const [{ cell, hiddenSize, linearBeforeReset }] = directions;
  return {
    cell,
    options: optionsOf(cell, {}),
    hiddenSize,
    inputSize,
    directions: directions.map(({ direction }) => direction),
    clip: null,
    linearBeforeReset,
    inputForget: false,
    sublayers: [sublayer],
    source: `${name} (${className})`,
  };
}
