/** What the tree needs to know of a run on disk, from its run.json. The engine checks the file in full when it opens the run. */
import { isCellName } from '../../layers/catalog';
import type { LayerConfig } from '../../layers/layerConfig';
import { maxLayers } from '../../terms/choices';

type RecordedLayer = Pick<LayerConfig, 'cell' | 'hiddenSize'>;

export interface RunRecord {
  /** The lowest first. */
  readonly layers: readonly RecordedLayer[];
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
  const layers = layersIn(model);
  const steps = field(field(file, 'training'), 'steps');
  const [name, path, created] = [field(corpus, 'name'), field(corpus, 'path'), field(file, 'created')];
  if (!layers) return undefined;
  const time = typeof created === 'string' ? new Date(created) : null;
  return {
    layers,
    steps: typeof steps === 'number' ? steps : null,
    corpusName: typeof name === 'string' ? name : '',
    corpusPath: typeof path === 'string' ? path : null,
    created: time && !Number.isNaN(time.getTime()) ? time : null,
  };
}

/** Those of a list, or so many that are alike; undefined where they cannot be read. */
function layersIn(model: unknown): readonly RecordedLayer[] | undefined {
  const layers = field(model, 'layers');
  if (Array.isArray(layers)) {
    const read = layers.map(layerIn);
    return read.length > 0 && read.every((layer) => layer !== undefined) ? read : undefined;
  }
  const layer = layerIn(model);
  const isCount = typeof layers === 'number' && Number.isInteger(layers) && layers >= 1 && layers <= maxLayers;
  return layer && isCount ? Array<RecordedLayer>(layers).fill(layer) : undefined;
}

function layerIn(value: unknown): RecordedLayer | undefined {
  const [cell, hiddenSize] = [field(value, 'cell'), field(value, 'hiddenSize')];
  return isCellName(cell) && typeof hiddenSize === 'number' ? { cell, hiddenSize } : undefined;
}

/** The step of a checkpoint's file, step-N.onnx; undefined for other files. */
export function checkpointStep(name: string): number | undefined {
  const digits = /^step-(\d+)\.onnx$/.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

function field(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;
}
