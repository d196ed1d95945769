/** Takes the pictures of README.md, or the one of a sweep, from a real editor: `npm run pictures`. */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { FrameLocator, Locator } from 'playwright-core';
import { codeServer } from '../harness/codeServer';
import { EditorWindow } from '../harness/editorWindow';
import { firstFrame, moreFrames, picture, settled } from '../harness/panel';
import { makeWorkspace, type Workspace } from '../harness/workspace';
import { numberedScreenshot } from './numbered';
import { animatedPng, decodePng, type Shot } from './png';

const images = join(codeServer().project, 'docs/images');
const tale = readFileSync(join(codeServer().project, 'media/samples/tale.txt'), 'utf8');
/** Of tale.txt, from 1: an early place with text before it, and others for the cursor to visit. */
const start = { line: 6, column: 9 };
const visits = [
  [6, 20],
  [5, 50],
  [5, 20],
  [4, 30],
] as const;

/** Nothing but the text, its tints and the panel. */
const plain = {
  'window.commandCenter': false,
  'window.title': '${activeEditorShort}',
  'workbench.activityBar.location': 'hidden',
  'editor.lineNumbers': 'off',
  'editor.glyphMargin': false,
  'editor.folding': false,
  'editor.occurrencesHighlight': 'off',
};

async function main(): Promise<void> {
  mkdirSync(images, { recursive: true });
  const sweep = process.env['BACKFLOW_SWEEP'];
  if (sweep !== undefined) return takeSweep(sweep);
  await inEditor({ width: 1300, height: 720, settings: { 'editor.fontSize': 11 } }, takeAnimation);
  await inEditor({ width: 1440, height: 1240, settings: { 'editor.fontSize': 12 } }, takeStills);
  await inEditor(
    { width: 1360, height: 860, settings: { 'backflow.model.hiddenSize': 24, 'backflow.training.steps': 2000 } },
    takeComparison,
  );
}

interface Scene {
  readonly width: number;
  readonly height: number;
  readonly settings: Readonly<Record<string, unknown>>;
}

async function inEditor(
  { width, height, settings }: Scene,
  take: (window: EditorWindow) => Promise<void>,
): Promise<void> {
  const workspace: Workspace = makeWorkspace({ 'tale.txt': tale }, { settings: { ...plain, ...settings } });
  const window = await EditorWindow.open({ folder: workspace.folder, width, height });
  try {
    await window.openFile('tale.txt');
    await window.runCommand('View: Toggle Primary Side Bar Visibility');
    await take(window);
  } finally {
    await window.close();
    await workspace.remove();
  }
}

/** The first 2,000 steps with the text and the panel side by side, then the cursor moving through the text. */
async function takeAnimation(window: EditorWindow): Promise<void> {
  await window.goTo(start.line, start.column);
  await window.runCommand('Backflow: Train on This File');
  const panel = await window.panelFrame();
  await moreFrames(panel, 3);
  await toTop(section(panel, 'Does the gradient reach back?'));
  await window.rest();
  const shots: Shot[] = [];
  const shoot = async (milliseconds: number) => {
    shots.push({ pixels: decodePng(await window.page.screenshot()), milliseconds });
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
async function takeStills(window: EditorWindow): Promise<void> {
  await window.goTo(start.line, start.column);
  await window.runCommand('Backflow: Train on This File');
  const panel = await window.panelFrame();
  await panel.locator('header', { hasText: /step [1-9],\d{3}/ }).waitFor({ timeout: 240_000 });
  await pause(window, panel);
  await settled(async () => (await picture(panel, 'flow')).url);
  await toTop(section(panel, 'Does the gradient reach back?'));
  await window.rest();
  const cursor = await boxOf(window.page.locator('.editor-group-container .cursors-layer .cursor').first());
  const verdict = await boxOf(panel.locator('.verdict').first());
  const flow = await boxOf(panel.locator('canvas[data-figure="flow"]'));
  const over = await boxOf(panel.locator('canvas[data-figure="overTraining"]'));
  writeFileSync(
    join(images, 'overview.png'),
    await numberedScreenshot(window.page, [
      { label: '1', x: cursor.x + 4, y: cursor.y + 1.5 * cursor.height },
      { label: '2', x: verdict.x - 16, y: verdict.y + 12 },
      { label: '3', x: flow.x - 16, y: flow.y + 20 },
      { label: '4', x: over.x - 16, y: over.y + 20 },
    ]),
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
  writeFileSync(
    join(images, 'hover.png'),
    await window.page.screenshot({
      clip: { x: Math.max(0, x - 80), y: Math.max(0, y - 90), width: width + 140, height: height + 120 },
    }),
  );
}

/** Three cells with as many parameters, each after 2,000 steps. */
async function takeComparison(window: EditorWindow): Promise<void> {
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
  writeFileSync(join(images, 'compare.png'), await window.page.screenshot());
}

/** A sweep's picture beside the run of one of its trials. @param sweep its folder */
async function takeSweep(sweep: string): Promise<void> {
  const workspace = makeWorkspace({ 'tale.txt': tale }, { settings: { ...plain, 'window.title': 'Backflow' } });
  const folder = join(workspace.folder, 'runs', basename(sweep));
  cpSync(sweep, folder, { recursive: true });
  const window = await EditorWindow.open({ folder: workspace.folder, width: 1500, height: 760 });
  try {
    await window.runCommand('View: Toggle Primary Side Bar Visibility');
    await window.runCommand('Backflow: Open Sweep…');
    await window.pick(basename(sweep));
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
    writeFileSync(join(images, 'sweep.png'), await window.page.screenshot());
  } finally {
    await window.close();
    await workspace.remove();
  }
}

/** In the page: waits until its header shows this training step or a later one. */
function stepReached(header: unknown, step: number): Promise<void> {
  const text = () => (header as { textContent: string }).textContent;
  return new Promise((resolve) => {
    const timer = setInterval(() => {
      if (Number(/step ([\d,]+)/.exec(text())?.[1].replaceAll(',', '') ?? 0) < step) return;
      clearInterval(timer);
      resolve();
    }, 20);
  });
}

async function pause(window: EditorWindow, panel: FrameLocator): Promise<void> {
  await window.runCommand('Backflow: Pause');
  await panel.locator('header .state[data-state="paused"]').waitFor();
}

function section(panel: FrameLocator, title: string): Locator {
  return panel.locator('section', { has: panel.locator('h2', { hasText: title }) }).first();
}

async function toTop(part: Locator): Promise<void> {
  await part.evaluate((element) =>
    (element as unknown as { scrollIntoView(where: object): void }).scrollIntoView({ block: 'start' }),
  );
}

async function boxOf(
  part: Locator,
): Promise<{ readonly x: number; readonly y: number; readonly width: number; readonly height: number }> {
  const box = await part.boundingBox();
  if (!box) throw new Error('A part of the picture is not on the screen.');
  return box;
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exit(1);
  },
);
