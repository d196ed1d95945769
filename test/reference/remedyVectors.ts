/** What PyTorch's autograd gives of remedies for vanishing gradients (test/vectors/remedies.py), in float64; matrices are flat, row-major. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface RnnParameters {
  readonly W: readonly number[];
  readonly R: readonly number[];
  readonly Wb: readonly number[];
  readonly Rb: readonly number[];
}

/** Streams from the zero state; one with fewer steps than the longest is padded. */
export interface OmegaCase {
  readonly name: string;
  readonly hidden: number;
  readonly activation: 'tanh' | 'relu';
  readonly directions: 1 | 2;
  /** k2, or 0. */
  readonly truncation: number;
  readonly lengths: readonly number[];
  /** [B, T], stream by stream. */
  readonly ids: readonly number[];
  readonly targets: readonly number[];
  /** Of each layer and direction. */
  readonly parameters: readonly (readonly RnnParameters[])[];
  readonly output: { readonly W: readonly number[]; readonly b: readonly number[] };
  /** Of all layers and directions, the mean over the streams. */
  readonly omega: number;
  /** Its gradient by R. */
  readonly gradients: readonly (readonly (readonly number[])[])[];
}

export interface NormParameters {
  readonly gamma: readonly number[];
  readonly beta: readonly number[];
}

/** Of minGRU and minLSTM W and Wb only. */
export type CellParameters = Pick<RnnParameters, 'W' | 'Wb'> & Partial<RnnParameters>;

/** One stream. */
export interface FlossingCase {
  readonly name: string;
  readonly cell: 'rnn' | 'lstm' | 'gru' | 'minGRU' | 'minLSTM';
  readonly hidden: number;
  readonly activation: 'tanh' | 'relu';
  /** Of minGRU and minLSTM. */
  readonly positive: boolean;
  readonly embeddingSize: number | null;
  readonly residual: boolean;
  readonly norm: 'none' | 'layerNorm';
  readonly ids: readonly number[];
  /** Of each layer all that it carries before the first step, state by state, [S·H], and k orthonormal directions of that, [S·H, k]. */
  readonly first: readonly (readonly number[])[];
  readonly starts: readonly (readonly number[])[];
  readonly count: number;
  readonly parameters: readonly CellParameters[];
  readonly norms: readonly NormParameters[];
  readonly embedding: readonly number[] | null;
  readonly loss: number;
  readonly exponents: readonly (readonly number[])[];
  readonly gradients: {
    readonly layers: readonly CellParameters[];
    readonly norms: readonly NormParameters[];
    readonly embedding: readonly number[] | null;
  };
}

export function loadRemedies(): { readonly omega: readonly OmegaCase[]; readonly flossing: readonly FlossingCase[] } {
  return JSON.parse(readFileSync(join('test/vectors/data', 'remedies.json'), 'utf8')) as ReturnType<
    typeof loadRemedies
  >;
}
