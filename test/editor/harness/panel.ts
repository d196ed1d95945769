/** Reading Backflow's panel and its run, as the tests need it. */
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { FrameLocator } from 'playwright-core';
import { defaultServerData } from './codeServer';

/** Milliseconds. Only what hangs takes so long, on whatever machine. */
const frameTimeout = 120_000;

/** How many frames the page has drawn. */
export async function framesDrawn(panel: FrameLocator): Promise<number> {
  return Number((await panel.locator(':root').getAttribute('data-frames-drawn')) ?? 0);
}

/** Waits until the page has drawn this many frames more than now; returns the new count. */
export async function moreFrames(panel: FrameLocator, more: number): Promise<number> {
  return framesReach(panel, (await framesDrawn(panel)) + more);
}

/** Waits until the page shows a frame, which one that has just opened does not. */
export async function firstFrame(panel: FrameLocator): Promise<void> {
  await framesReach(panel, 1);
}

async function framesReach(panel: FrameLocator, wanted: number): Promise<number> {
  const deadline = Date.now() + frameTimeout;
  for (;;) {
    const drawn = await framesDrawn(panel);
    if (drawn >= wanted) return drawn;
    if (Date.now() > deadline) throw new Error(`The panel drew ${drawn} frames; ${wanted} were waited for.`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/**
 * What `read` gives when it has given the same for two seconds: a paused run finishes the step it is in, and the flow of its last
 * weights comes after that.
 */
export async function settled(read: () => Promise<string>): Promise<string> {
  const wanted = 2000;
  for (let last = await read(), since = Date.now(); ;) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    const now = await read();
    if (now !== last) since = Date.now();
    last = now;
    if (Date.now() - since >= wanted) return last;
  }
}

export interface Picture {
  /** The canvas as a PNG, to tell two pictures apart. */
  readonly url: string;
  /** Different colors in it. */
  readonly colors: number;
}

/** What a figure's canvas shows. */
export function picture(panel: FrameLocator, figure: string): Promise<Picture> {
  // Runs in the page, which these tests' compiler settings do not know: hence the bare shapes.
  return panel.locator(`canvas[data-figure="${figure}"]`).evaluate((element) => {
    const canvas = element as unknown as {
      width: number;
      height: number;
      toDataURL(): string;
      getContext(kind: '2d'): {
        getImageData(x: number, y: number, width: number, height: number): { data: Uint8ClampedArray };
      };
    };
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    return { url: canvas.toDataURL(), colors: new Set(new Uint32Array(data.buffer)).size };
  });
}

/** The runs of a workspace, by the names of their folders. */
export function runsIn(folder: string): string[] {
  try {
    return readdirSync(join(folder, '.backflow/runs'));
  } catch {
    return [];
  }
}

/** Waits until the only run of a workspace has something to go on from. */
export async function firstCheckpoint(folder: string): Promise<void> {
  const [run] = runsIn(folder);
  const checkpoints = join(folder, '.backflow/runs', run, 'checkpoints');
  while (!readdirSync(checkpoints).some((name) => name.endsWith('.onnx')))
    await new Promise((resolve) => setTimeout(resolve, 200));
}

/** The folders of the runs in the extension's own storage, of all windows of the default server. */
export function ownRuns(): string[] {
  // Only there: among the extensions lies a link to the whole project.
  const storage = join(defaultServerData(), 'server/data/User');
  return readdirSync(storage, { recursive: true, encoding: 'utf8' })
    .filter((name) => /backflow\.backflow\/runs\/[^/]+\/run\.json$/.test(name))
    .map((name) => dirname(join(storage, name)));
}

/** A text of this many bytes at least, made of another. */
export function longText(text: string, bytes: number): string {
  return text.repeat(Math.ceil(bytes / Buffer.byteLength(text)));
}
