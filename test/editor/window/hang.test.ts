/**
 * An engine that hangs, and what a person does meanwhile: half a minute goes by until an engine counts as hanging, in which the
 * walkthrough is read.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FrameLocator } from 'playwright-core';
import { everydayCodeServer } from '../harness/codeServer';
import { EditorWindow } from '../harness/editorWindow';
import { moreFrames, runsIn } from '../harness/panel';
import { makeWorkspace, type Workspace } from '../harness/workspace';

describe('an engine that hangs', () => {
  let workspace: Workspace;
  let window: EditorWindow;
  let panel: FrameLocator;
  let engine: number;
  let stopped: number;

  before(async () => {
    const tale = readFileSync(join(everydayCodeServer().project, 'media/samples/tale.txt'), 'utf8');
    const settings = { 'backflow.model.hiddenSize': 16, 'backflow.training.checkpointSeconds': 1 };
    workspace = makeWorkspace({ 'tale.txt': tale }, { settings });
    window = await EditorWindow.open({ folder: workspace.folder, server: everydayCodeServer() });
    await window.trustFolder();
    await window.openFile('tale.txt');
  });

  after(async () => {
    await window.close();
    await workspace.remove();
  });

  afterEach(async function () {
    if (this.currentTest?.state === 'failed') await window.screenshot(`failed-${this.currentTest.title.replace(/\W+/g, '-')}`);
  });

  const shows = (state: string) => panel.locator(`header .state[data-state="${state}"]`).waitFor();
  const inRun = (...names: string[]) => join(workspace.folder, '.backflow/runs', runsIn(workspace.folder)[0], ...names);
  const owner = () => (JSON.parse(readFileSync(inRun('lock'), 'utf8')) as { pid: number }).pid;

  it('is stopped in the middle of a run', async () => {
    await window.runCommand('Backflow: Train on This File');
    panel = await window.panelFrame();
    await moreFrames(panel, 5);
    engine = owner();
    process.kill(engine, 'SIGSTOP');
    stopped = Date.now();
  });

  it('leaves the editor free: the walkthrough opens', async () => {
    // The panel can be closed meanwhile, which also leaves the walkthrough the width for its pictures.
    await window.showTab('Backflow: tale.txt');
    await window.page.keyboard.press('Control+w');
    await window.runCommand('Welcome: Open Walkthrough');
    await window.pick('See gradients flow back through time');
    const step = window.page.locator('.getting-started-step');
    await step.first().waitFor();
    await window.screenshot('walkthrough-first');
  });

  const themes = [
    ['Dark Modern', 'dark'],
    ['Light Modern', 'light'],
    ['Dark High Contrast', 'hc-dark'],
    ['Light High Contrast', 'hc-light'],
  ];
  for (const [theme, name] of themes) {
    it(`walkthrough in ${theme}`, async () => {
      const file = join(workspace.folder, '.vscode/settings.json');
      const settings = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
      writeFileSync(file, JSON.stringify({ ...settings, 'workbench.colorTheme': theme }));
      await window.page.waitForTimeout(1500);
      const steps = window.page.locator('.getting-started-step');
      for (let i = 0; i < (await steps.count()); i++) {
        await steps.nth(i).click();
        await window.page.waitForTimeout(600);
        await window.screenshot(`walkthrough-${name}-${i + 1}`);
      }
    });
  }

  it('is told of, and ended when a person says so; the run goes on from what was saved', async () => {
    await window.notification(/the engine has not answered for half a minute/).waitFor({ timeout: 60_000 });
    assert.ok(Date.now() - stopped > 25_000);
    await window.screenshot('hang');
    await window.answer(/the engine has not answered for half a minute/, 'End It');
    await window.answer(/The engine was ended from outside/, 'Resume');
    await window.runCommand('Backflow: Open Panel');
    panel = await window.panelFrame();
    await shows('running');
    await moreFrames(panel, 3);
    assert.notEqual(owner(), engine);
    assert.equal(runsIn(workspace.folder).length, 1);
    assert.deepEqual(window.errors, []);
  });
});
