/**
 * Use for a long time: the panel opened and closed, runs started and stopped, again and again in one window. Nothing may grow, and no
 * engine may outlive its editor. BACKFLOW_SOAK_MINUTES says how long; the table at the end says how it went.
 */
import assert from 'node:assert/strict';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { CDPSession } from 'playwright-core';
import { codeServer } from '../editor/harness/codeServer';
import { EditorWindow } from '../editor/harness/editorWindow';
import { moreFrames, runsIn } from '../editor/harness/panel';
import { makeWorkspace } from '../editor/harness/workspace';
import { descendants, openFiles, residentBytes, running, temporaryFiles } from './processes';

const minutes = Number(process.env['BACKFLOW_SOAK_MINUTES'] ?? 2);

interface Sample {
  readonly minute: number;
  readonly runs: number;
  /** Of the extension host, MB. */
  readonly host: number;
  readonly files: number;
  /** Engines, what they use together, MB and files, and all processes under the extension host. */
  readonly engines: number;
  readonly engineMB: number;
  readonly engineFiles: number;
  readonly processes: number;
  readonly temporary: number;
  /** Of the window's page: JavaScript's heap after a collection, MB, and nodes of its documents. */
  readonly heap: number;
  readonly nodes: number;
}

/** How much more of each there may be at the end than at the beginning: what comes and goes by itself. */
const tolerance: Readonly<Partial<Record<keyof Sample, number>>> = { host: 40, files: 4, engines: 0, engineMB: 40, engineFiles: 4, processes: 0, temporary: 0, heap: 25, nodes: 3000 };

describe(`a window in use for ${minutes} minutes`, function () {
  this.timeout((minutes + 5) * 60_000);

  it('uses no more of anything at the end than at the beginning, and leaves no engine', async () => {
    const { project } = codeServer();
    const engineFile = join(project, 'dist/engine.js');
    const tale = readFileSync(join(project, 'media/samples/tale.txt'), 'utf8');
    const workspace = makeWorkspace({ 'tale.txt': tale }, { settings: { 'backflow.model.hiddenSize': 16, 'backflow.training.threads': 1 } });
    const window = await EditorWindow.open({ folder: workspace.folder });
    const samples: Sample[] = [];
    try {
      const session = await window.page.context().newCDPSession(window.page);
      await window.openFile('tale.txt');
      const began = Date.now();
      const elapsed = () => (Date.now() - began) / 60_000;
      for (let runs = 1; elapsed() < minutes; runs++) {
        await window.showTab('tale.txt');
        await window.runCommand('Backflow: Train on This File');
        const panel = await window.panelFrame();
        await moreFrames(panel, 2);
        await panel.locator('vscode-button[data-action="stop"]').click();
        await panel.locator('header .state[data-state="stopped"]').waitFor();
        if (runs % 2 === 0) {
          await window.page.getByText('Backflow: tale.txt').first().click({ button: 'middle' });
          // What is on disk is not what is measured.
          for (const run of runsIn(workspace.folder)) rmSync(join(workspace.folder, '.backflow/runs', run), { recursive: true, force: true });
          samples.push(await sample(session, engineFile, workspace.folder, { minute: elapsed(), runs }));
        }
      }
      assert.deepEqual(window.errors, []);
    } catch (error) {
      await window.screenshot('failed-soak');
      throw error;
    } finally {
      print(samples);
      await window.close();
      await workspace.remove();
    }
    for (let i = 0; i < 200 && running(engineFile).length > 0; i++) await wait(100);
    assert.deepEqual(running(engineFile), [], 'no engine outlives its editor');
    check(samples);
  });
});

async function sample(session: CDPSession, engineFile: string, workspace: string, at: Pick<Sample, 'minute' | 'runs'>): Promise<Sample> {
  const engines = running(engineFile);
  const host = engines[0].parent;
  await session.send('HeapProfiler.collectGarbage');
  const { usedSize } = await session.send('Runtime.getHeapUsage');
  const { nodes } = await session.send('Memory.getDOMCounters');
  return {
    ...at, host: residentBytes(host) / 1e6, files: openFiles(host), engines: engines.length,
    engineMB: sum(engines.map(({ pid }) => residentBytes(pid))) / 1e6, engineFiles: sum(engines.map(({ pid }) => openFiles(pid))), processes: descendants(host).length,
    temporary: temporaryFiles(workspace), heap: usedSize / 1e6, nodes,
  };
}

function print(samples: readonly Sample[]): void {
  const columns = Object.keys(samples[0] ?? {}) as (keyof Sample)[];
  const step = Math.max(1, Math.ceil(samples.length / 20));
  const rows = samples.filter((_, i) => i % step === 0 || i === samples.length - 1);
  const line = (values: readonly string[]) => `      ${values.map((value) => value.padStart(12)).join('')}\n`;
  process.stdout.write(line(columns) + rows.map((row) => line(columns.map((column) => row[column].toFixed(column === 'minute' ? 1 : 0)))).join(''));
}

/** The middle of the last third against that of the second sixth: the first is spent on what is made once. */
function check(samples: readonly Sample[]): void {
  assert.ok(samples.length >= 6, `${samples.length} samples`);
  const part = (from: number, to: number) => samples.slice(Math.floor(from * samples.length), Math.ceil(to * samples.length));
  for (const [key, most] of Object.entries(tolerance) as [keyof Sample, number][]) {
    const [early, late] = [part(1 / 6, 1 / 2), part(2 / 3, 1)].map((rows) => median(rows.map((row) => row[key])));
    assert.ok(late <= early + most, `${key} grew from ${early} to ${late}`);
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}
