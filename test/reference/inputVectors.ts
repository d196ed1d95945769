/** What PyTorch computed of states, of the inputs at the boundaries between layers, and of the parameters' norms (test/vectors/README.md). */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  parametersOf,
  readJson,
  type ByDirection,
  type Json,
  type StackParameters,
  type StackShape,
} from './stackVectors';

/** By step. Logarithms: null for what cannot be reached, `zeroLogarithm` for exactly zero. */
export type Series = readonly (number | null)[];
export const zeroLogarithm = -9999;

/** One text, read from the zero state; T inputs `ids[0 … T−1]`, targets `ids[1 … T]`. */
export interface InputCase extends Omit<StackShape, 'truncation'> {
  readonly name: string;
  readonly parameters: StackParameters;
  /** T + 1. */
  readonly ids: readonly number[];
  readonly loss: number;
  /** ‖∂L/∂parameter‖ by PyTorch's own names, in its modules' order. */
  readonly parameterNorms: Readonly<Record<string, number>>;
  /** Of h, and of an LSTM's c: ‖s_t‖, ‖∂L/∂s_t‖, and log₁₀‖∂ℓ_τ/∂s_t‖ of the last τ. */
  readonly states: ByDirection<
    Readonly<Record<string, { readonly norm: Series; readonly total: Series; readonly log10: Series }>>
  >;
  /** ‖∂L/∂x^(l)_t‖, by boundary. */
  readonly totals: readonly Series[];
  /** log₁₀‖∂ℓ_τ/∂x^(l)_t‖, by boundary. */
  readonly flows: readonly { readonly target: number; readonly boundaries: readonly Series[] }[];
  /** log₁₀‖∂ℓ_τ/∂x^(0)_t‖, row τ. */
  readonly inputMatrix: readonly Series[];
}

export const inputCaseNames: readonly string[] = readdirSync(join(process.cwd(), 'test/vectors/data/inputs'))
  .map((file) => file.replace('.json', ''))
  .sort();

export function loadInputCase(name: string): InputCase {
  const json = readJson(`inputs/${name}`) as Omit<InputCase, 'name' | 'parameters'> & {
    readonly parameters: Json<StackParameters>;
  };
  return { ...json, name, parameters: parametersOf(json.parameters) };
}
