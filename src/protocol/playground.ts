/** Learning without training: a cell with random weights, made anew for every place of the sliders. */
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
  /** Bias of the gate that keeps the state: an LSTM's forget gate, a GRU's update gate. */
  readonly forgetBias: number;
  readonly hiddenSize: number;
  /** T. */
  readonly length: number;
  readonly seed: number;
}

/** What the sliders allow. */
export const playgroundLimits = {
  gain: { least: 0.5, most: 2, by: 0.01 },
  forgetBias: { least: -4, most: 8, by: 0.1 },
  length: { least: 8, most: 512, by: 1 },
  hiddenSize: { least: 2, most: 256 },
} as const;

export const defaultPlayground: PlaygroundSettings = { cell: plainCell, activation: 'tanh', matrix: 'orthogonal', gain: 0.9, forgetBias: 1, hiddenSize: 64, length: 128, seed: 1 };

export interface PlaygroundResult {
  readonly frame: Frame;
  /** ‖R‖₂, the largest over the gates. */
  readonly spectralNorm: number;
}
