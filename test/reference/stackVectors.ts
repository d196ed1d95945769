/** What PyTorch computed for stacks of every kind (test/vectors/README.md), as typed arrays; matrices and series are flat, row-major and time-major. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ReferenceActivation, ReferenceCellName, ReferenceLayer, Vector } from './model';

/** By [layer][direction]; direction 1 is the reverse one. */
export type ByDirection<T> = readonly (readonly T[])[];

export interface StackShape {
  readonly cell: ReferenceCellName;
  /** Of a vanilla RNN only. */
  readonly activation: ReferenceActivation;
  readonly layers: number;
  readonly directions: 1 | 2;
  /** H. */
  readonly hidden: number;
  /** V. */
  readonly vocabulary: number;
  /** E; null: the input is one-hot. */
  readonly embedding: number | null;
  /** The output matrix is the embedding, E = directions · H. */
  readonly tied: boolean;
  /** k2; null: none inside a window. */
  readonly truncation: number | null;
}

/** Parameters, or their gradients: embedding [V, E]; layers in ONNX roles and gate order; output W [V, directions · H], null when tied, and b [V]. */
export interface StackParameters {
  readonly embedding: Vector | null;
  readonly layers: ByDirection<ReferenceLayer>;
  readonly output: { readonly W: Vector | null; readonly b: Vector };
}

export interface StackCase extends StackShape {
  readonly name: string;
  readonly parameters: StackParameters;
  readonly readings: readonly StackReading[];
}

/** One text read from the zero state: two windows of streams, or one of sequences. All but `windows` is of the last window. */
export interface StackReading {
  readonly reading: 'stream' | 'sequences';
  readonly objective: 'next' | 'masked';
  readonly windows: readonly StackWindow[];
  readonly states: ByDirection<StackStates>;
  readonly gradients: StackParameters;
  /** Empty with truncation or dropout. */
  readonly perTarget: readonly StackItem[];
}

export interface StackWindow {
  /** [T, B]; −1 where a stream has ended. */
  readonly inputs: readonly number[];
  /** [T, B]; −1 where there is nothing to predict. */
  readonly targets: readonly number[];
  /** Steps of each stream; B is their number. */
  readonly lengths: readonly number[];
  /** Factors of each layer's output but the last's, [T, B, directions · H]; null: no dropout. */
  readonly masks: readonly Vector[] | null;
  /** Mean over the targets, in nats. */
  readonly loss: number;
}

/** [T, B, H] each, zero where a stream has ended. */
export interface StackStates {
  readonly h: Vector;
  /** LSTM only. */
  readonly c: Vector | null;
  /** ∂L/∂h_t and, LSTM only, ∂L/∂c_t, through everything. */
  readonly totalH: Vector;
  readonly totalC: Vector | null;
}

/** log₁₀‖∂ℓ_τ/∂h_t‖ and, LSTM only, log₁₀‖∂ℓ_τ/∂c_t‖ over one stream's own steps; null where h_t cannot reach ℓ_τ. */
export interface StackItem {
  readonly stream: number;
  /** τ. */
  readonly target: number;
  readonly h: ByDirection<readonly (number | null)[]>;
  readonly c: ByDirection<readonly (number | null)[]> | null;
}

/** An LSTM in one direction over one long window, B = 1, from the zero state. */
export interface LongCase extends StackShape {
  readonly parameters: StackParameters;
  /** T + 1; inputs are all but the last, targets all but the first. */
  readonly ids: readonly number[];
  readonly loss: number;
  readonly gradients: StackParameters;
  /** Per layer ‖∂L/∂h_t‖ and ‖∂L/∂c_t‖, [T] each. */
  readonly totals: readonly { readonly h: Vector; readonly c: Vector }[];
}

const folder = join(process.cwd(), 'test/vectors/data');

export const stackCaseNames: readonly string[] = readdirSync(join(folder, 'stacks'))
  .map((file) => file.replace('.json', ''))
  .sort();

export function loadStackCase(name: string): StackCase {
  const json = readJson(`stacks/${name}`) as Json<Omit<StackCase, 'name'>>;
  return {
    ...json,
    name,
    parameters: parametersOf(json.parameters),
    readings: json.readings.map((reading) => ({
      ...reading,
      windows: reading.windows.map((window) => ({ ...window, masks: window.masks && window.masks.map(vector) })),
      states: byDirection(reading.states, ({ h, c, totalH, totalC }) => ({
        h: vector(h),
        c: c && vector(c),
        totalH: vector(totalH),
        totalC: totalC && vector(totalC),
      })),
      gradients: parametersOf(reading.gradients),
    })),
  };
}

export function loadLongCase(): LongCase {
  const json = readJson('long-lstm') as Json<LongCase>;
  return {
    ...json,
    parameters: parametersOf(json.parameters),
    gradients: parametersOf(json.gradients),
    totals: json.totals.map(({ h, c }) => ({ h: vector(h), c: vector(c) })),
  };
}

/** Every parameter once, by a name that says where it is. */
export function listStackParameters({
  embedding,
  layers,
  output,
}: StackParameters): { readonly name: string; readonly values: Vector }[] {
  const ofLayers = layers.flatMap((directions, l) =>
    directions.flatMap((layer, d) =>
      (['W', 'R', 'Wb', 'Rb'] as const).map((role) => ({
        name: `${role} of layer ${l}, direction ${d}`,
        values: layer[role],
      })),
    ),
  );
  const others = [
    { name: 'embedding', values: embedding },
    { name: 'output W', values: output.W },
    { name: 'output b', values: output.b },
  ];
  return [...ofLayers, ...others.flatMap(({ name, values }) => (values ? [{ name, values }] : []))];
}

/** A type as it stands in the file: typed arrays are arrays of numbers. */
export type Json<T> = T extends Vector ? number[] : T extends object ? { [K in keyof T]: Json<T[K]> } : T;

export const readJson = (name: string): unknown => JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8'));

const vector = (values: readonly number[]): Vector => Float64Array.from(values);

const byDirection = <T, U>(layers: ByDirection<T>, of: (value: T) => U): ByDirection<U> =>
  layers.map((directions) => directions.map(of));

export const parametersOf = ({ embedding, layers, output }: Json<StackParameters>): StackParameters => ({
  embedding: embedding && vector(embedding),
  layers: byDirection(layers, ({ W, R, Wb, Rb }) => ({ W: vector(W), R: vector(R), Wb: vector(Wb), Rb: vector(Rb) })),
  output: { W: output.W && vector(output.W), b: vector(output.b) },
});
