/** Recordings of a training elsewhere: in the list, followed in the panel while they grow, and made by running a Python file. No Python is needed. */
import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FrameLocator } from 'playwright-core';
import { GrowingRecording } from '../../support/growingRecording';
import { codeServer } from '../harness/codeServer';
import type { EditorWindow } from '../harness/editorWindow';
import { moreFrames, picture } from '../harness/panel';
import { borrowWindow } from '../harness/sharedWindow';
import type { Workspace } from '../harness/workspace';

/**
 * Stands for Python: it has what the recorder needs, unless a file says what is missing, finds the recorder where Python would, and "trains" by writing the recording that PyTorch has written.
 * @param vectors folder of the recording to copy
 */
const interpreter = (vectors: string) => `#!${process.execPath}
const { cpSync, existsSync, readFileSync } = require('node:fs');
const { delimiter, join } = require('node:path');
const [, , option, name, , out, script] = process.argv;
if (option === '-c') {
  const without = join(__dirname, 'without');
  console.log(existsSync(without) ? readFileSync(without, 'utf8') : '');
  process.exit(0);
}
const [folder] = process.env.PYTHONPATH.split(delimiter);
if (name !== 'backflow_recorder' || !existsSync(join(folder, name, '__main__.py')) || !script.endsWith('train.py')) process.exit(1);
cpSync(${JSON.stringify(vectors)}, out, { recursive: true });
console.log('recorded ' + out);
`;

describe('recordings', () => {
  let window: EditorWindow;
  let workspace: Workspace;
  let panel: FrameLocator;
  let growing: GrowingRecording;

  before(async () => {
    ({ window, workspace } = await borrowWindow(
      { 'train.py': 'print("trains")\n', 'text.txt': 'abc deg' },
      { height: 1400 },
    ));
    const { project } = codeServer();
    growing = new GrowingRecording('lstm', join(workspace.folder, 'experiments/first'), project);
    growing.add(2);
    // A name that Node reads alike wherever the folder lies.
    const python = join(workspace.folder, 'python.cjs');
    writeFileSync(python, interpreter(join(project, 'test/vectors/data/recordings/attention')));
    chmodSync(python, 0o755);
    await window.changeSettings({ 'backflow.python': python });
    await window.openFile('train.py');
  });

  afterEach(async function () {
    if (this.currentTest?.state === 'failed')
      await window.screenshot(`failed-${this.currentTest.title.replace(/\W+/g, '-')}`);
  });

  const row = (name: string) => window.page.locator('.sidebar .monaco-list-row', { hasText: name });
  const newest = () => panel.locator('canvas[data-figure="overTraining"]').getAttribute('aria-valuemax');

  it('one that lies anywhere in the workspace is in the list, and opens on its newest step', async () => {
    await window.runRows();
    await row('first').filter({ hasText: 'Language · step 2' }).click();
    panel = await window.panelFrame();
    await moreFrames(panel, 0);
    await panel.locator('header .step', { hasText: 'step 2' }).waitFor();
    const header = await panel.locator('header').innerText();
    assert.match(header, /first · LSTM 2 × 6/);
    assert.match(
      header,
      /A recording of Language, PyTorch 2\.15\.0, every 2 steps\. The gradients were read before clipping\./,
    );
    // What trains elsewhere is not controlled here.
    assert.equal(await panel.locator('header vscode-button:visible').count(), 0);
    assert.ok((await picture(panel, 'flow')).colors > 3);
  });

  it('is followed while the job runs: its newest flow, all flows over training, loss and norms', async () => {
    growing.add(4);
    growing.add(6);
    await panel.locator('header .step', { hasText: 'step 6' }).waitFor();
    await panel.locator('canvas[data-figure="overTraining"][aria-valuemin="2"][aria-valuemax="6"]').waitFor();
    await panel.locator('.charts[data-points]').waitFor();
    assert.match(await panel.locator('.charts').innerText(), /\d+ % of the steps clipped/);
    assert.ok((await picture(panel, 'overTraining')).colors > 3);
    await row('first').filter({ hasText: 'Language · step 6' }).waitFor();
    await window.picture('recording');
  });

  it('leads back to the flow of an earlier step', async () => {
    assert.equal(await newest(), '6');
    await panel.locator('canvas[data-figure="overTraining"]').focus();
    await window.page.keyboard.press('Home');
    await panel.locator('.past', { hasText: /step 2/ }).waitFor();
    await window.page.keyboard.press('Escape');
    await panel.locator('.past', { hasText: /^$/ }).waitFor({ state: 'attached' });
  });

  it('a Python file is run with the recorder, and the panel opens at the first recorded step', async () => {
    await window.showTab('train.py');
    await window.runCommand('Backflow: Run Python File with Recorder');
    await panel.locator('header h1', { hasText: /train-recorded-\d{8}-\d{6} · Attention/ }).waitFor();
    await panel.locator('header .message', { hasText: 'What is shown is what the recorder measured.' }).waitFor();
    await panel.locator('canvas[data-figure="overTraining"][aria-valuemax="4"]').waitFor();
    assert.ok((await picture(panel, 'flow')).colors > 3);
    await window.picture('recording-of-modules');
  });

  it('where what the recorder needs is missing, one sentence says how to install it', async () => {
    writeFileSync(join(workspace.folder, 'without'), 'numpy safetensors');
    await window.showTab('train.py');
    await window.runCommand('Backflow: Run Python File with Recorder');
    await window.notifications.listed(
      /has no numpy, safetensors, which the recorder needs\. Install with: .*python\.cjs -m pip install numpy safetensors/,
    );
    await window.changeSettings({ 'backflow.python': '/nowhere/python' });
    await window.runCommand('Backflow: Run Python File with Recorder');
    await window.notifications.listed(
      /\/nowhere\/python cannot be run: choose a Python interpreter, or set backflow\.python/,
    );
  });
});
