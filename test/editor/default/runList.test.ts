/** The list of runs, expanded, while a run continues. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { defaultCodeServer } from '../harness/codeServer';
import { EditorWindow } from '../harness/editorWindow';
import { moreFrames } from '../harness/panel';
import { makeWorkspace, type Workspace } from '../harness/workspace';

describe('the list of runs', () => {
  let workspace: Workspace;
  // Its own: a shared one may still list a run of the file before.
  let window: EditorWindow;

  before(async () => {
    const tale = readFileSync(join(defaultCodeServer().project, 'media/samples/tale.txt'), 'utf8');
    // No checkpoint but the one that stopping saves, not even of a better validation: only the steps advance.
    const rare = {
      'backflow.training.checkpointEvery': 1_000_000,
      'backflow.training.checkpointSeconds': 3600,
      'backflow.training.validateEvery': 1_000_000,
    };
    workspace = makeWorkspace({ 'tale.txt': tale }, { settings: { 'backflow.model.hiddenSize': 16, ...rare } });
    window = await EditorWindow.open({ folder: workspace.folder, server: defaultCodeServer() });
    await window.trustFolder();
    await window.openFile('tale.txt');
  });

  after(async () => {
    await window.close();
    await workspace.remove();
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
    await window.screenshot('run-list-expanded');

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
});
