/** What the tree needs to know of a run on disk, from its run.json. The engine checks the file in full when it opens the run. */
import { isCellName, type CellName } from '../../layers/catalog';

export interface RunRecord {
  readonly cell: CellName;
  readonly layers: number;
  readonly hiddenSize: number;
  /** Steps to be done in all; null where it continues until it is stopped, or the file does not say. */
  readonly steps: number | null;
  readonly corpusName: string;
  /** Absolute path, or null for a text that was no file. */
  readonly corpusPath: string | null;
  /** When the run was made; null if it is not readable. */
  readonly created: Date | null;
}

/** The record in a run.json, or undefined if it holds none. */
export function parseRunRecord(text: string): RunRecord | undefined {
  let file: unknown;
  try {
    file = JSON.parse(text);
  } catch {
    return undefined;
  }
  const model = field(file, 'model');
  const corpus = field(file, 'corpus');
  const [cell, layers, hiddenSize] = [field(model, 'cell'), field(model, 'layers'), field(model, 'hiddenSize')];
  const steps = field(field(file, 'training'), 'steps');
  const [name, path, created] = [field(corpus, 'name'), field(corpus, 'path'), field(file, 'created')];
  if (!isCellName(cell) || typeof layers !== 'number' || typeof hiddenSize !== 'number') return undefined;
  const time = typeof created === 'string' ? new Date(created) : null;
  return {
    cell,
    layers,
    hiddenSize,
    steps: typeof steps === 'number' ? steps : null,
    corpusName: typeof name === 'string' ? name : '',
    corpusPath: typeof path === 'string' ? path : null,
    created: time && !Number.isNaN(time.getTime()) ? time : null,
  };
}

/** The step of a checkpoint's file, step-N.onnx; undefined for other files. */
export function checkpointStep(name: string): number | undefined {
  const digits = /^step-(\d+)\.onnx$/.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

function field(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;
}
