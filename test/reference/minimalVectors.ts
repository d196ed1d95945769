/** What PyTorch computed for minGRU and minLSTM (test/vectors/minimal.py); matrices are flat, row-major. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { readJson, type ByDirection } from './stackVectors';

export type MinimalCellName = 'minGRU' | 'minLSTM';

/** Parameters, or their gradients. */
export interface MinimalParameters {
  readonly embedding: readonly number[] | null;
  readonly layers: ByDirection<{ readonly W: readonly number[]; readonly Wb: readonly number[] }>;
  readonly output: { readonly W: readonly number[] | null; readonly b: readonly number[] };
}

/** By step. Logarithms: null for what cannot be reached, `zeroLogarithm` for exactly zero. */
type Series = readonly (number | null)[];

export interface MinimalReading {
  readonly reading: 'stream' | 'sequences';
  readonly lengths: readonly number[];
  /** [T, B]; −1 where a stream has ended. */
  readonly windows: readonly {
    readonly inputs: readonly number[];
    readonly targets: readonly number[];
    readonly loss: number;
  }[];
  /** Of the last window's loss; and ‖∂L/∂h_t‖ over units and streams. */
  readonly gradients: MinimalParameters;
  readonly totals: ByDirection<readonly number[]>;
}

/** One text from the zero state: inputs are all ids but the last, targets all but the first. */
export interface MinimalText {
  readonly ids: readonly number[];
  readonly loss: number;
  readonly norms: ByDirection<readonly number[]>;
  readonly totals: ByDirection<readonly number[]>;
  /** By boundary. */
  readonly inputTotals: readonly (readonly number[])[];
  readonly flows: readonly {
    readonly target: number;
    readonly states: ByDirection<Series>;
    readonly boundaries: readonly Series[];
  }[];
  readonly inputMatrix: readonly Series[];
  /** Embedding, layer by layer W and Wb of each direction, output W and b; of those there are. */
  readonly parameterNorms: readonly number[];
}

export interface MinimalCase {
  readonly name: string;
  readonly cell: MinimalCellName;
  readonly positive: boolean;
  readonly layers: number;
  readonly directions: 1 | 2;
  readonly hidden: number;
  readonly vocabulary: number;
  readonly embedding: number | null;
  readonly tied: boolean;
  readonly truncation: number | null;
  readonly parameters: MinimalParameters;
  readonly windows: readonly MinimalReading[];
  /** Null with truncation. */
  readonly text: MinimalText | null;
}

export const minimalCaseNames: readonly string[] = readdirSync(join(process.cwd(), 'test/vectors/data/minimal'))
  .map((file) => file.replace('.json', ''))
  .sort();

export function loadMinimalCase(name: string): MinimalCase {
  return { ...(readJson(`minimal/${name}`) as Omit<MinimalCase, 'name'>), name };
}

/** Every parameter once, as named by the engine. */
export function listMinimalParameters({
  embedding,
  layers,
  output,
}: MinimalParameters): [name: string, values: readonly number[]][] {
  const ofLayers = layers.flatMap((directions, l) =>
    directions.flatMap(({ W, Wb }, d) =>
      [
        ['W', W],
        ['Wb', Wb],
      ].map(([role, values]): [string, readonly number[]] => [
        `layer${l}.${d === 0 ? 'forward' : 'backward'}.${role as string}`,
        values as readonly number[],
      ]),
    ),
  );
  return [
    ...(embedding ? [['embedding', embedding] as [string, readonly number[]]] : []),
    ...ofLayers,
    ...(output.W ? [['output.W', output.W] as [string, readonly number[]]] : []),
    ['output.b', output.b],
  ];
}
