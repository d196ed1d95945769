/** A newcomer's first minutes: open a text, train on it, look at the panel, stop. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FrameLocator } from 'playwright-core';
import { codeServer } from '../harness/codeServer';
import type { EditorWindow } from '../harness/editorWindow';
import { framesDrawn, moreFrames, picture, runsIn, settled } from '../harness/panel';
import { borrowWindow } from '../harness/sharedWindow';
import type { Workspace } from '../harness/workspace';

describe('training on an open text', () => {
  let workspace: Workspace;
  let window: EditorWindow;
  let panel: FrameLocator;

  before(async () => {
    const tale = readFileSync(join(codeServer().project, 'media/samples/tale.txt'), 'utf8');
    // Long enough never to end by itself, small enough to learn while one looks.
    ({ window, workspace } = await borrowWindow(
      { 'tale.txt': tale },
      { settings: { 'backflow.model.hiddenSize': 64 } },
    ));
    await window.openFile('tale.txt');
  });

  afterEach(async function () {
    if (this.currentTest?.state === 'failed')
      await window.screenshot(`failed-${this.currentTest.title.replace(/\W+/g, '-')}`);
  });

  /** A file as soon as it is there and holds something. */
  const written = async (path: string): Promise<string> => {
    for (;;) {
      if (existsSync(path) && readFileSync(path).length > 0) return readFileSync(path, 'utf8');
      await window.page.waitForTimeout(100);
    }
  };
  /** What the header says of the run. */
  const state = () => panel.locator('header .state').getAttribute('data-state');
  const shows = async (wanted: string) => {
    await panel.locator(`header .state[data-state="${wanted}"]`).waitFor();
  };
  const step = async () => Number((await panel.locator('header .step').innerText()).replace(/\D/g, ''));
  const press = (action: string) => panel.locator(`vscode-button[data-action="${action}"]`).click();

  it('starts from the palette, and the panel opens beside the text with frames flowing', async () => {
    await window.runCommand('Backflow: Train on This File');
    panel = await window.panelFrame('[data-figure="flow"]');
    await moreFrames(panel, 2);
    await shows('running');
    assert.equal(await window.page.locator('.editor-group-container').count(), 2, 'the panel is not beside the text');
  });

  it('draws a heatmap that changes as the model learns', async () => {
    const before = await picture(panel, 'flow');
    assert.ok(before.colors > 4, `the heatmap has ${before.colors} colors`);
    await moreFrames(panel, 4);
    const after = await picture(panel, 'flow');
    assert.notEqual(after.url, before.url, 'the heatmap looks the same four frames later');
    assert.ok((await picture(panel, 'units')).colors > 4, 'the unit map is blank');
  });

  it('says in the status bar how far the run is', async () => {
    const item = window.page.locator('.statusbar-item', { hasText: 'LSTM' });
    await item.waitFor();
    assert.match(await item.innerText(), /LSTM\s+step [\d,]+ · \d+\.\d+ nats · [\d,]+ tokens\/s/);
  });

  it('tints the tokens of the probe in the text', async () => {
    const tints = window.page.locator('.editor-group-container .view-overlays [class*="TextEditorDecorationType"]');
    await tints.first().waitFor();
    const colors = await tints.evaluateAll((elements) => {
      const styles = globalThis as unknown as { getComputedStyle(element: unknown): { backgroundColor: string } };
      return elements.map((element) => styles.getComputedStyle(element).backgroundColor);
    });
    assert.ok(new Set(colors).size >= 2, `the tints are ${[...new Set(colors)].join(' and ')}`);
  });

  it('answers a hover over a token', async () => {
    const hover = await window.hoverAt(1, 12);
    assert.match(hover, /loss \d+\.\d+ nats/);
    assert.match(hover, /predicted/);
    assert.match(hover, /‖h‖/);
    assert.match(hover, /gradient/);
    assert.match(hover, /gradient factor/);
    assert.match(hover, /left behind by/);
    await window.picture('hover-dark');
    await window.rest();
  });

  it('pauses: steps and frames stand still', async () => {
    await press('pause');
    await shows('paused');
    // Would not come to rest if either continued.
    await settled(async () => `${await framesDrawn(panel)} frames, step ${await step()}`);
  });

  it('steps once', async () => {
    const at = await step();
    await press('step');
    await panel.locator('header .step', { hasText: new RegExp((at + 1).toLocaleString('en')) }).waitFor();
    assert.equal(await state(), 'paused');
    assert.equal(await step(), at + 1);
  });

  it('resumes from the palette', async () => {
    await window.showTab('tale.txt');
    await window.runCommand('Backflow: Resume');
    await shows('running');
    await moreFrames(panel, 2);
  });

  it('exports the whole panel as a report, and a section’s numbers by its button', async () => {
    const report = join(workspace.folder, 'report.html');
    await window.runCommand('Backflow: Export Report');
    await window.giveFile(report);
    const html = await written(report);
    assert.match(html, /^<!DOCTYPE html>/);
    assert.ok((html.match(/<svg /g) ?? []).length >= 5 && !/<script/i.test(html));

    const table = join(workspace.folder, 'flow.csv');
    await panel.locator('[data-action="export-flow"]').click();
    await window.page
      .locator('.quick-input-list .monaco-list-row', { hasText: 'Horizons and slopes' })
      .filter({ hasText: 'CSV' })
      .click();
    await window.giveFile(table);
    assert.ok(
      (await written(table)).startsWith(
        '\ufefflayer,direction,state,target step,horizon [tokens],slope [nats/token],level [log10]\r\n',
      ),
    );
  });

  it('lists the run in the activity bar', async () => {
    await window.page.locator('.activitybar .action-label[aria-label^="Backflow"]').click();
    const run = window.page.locator('.sidebar .monaco-list-row', { hasText: 'tale' });
    await run.first().waitFor();
    assert.match(await run.first().innerText(), /LSTM/);
    await window.picture('window-dark');
  });

  it('stops with a checkpoint', async () => {
    await press('stop');
    await shows('stopped');
    const [run] = runsIn(workspace.folder);
    assert.ok(run, 'there is no run on disk');
    const checkpoints = readdirSync(join(workspace.folder, '.backflow/runs', run, 'checkpoints'));
    assert.ok(
      checkpoints.includes(`step-${await step()}.onnx`),
      `no checkpoint of step ${await step()} among ${checkpoints.join(', ')}`,
    );
  });

  it('made no page throw', () => {
    assert.deepEqual(window.errors, []);
  });
});
