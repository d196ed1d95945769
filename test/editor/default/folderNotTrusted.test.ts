/** A folder whose authors a person does not trust: Backflow works there, and leaves no trace in it. The first of the files that share a window, by its name. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { FrameLocator } from 'playwright-core';
import { removeFolder } from '../../support/removeFolder';
import { defaultCodeServer } from '../harness/codeServer';
import type { EditorWindow } from '../harness/editorWindow';
import { moreFrames, ownRuns } from '../harness/panel';
import { borrowWindow } from '../harness/sharedWindow';
import type { Workspace } from '../harness/workspace';

/** Every file under a folder, with what tells whether somebody has touched it. */
function filesUnder(folder: string): string[] {
  // The editor itself writes a theme's newer name into its settings.
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => !name.startsWith('.vscode'))
    .sort();
  return names.map((name) => {
    const { mtimeMs, size } = statSync(join(folder, name));
    return `${name} ${mtimeMs} ${size}`;
  });
}

describe('a folder that is not trusted', () => {
  let workspace: Workspace;
  let trust: () => Promise<void>;
  let window: EditorWindow;
  let panel: FrameLocator;
  let files: string[];
  let known: readonly string[];

  before(async () => {
    const { project } = defaultCodeServer();
    const tale = readFileSync(join(project, 'media/samples/tale.txt'), 'utf8');
    // Where such a folder would have runs kept is not for it to say.
    const settings = { 'backflow.model.hiddenSize': 16, 'backflow.runsFolder': 'kept' };
    ({ window, workspace, trust } = await borrowWindow(
      { 'tale.txt': tale },
      { server: defaultCodeServer(), settings },
    ));
    const train = [
      'dist/cli.js',
      'train',
      join(workspace.folder, 'tale.txt'),
      '--hidden',
      '8',
      '--steps',
      '3',
      '--out',
      join(workspace.folder, '.backflow/runs/old'),
    ];
    execFileSync(process.execPath, train, { cwd: project, stdio: 'ignore' });
    files = filesUnder(workspace.folder);
    known = ownRuns();
    await window.openFile('tale.txt');
  });

  after(async () => {
    // It is not in the folder, with which others go.
    for (const run of ownRuns().filter((each) => !known.includes(each))) await removeFolder(run);
  });

  afterEach(async function () {
    if (this.currentTest?.state === 'failed')
      await window.screenshot(`failed-${this.currentTest.title.replace(/\W+/g, '-')}`);
  });

  const shows = (state: string) => panel.locator(`header .state[data-state="${state}"]`).waitFor();
  const press = (action: string) => panel.locator(`vscode-button[data-action="${action}"]`).click();

  it('can be trained on; the run is kept elsewhere', async () => {
    await window.runCommand('Backflow: Train on This File');
    panel = await window.panelFrame();
    await moreFrames(panel, 2);
    await press('stop');
    await shows('stopped');
    assert.equal(ownRuns().length, known.length + 1);
    assert.deepEqual(filesUnder(workspace.folder), files);
  });

  it('shows the runs it holds, but goes on with none', async () => {
    await window.page.locator('.activitybar .action-label[aria-label^="Backflow"]').click();
    const old = window.page.locator('.sidebar .monaco-list-row', { hasText: 'LSTM 1 × 8 · step 3' });
    const refusal = window.notifications.shown(/“old” is in a folder that you do not trust.*Trust the workspace first/);
    for (const action of ['Resume', 'Delete…']) {
      await window.chooseInTree(old, action);
      await refusal.waitFor();
      await window.picture(`untrusted-${action.slice(0, 6)}`);
      await window.runCommand('Notifications: Clear All Notifications');
      await refusal.waitFor({ state: 'detached' });
    }
    await window.chooseInTree(old, 'Show in the Panel');
    await panel.locator('header h1', { hasText: 'LSTM 1 × 8' }).waitFor();
    await press('resume');
    await refusal.waitFor();
    assert.deepEqual(filesUnder(workspace.folder), files);
  });

  it('keeps its runs itself once it is trusted', async () => {
    await trust();
    await press('resume');
    // It has done its three steps.
    await window.page.locator('.quick-input-widget input').fill('1000000000');
    await window.page.keyboard.press('Enter');
    await shows('running');
    await moreFrames(panel, 2);
    await press('stop');
    await shows('stopped');
    await window.showTab('tale.txt');
    await window.runCommand('Backflow: Train on This File');
    await shows('running');
    await moreFrames(panel, 2);
    await press('stop');
    await shows('stopped');
    assert.equal(readdirSync(join(workspace.folder, 'kept')).length, 1);
    assert.equal(ownRuns().length, known.length + 1, 'no other than before');
  });

  it('made no page throw', () => {
    assert.deepEqual(window.errors, []);
  });
});
