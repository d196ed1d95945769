/** The list of runs, expanded, while a run continues. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { defaultCodeServer } from '../harness/codeServer';
import type { EditorWindow } from '../harness/editorWindow';
import { removeFolder } from '../../support/removeFolder';
import { moreFrames, runsIn } from '../harness/panel';
import { borrowWindow } from '../harness/sharedWindow';
import type { Workspace } from '../harness/workspace';

describe('the list of runs', () => {
  let workspace: Workspace;
  let window: EditorWindow;

  before(async () => {
    const tale = readFileSync(join(defaultCodeServer().project, 'media/samples/tale.txt'), 'utf8');
    // No checkpoint but the one that stopping saves, not even of a better validation: only the steps advance.
    const rare = {
      'backflow.training.checkpointEvery': 1_000_000,
      'backflow.training.checkpointSeconds': 3600,
      'backflow.training.validateEvery': 1_000_000,
    };
    const settings = { 'backflow.model.hiddenSize': 16, ...rare };
    // As where the editor reports no change of a file.
    const silent = { 'files.watcherExclude': { '**/.backflow/**': true } };
    const options = { server: defaultCodeServer(), isTrusted: true, settings: { ...settings, ...silent } };
    ({ window, workspace } = await borrowWindow({ 'tale.txt': tale }, options));
    await window.openFile('tale.txt');
  });

  afterEach(async function () {
    if (this.currentTest?.state === 'failed')
      await window.screenshot(`failed-${this.currentTest.title.replace(/\W+/g, '-')}`);
  });

  it('tells how far an expanded run has come, and knows the rows below it at every step', async () => {
    await window.runCommand('Backflow: Train on This File');
    const panel = await window.panelFrame();
    await moreFrames(panel, 2);
    const becomes = async (action: string, state: string) => {
      await panel.locator(`vscode-button[data-action="${action}"]`).click();
      await panel.locator(`header .state[data-state="${state}"]`).waitFor();
    };
    await becomes('stop', 'stopped');
    await becomes('resume', 'running');

    const run = await window.runRows();
    await run.filter({ hasText: 'nats' }).waitFor();
    await run.locator('.monaco-tl-twistie').click();
    const below = window.page.locator('.sidebar .monaco-list-row[aria-level="2"]');
    const [progress, checkpoint] = [below.first(), below.nth(1)];
    await checkpoint.waitFor();
    assert.match(await progress.innerText(), /step [\d,]+.*nats/s);
    const earlier = await progress.innerText();
    await progress.filter({ hasNotText: earlier }).waitFor();
    assert.equal(await below.count(), 2);
    await run.filter({ hasNotText: 'nats' }).waitFor();
    await window.picture('run-list-expanded');

    const revealed = window.page.locator('.explorer-folders-view .monaco-list-row.selected[aria-label^="step-"]');
    for (let i = 0; i < 4; i++) {
      await window.chooseInTree(checkpoint, 'Reveal the Folder');
      await revealed.waitFor();
      await window.runRows();
    }
    await run.locator('.monaco-tl-twistie').click();
    await run.filter({ hasText: 'nats' }).waitFor();
    assert.deepEqual(window.errors, []);
  });

  it('forgets the runs of a folder that is deleted as a whole', async () => {
    const run = await window.runRows();
    await window.chooseInTree(run, 'End');
    await window.page.locator('.monaco-dialog-box .monaco-button', { hasText: 'Save and End' }).click();
    await run.filter({ hasNotText: 'nats' }).waitFor();
    // Its row changes before its last checkpoint is written.
    const isHeld = () =>
      runsIn(workspace.folder).some((name) => existsSync(join(workspace.folder, '.backflow/runs', name, 'lock')));
    while (isHeld()) await window.page.waitForTimeout(100);
    await removeFolder(join(workspace.folder, '.backflow'));
    await run.first().waitFor({ state: 'detached' });
    assert.deepEqual(window.errors, []);
  });
});
