/** Learning without training: a cell with random weights, made again for every place of the sliders. */
import type { Frame } from './frame';
import { plainCell, type CellName } from '../layers/catalog';

export type PlaygroundActivation = 'linear' | 'tanh' | 'relu';
export type PlaygroundMatrix = 'orthogonal' | 'gaussian';

export interface PlaygroundSettings {
  readonly cell: CellName;
  /** Of a vanilla RNN. */
  readonly activation: PlaygroundActivation;
  /** Of each gate's recurrent matrix. */
  readonly matrix: PlaygroundMatrix;
  /** Spectral radius of each of them; of `orthogonal` every singular value too. */
  readonly gain: number;
  /** Bias of the gate that decides how long the state is kept: an LSTM's forget gate, a GRU's update gate. */
  readonly forgetBias: number;
  readonly hiddenSize: number;
  /** T. */
  readonly length: number;
  readonly seed: number;
}

/** What the sliders allow. */
export const playgroundLimits = {
  gain: { min: 0.5, max: 2, step: 0.01 },
  forgetBias: { min: -4, max: 8, step: 0.1 },
  length: { min: 8, max: 512, step: 1 },
  hiddenSize: { min: 2, max: 256 },
} as const;

export const defaultPlayground: PlaygroundSettings = {
  cell: plainCell,
  activation: 'tanh',
  matrix: 'orthogonal',
  gain: 0.9,
  forgetBias: 1,
  hiddenSize: 64,
  length: 128,
  seed: 1,
};

export interface PlaygroundResult {
  readonly frame: Frame;
  /** ‖R‖₂, the largest over the gates; 0 of a kind without R. */
  readonly spectralNorm: number;
}
