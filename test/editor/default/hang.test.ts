/**
 * An engine that hangs, and what a person does meanwhile: half a minute goes by until an engine counts as hanging, in which the
 * walkthrough is read.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FrameLocator, Locator } from 'playwright-core';
import { defaultCodeServer } from '../harness/codeServer';
import type { EditorWindow } from '../harness/editorWindow';
import { engineOf } from '../harness/engine';
import { firstCheckpoint, moreFrames, runsIn } from '../harness/panel';
import { borrowWindow } from '../harness/sharedWindow';
import type { Workspace } from '../harness/workspace';

const themes = {
  dark: 'Dark Modern',
  light: 'Light Modern',
  highContrast: 'Default High Contrast',
  highContrastLight: 'Default High Contrast Light',
};
/** Of the walkthrough; each has its picture, media/walkthrough/….svg, which says whose it is. */
const steps = ['sample', 'train', 'panel', 'cursor', 'compare'];

describe('an engine that hangs', () => {
  let workspace: Workspace;
  let window: EditorWindow;
  let panel: FrameLocator;
  let engine: number;

  before(async () => {
    const tale = readFileSync(join(defaultCodeServer().project, 'media/samples/tale.txt'), 'utf8');
    const settings = { 'backflow.model.hiddenSize': 16, 'backflow.training.checkpointSeconds': 1 };
    ({ window, workspace } = await borrowWindow(
      { 'tale.txt': tale },
      { server: defaultCodeServer(), isTrusted: true, settings },
    ));
    await window.openFile('tale.txt');
  });

  afterEach(async function () {
    if (this.currentTest?.state === 'failed')
      await window.screenshot(`failed-${this.currentTest.title.replace(/\W+/g, '-')}`);
  });

  const shows = (state: string) => panel.locator(`header .state[data-state="${state}"]`).waitFor();

  /** A notification that lies over the window, or behind the bell when that was over before the walkthrough was read. */
  const told = async (sentence: RegExp): Promise<Locator> => {
    const places = ['toasts', 'center'].map((place) => `.notifications-${place} .notification-list-item:visible`);
    const said = window.page.locator(places.join(', '), { hasText: sentence }).first();
    for (;;) {
      await said.waitFor({ timeout: 5000 }).catch(() => undefined);
      if (await said.isVisible()) return said;
      await window.runCommand('Notifications: Show Notifications');
    }
  };

  /** The picture beside a step: an SVG in a webview, whose colors follow the theme. */
  const pictureOf = (step: number) =>
    window.page
      .locator('.getting-started-media iframe.webview')
      .contentFrame()
      .locator('#active-frame')
      .contentFrame()
      .locator(`svg[data-step="${steps[step]}"]`);
  const useTheme = async (theme: string) => {
    await window.changeSettings({ 'workbench.colorTheme': theme });
    const kind = theme.includes('High Contrast')
      ? theme.includes('Light')
        ? 'hc-light'
        : 'hc-black'
      : theme.includes('Light')
        ? 'vs'
        : 'vs-dark';
    await window.page.locator(`.monaco-workbench.${kind}`).waitFor();
  };

  it('is stopped in the middle of a run', async () => {
    await window.runCommand('Backflow: Train on This File');
    panel = await window.panelFrame();
    await moreFrames(panel, 2);
    // What it is to go on from.
    await firstCheckpoint(workspace.folder);
    engine = engineOf(workspace.folder);
    process.kill(engine, 'SIGSTOP');
  });

  it('leaves the editor free: the walkthrough opens in every theme, with its pictures', async () => {
    // The panel can be closed meanwhile, which also leaves the walkthrough the width for its pictures.
    await window.showTab('Backflow: tale.txt');
    await window.page.keyboard.press('Control+w');
    await window.runCommand('Welcome: Open Walkthrough');
    await window.pick('See gradients flow back through time');
    const rows = window.page.locator('.getting-started-step');
    await rows.first().waitFor();
    assert.equal(await rows.count(), 5);
    for (const [name, theme] of Object.entries(themes)) {
      await useTheme(theme);
      // What they look like in a theme is for pictures; that they are shown in it, one tells.
      const shown = theme === themes.dark || process.env['BACKFLOW_PICTURES'] === '1' ? [0, 1, 2, 3, 4] : [2];
      for (const i of shown) {
        await rows.nth(i).click();
        await pictureOf(i).waitFor();
        await window.picture(`walkthrough-${name}-${i + 1}`);
      }
    }
  });

  it('and its links do what they say', async () => {
    const rows = window.page.locator('.getting-started-step');
    await rows.nth(0).click();
    await rows.nth(0).locator('.monaco-button', { hasText: 'Open the Story' }).click();
    await window.page
      .locator('.editor-group-container.active .view-line', { hasText: 'The Clock That Ran Backwards' })
      .waitFor();
    await window.showTab('Welcome');
    await rows.nth(4).click();
    await rows.nth(4).locator('.monaco-button', { hasText: 'Show the Runs' }).click();
    await (await window.runRows()).filter({ hasText: 'LSTM 1 × 16' }).first().waitFor();
  });

  it('is told of, and ended when a person says so; the run goes on from what was saved', async () => {
    const hangs = await told(/the engine has not answered for half a minute/);
    await window.picture('hang');
    await hangs.locator('.monaco-button', { hasText: 'End It' }).click();
    const ended = await told(/Another process ended the engine/);
    await ended.locator('.monaco-button', { hasText: 'Resume' }).click();
    await window.runCommand('Backflow: Open Panel');
    panel = await window.panelFrame();
    await shows('running');
    await moreFrames(panel, 2);
    assert.notEqual(engineOf(workspace.folder), engine);
    assert.equal(runsIn(workspace.folder).length, 1);
    assert.deepEqual(window.errors, []);
  });
});
