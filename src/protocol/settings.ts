/** What a person chooses before a run. Names follow PyTorch's; DESIGN words are defined in docs/architecture.md. */

export type CellName = 'rnn' | 'lstm' | 'gru';
export type Activation = 'tanh' | 'relu';
export type Direction = 'forward' | 'backward';
export type BackendName = 'ort' | 'wasm';
export type OptimizerName = 'sgd' | 'adam';

export interface ModelSettings {
  readonly cell: CellName;
  /** Of a vanilla RNN; the gated cells have their own. */
  readonly activation: Activation;
  readonly layers: number;
  readonly hiddenSize: number;
}

export interface TrainingSettings {
  /** T: steps of text over which one gradient is taken. */
  readonly window: number;
  /** B: parallel streams over the corpus. */
  readonly batch: number;
  /** Steps in all, or null to go on until stopped. */
  readonly steps: number | null;
  readonly optimizer: OptimizerName;
  readonly learningRate: number;
  /** Of SGD; Adam has its own moments. */
  readonly momentum: number;
  /** Largest global gradient norm, or null for none. */
  readonly clipNorm: number | null;
  readonly seed: number;
  /** Checkpoint after this many steps. */
  readonly checkpointEvery: number;
  /** Validation loss after this many steps. */
  readonly validateEvery: number;
  readonly backend: BackendName;
  /** Threads of ONNX Runtime; null lets the engine choose. */
  readonly threads: number | null;
}

/** Where a flow counts as vanished or exploded, in powers of ten relative to the target's own step. */
export interface Thresholds {
  readonly vanishing: number;
  readonly exploding: number;
}

export const defaultModelSettings: ModelSettings = { cell: 'lstm', activation: 'tanh', layers: 1, hiddenSize: 128 };

export const defaultTrainingSettings: TrainingSettings = {
  window: 64,
  batch: 16,
  steps: null,
  optimizer: 'adam',
  learningRate: 0.002,
  momentum: 0,
  clipNorm: 1,
  seed: 1,
  checkpointEvery: 500,
  validateEvery: 200,
  backend: 'ort',
  threads: null,
};

export const defaultThresholds: Thresholds = { vanishing: -3, exploding: 2 };
