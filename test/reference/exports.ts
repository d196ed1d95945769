/** Files of many makers in test/vectors/data/exports, and what PyTorch computed of their models in float64 (test/vectors/README.md). */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One file, as the manifest describes it. */
export interface ExportedFile {
  readonly file: string;
  /** The model: its name among the references. */
  readonly reference: string;
  readonly maker: string;
  readonly opset: number;
  /** How it is to be opened: as a stack of recurrent layers, in graph mode, or not. */
  readonly opens: 'stack' | 'graph' | 'refused';
  /** Why not. */
  readonly because?: string;
  /** Of the tokens' elements. */
  readonly ids?: 'int64' | 'int32' | 'float';
  readonly gives?: 'scores' | 'probabilities';
  /** Predictions that ONNX Runtime gives for texts of so many tokens; null where it refuses them. */
  readonly rows: Readonly<Record<string, number | null>> | null;
  /** The tensor that has the rows of the embedding. */
  readonly embedding?: string | null;
  /** Of a file that reads one token a call: names of the state's input and output. */
  readonly state?: readonly [string, string];
}

/** Gradients are those of the mean loss (`totals`), or logarithms of those of the last step's loss (`last`; −9999 is zero). */
export interface ExportReference {
  readonly ids: readonly number[];
  readonly loss: number;
  readonly losses: readonly number[];
  /** [T, E]. */
  readonly embedding: readonly number[];
  readonly embedding_totals: readonly number[];
  readonly embedding_last: readonly number[];
  /** By name: h and c of recurrent layers, `residual N` behind block N of a transformer. */
  readonly series: Readonly<Record<string, { readonly totals: readonly number[]; readonly last: readonly number[] }>>;
}

export const exportsFolder = join(process.cwd(), 'test/vectors/data/exports');

export function exportedFiles(): readonly ExportedFile[] {
  return (JSON.parse(readFileSync(join(exportsFolder, 'manifest.json'), 'utf8')) as { files: ExportedFile[] }).files;
}

export function exportReference(name: string): ExportReference {
  return JSON.parse(readFileSync(join(exportsFolder, 'references', `${name}.json`), 'utf8')) as ExportReference;
}
