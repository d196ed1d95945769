/** Runs on disk, made by the engine's own code, for tests of their files. */
import { mkdtemp, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunRecord } from '../../../src/engine/files/runRecord';
import { progressColumns } from '../../../src/protocol/run';
import { defaultModelSettings, defaultTrainingSettings } from '../../../src/protocol/settings';
import { removeFolder } from '../../support/removeFolder';

/** What run.json says of a run in this folder. */
export function recordOf(folder: string): RunRecord {
  return {
    description: {
      name: 'hello-lstm',
      folder,
      corpus: { name: 'hello.txt', path: '/texts/hello.txt', tokens: 600, unit: 'codePoint' },
      model: { ...defaultModelSettings, vocabularySize: 5, parameterCount: 70_000 },
      training: { ...defaultTrainingSettings, steps: 100 },
      backend: 'ort',
    },
    corpusSha256: 'ab'.repeat(32),
    created: '2025-01-02T03:04:05.000Z',
    versions: { backflow: '0.1.0', onnxruntime: '1.30.0', node: '20.20.2' },
  };
}

/** Rows of the progress columns for these steps, loss = 1/step. */
export function rowsOf(...steps: number[]): Float64Array {
  return Float64Array.from(steps.flatMap((step) => [step, 1 / step, 2, 1, step * 64, 1000, 0]));
}

/** The steps of such rows. */
export function stepsOf(rows: Float64Array): number[] {
  return [...rows].filter((_, i) => i % progressColumns.length === 0);
}

/** Paths of all files and folders under a folder, sorted. */
export async function everythingIn(folder: string): Promise<string[]> {
  return (await readdir(folder, { recursive: true })).sort();
}

/** A new folder for each test of the suite that calls this, removed after it; nothing is there yet at `folder`, where a run can be made. */
export function placeForRun(): { readonly root: string; readonly folder: string } {
  const place = { root: '', folder: '' };
  beforeEach(async () => {
    place.root = await mkdtemp(join(tmpdir(), 'backflow-run-'));
    place.folder = join(place.root, '.backflow', 'runs', 'hello-lstm');
  });
  // Metrics are written in the background, perhaps at this very moment.
  afterEach(() => removeFolder(place.root));
  return place;
}
