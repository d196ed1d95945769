/** What a window and its engines use at one moment, and what counts as growth. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import type { CDPSession } from 'playwright-core';
import { descendants, openFiles, residentBytes, running, temporaryFiles } from './processes';

export interface Sample {
  readonly minute: number;
  /** Started and stopped so far. */
  readonly runs: number;
  /** Of the extension host: resident MB; MB that it still holds after a collection; what keeps its event loop alive; open files. */
  readonly host: number;
  readonly held: number;
  readonly handles: number;
  readonly files: number;
  /** Of the engine that trains all the while: resident MB, open files. */
  readonly engine: number;
  readonly engineFiles: number;
  readonly engines: number;
  /** All of them under the extension host. */
  readonly processes: number;
  readonly temporary: number;
  /** Of the window's page: MB of JavaScript after a collection, and nodes of its documents. */
  readonly page: number;
  readonly nodes: number;
}

export interface Places {
  readonly session: CDPSession;
  readonly engineFile: string;
  readonly workspace: string;
  /** The folder for temporary files that only this editor has. */
  readonly temporary: string;
  /** Where the probe in the extension host writes what that holds. */
  readonly memory: string;
}

/** @param training the process of the engine that trains all the while */
export async function takeSample(
  { session, engineFile, workspace, temporary, memory }: Places,
  training: number,
  at: Pick<Sample, 'minute' | 'runs'>,
): Promise<Sample> {
  const held = await newest(memory);
  const engines = running(engineFile, temporary);
  const { parent: host } =
    engines.find(({ pid }) => pid === training) ?? assert.fail(`the engine ${training} has ended`);
  await session.send('HeapProfiler.collectGarbage');
  const { usedSize } = await session.send('Runtime.getHeapUsage');
  const { nodes } = await session.send('Memory.getDOMCounters');
  return {
    ...at,
    host: residentBytes(host) / 1e6,
    held: held.used / 1e6,
    handles: held.handles,
    files: openFiles(host),
    engine: residentBytes(training) / 1e6,
    engineFiles: openFiles(training),
    engines: engines.length,
    processes: descendants(host).length,
    temporary: temporaryFiles(temporary, workspace),
    page: usedSize / 1e6,
    nodes,
  };
}

/** What the probe finds out now. */
async function newest(file: string): Promise<{ readonly used: number; readonly handles: number }> {
  rmSync(file, { force: true });
  writeFileSync(`${file}.wanted`, '');
  while (!existsSync(file)) await wait(50);
  return JSON.parse(readFileSync(file, 'utf8')) as { used: number; handles: number };
}

export function table(samples: readonly Sample[]): string {
  const columns = Object.keys(samples[0] ?? {}) as (keyof Sample)[];
  const step = Math.max(1, Math.ceil(samples.length / 20));
  const rows = samples.filter((_, i) => i % step === 0 || i === samples.length - 1);
  const line = (values: readonly string[]) => `      ${values.map((value) => value.padStart(12)).join('')}\n`;
  return (
    line(columns) +
    rows
      .map((row) =>
        line(
          columns.map((column) =>
            row[column].toFixed(column === 'minute' || column === 'held' || column === 'page' ? 1 : 0),
          ),
        ),
      )
      .join('')
  );
}
