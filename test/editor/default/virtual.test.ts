/** A folder that lies on no disk (test/editor/virtual): its texts can be trained on, and nothing is written there. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import type { FrameLocator } from 'playwright-core';
import { defaultCodeServer } from '../harness/codeServer';
import { EditorWindow } from '../harness/editorWindow';
import { firstFrame, moreFrames, ownRuns, picture } from '../harness/panel';

describe('a folder on no disk', () => {
  let window: EditorWindow;
  let panel: FrameLocator;
  let known: number;

  before(async () => {
    known = ownRuns().length;
    window = await EditorWindow.open({ folder: 'memo:/', server: defaultCodeServer() });
    await window.openFile('tale.txt');
  });

  after(() => window.close());

  afterEach(async function () {
    if (this.currentTest?.state === 'failed')
      await window.screenshot(`failed-${this.currentTest.title.replace(/\W+/g, '-')}`);
  });

  const shows = (state: string) => panel.locator(`header .state[data-state="${state}"]`).waitFor();
  const press = (action: string) => panel.locator(`vscode-button[data-action="${action}"]`).click();
  const step = async () => Number((await panel.locator('header .step').innerText()).replace(/\D/g, ''));

  it('has texts to train on; the run is kept in the extension’s own storage', async () => {
    await window.runCommand('Backflow: Train on This File');
    panel = await window.panelFrame();
    await moreFrames(panel, 2);
    assert.ok((await picture(panel, 'flow')).colors > 4);
    await press('stop');
    await shows('stopped');
    assert.equal(ownRuns().length, known + 1);
    await window.showTab('tale.txt');
    assert.match(await window.hoverAt(1, 12), /loss \d+\.\d+ nats/);
    await window.rest();
  });

  it('has the run and its text again after the window is loaded anew, and goes on with it', async () => {
    const at = await step();
    await window.reload();
    panel = await window.panelFrame('header');
    await panel.locator('header h1', { hasText: 'tale.txt' }).waitFor();
    await firstFrame(panel);
    await press('resume');
    await shows('running');
    await moreFrames(panel, 2);
    assert.ok((await step()) > at);
    await press('stop');
    await shows('stopped');
    assert.equal(ownRuns().length, known + 1, 'the same run');
  });

  it('has models that only say why they cannot be opened', async () => {
    await window.openPage('model.onnx');
    const page = await window.panelFrame('body.model');
    await page.getByText('Only models that are files on this machine’s disk can be opened.').waitFor();
    await window.picture('virtual-model');
    await window.showTab('tale.txt');
    assert.deepEqual(
      await window
        .entriesInExplorer('model.onnx', 'Copy Path')
        .then((names) => names.filter((name) => /Open Model|Train on/.test(name))),
      [],
    );
  });

  it('is as it was', async () => {
    const rows = await window.page.locator('.explorer-folders-view .monaco-list-row').allInnerTexts();
    assert.deepEqual(
      rows
        .map((row) => row.trim())
        .filter((row) => /\w/.test(row))
        .sort(),
      ['model.onnx', 'tale.txt'],
    );
    // Whose path would be that of a folder on the disk, were its scheme forgotten.
    assert.ok(!existsSync('/.backflow'));
    assert.deepEqual(window.errors, []);
  });
});
