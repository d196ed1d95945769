/**
 * A model in the general form that ONNX's recurrent operators allow: layers of different cells and sizes, other activations, clipped
 * pre-activations, states that do not begin at zero. Models of other tools are read into it; it can be inspected, in float64.
 * Those that are also a `ModelConfig` (plainModel.ts) can be trained and use the fast kernels.
 */
import type { CellName } from '../../layers/catalog';
import type { Direction } from '../../layers/direction';
import type { NormKind } from '../../layers/norm';
import type { LayerOptions } from '../../layers/options';
import type { LayerSizes } from '../../layers/parameters';
import type { ByRole } from './directionParameters';

/** As the file has them: float64 where it does. */
export type Weights = Float32Array | Float64Array;

/** ONNX's activation functions, by their names in lower case. */
export const activationNames = [
  'affine',
  'elu',
  'hardsigmoid',
  'leakyrelu',
  'relu',
  'scaledtanh',
  'sigmoid',
  'softplus',
  'softsign',
  'tanh',
  'thresholdedrelu',
] as const;
export type ActivationName = (typeof activationNames)[number];

export interface ActivationForm {
  readonly name: ActivationName;
  /** Of those that have them; the operator's defaults are filled in. */
  readonly alpha: number;
  readonly beta: number;
}

/**
 * One direction of a layer: W [G·H, I] and R [G·H, H], G gate blocks in ONNX's order (`i o f c`, `z r h`); Wb and Rb [G·H], zeros where the
 * file has none; and the parameters of its kind's own.
 */
export interface GeneralDirection extends ByRole<Weights> {
  readonly direction: Direction;
  /** LSTM: [3·H], of i, o and f; null without peepholes. */
  readonly peepholes: Weights | null;
  /** RNN: f; GRU: f (gates), g (candidate); LSTM: f (gates), g (candidate), h (cell state). */
  readonly activations: readonly ActivationForm[];
  /** [H] for each of the kind's states: before this direction's first step; null for zero. Of those behind the list's end too. */
  readonly initialStates: readonly (Weights | null)[];
}

export interface GeneralLayer {
  readonly cell: CellName;
  /** Of its kind, all of them. */
  readonly options: LayerOptions;
  /** H, and I: what it reads. */
  readonly hiddenSize: number;
  readonly inputSize: number;
  /** The forward one first where there are two; their states side by side are the layer's output. */
  readonly directions: readonly GeneralDirection[];
  /** Pre-activations are cut to ± this; null for no limit. */
  readonly clip: number | null;
  /** GRU: the reset gate acts behind R (PyTorch's form) rather than before it. */
  readonly linearBeforeReset: boolean;
  /** LSTM: f = 1 − i. */
  readonly inputForget: boolean;
  /** What stands around each of its sublayers; a recurrent layer has one. */
  readonly sublayers: readonly GeneralSublayer[];
  /** The node or tensors that it was read from, for sentences. */
  readonly source: string;
}

/** y = x + sublayer(norm(x)), or without either. */
export interface GeneralSublayer {
  /** Empty of the only one. */
  readonly name: string;
  readonly norm: Norm | null;
  readonly residual: boolean;
  /** Of a mixer; its parameters are the `own` ones of the layer's only direction. */
  readonly isMixer: boolean;
  /** Names of its states, in the order of its code. */
  readonly states: readonly string[];
}

/** What stands around a layer of a file that has neither norm nor residual. */
export const plainAround = {
  sublayers: [{ name: '', norm: null, residual: false, isMixer: false, states: [] }],
} as const;

/** layerNorm: y = γ ⊙ (x − mean) / √(variance + ε) + β; rmsNorm: y = γ ⊙ x / √(mean x² + ε); over the features of a step. */
export interface Norm {
  readonly kind: NormKind;
  readonly gamma: Weights;
  /** Zeros where a LayerNorm has none; empty of an rmsNorm. */
  readonly beta: Weights;
  readonly epsilon: number;
}

export interface GeneralModel {
  /** V; of a model of numbers how many it predicts. */
  readonly vocabularySize: number;
  /** What it reads are rows of numbers, which come with the window, and its loss is the squared error of those that it predicts. Else tokens. */
  readonly isOfNumbers?: boolean;
  /** [V, E]; null reads tokens one-hot, and numbers as they are. */
  readonly embedding: Weights | null;
  /** The lowest first; at least one. */
  readonly layers: readonly GeneralLayer[];
  /** Between the top layer and the output. */
  readonly norm: Norm | null;
  /** W [V, D·H] and b [V], zeros where the file has none. W is the embedding itself when they are tied: the same array. */
  readonly output: { readonly W: Weights; readonly b: Weights };
}

/**
 * Whether what stands at a boundary (0: what the lowest layer reads, N: what the output reads) has gradients that no state has: a recurrent layer without a
 * residual connection gives its first state itself, and one that reads tokens without a norm gives their gradients by its pre-activations.
 */
export function hasInputRows({ layers }: Pick<GeneralModel, 'layers'>, boundary: number): boolean {
  const { sublayers } = layers[Math.max(0, boundary - 1)];
  return sublayers.some(({ norm, residual, isMixer }) => residual || isMixer || (boundary === 0 && norm !== null));
}

/** Whether nothing stands around any layer, and each is a recurrent one. */
export function isPlainModel({ layers }: GeneralModel): boolean {
  return layers.every(({ sublayers }) =>
    sublayers.every(({ norm, residual, isMixer }) => norm === null && !residual && !isMixer),
  );
}

/** All that a direction has. */
export function weightsOf({ W, R, Wb, Rb, own, peepholes }: GeneralDirection): Weights[] {
  return [W, R, Wb, Rb, ...Object.values(own), ...(peepholes ? [peepholes] : [])];
}

/** What the shapes of a layer's parameters and states follow from. */
export function sizesOfLayer({ layers }: GeneralModel, layer: number): LayerSizes {
  const { inputSize, hiddenSize, options } = layers[layer];
  return {
    input: inputSize,
    hidden: hiddenSize,
    options,
    layer,
    layers: layers.length,
    below: layers.slice(0, layer),
  };
}

/** Size of what a layer gives: the states of its directions side by side, D·H. */
export function layerOutputSize({ directions, hiddenSize }: GeneralLayer): number {
  return directions.length * hiddenSize;
}
