/**
 * Use for a long time: while one run trains, others are started and stopped, the panel opened and closed, again and again in one window. Nothing
 * may grow, and no engine may outlive its editor. Six rounds, or BACKFLOW_SOAK_MINUTES of them; the table at the end says how it went.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { codeServer } from '../editor/harness/codeServer';
import { EditorWindow } from '../editor/harness/editorWindow';
import { closeBrowser } from '../editor/harness/sharedBrowser';
import { moreFrames, runsIn } from '../editor/harness/panel';
import { makeWorkspace } from '../editor/harness/workspace';
import { removeFolder } from '../support/removeFolder';
import { checkGrowth } from './growth';
import { running } from './processes';
import { table, takeSample, type Sample } from './sample';

const minutes = Number(process.env['BACKFLOW_SOAK_MINUTES'] ?? 0);
const isLong = minutes > 0;
/** Two runs are started and stopped in each. */
const rounds = 6;

after(closeBrowser);

describe(`a window in use for ${isLong ? `${minutes} minutes` : `${rounds} rounds`}`, function () {
  this.timeout((minutes + 40) * 60_000);

  it('uses no more of anything at the end than at the beginning, and leaves no engine', async () => {
    const { project } = codeServer();
    const temporary = given('BACKFLOW_SOAK_TEMPORARY');
    const engineFile = join(project, 'dist/engine.js');
    const engines = () => running(engineFile, temporary);
    const tale = readFileSync(join(project, 'media/samples/tale.txt'), 'utf8');
    const workspace = makeWorkspace(
      { 'tale.txt': tale, 'always.txt': tale },
      { settings: { 'backflow.model.hiddenSize': 32, 'backflow.training.threads': 1 } },
    );
    const window = await EditorWindow.open({ folder: workspace.folder });
    const samples: Sample[] = [];
    try {
      const session = await window.page.context().newCDPSession(window.page);
      const places = {
        session,
        engineFile,
        workspace: workspace.folder,
        temporary,
        memory: given('BACKFLOW_PROBE_MEMORY'),
      };
      for (const file of ['always.txt', 'tale.txt']) await window.openFile(file);
      await start(window, 'always.txt');
      const [{ pid: training }] = engines();
      const [always] = runsIn(workspace.folder);
      const began = Date.now();
      const minute = () => (Date.now() - began) / 60_000;
      for (let runs = 2; samples.length < rounds || minute() < minutes; runs += 2) {
        await startAndStop(window);
        await startAndStop(window);
        await closePanel(window);
        // What is on disk is not what is measured.
        for (const run of runsIn(workspace.folder))
          if (run !== always) await removeFolder(join(workspace.folder, '.backflow/runs', run));
        samples.push(await takeSample(places, training, { minute: minute(), runs }));
      }
      assert.deepEqual(window.errors, []);
    } catch (error) {
      await window.screenshot('failed-soak');
      throw error;
    } finally {
      process.stdout.write(table(samples));
      await window.close();
      await workspace.remove();
    }
    for (let i = 0; i < 1200 && engines().length > 0; i++) await wait(100);
    assert.deepEqual(engines(), [], 'no engine outlives its editor');
    checkGrowth(samples, { withResident: isLong });
  });
});

/** Starts a run, and stops it when the panel has been closed and opened again. */
async function startAndStop(window: EditorWindow): Promise<void> {
  await start(window, 'tale.txt');
  await closePanel(window);
  await window.runCommand('Backflow: Open Panel');
  const panel = await window.panelFrame();
  await moreFrames(panel, 1);
  await panel.locator('vscode-button[data-action="stop"]').click();
  await panel.locator('header .state[data-state="stopped"]').waitFor();
}

/** Starts a run on a file and waits until the panel shows it at work. */
async function start(window: EditorWindow, file: string): Promise<void> {
  await window.showTab(file);
  await window.runCommand('Backflow: Train on This File');
  await panelTab(window, file).waitFor();
  const panel = await window.panelFrame();
  await panel.locator('header .state[data-state="running"]').waitFor();
  await moreFrames(panel, 2);
}

async function closePanel(window: EditorWindow): Promise<void> {
  await panelTab(window, 'tale.txt').click({ button: 'middle' });
  await panelTab(window, 'tale.txt').waitFor({ state: 'hidden' });
}

function panelTab(window: EditorWindow, file: string) {
  return window.page.locator('.tabs-container .tab', { hasText: `Backflow: ${file}` }).first();
}

function given(name: string): string {
  return process.env[name] ?? assert.fail(`${name} is not set: run this test with "npm test soak".`);
}
