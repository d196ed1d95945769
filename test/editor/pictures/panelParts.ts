/** Parts of the panel alone: how the flow changed, how fast the state forgets, and where an overflow begins. */
import type { EditorWindow } from '../harness/editorWindow';
import { settled, picture } from '../harness/panel';
import { keepParts, section, start, toTop, trainTo } from './scene';

export async function takeSections(window: EditorWindow): Promise<void> {
  const panel = await trainTo(window, 2000);
  const change = section(panel, 'How did that change?');
  await toTop(change);
  await window.rest();
  await keepParts(window, 'change', [change]);
  const spectrum = section(panel, 'How fast does the state forget?');
  await toTop(spectrum);
  await panel.locator('[data-action=computeSpectrum]').click();
  await panel.locator('canvas[data-figure="exponents"]').waitFor({ timeout: 240_000 });
  await toTop(spectrum);
  await window.rest();
  await settled(async () => (await picture(panel, 'exponents')).url);
  await keepParts(window, 'spectrum', [spectrum]);
}

/** A run that overflows after some steps: what the panel says of it. */
export async function takeOverflow(window: EditorWindow): Promise<void> {
  await window.goTo(start.line, start.column);
  await window.runCommand('Backflow: Train on This File');
  const panel = await window.panelFrame('header .message:not([hidden])');
  await window.rest();
  await settled(async () => panel.locator('header .message').innerText());
  await keepParts(window, 'overflow', [panel.locator('header'), panel.locator('.charts')], 12, -4);
}
