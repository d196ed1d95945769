/**
 * The extension in a window of a real editor, as a person sees it: one JSON object a line on standard input, one answer a line on standard output. The
 * Code server and the browser come in the environment (test/editor/harness/codeServer.ts), the file of bench/editor/probe as BACKFLOW_PROBE_FILE.
 *
 *     {"do": "live", "seconds"}    → LiveTimes: a run on a text of 1 MB, from its command on, watched for so long
 *     {"do": "keyToTint", "keys"}  → {"tint", "cursor"}: milliseconds from the press of each key to other tints, and to the cursor's own move
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { EditorWindow } from '../../test/editor/harness/editorWindow';
import { framesDrawn, longText, moreFrames } from '../../test/editor/harness/panel';
import { makeWorkspace } from '../../test/editor/harness/workspace';
import { answerRequests } from '../lib/answer';
import { busyBetween, type BusyTime } from './busyTime';

type Request = { readonly do: 'live'; readonly seconds: number } | { readonly do: 'keyToTint'; readonly keys: number };

interface LiveTimes {
  /** Milliseconds from the command to the first frame. */
  readonly firstFrame: number;
  readonly framesPerSecond: number;
  /** Of the extension host while training and drawing, and with nothing to do. */
  readonly busy: BusyTime;
  readonly idle: BusyTime;
  /** Milliseconds by which a process that had nothing to do was late while training and drawing: what the machine does to anyone. */
  readonly machine: number;
}

const megabyte = 1_000_000;
/** Milliseconds of the idle stretch, and of rest after a window has opened: an editor's own start continues for a while. */
const idleTime = 4000;
const start = 5000;

const tale = readFileSync(join(__dirname, '../../../media/samples/tale.txt'), 'utf8');

/** Opens a window on a folder with one text. */
async function withWindow<T>(
  file: string,
  text: string,
  settings: Readonly<Record<string, unknown>>,
  job: (window: EditorWindow) => Promise<T>,
): Promise<T> {
  const workspace = makeWorkspace({ [file]: text }, { settings });
  try {
    const window = await EditorWindow.open({ folder: workspace.folder, pictures: 'display' });
    try {
      await window.openFile(file);
      await window.page.waitForTimeout(start);
      return await job(window);
    } catch (error) {
      await window.screenshot('failed-bench');
      throw error;
    } finally {
      await window.close();
    }
  } finally {
    await workspace.remove();
  }
}

function live(seconds: number): Promise<LiveTimes> {
  const settings = { 'backflow.model.hiddenSize': 128, 'backflow.probe.tokens': 256 };
  return withWindow('long.txt', longText(tale, megabyte), settings, async (window) => {
    await window.runCommand('Backflow: Train on This File');
    const chosen = Date.now();
    const panel = await window.panelFrame();
    await moreFrames(panel, 1);
    const firstFrame = Date.now() - chosen;
    await moreFrames(panel, 20);

    const probe = codeProbe();
    const frames = await framesDrawn(panel);
    const machine = monitorEventLoopDelay({ resolution: 5 });
    machine.enable();
    const from = Date.now();
    await window.page.waitForTimeout(1000 * seconds);
    const to = Date.now();
    machine.disable();
    const framesPerSecond = ((await framesDrawn(panel)) - frames) / ((to - from) / 1000);
    const busy = busyBetween(probe, from, to);

    await window.runCommand('Backflow: Stop');
    await window.page.waitForTimeout(2000);
    const still = Date.now();
    await window.page.waitForTimeout(idleTime);
    return {
      firstFrame,
      framesPerSecond,
      busy,
      idle: busyBetween(probe, still, Date.now()),
      machine: machine.max / 1e6 - 5,
    };
  });
}

function codeProbe(): string {
  const file = process.env['BACKFLOW_PROBE_FILE'];
  if (file === undefined)
    throw new Error('BACKFLOW_PROBE_FILE is not set: this program is run by "npm run bench -- editor".');
  return file;
}

function keyToTint(keys: number): Promise<{ tint: number[]; cursor: number[] }> {
  const settings = {
    'backflow.model.cell': 'rnn',
    'backflow.model.hiddenSize': 128,
    'backflow.training.window': 16,
    'editor.occurrencesHighlight': 'off',
  };
  return withWindow('tale.txt', tale, settings, async (window) => {
    await window.runCommand('Backflow: Train on This File');
    await moreFrames(await window.panelFrame(), 20);
    await window.runCommand('Backflow: Pause');
    await window.showTab('tale.txt');
    await window.goTo(5, 4);
    await window.page.locator(`${text} .view-overlays [class*="TextEditorDecorationType"]`).first().waitFor();
    const times: { tint: number; cursor: number }[] = [];
    for (let i = 0; i < keys; i++) {
      // Listens before the key is pressed, however slow the page is.
      await window.page.evaluate(listening);
      await window.page.keyboard.press('ArrowRight');
      times.push(await window.page.evaluate<{ cursor: number; tint: number }>('globalThis.tinting'));
      await window.page.waitForTimeout(100);
    }
    return { tint: times.map(({ tint }) => tint), cursor: times.map(({ cursor }) => cursor) };
  });
}

const text = '.editor-group-container:has(.tab.active[data-resource-name$=".txt"])';

/** In the window: `tinting` resolves with the milliseconds from the next key to the cursor's move and to other tints, a minute at most. */
const listening = `void (globalThis.tinting = new Promise((resolve, reject) => {
  const tints = document.querySelector('${text} .view-overlays');
  const cursor = document.querySelector('${text} .cursors-layer .cursor');
  const seen = () => [...tints.querySelectorAll('[class*=TextEditorDecorationType]')].map((each) => each.outerHTML + each.parentElement.style.top).join();
  const [place, before] = [cursor.style.cssText, seen()];
  let [began, moved] = [0, 0];
  addEventListener('keydown', () => { began = performance.now(); }, { capture: true, once: true });
  const look = () => {
    const since = performance.now() - began;
    if (began > 0 && moved === 0 && cursor.style.cssText !== place) moved = since;
    if (began > 0 && moved > 0 && seen() !== before) resolve({ cursor: moved, tint: since });
    else if (began > 0 && since > 60_000) reject(new Error('The tints did not follow the cursor.'));
    else setTimeout(look, 2);
  };
  look();
}))`;

function answer(request: Request): Promise<object> {
  switch (request.do) {
    case 'live':
      return live(request.seconds);
    case 'keyToTint':
      return keyToTint(request.keys);
  }
}

void answerRequests(answer);
