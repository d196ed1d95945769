/**
 * What of a kind can be moved in the playground: a model of it with random weights, whose gradients are shown at once. Each kind says which controls it has
 * and what they make of its parameters; number of layers, norm, residual and length are the same for all.
 */
import type { KeysOf } from '../messages';
import type { LayerOptions } from './options';
import type { FirstValue, LayerSizes } from './parameters';

export type ControlValue = number | string;
/** By the names of the controls; what other kinds have may stand among them. */
export type ControlValues = Readonly<Record<string, ControlValue>>;

export interface SliderControl {
  readonly type: 'slider';
  /** Controls of one name are the same in every kind that has them, but for the gate in their label. */
  readonly name: string;
  readonly label: KeysOf<'panel.playground'>;
  /** The unit map whose name stands in the label. */
  readonly of?: string;
  readonly default: number;
  readonly min: number;
  readonly max: number;
  /** Between two places of the slider; of a logarithmic one in powers of ten, which `min`, `max` and `default` are not. */
  readonly step: number;
  readonly isLogarithmic?: boolean;
  /** Another slider that is taken along where this one comes to stand above it, or below. */
  readonly pushes?: { readonly name: string; readonly when: 'below' | 'above' };
}

export interface ChoiceControl {
  readonly type: 'choice';
  readonly name: string;
  readonly label: KeysOf<'panel.playground'>;
  readonly default: string;
  /** With its name in the reader's language, where it has one. */
  readonly choices: readonly { readonly value: string; readonly label?: KeysOf<'panel.playground'> }[];
}

export type PlaygroundControl = SliderControl | ChoiceControl;

/** What a frame shows, for the sentence under the sliders. */
export interface PlaygroundFound {
  /** ‖R‖₂, the largest over gates and layers; 0 of a kind without R. */
  readonly spectralNorm: number;
  /** The largest attention weight of the target in the lowest layer, over all heads; null of a kind without heads. */
  readonly largestWeight: number | null;
  /** Steps up to the target, itself included. */
  readonly steps: number;
}

/** A sentence with numbers, each with so many decimals, or in as few digits as say it. */
export interface PlaygroundFact {
  readonly key: KeysOf<'panel.playground'>;
  readonly numbers: readonly (readonly [value: number, decimals: number | null])[];
}

/** Parameters of a layer by role, to be changed in place. */
export type DrawnParameters = Readonly<Record<string, Float32Array>>;

export interface KindPlayground {
  /** H: as large as is answered within a frame. */
  readonly hiddenSize: number;
  /** Standard deviation of the embedding. */
  readonly deviation: number;
  readonly controls: readonly PlaygroundControl[];
  /** First values other than those of training, by role. */
  readonly first: Readonly<Record<string, (sizes: LayerSizes) => FirstValue>>;
  /** What the controls make of the kind's options. */
  readonly options: (at: ControlValues) => LayerOptions;
  /** What they make of the parameters of one layer, which come as they were drawn. */
  readonly adjust: (parameters: DrawnParameters, at: ControlValues, sizes: LayerSizes) => void;
  /** What the controls come to, said under them. */
  readonly fact: (at: ControlValues, found: PlaygroundFound) => PlaygroundFact;
  /** The equation that the controls are about, as `formula` of the page reads it, and what is said of it. */
  readonly formula: string;
  readonly explained: KeysOf<'panel.playground'>;
}

/** Most tokens that are read. */
export const maxPlaygroundLength = 512;

/** The value of a slider. */
export function numberAt(at: ControlValues, { name, default: usual }: SliderControl): number {
  const value = at[name];
  return typeof value === 'number' ? value : usual;
}

export function choiceAt(at: ControlValues, { name, default: usual }: ChoiceControl): string {
  const value = at[name];
  return typeof value === 'string' ? value : usual;
}

/** How the recurrent matrices are drawn. */
export const matrixControl = {
  type: 'choice',
  name: 'matrix',
  label: 'panel.playground.matrix',
  default: 'orthogonal',
  choices: [
    { value: 'orthogonal', label: 'panel.playground.orthogonal' },
    { value: 'gaussian', label: 'panel.playground.gaussian' },
  ],
} as const satisfies ChoiceControl;

/** Spectral radius of each of them; of `orthogonal` every singular value too. */
export const gainControl = {
  type: 'slider',
  name: 'gain',
  label: 'panel.playground.gain',
  default: 0.9,
  min: 0.5,
  max: 2,
  step: 0.01,
} as const satisfies SliderControl;

/** Of a kind whose activation can be chosen. */
export const activationControl = {
  type: 'choice',
  name: 'activation',
  label: 'panel.playground.activation',
  default: 'tanh',
  choices: [{ value: 'linear', label: 'panel.playground.linear' }, { value: 'tanh' }, { value: 'relu' }],
} as const satisfies ChoiceControl;

/** Bias of a gate that keeps the state. */
export const keepBias = {
  type: 'slider',
  name: 'gateBias',
  label: 'panel.playground.gateBias',
  default: 1,
  min: -4,
  max: 8,
  step: 0.1,
} as const satisfies SliderControl;

/** How much what is read moves the gates: the factor of their weights, 0 for gates that are the same at every token. */
export const selectivityControl = {
  type: 'slider',
  name: 'selectivity',
  label: 'panel.playground.selectivity',
  default: 1,
  min: 0,
  max: 4,
  step: 0.1,
} as const satisfies SliderControl;

/** Multiplies the recurrent matrices, all gates, and sets the bias of one of them. */
export function adjustRecurrent(bias: { readonly control: SliderControl; readonly block: number } | null) {
  return ({ R, Wb }: DrawnParameters, at: ControlValues, { hidden: H }: LayerSizes): void => {
    scale(R, numberAt(at, gainControl));
    if (bias) Wb.fill(numberAt(at, bias.control), bias.block * H, (bias.block + 1) * H);
  };
}

/** Of a kind with recurrent matrices. */
export function recurrentFact(at: ControlValues, { spectralNorm }: PlaygroundFound): PlaygroundFact {
  return {
    key: 'panel.playground.factsOfMatrix',
    numbers: [
      [numberAt(at, gainControl), 2],
      [spectralNorm, 2],
    ],
  };
}

/** Of a kind whose gates read the input alone. @param kept of the state at each token, by the biases alone */
export function gatesFact(kept: number): PlaygroundFact {
  return { key: 'panel.playground.factsOfGates', numbers: [[kept, 3]] };
}

export function scale(values: Float32Array, by: number): void {
  for (let i = 0; i < values.length; i++) values[i] *= by;
}

/** σ. */
export function logistic(x: number): number {
  return 1 / (1 + Math.exp(-x));
}
