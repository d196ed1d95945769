/** What the model writes, in the panel, as a person sees it: while it trains, after the panel was closed, and at the end. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FrameLocator } from 'playwright-core';
import { codeServer } from '../harness/codeServer';
import type { EditorWindow } from '../harness/editorWindow';
import { borrowWindow } from '../harness/sharedWindow';

describe('what the model writes', () => {
  let window: EditorWindow;
  let panel: FrameLocator;

  before(async () => {
    const tale = readFileSync(join(codeServer().project, 'media/samples/tale.txt'), 'utf8');
    ({ window } = await borrowWindow({ 'tale.txt': tale }, { settings: { 'backflow.model.hiddenSize': 64 } }));
    await window.openFile('tale.txt');
    await window.runCommand('Backflow: Train on This File');
    panel = await window.panelFrame('.sample tbody tr:not([hidden])');
  });

  afterEach(async function () {
    if (this.currentTest?.state === 'failed') await window.screenshot('failed-samples');
  });

  const rows = () => panel.locator('.sample tbody tr:not([hidden])');
  const stepOf = async (row: number) => Number((await rows().nth(row).locator('th').innerText()).replace(/\D/g, ''));
  const textOf = (row: number) => rows().nth(row).locator('.text').innerText();
  const press = (action: string) => panel.locator(`vscode-button[data-action="${action}"]`).click();

  it('is seen to change as it learns, the newest on top', async () => {
    await rows().nth(2).waitFor();
    // Read at one moment each: another row may come at any time.
    const texts = await rows().locator('.text').allInnerTexts();
    const steps = (await rows().locator('th').allInnerTexts()).map((step) => Number(step.replace(/\D/g, '')));
    assert.deepEqual(
      steps,
      [...new Set(steps)].sort((one, other) => other - one),
    );
    assert.notEqual(texts[0], texts.at(-1));
    const at = steps[0] ?? 0;
    await panel
      .locator('.sample tbody tr')
      .first()
      .locator('th', { hasNotText: new RegExp(`^${at.toLocaleString('en')}$`) })
      .waitFor();
    assert.ok((await stepOf(0)) > at);
    await window.picture('samples-dark');
  });

  it('is there again at once when the panel was closed, from the first on', async () => {
    const count = await rows().count();
    const first = await textOf(count - 1);
    await window.page.locator('.tab', { hasText: 'Backflow: tale.txt' }).click();
    await window.runCommand('View: Close Editor');
    await window.page.locator('.tab', { hasText: 'Backflow: tale.txt' }).waitFor({ state: 'detached' });
    await window.runCommand('Backflow: Open Panel');
    panel = await window.panelFrame('.sample tbody tr:not([hidden])');
    assert.ok((await rows().count()) >= count);
    assert.equal(await textOf((await rows().count()) - 1), first);
  });

  it('is that of the state a run has ended in', async () => {
    await press('stop');
    await panel.locator('header .state[data-state="stopped"]').waitFor();
    const ended = (await panel.locator('header .step').innerText()).replace(/\D/g, '');
    await panel
      .locator('.sample tbody tr')
      .first()
      .locator('th', { hasText: new RegExp(`^${Number(ended).toLocaleString('en')}$`) })
      .waitFor();
  });

  it('made no page throw', () => {
    assert.deepEqual(window.errors, []);
  });
});
