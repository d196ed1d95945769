/** The default model while it learns tale.txt: an animation, the whole window with numbers, and a hover. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EditorWindow } from '../harness/editorWindow';
import { moreFrames, picture, settled } from '../harness/panel';
import { numberedScreenshot } from './numbered';
import { animatedPng, decodePng, type Shot } from './png';
import { boxOf, images, insides, keep, pause, screenshot, section, start, stepReached, toTop, trainTo } from './scene';

/** Of tale.txt, from 1: places for the cursor to visit. */
const visits = [
  [6, 20],
  [5, 50],
  [5, 20],
  [4, 30],
] as const;

/** The first 2,000 steps with the text and the panel side by side, then the cursor moving through the text. */
export async function takeAnimation(window: EditorWindow): Promise<void> {
  await window.goTo(start.line, start.column);
  await window.runCommand('Backflow: Train on This File');
  const panel = await window.panelFrame();
  await moreFrames(panel, 3);
  await toTop(section(panel, 'Does the gradient reach back?'));
  await window.rest();
  const shots: Shot[] = [];
  const shoot = async (milliseconds: number) => {
    shots.push({ pixels: decodePng(await screenshot(window)), milliseconds });
  };
  for (const step of [50, 100, 150, 200, 300, 400, 500, 600, 700, 800, 1000, 1200, 1400, 1600, 1800, 2000]) {
    await panel.locator('header').evaluate(stepReached, step);
    await shoot(500);
  }
  await pause(window, panel);
  await shoot(1500);
  for (const [line, column] of visits) {
    const before = (await picture(panel, 'flow')).url;
    await window.goTo(line, column);
    await settled(async () => (await picture(panel, 'flow')).url);
    if ((await picture(panel, 'flow')).url === before)
      throw new Error(`The flow did not follow the cursor to line ${line}.`);
    await window.rest();
    await shoot(1000);
  }
  writeFileSync(join(images, 'training.png'), animatedPng(shots));
}

/** The whole window with numbers, and the hover. */
export async function takeStills(window: EditorWindow): Promise<void> {
  const panel = await trainTo(window, 2000);
  await toTop(section(panel, 'Does the gradient reach back?'));
  await window.rest();
  const cursor = await boxOf(window.page.locator('.editor-group-container .cursors-layer .cursor').first());
  const verdict = await boxOf(panel.locator('.verdict').first());
  const flow = await boxOf(panel.locator('canvas[data-figure="flow"]'));
  const over = await boxOf(panel.locator('canvas[data-figure="overTraining"]'));
  keep(
    'overview',
    await numberedScreenshot(
      window.page,
      [
        { label: '1', x: cursor.x + 4, y: cursor.y + 1.5 * cursor.height },
        { label: '2', x: verdict.x - 16, y: verdict.y + 12 },
        { label: '3', x: flow.x - 16, y: flow.y + 20 },
        { label: '4', x: over.x - 16, y: over.y + 20 },
      ],
      insides(window),
    ),
  );
  await window.hoverAt(4, 16);
  const hover = window.page
    .locator(
      '.monaco-hover:not(.hidden):not(.workbench-hover) .hover-contents, .monaco-resizable-hover:visible .hover-contents',
    )
    .first();
  // It fades in.
  await window.page.waitForTimeout(1000);
  const { x, y, width, height } = await boxOf(hover);
  keep(
    'hover',
    await window.page.screenshot({
      clip: { x: Math.max(0, x - 80), y: Math.max(0, y - 90), width: width + 140, height: height + 120 },
    }),
  );
}
