/** The picture of a sweep that is there. */
import { cpSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { EditorWindow } from '../harness/editorWindow';
import { firstFrame, picture, settled } from '../harness/panel';
import type { Workspace } from '../harness/workspace';
import { keep, screenshot, section, toTop } from './scene';

function sweepFolder(): string {
  const folder = process.env['BACKFLOW_SWEEP'];
  if (folder === undefined) throw new Error('A sweep is named by --sweep.');
  return folder;
}

/** A sweep's picture beside the run of one of its trials. */
export async function takeSweep(window: EditorWindow, workspace: Workspace): Promise<void> {
  const folder = sweepFolder();
  cpSync(folder, join(workspace.folder, 'runs', basename(folder)), { recursive: true });
  await window.runCommand('Backflow: Open Sweep…');
  await window.pick(basename(folder));
  const page = await window.panelFrame('[data-figure="sweep"]');
  await page.locator('select[data-axis=x]').selectOption('gain');
  await page.locator('select[data-axis=y]').selectOption('kind');
  await page.locator('canvas[data-figure="sweep"]').focus();
  // The lower right cell: the first of the kinds at the largest gain.
  for (const key of ['Home', 'End', 'PageDown', 'Enter']) await window.page.keyboard.press(key);
  await window.page.locator('.quick-input-list .monaco-list-row').first().waitFor();
  await window.page.keyboard.press('Enter');
  const panel = await window.panelFrame();
  await firstFrame(panel);
  await settled(async () => (await picture(panel, 'flow')).url);
  await toTop(section(panel, 'Does the gradient reach back?'));
  await page.locator('.readout', { hasText: 'gain' }).waitFor();
  await window.page.waitForTimeout(1000);
  keep('sweep', await screenshot(window));
}
