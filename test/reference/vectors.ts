/** The numbers PyTorch computed (test/vectors/README.md), as typed arrays; matrices and sequences are flat, row-major. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ReferenceActivation, ReferenceCellName, ReferenceModel, ReferenceParameters, Vector } from './model';

/** Cell × layers, one file each. */
export const caseNames = [
  ...['rnn-tanh-1', 'rnn-tanh-2', 'rnn-tanh-3', 'rnn-relu-1', 'rnn-relu-2', 'rnn-relu-3'],
  ...['lstm-1', 'lstm-2', 'lstm-3', 'gru-1', 'gru-2', 'gru-3'],
] as const;
export type CaseName = (typeof caseNames)[number];

/** Vanilla RNNs of one layer, H = 16, whose gradient leaves what a float holds. */
export const farCaseNames = [
  'far-tanh-vanishing',
  'far-tanh-vanishing-1000',
  'far-tanh-exploding',
  'far-relu-exploding',
  'far-relu-exploding-mild',
] as const;
export type FarCaseName = (typeof farCaseNames)[number];

export interface VectorCase {
  readonly name: string;
  readonly hiddenSize: number;
  readonly vocabularySize: number;
  readonly model: ReferenceModel;
  readonly inspection: InspectionVectors;
  readonly training: TrainingVectors;
}

/** B = 1, zero initial state, T inputs `ids[0 … T−1]`, targets `ids[1 … T]`. L = mean of the losses. */
export interface InspectionVectors {
  /** T + 1 ids. */
  readonly ids: readonly number[];
  readonly loss: number;
  /** [T], nats. */
  readonly losses: Vector;
  /** [T, V]. */
  readonly probabilities: Vector;
  readonly layers: readonly LayerVectors[];
  /** ∂L/∂parameter. */
  readonly gradients: ReferenceParameters;
  readonly gradientNorms: {
    readonly layers: readonly { readonly W: number; readonly R: number; readonly Wb: number; readonly Rb: number }[];
    readonly output: { readonly W: number; readonly b: number };
    readonly global: number;
  };
  /** To the last target's logit; null for rnn. */
  readonly contributions: ContributionVectors | null;
}

export interface LayerVectors {
  /** h_t [T, H] and ‖h_t‖ [T]. */
  readonly hidden: Vector;
  readonly hiddenNorm: Vector;
  /** c_t [T, H], lstm only. */
  readonly cell: Vector | null;
  /** After activation, by ONNX gate name, each [T, H]; null for rnn. */
  readonly gates: Readonly<Record<string, Vector>> | null;
  /** ∂L/∂h_t [T, H] and its norms [T]. */
  readonly total: Vector;
  readonly totalNorm: Vector;
  /** ∂L/∂c_t, lstm only. */
  readonly totalCell: Vector | null;
  readonly totalCellNorm: Vector | null;
  /** ∂ℓ_τ/∂h_t for the last τ [T, H]; ∂ℓ_τ/∂c_t, lstm only. */
  readonly perTargetLast: Vector;
  readonly perTargetCellLast: Vector | null;
  /** Row τ: log₁₀‖∂ℓ_τ/∂h_t‖ for t = 0 … τ; −Infinity where it is exactly zero. The same of c_t, lstm only. */
  readonly perTargetLog10: readonly Vector[];
  readonly perTargetCellLog10: readonly Vector[] | null;
}

/** Parts of `target`'s logit, without its bias, at the last step. `carriedIn` + sum of `tokens` = `whole`. */
export interface ContributionVectors {
  readonly target: number;
  /** Of the initial state. */
  readonly carriedIn: number;
  /** [T]. */
  readonly tokens: Vector;
  readonly whole: number;
}

/** One batch of B streams over T steps from a carried-in, detached state; loss is the mean over T·B. */
export interface TrainingVectors {
  /** [B][T]. */
  readonly inputs: readonly (readonly number[])[];
  readonly targets: readonly (readonly number[])[];
  /** Per layer [B, H]; c for lstm only. */
  readonly initial: StateVectors;
  readonly final: StateVectors;
  readonly loss: number;
  readonly gradients: ReferenceParameters;
  readonly globalNorm: number;
  /** torch.nn.utils.clip_grad_norm_: gradient × min(1, maximum / (norm + 1e-6)). One that clips, one that does not. */
  readonly clipping: readonly { readonly maximum: number; readonly before: number; readonly after: number }[];
  readonly optimizers: readonly OptimizerVectors[];
  /** Of stream 0 at its last step, with the carried-in state; null for rnn. */
  readonly contributions: ContributionVectors | null;
}

export interface StateVectors {
  readonly h: readonly Vector[];
  readonly c: readonly Vector[] | null;
}

/** `steps` updates on the same batch from the same initial state, each with its gradient clipped to `clipNorm`. */
export type OptimizerVectors = {
  readonly learningRate: number;
  readonly steps: number;
  readonly clipNorm: number;
  /** [steps], before each update. */
  readonly losses: Vector;
  readonly normsBefore: Vector;
  /** After the last update. */
  readonly parameters: ReferenceParameters;
} & (
  | { readonly name: 'sgd'; readonly momentum: number }
  | { readonly name: 'adam'; readonly beta1: number; readonly beta2: number; readonly epsilon: number }
);

