/** Runs side by side: three kinds of layer, and one run with a remedy and without. */
import type { FrameLocator } from 'playwright-core';
import type { EditorWindow } from '../harness/editorWindow';
import { picture, settled } from '../harness/panel';
import { keep, keepParts, screenshot, start, trainTo } from './scene';

/** Three cells with as many parameters, each after 2,000 steps. */
export async function takeComparison(window: EditorWindow): Promise<void> {
  await window.goTo(start.line, start.column);
  await window.runCommand('Backflow: Compare Kinds on This File');
  await window.page.locator('.quick-input-list .monaco-list-row', { hasText: 'minLSTM' }).waitFor();
  await window.page.keyboard.press('Enter');
  const page = await window.panelFrame('[data-figure="compared"]');
  for (let i = 0; i < 3; i++)
    await page
      .locator('.runs tbody td:nth-child(3)')
      .nth(i)
      .filter({ hasText: /^2,000$/ })
      .waitFor({ timeout: 240_000 });
  await settled(async () => (await picture(page, 'compared')).url);
  await window.rest();
  keep('compare', await screenshot(window));
}

/** An LSTM after some hundred steps, going on as it is and with forget gates that are further open. */
export async function takeRemedy(window: EditorWindow): Promise<void> {
  await trainTo(window, 100);
  await window.runCommand('Backflow: Try a Remedy…');
  await window.page.locator('.quick-input-list .monaco-list-row', { hasText: 'Forget-gate bias raised by 2' }).click();
  const page = await window.panelFrame('[data-figure="compared"]');
  await reached(page, 1000);
  await page.locator('.comparison [data-action=pause]').click();
  await settled(async () => (await picture(page, 'compared')).url);
  await window.rest();
  await keepParts(window, 'remedy', [page.locator('.comparison > header'), page.locator('.loss-block')]);
}

/** Both runs are at this step or beyond it. */
async function reached(page: FrameLocator, step: number): Promise<void> {
  const cells = page.locator('.runs tbody td:nth-child(3)');
  for (;;) {
    const steps = (await cells.allInnerTexts()).map((text) => Number(text.replaceAll(',', '')));
    if (steps.length === 2 && steps.every((each) => each >= step)) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
