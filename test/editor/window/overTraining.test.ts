/** How the flow changed while a run trained: kept, and traveled in; and the matrix of every target. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FrameLocator } from 'playwright-core';
import { codeServer } from '../harness/codeServer';
import type { EditorWindow } from '../harness/editorWindow';
import { moreFrames, picture, settled } from '../harness/panel';
import { borrowWindow } from '../harness/sharedWindow';

describe('the flow over training', () => {
  let window: EditorWindow;
  let panel: FrameLocator;

  before(async () => {
    const tale = readFileSync(join(codeServer().project, 'media/samples/tale.txt'), 'utf8');
    ({ window } = await borrowWindow(
      { 'tale.txt': tale },
      { height: 1400, settings: { 'backflow.model.hiddenSize': 32, 'backflow.training.ask': false } },
    ));
    await window.openFile('tale.txt');
  });

  afterEach(async function () {
    if (this.currentTest?.state === 'failed')
      await window.screenshot(`failed-${this.currentTest.title.replace(/\W+/g, '-')}`);
  });

  const press = (action: string) => panel.locator(`vscode-button[data-action="${action}"]`).click();
  const slider = () => panel.locator('canvas[data-figure="overTraining"]');
  const value = async (name: string) => Number(await slider().getAttribute(`aria-value${name}`));

  it('grows while the run trains', async () => {
    await window.runCommand('Backflow: Train on This File');
    panel = await window.panelFrame('[data-figure="flow"]');
    await slider().waitFor();
    await moreFrames(panel, 8);
    const before = await value('max');
    await moreFrames(panel, 4);
    assert.ok((await value('max')) > before && before > (await value('min')));
    assert.ok((await picture(panel, 'overTraining')).colors > 10);
  });

  it('leads back to the flow of the first step, and to now', async () => {
    await press('pause');
    await panel.locator('header .state[data-state="paused"]').waitFor();
    // A frame that was under way may still be drawn.
    const now = await settled(async () => (await picture(panel, 'flow')).url);
    await slider().focus();
    await window.page.keyboard.press('Home');
    await panel.locator('.past', { hasText: /step \d/ }).waitFor();
    assert.notEqual((await picture(panel, 'flow')).url, now);
    await window.picture('traveled-dark');
    await window.page.keyboard.press('Escape');
    await panel.locator('.past', { hasText: /^$/ }).waitFor({ state: 'attached' });
    assert.equal(await settled(async () => (await picture(panel, 'flow')).url), now, 'the same picture as before');
  });

  it('computes every target, of which one can be chosen', async () => {
    await press('computeMatrix');
    const matrix = panel.locator('canvas[data-figure="matrix"]');
    await matrix.waitFor();
    assert.ok((await picture(panel, 'matrix')).colors > 10);
    await matrix.focus();
    for (let i = 0; i < 5; i++) await window.page.keyboard.press('PageUp');
    await window.page.keyboard.press('Enter');
    await panel.locator('vscode-button[data-action="lastToken"]').waitFor();
    await window.picture('matrix-dark');
  });

  it('shows what truncation costs the gradient of the same text, beside the panel', async () => {
    await window.runCommand('Backflow: Compare Truncations');
    const page = await window.panelFrame('[data-figure="truncations"]');
    // Before its first picture the page has no rows yet: there are eight truncations, and the whole gradient.
    await page.locator('.cuts tbody tr').nth(8).waitFor();
    await page.locator('canvas[data-figure="truncations"]').waitFor();
    const rows = (await page.locator('.cuts tbody tr').allInnerTexts()).map((row) =>
      row.trim().split(/\s+/).map(Number),
    );
    assert.deepEqual(
      rows.slice(0, -1).map(([k2]) => k2),
      [1, 2, 4, 8, 16, 32, 64, 128],
    );
    assert.ok(rows[0][1] < rows[7][1] && rows[7][1] <= 1, `cosine ${rows[0][1]} with k2 = 1, ${rows[7][1]} with 128`);
    await window.page.locator('.tabs-container .tab', { hasText: 'Truncations' }).click();
    await window.page.keyboard.press('Control+w');
    panel = await window.panelFrame('[data-figure="flow"]');
  });

  it('made no page throw', () => {
    assert.deepEqual(window.errors, []);
  });
});
