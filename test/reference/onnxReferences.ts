/** What PyTorch computed in float64 for the models in test/vectors/data/onnx (test/vectors/README.md). */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface ReferenceState {
  /** T × H; left out of long texts. */
  readonly h?: readonly number[];
  /** ‖∂L/∂h_t‖ and, LSTM only, ‖∂L/∂c_t‖. */
  readonly total_h: readonly number[];
  readonly total_c?: readonly number[];
  /** log₁₀‖∂ℓ_τ/∂h_t‖ of the last τ; null where h_t cannot reach it. */
  readonly per_target_h: readonly (number | null)[];
  readonly per_target_c?: readonly (number | null)[];
}

export interface OnnxReference {
  readonly ids: readonly number[];
  readonly loss: number;
  /** [layer][direction]. */
  readonly layers: readonly (readonly ReferenceState[])[];
  /** Of the gradients, by names such as `0 forward W`, `output b` and `embedding`. */
  readonly norms: Readonly<Record<string, number>>;
  /** T × T; left out of long texts. */
  readonly matrix?: readonly (number | null)[];
}

/** Stands for the logarithm of zero. */
export const zeroLogarithm = -9999;

export const onnxFolder = join(process.cwd(), 'test/vectors/data/onnx');
export const vocabularyFile = join(onnxFolder, 'vocabulary.json');

/** Files of models that must be read, with the name of the reference that each has. */
export function onnxModels(): { readonly file: string; readonly reference: string }[] {
  return readdirSync(onnxFolder)
    .filter((file) => file.endsWith('.onnx'))
    .sort()
    .map((file) => ({ file, reference: file.slice(0, file.indexOf('.')) }));
}

export function onnxReference(name: string): OnnxReference {
  return JSON.parse(readFileSync(join(onnxFolder, `${name}.json`), 'utf8')) as OnnxReference;
}

export function symbols(): readonly string[] {
  return JSON.parse(readFileSync(vocabularyFile, 'utf8')) as string[];
}

export function textOf({ ids }: OnnxReference): string {
  const known = symbols();
  return ids.map((id) => known[id]).join('');
}