/** Zero initial state, T inputs `ids[0 … T−1]`, τ = T − 1 with target `ids[T]`. */
export interface FarCase {
  readonly name: string;
  readonly hiddenSize: number;
  readonly vocabularySize: number;
  readonly model: ReferenceModel;
  readonly ids: readonly number[];
  /** log₁₀‖∂ℓ_τ/∂h_t‖ for t = 0 … T−1. */
  readonly log10: Vector;
  /** log₁₀‖∂ℓ_τ/∂x_t‖ of the one-hot x_t. */
  readonly inputLog10: Vector;
  /** h_t [T, H] where rounding grows as fast as the gradient (tanh-exploding): given because it cannot be computed again. */
  readonly hidden: Vector | null;
}

export function loadFarCase(name: FarCaseName): FarCase {
  const json = readJson(name) as Json<Omit<FarCase, 'model'>> & Described;
  return {
    name,
    hiddenSize: json.hiddenSize,
    vocabularySize: json.vocabularySize,
    model: modelOf(json),
    ids: json.ids,
    log10: vector(json.log10),
    inputLog10: vector(json.inputLog10),
    hidden: vectorOrNull(json.hidden),
  };
}

export function loadCase(name: CaseName): VectorCase {
  const json = readJson(name) as Json<Omit<VectorCase, 'model'>> & Described;
  const { inspection, training } = json;
  return {
    name,
    hiddenSize: json.hiddenSize,
    vocabularySize: json.vocabularySize,
    model: modelOf(json),
    inspection: {
      ...inspection,
      losses: vector(inspection.losses),
      probabilities: vector(inspection.probabilities),
      layers: inspection.layers.map((layer) => ({
        hidden: vector(layer.hidden),
        hiddenNorm: vector(layer.hiddenNorm),
        cell: vectorOrNull(layer.cell),
        gates:
          layer.gates &&
          Object.fromEntries(Object.entries(layer.gates).map(([gate, values]) => [gate, vector(values)])),
        total: vector(layer.total),
        totalNorm: vector(layer.totalNorm),
        totalCell: vectorOrNull(layer.totalCell),
        totalCellNorm: vectorOrNull(layer.totalCellNorm),
        perTargetLast: vector(layer.perTargetLast),
        perTargetCellLast: vectorOrNull(layer.perTargetCellLast),
        perTargetLog10: layer.perTargetLog10.map(logarithms),
        perTargetCellLog10: layer.perTargetCellLog10 && layer.perTargetCellLog10.map(logarithms),
      })),
      gradients: parametersOf(inspection.gradients),
      contributions: contributionsOf(inspection.contributions),
    },
    training: {
      ...training,
      initial: stateOf(training.initial, training.inputs.length, json.hiddenSize),
      final: stateOf(training.final, training.inputs.length, json.hiddenSize),
      gradients: parametersOf(training.gradients),
      optimizers: training.optimizers.map((optimizer) => ({
        ...optimizer,
        losses: vector(optimizer.losses),
        normsBefore: vector(optimizer.normsBefore),
        parameters: parametersOf(optimizer.parameters),
      })),
      contributions: contributionsOf(training.contributions),
    },
  };
}

/** A type as it stands in the file: typed arrays are arrays of numbers, null for −Infinity. */
type Json<T> = T extends Vector ? (number | null)[] : T extends object ? { [K in keyof T]: Json<T[K]> } : T;

interface Described {
  readonly cell: ReferenceCellName;
  readonly activation: ReferenceActivation;
  readonly parameters: Json<ReferenceParameters>;
}

const readJson = (name: string): unknown =>
  JSON.parse(readFileSync(join(process.cwd(), 'test/vectors/data', `${name}.json`), 'utf8'));

const vector = (values: readonly (number | null)[]): Vector =>
  Float64Array.from(values, (value) => {
    if (value === null) throw new Error('A null stands where only logarithms have one.');
    return value;
  });

const vectorOrNull = (values: readonly (number | null)[] | null): Vector | null => values && vector(values);

const logarithms = (values: readonly (number | null)[]): Vector =>
  Float64Array.from(values, (value) => value ?? -Infinity);

const parametersOf = (json: Json<ReferenceParameters>): ReferenceParameters => ({
  layers: json.layers.map(({ W, R, Wb, Rb }) => ({ W: vector(W), R: vector(R), Wb: vector(Wb), Rb: vector(Rb) })),
  output: { W: vector(json.output.W), b: vector(json.output.b) },
});

const modelOf = ({ cell, activation, parameters }: Described): ReferenceModel => ({
  cell,
  activation,
  ...parametersOf(parameters),
});

const contributionsOf = (json: Json<ContributionVectors> | null): ContributionVectors | null =>
  json && { ...json, tokens: vector(json.tokens) };

/** The file holds one flat array [layers, B, H]. */
function stateOf(json: unknown, streams: number, hiddenSize: number): StateVectors {
  const { h, c } = json as { h: number[]; c: number[] | null };
  const layerSize = streams * hiddenSize;
  const split = (values: number[]): Vector[] =>
    Array.from({ length: values.length / layerSize }, (_, l) =>
      Float64Array.from(values.slice(l * layerSize, (l + 1) * layerSize)),
    );
  return { h: split(h), c: c && split(c) };
}
