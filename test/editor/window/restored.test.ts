/** A window that is loaded anew has the run and its panel again: its flow, the flow over training, a model that writes, and the way to go on. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { FrameLocator } from 'playwright-core';
import { codeServer } from '../harness/codeServer';
import type { EditorWindow } from '../harness/editorWindow';
import { firstFrame, moreFrames, runsIn } from '../harness/panel';
import { borrowWindow } from '../harness/sharedWindow';
import type { Workspace } from '../harness/workspace';

describe('a window that is loaded anew', () => {
  let workspace: Workspace;
  let window: EditorWindow;
  let panel: FrameLocator;
  /** Of the slider of the flow over training, before. */
  let min: number;
  let max: number;

  before(async () => {
    const tale = readFileSync(join(codeServer().project, 'media/samples/tale.txt'), 'utf8');
    ({ window, workspace } = await borrowWindow(
      { 'tale.txt': tale },
      { height: 1400, settings: { 'backflow.model.hiddenSize': 32 } },
    ));
    await window.openFile('tale.txt');
    await window.runCommand('Backflow: Train on This File');
    panel = await window.panelFrame('canvas[data-figure="overTraining"]');
    await moreFrames(panel, 4);
    await press('pause');
    await shows('paused');
    // The frame of the last step comes behind the news that it was the last.
    while ((await value('max')) < (await step())) await setTimeout(50);
    [min, max] = [await value('min'), await value('max')];
    await window.reload();
    panel = await window.panelFrame('header');
  });

  afterEach(async function () {
    if (this.currentTest?.state === 'failed')
      await window.screenshot(`failed-${this.currentTest.title.replace(/\W+/g, '-')}`);
  });

  const press = (action: string) => panel.locator(`vscode-button[data-action="${action}"]`).click();
  const shows = (state: string) => panel.locator(`header .state[data-state="${state}"]`).waitFor();
  const step = async () => Number((await panel.locator('header .step').innerText()).replace(/\D/g, ''));
  const value = async (name: string) =>
    Number(await panel.locator('canvas[data-figure="overTraining"]').getAttribute(`aria-value${name}`));
  const samples = () => panel.locator('.sample tbody tr:not([hidden])');

  it('has the run, its flow and what resumes it', async () => {
    await panel.locator('header h1', { hasText: 'tale.txt' }).waitFor();
    await panel.locator('canvas[data-figure="flow"]').waitFor();
    await firstFrame(panel);
    await panel.locator('vscode-button[data-action="resume"]').waitFor();
    assert.ok((await step()) > 0);
    await window.picture('restored-dark');
  });

  it('has the flow over training, of the same steps', async () => {
    assert.ok(max > min);
    // Until what is kept has been read, it has no steps.
    await panel.locator('canvas[data-figure="overTraining"][aria-valuemax]').waitFor();
    assert.equal(await value('min'), min);
    assert.equal(await value('max'), max);
  });

  it('has the model write when it is asked to, since the run is only opened', async () => {
    await panel.locator('[data-action=writeSample]:not([hidden])').waitFor();
    assert.equal(await samples().count(), 0);
    await press('writeSample');
    const text = samples().first().locator('.text');
    await text.waitFor();
    const before = await text.innerText();
    await press('writeAnother');
    await text.filter({ hasNotText: before }).waitFor();
  });

  it('goes on where it was, in the same run', async () => {
    const at = await step();
    await press('resume');
    await shows('running');
    await moreFrames(panel, 2);
    assert.ok((await step()) > at, 'it began anew');
    assert.equal(runsIn(workspace.folder).length, 1, 'resuming made another run');
  });

  it('made no page throw', () => {
    assert.deepEqual(window.errors, []);
  });
});
