/** Two windows on one folder, of one person: each has its own run, and none takes the other's. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FrameLocator, Locator } from 'playwright-core';
import { defaultCodeServer } from '../harness/codeServer';
import type { EditorWindow } from '../harness/editorWindow';
import { firstFrame, moreFrames, runsIn } from '../harness/panel';
import { borrowWindow } from '../harness/sharedWindow';
import type { Workspace } from '../harness/workspace';

describe('two windows on one folder', () => {
  let workspace: Workspace;
  let first: EditorWindow;
  let second: EditorWindow;
  let firstPanel: FrameLocator;
  let secondPanel: FrameLocator;
  /** The runs' folders, by the window that began them. */
  let firstRun: string;
  let secondRun: string;

  before(async () => {
    const tale = readFileSync(join(defaultCodeServer().project, 'media/samples/tale.txt'), 'utf8');
    const options = { server: defaultCodeServer(), isTrusted: true, settings: { 'backflow.model.hiddenSize': 16 } };
    ({ window: first, workspace } = await borrowWindow({ 'tale.txt': tale }, options));
    second = await first.another(workspace.folder);
    await Promise.all([first.openFile('tale.txt'), second.openFile('tale.txt')]);
  });

  after(() => second.close());

  afterEach(async function () {
    if (this.currentTest?.state !== 'failed') return;
    for (const [i, window] of [first, second].entries())
      await window.screenshot(`failed-${this.currentTest.title.replace(/\W+/g, '-')}-${i + 1}`);
  });

  const shows = (panel: FrameLocator, state: string) => panel.locator(`header .state[data-state="${state}"]`).waitFor();
  const press = (panel: FrameLocator, action: string) =>
    panel.locator(`vscode-button[data-action="${action}"]`).click();
  const isLocked = (run: string) => existsSync(join(workspace.folder, '.backflow/runs', run, 'lock'));
  const steps = async (panel: FrameLocator) =>
    Number((await panel.locator('header .step').innerText()).replace(/\D/g, ''));
  /** The rows of a window's tree, the one of its own run first. */
  const rows = async (window: EditorWindow, count: number): Promise<Locator> => {
    const all = await window.runRows();
    await all.nth(count - 1).waitFor();
    return all;
  };

  it('train side by side, each its own run, and each lists the other’s', async () => {
    await first.runCommand('Backflow: Train on This File');
    firstPanel = await first.panelFrame();
    await moreFrames(firstPanel, 2);
    [firstRun] = runsIn(workspace.folder);
    await rows(second, 1);
    await second.runCommand('Backflow: Train on This File');
    secondPanel = await second.panelFrame();
    await Promise.all([moreFrames(firstPanel, 2), moreFrames(secondPanel, 2)]);
    const runs = runsIn(workspace.folder);
    assert.equal(runs.length, 2);
    secondRun = runs.find((run) => run !== firstRun) ?? '';
    assert.ok(isLocked(firstRun) && isLocked(secondRun));
    for (const window of [first, second])
      assert.match(
        (await (await rows(window, 2)).allInnerTexts()).join('\n'),
        /running[^]*LSTM 1 × 16 · (step|no checkpoint)/,
      );
    await first.picture('two-windows-tree');
  });

  it('leave each other’s run alone while it goes on', async () => {
    // To be resumed it needs a checkpoint: pausing is not enough, stopping and going on is.
    await press(firstPanel, 'stop');
    await shows(firstPanel, 'stopped');
    await press(firstPanel, 'resume');
    await shows(firstPanel, 'running');
    const others = (await rows(second, 2)).filter({ hasNotText: 'running' });
    await others.filter({ hasText: 'step' }).waitFor();
    const refusal = second.notifications.shown(/is open in another window or terminal.*stop it there first/i);
    // More than once: the other window writes all the while, and no choice may lose its row for that.
    for (const action of ['Resume', 'Delete…', 'Resume', 'Delete…']) {
      await second.chooseInTree(others, action);
      await refusal.waitFor();
      await second.picture(`two-windows-${action.slice(0, 6)}`);
      await second.runCommand('Notifications: Clear All Notifications');
      await refusal.waitFor({ state: 'detached' });
    }
    const [one, two] = await Promise.all([steps(firstPanel), steps(secondPanel)]);
    await Promise.all([moreFrames(firstPanel, 2), moreFrames(secondPanel, 2)]);
    assert.ok((await steps(firstPanel)) > one && (await steps(secondPanel)) > two, 'both go on');
  });

  it('can look at it meanwhile', async () => {
    const at = await steps(firstPanel);
    const others = (await rows(second, 2)).filter({ hasNotText: 'running' });
    await second.chooseInTree(others, 'Show in the Panel');
    await shows(secondPanel, 'stopped');
    await firstFrame(secondPanel);
    await moreFrames(firstPanel, 2);
    assert.ok((await steps(firstPanel)) > at);
  });

  it('hand it over once it is stopped', async () => {
    await press(firstPanel, 'stop');
    await shows(firstPanel, 'stopped');
    const at = await steps(firstPanel);
    await press(secondPanel, 'resume');
    await shows(secondPanel, 'running');
    await moreFrames(secondPanel, 2);
    assert.ok((await steps(secondPanel)) > at, 'from where the other window stopped');
    await press(firstPanel, 'resume');
    await first.notifications.shown(/is open in another window or terminal.*stop it there first/i).waitFor();
    await firstPanel.locator('header .message', { hasText: 'is open in another window' }).waitFor();
    assert.equal(await first.notifications.shown('').count(), 1, 'said once');
    assert.equal(runsIn(workspace.folder).length, 2);
    assert.deepEqual(first.errors, []);
  });
});
