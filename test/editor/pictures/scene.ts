/** What the pictures are taken of: a window of a real editor with a text and the panel, and parts of the panel. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FrameLocator, Locator } from 'playwright-core';
import { codeServer } from '../harness/codeServer';
import { EditorWindow } from '../harness/editorWindow';
import { picture, settled } from '../harness/panel';
import { makeWorkspace, type Files, type Workspace } from '../harness/workspace';
import { decodePng, stillPng } from './png';

export const { project } = codeServer();
export const images = join(project, 'docs/images');
const tale = readFileSync(join(project, 'media/samples/tale.txt'), 'utf8');
/** Of tale.txt, from 1: an early place with text before it. */
export const start = { line: 6, column: 9 };

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
/** The bar at the top of the window says that the extension is in development. CSS pixels. */
const titleBar = 30;

export interface Scene {
  readonly width: number;
  readonly height: number;
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Beside tale.txt. */
  readonly files?: Files;
  /** The file that is opened. */
  readonly opened?: string;
}

/** Opens the editor on a text and takes pictures of it. */
export async function inEditor(
  { width, height, settings, files = {}, opened = 'tale.txt' }: Scene,
  take: (window: EditorWindow, workspace: Workspace) => Promise<void>,
): Promise<void> {
  mkdirSync(images, { recursive: true });
  const workspace = makeWorkspace({ 'tale.txt': tale, ...files }, { settings: { ...plain, ...settings } });
  const window = await EditorWindow.open({ folder: workspace.folder, width, height });
  try {
    if (opened.endsWith('.ipynb')) await window.openNotebook(opened);
    else await window.openFile(opened);
    await window.runCommand('View: Toggle Primary Side Bar Visibility');
    await take(window, workspace);
  } finally {
    await window.close();
    await workspace.remove();
  }
}

/** The window without its title bar, as a PNG. */
export async function screenshot(window: EditorWindow): Promise<Buffer> {
  return window.page.screenshot({ clip: insides(window) });
}

/** What is under the window's title bar. */
export function insides(window: EditorWindow): {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
} {
  const { width, height } = window.page.viewportSize()!;
  return { x: 0, y: titleBar, width, height: height - titleBar };
}

/** Writes a screenshot into docs/images, in 256 colors. */
export function keep(name: string, picture: Buffer): void {
  writeFileSync(join(images, `${name}.png`), stillPng(decodePng(picture)));
}

/** Of a page: parts that stand below each other, with a little air around them; `below` where the next part begins sooner. CSS pixels. */
export async function keepParts(
  window: EditorWindow,
  name: string,
  parts: readonly Locator[],
  air = 12,
  below = air,
): Promise<void> {
  const boxes = await Promise.all(parts.map(boxOf));
  const left = Math.min(...boxes.map(({ x }) => x)) - air;
  const right = Math.max(...boxes.map(({ x, width }) => x + width)) + air;
  const top = Math.min(...boxes.map(({ y }) => y)) - air;
  const bottom = Math.max(...boxes.map(({ y, height }) => y + height)) + below;
  const clip = { x: Math.max(0, left), y: Math.max(0, top), width: right - left, height: bottom - top };
  keep(name, await window.page.screenshot({ clip }));
}

/** Trains on the text until the panel shows this step or a later one, then pauses. */
export async function trainTo(window: EditorWindow, step: number): Promise<FrameLocator> {
  await window.goTo(start.line, start.column);
  await window.runCommand('Backflow: Train on This File');
  const panel = await window.panelFrame();
  await panel.locator('header').evaluate(stepReached, step);
  await pause(window, panel);
  await settled(async () => (await picture(panel, 'flow')).url);
  return panel;
}

/** In the page: waits until its header shows this training step or a later one. */
export function stepReached(header: unknown, step: number): Promise<void> {
  const text = () => (header as { textContent: string }).textContent;
  return new Promise((resolve) => {
    const timer = setInterval(() => {
      if (Number(/step ([\d,]+)/.exec(text())?.[1].replaceAll(',', '') ?? 0) < step) return;
      clearInterval(timer);
      resolve();
    }, 20);
  });
}

export async function pause(window: EditorWindow, panel: FrameLocator): Promise<void> {
  await window.runCommand('Backflow: Pause');
  await panel.locator('header .state[data-state="paused"]').waitFor();
}

export function section(panel: FrameLocator, title: string): Locator {
  return panel.locator('section', { has: panel.locator('h2', { hasText: title }) }).first();
}

export async function toTop(part: Locator): Promise<void> {
  await part.evaluate((element) =>
    (element as unknown as { scrollIntoView(where: object): void }).scrollIntoView({ block: 'start' }),
  );
}

export async function boxOf(
  part: Locator,
): Promise<{ readonly x: number; readonly y: number; readonly width: number; readonly height: number }> {
  const box = await part.boundingBox();
  if (!box) throw new Error('A part of the picture is not on the screen.');
  return box;
}
