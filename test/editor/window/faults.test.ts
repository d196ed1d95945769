/** What goes wrong while a person looks on: the engine killed in the middle of a run, the window reloaded under it. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FrameLocator } from 'playwright-core';
import { codeServer } from '../harness/codeServer';
import type { EditorWindow } from '../harness/editorWindow';
import { engineOf } from '../harness/engine';
import { firstCheckpoint, moreFrames, runsIn } from '../harness/panel';
import { borrowWindow } from '../harness/sharedWindow';
import type { Workspace } from '../harness/workspace';

describe('faults under a window', () => {
  let workspace: Workspace;
  let window: EditorWindow;
  let panel: FrameLocator;

  before(async () => {
    const tale = readFileSync(join(codeServer().project, 'media/samples/tale.txt'), 'utf8');
    const settings = {
      'backflow.model.hiddenSize': 16,
      'backflow.training.ask': false,
      'backflow.training.checkpointSeconds': 1,
    };
    ({ window, workspace } = await borrowWindow({ 'tale.txt': tale }, { settings }));
    await window.openFile('tale.txt');
    await window.runCommand('Backflow: Train on This File');
    panel = await window.panelFrame();
    await moreFrames(panel, 2);
  });

  afterEach(async function () {
    if (this.currentTest?.state === 'failed')
      await window.screenshot(`failed-${this.currentTest.title.replace(/\W+/g, '-')}`);
  });

  const step = async () => Number((await panel.locator('header .step').innerText()).replace(/\D/g, ''));
  const shows = (state: string) => panel.locator(`header .state[data-state="${state}"]`).waitFor();
  const inRun = (...names: string[]) => join(workspace.folder, '.backflow/runs', runsIn(workspace.folder)[0], ...names);
  /** The engine that holds the run. */
  const engine = () => engineOf(workspace.folder);
  const trainedSteps = () =>
    readFileSync(inRun('metrics.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { step: number; loss?: number })
      .filter(({ loss }) => loss !== undefined)
      .map((row) => row.step);

  it('says that the engine was killed, and Resume goes on from what was saved', async () => {
    await firstCheckpoint(workspace.folder);
    await moreFrames(panel, 2);
    const killed = engine();
    process.kill(killed, 'SIGKILL');
    await shows('failed');
    await panel.getByText(/Another process ended the engine \(signal SIGKILL\).*What was saved is kept/).waitFor();
    await window.picture('engine-killed');
    await panel.locator('vscode-button[data-action="resume"]').click();
    await shows('running');
    await moreFrames(panel, 2);
    assert.notEqual(engine(), killed);
    assert.equal(runsIn(workspace.folder).length, 1, 'the same run');
  });

  it('is there, stopped at what was saved, after the window is loaded anew, and Resume goes on in the same run', async () => {
    await moreFrames(panel, 2);
    const at = await step();
    await window.reload();
    panel = await window.panelFrame('header');
    await panel.locator('header .step', { hasText: /[1-9]/ }).waitFor();
    await shows('stopped');
    await panel.locator('vscode-button[data-action="resume"]').click();
    await shows('running');
    await moreFrames(panel, 2);
    while ((await step()) <= at) await window.page.waitForTimeout(100);
    assert.equal(runsIn(workspace.folder).length, 1, 'the same run');
    const steps = trainedSteps();
    const distinct = [...new Set(steps)].sort((one, other) => one - other);
    assert.deepEqual(
      distinct,
      distinct.map((_, i) => i + 1),
      'no step is left out',
    );
    // The killed engine's last steps, from its checkpoint on, are trained again; those before the reload were saved.
    assert.ok(steps.filter((each, i) => i > 0 && each <= steps[i - 1]).length <= 1, 'nothing was lost by the reload');
  });

  it('made no page throw', () => {
    assert.deepEqual(window.errors, []);
  });
});
