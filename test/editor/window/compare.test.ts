/** Comparing: three kinds of layer on one text, truncations, and the playground, from the palette to the picture. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FrameLocator } from 'playwright-core';
import { codeServer } from '../harness/codeServer';
import type { EditorWindow } from '../harness/editorWindow';
import { firstFrame, moreFrames, picture, runsIn, settled } from '../harness/panel';
import { borrowWindow } from '../harness/sharedWindow';
import type { Workspace } from '../harness/workspace';

describe('comparing and playing', () => {
  let workspace: Workspace;
  let window: EditorWindow;

  before(async () => {
    const tale = readFileSync(join(codeServer().project, 'media/samples/tale.txt'), 'utf8');
    ({ window, workspace } = await borrowWindow(
      { 'tale.txt': tale },
      { settings: { 'backflow.model.hiddenSize': 24, 'backflow.training.batch': 4 } },
    ));
    await window.openFile('tale.txt');
  });

  afterEach(async function () {
    if (this.currentTest?.state === 'failed')
      await window.screenshot(`failed-${this.currentTest.title.replace(/\W+/g, '-')}`);
  });

  it('plays without a model: the flow follows the slider across gain 1', async () => {
    await window.runCommand('Backflow: Open Playground');
    const page = await window.panelFrame('#play-gain');
    await page.locator('[data-choice="activation"] [data-value="linear"]').click();
    await page.locator('#play-gain').fill('0.8');
    // 10⁻³ of a linear cell with an orthogonal matrix: after ln 10⁻³ / ln 0.8 tokens, rounded up.
    await page.locator('.verdict', { hasText: 'falls below a thousandth after 31 tokens' }).waitFor();
    await page.locator('#play-gain').fill('1.2');
    await page.locator('.verdict', { hasText: 'grows a hundredfold after 26 tokens' }).waitFor();
    await window.picture('playground-dark');
    await window.page.keyboard.press('Control+w');
  });

  it('trains the three kinds with as many parameters each, and shows them together', async () => {
    await window.showTab('tale.txt');
    await window.runCommand('Backflow: Compare Kinds on This File');
    // RNN, LSTM and GRU are chosen already.
    await window.page.locator('.quick-input-list .monaco-list-row', { hasText: 'minLSTM' }).waitFor();
    await window.page.keyboard.press('Enter');
    const page = await window.panelFrame('[data-figure="compared"]');
    await moreFrames(page, 3);
    const names = await page.locator('.runs tbody th').allInnerTexts();
    assert.deepEqual(
      names.map((name) => name.trim().split(/\s/)[0]),
      ['RNN', 'LSTM', 'GRU'],
    );
    const counts = (await page.locator('.runs tbody td:nth-child(2)').allInnerTexts()).map((text) =>
      Number(text.replace(/\D/g, '')),
    );
    assert.ok((Math.max(...counts) - Math.min(...counts)) / Math.max(...counts) < 0.02, counts.join(', '));
    const steps = () => page.locator('.runs tbody td:nth-child(3)').allInnerTexts();
    const before = await steps();
    // Each continues, and is shown where all have come to.
    for (let i = 0; i < 3; i++)
      await page.locator('.runs tbody td:nth-child(3)').nth(i).filter({ hasNotText: before[i] }).waitFor();
    assert.ok((await picture(page, 'compared')).colors > 4);
    await window.picture('compare-dark');
  });

  it('pauses all of them, shows them again after a look elsewhere, and ends them when it is closed', async () => {
    let page: FrameLocator = await window.panelFrame('[data-figure="compared"]');
    await page.locator('.comparison vscode-button[data-action="pause"]').click();
    await page.locator('.comparison vscode-button[data-action="resume"]').waitFor();
    // Also those that a narrow page leaves out.
    const cellsOf = async () => (await page.locator('.comparison .runs tbody td').allTextContents()).join('\n');
    const rows = await settled(cellsOf);
    // Another file over it in its column: the page is gone, and comes again.
    await window.page.locator('.tabs-container .tab', { hasText: '3 kinds' }).click();
    await window.runCommand('Backflow: Open Playground');
    await window.panelFrame('#play-gain');
    await window.page.locator('.tabs-container .tab', { hasText: '3 kinds' }).click();
    page = await window.panelFrame('[data-figure="compared"]');
    await page.locator('.comparison .runs tbody tr').nth(2).waitFor();
    await page.locator('canvas[data-figure="compared"]').waitFor();
    assert.equal(await settled(cellsOf), rows);
    await firstFrame(page);
    await window.page.locator('.tabs-container .tab', { hasText: '3 kinds' }).click();
    await window.page.keyboard.press('Control+w');
    await window.page.locator('.activitybar .action-label[aria-label^="Backflow"]').click();
    await window.page
      .locator('.sidebar .monaco-list-row', { hasText: 'paused' })
      .first()
      .waitFor({ state: 'detached' });
    assert.equal(runsIn(workspace.folder).length, 3, 'the runs themselves are kept');
  });

  it('compares two runs on disk', async () => {
    await window.showTab('tale.txt');
    await window.runCommand('Backflow: Compare Runs…');
    const rows = window.page.locator('.quick-input-list .monaco-list-row', { hasText: 'tale' });
    await rows.nth(0).click();
    await rows.nth(1).click();
    await window.page.keyboard.press('Enter');
    const page = await window.panelFrame('[data-figure="compared"]');
    // Before its first picture the page has no rows yet.
    await page.locator('.comparison .runs tbody td:nth-child(5)', { hasText: /\d/ }).first().waitFor();
    await page.locator('canvas[data-figure="compared"]').waitFor();
    assert.equal(await page.locator('.comparison .runs tbody tr').count(), 2);
    await window.picture('compare-runs-dark');
  });

  it('tries a remedy: two runs go on from a checkpoint of one, as it is and with the change', async () => {
    const before = runsIn(workspace.folder);
    await window.chooseInTree((await window.runRows()).filter({ hasText: 'RNN' }), 'Try a Remedy…');
    const pick = window.page.locator('.quick-input-list .monaco-list-row', { hasText: 'Pascanu’s regularizer' });
    await pick.click();
    const page = await window.panelFrame('[data-figure="compared"]');
    await moreFrames(page, 3);
    const names = (await page.locator('.comparison .runs tbody th').allInnerTexts()).map((name) => name.trim());
    assert.match(names[0], /as it is/);
    assert.match(names[1], /Ω, weight\s1/);
    const made = runsIn(workspace.folder).filter((run) => !before.includes(run));
    assert.equal(made.length, 2);
    const settingsOf = (run: string) =>
      (
        JSON.parse(readFileSync(join(workspace.folder, '.backflow/runs', run, 'run.json'), 'utf8')) as {
          training: { omega: number | null };
        }
      ).training;
    const weights = made.map((run) => settingsOf(run).omega);
    assert.deepEqual(new Set(weights), new Set([null, 1]));
    await window.picture('remedy-dark');
  });

  it('made no page throw', () => {
    assert.deepEqual(window.errors, []);
  });
});
