/** The kept cases of Mamba blocks (test/vectors/mamba.py), and a plain stack of such blocks around the code under test, in float64. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { LayerSizes } from '../../src/layers/parameters';

export interface MambaOptions {
  readonly width: number;
  readonly stateSize: number;
  readonly expand: number;
  readonly convolution: number;
  readonly rank: number;
  readonly biases: boolean;
  readonly norm: boolean;
  readonly residual: boolean;
  readonly tied: boolean;
  readonly layers: number;
  readonly vocabulary: number;
  readonly epsilon: number;
}

export type StateName = 'h' | 'conv';
type ByState<T> = Readonly<Record<StateName, T>>;
/** −9999 stands for the logarithm of zero, null for what cannot be reached. */
export type Logarithms = readonly (number | null)[];
type Gradients = Readonly<Record<string, readonly number[]>>;

export interface MambaInspection {
  readonly ids: readonly number[];
  readonly losses: readonly number[];
  readonly loss: number;
  readonly gradients: Gradients;
  readonly norms: readonly ByState<readonly number[]>[];
  readonly totals: readonly ByState<readonly number[]>[];
  readonly inputTotals: readonly (readonly number[])[];
  readonly flows: readonly {
    readonly target: number;
    readonly states: readonly ByState<Logarithms>[];
    readonly inputs: readonly Logarithms[];
  }[];
  readonly matrix: readonly Logarithms[];
  readonly inputMatrix: readonly Logarithms[];
}

export interface MambaWindow {
  readonly inputs: readonly (readonly number[])[];
  readonly targets: readonly (readonly number[])[];
  readonly truncation: number | null;
  readonly loss: number;
  readonly gradients: Gradients;
  readonly totals: readonly ByState<readonly number[]>[];
  readonly inputTotals: readonly (readonly number[])[];
  /** Of each layer after the window: h [B, E, S], and the last inputs of the convolution [B, E, K − 1], oldest first. */
  readonly states?: readonly ByState<readonly number[]>[];
}

export interface MambaCase extends MambaOptions {
  readonly inspection: MambaInspection;
  /** The window before those of `stream`. */
  readonly before: readonly (readonly number[])[];
  readonly stream: readonly MambaWindow[];
  readonly sequences: MambaWindow;
}

export const mambaCaseNames = ['1', '2', '4', '2-odd', '2-bare'] as const;

const data = path.join(process.cwd(), 'test/vectors/data/mamba');

export function readMambaCase(name: string): MambaCase {
  return JSON.parse(readFileSync(path.join(data, `${name}.json`), 'utf8')) as MambaCase;
}

/** The options of the kind. */
export function kindOptions({ stateSize, expand, convolution, rank, biases }: MambaOptions): LayerSizes['options'] {
  return { stateSize, expand, convolution, rank, projectionBiases: biases };
}

export function sizesOfLayer(options: MambaOptions, layer: number): LayerSizes {
  const { width, layers } = options;
  return { input: width, hidden: width, options: kindOptions(options), layer, layers, below: [] };
}

/** middle + scale · sin(1 + 0.7 p + 1.3 k) of each element k. */
export function wave(p: number, length: number, scale: number, middle = 0): Float64Array {
  return Float64Array.from({ length }, (_, k) => middle + scale * Math.sin(1 + 0.7 * p + 1.3 * k));
}

/** All parameters by the names of the cases: `embedding`, `layer0.W_in`, `layer0.norm`, `finalNorm`, `output.b`. */
export function drawParameters(options: MambaOptions): Map<string, Float64Array> {
  const { width: D, stateSize: S, expand, convolution: K, rank: R, vocabulary: V, layers } = options;
  const E = expand * D;
  const drawn = new Map([['embedding', wave(0, V * D, 1)]]);
  if (!options.tied) drawn.set('output.W', wave(1, V * D, 0.5));
  drawn.set('output.b', wave(2, V, 0.5));
  if (options.norm) drawn.set('finalNorm', wave(3, D, 0.3, 1));
  for (let layer = 0; layer < layers; layer++) {
    const own: [string, (p: number) => Float64Array, boolean?][] = [
      ['W_in', (p) => wave(p, 2 * E * D, 0.5)],
      ['b_in', (p) => wave(p, 2 * E, 0.5), options.biases],
      ['W_conv', (p) => wave(p, E * K, 0.5)],
      ['b_conv', (p) => wave(p, E, 0.5)],
      ['W_x', (p) => wave(p, (R + 2 * S) * E, 0.5)],
      ['W_dt', (p) => wave(p, E * R, 0.5)],
      ['b_dt', (p) => wave(p, E, 1.5, -2)],
      ['A_log', (p) => wave(p, E * S, 0.3).map((value, index) => value + Math.log((index % S) + 1))],
      ['D', (p) => wave(p, E, 0.3, 1)],
      ['W_out', (p) => wave(p, D * E, 0.5)],
      ['b_out', (p) => wave(p, D, 0.5), options.biases],
      ['norm', (p) => wave(p, D, 0.3, 1), options.norm],
    ];
    own.forEach(([name, make, isThere = true], number) => {
      if (isThere) drawn.set(`layer${layer}.${name}`, make(4 + 12 * layer + number));
    });
  }
  return drawn;
}

/** Those of one layer, by role. */
export function parametersOfLayer<T>(all: ReadonlyMap<string, T>, layer: number): Readonly<Record<string, T>> {
  const prefix = `layer${layer}.`;
  return Object.fromEntries(
    [...all].filter(([name]) => name.startsWith(prefix)).map(([name, value]) => [name.slice(prefix.length), value]),
  );
}
