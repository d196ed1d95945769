/** What PyTorch computed for GPT-2-like models (test/vectors/attention.py). Parameters are no data but a formula, repeated here. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface AttentionCase {
  readonly name: string;
  readonly layers: number;
  readonly biases: boolean;
  readonly positions: 'learned' | 'rotary' | 'none';
  readonly tied: boolean;
  readonly norm: 'layerNorm' | 'rmsNorm' | 'none';
  readonly residual: boolean;
  readonly finalNorm: 'layerNorm' | 'rmsNorm' | 'none';
  /** V, D, heads and context. */
  readonly vocabulary: number;
  readonly width: number;
  readonly heads: number;
  readonly context: number;
  /** Steps of each stream, and its tokens: what is read and what is to be predicted. */
  readonly lengths: readonly number[];
  readonly inputs: readonly (readonly number[])[];
  readonly targets: readonly (readonly number[])[];
  /** Mean over all targets, in nats. */
  readonly loss: number;
  /** Of every parameter by name, flat and row-major. */
  readonly gradients: Readonly<Record<string, readonly number[]>>;
  /** log₁₀‖∂L/∂x_t‖ over streams and features of every boundary, [T]; −9999 for exactly zero. */
  readonly totals: readonly (readonly number[])[];
  /** log₁₀‖∂ℓ_τ/∂x_t‖ of every boundary by the stream's own steps; null where x_t cannot reach the target. */
  readonly perTarget: readonly {
    readonly stream: number;
    readonly target: number;
    readonly inputs: readonly (readonly (number | null)[])[];
  }[];
}

/** Of an exact zero. */
export const logarithmOfZero = -9999;

const folder = join(process.cwd(), 'test/vectors/data/attention');

export const attentionCaseNames: readonly string[] = readdirSync(folder)
  .map((file) => file.replace('.json', ''))
  .sort();

export function loadAttentionCase(name: string): AttentionCase {
  const json = JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')) as Omit<AttentionCase, 'name'>;
  return { ...json, name };
}

/** Element k of parameter p, in the order of the file's gradients, is 0.5 sin(1 + 0.7 p + 1.3 k); gains of norms are 1 + that. */
export function attentionParameters({ gradients }: AttentionCase): ReadonlyMap<string, Float64Array> {
  return new Map(
    Object.entries(gradients).map(([name, { length }], p) => [
      name,
      Float64Array.from(
        { length },
        (_, k) => 0.5 * Math.sin(1 + 0.7 * p + 1.3 * k) + (name.endsWith('.gamma') ? 1 : 0),
      ),
    ]),
  );
}
