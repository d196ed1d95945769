/** A sweep's folder in memory or on the disk, written as the sweep command of the recorder writes it. */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { SweepFiles } from '../../src/editor/sweeps/sweepReader';

export interface SweepOptions {
  readonly grid: Readonly<Record<string, readonly string[]>>;
  readonly samples?: number;
  readonly steps?: number;
  readonly corpus?: string;
}

/** What stands in sweep.json. */
export function sweepJson({ grid, samples = 1, steps = 40, corpus = '/texts/tale.txt' }: SweepOptions): string {
  return JSON.stringify({
    format: 'backflow-sweep',
    version: 1,
    corpus,
    grid,
    samples,
    steps,
    created: '2026-11-30T12:00:00+00:00',
  });
}

/** A trial that is done; what is given is otherwise. */
export function doneJson(others: Readonly<Record<string, unknown>> = {}): string {
  return JSON.stringify({ state: 'done', step: 40, loss: 2, validationLoss: 2.5, horizon: 10, within: 128, ...others });
}

/** In a folder of its own on the disk. Files are written beside their place and renamed. */
export class SweepOnDisk implements SweepFiles {
  constructor(readonly path: string) {}

  write(path: string, text: string): void {
    const file = join(this.path, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(`${file}.new`, text);
    renameSync(`${file}.new`, file);
  }

  read(path: string): Promise<string | null> {
    const file = join(this.path, path);
    return Promise.resolve(existsSync(file) ? readFileSync(file, 'utf8') : null);
  }

  list(path: string): Promise<readonly string[]> {
    const folder = join(this.path, path);
    return Promise.resolve(existsSync(folder) ? readdirSync(folder) : []);
  }
}
