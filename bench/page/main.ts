/**
 * The page in a browser, drawn as fast as it can be: one JSON object a line on standard input, one answer a line on standard output.
 *
 *     {"do": "stream", "scale", "frames"}   → {"seconds", "script", "thread"} of frames at T 512, H 256, L 3, each sent when the one before is drawn,
 *                                             at so many device pixels a CSS pixel; `script` and `thread` are milliseconds of the page's thread
 *     {"do": "zoom", "turns"}               → {"milliseconds"} of script of each picture while the wheel zooms into 100,000 steps and out again
 */
import type { CDPSession, Page } from 'playwright-core';
import { PageBrowser } from '../../test/webview/browser';
import { largePanel } from '../../test/webview/synthetic';
import { answerRequests } from '../lib/answer';

type Request =
  | { readonly do: 'stream'; readonly scale: number; readonly frames: number }
  | { readonly do: 'zoom'; readonly turns: number };

interface OpenPage {
  readonly page: Page;
  readonly devtools: CDPSession;
}

/** Drawn before anything is measured, so that what runs often is compiled. */
const warmUp = 60;

let browser: PageBrowser | null = null;
const pages = new Map<string, OpenPage>();

/** One page for each kind of measurement, opened when it is first asked for. */
async function pageFor(name: string, scale: number, prepare: (page: Page) => Promise<unknown>): Promise<OpenPage> {
  const known = pages.get(name);
  if (known) {
    // Only the page in front is drawn.
    await known.page.bringToFront();
    return known;
  }
  browser ??= await PageBrowser.start();
  const page = await browser.open({ scale });
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('Performance.enable', { timeDomain: 'threadTicks' });
  const opened = { page, devtools };
  pages.set(name, opened);
  await page.evaluate('probe.run(1240)');
  await prepare(page);
  return opened;
}

const streamed = (frames: number) => `probe.stream(${JSON.stringify(largePanel)}, ${frames})`;

async function stream(scale: number, frames: number): Promise<{ seconds: number; script: number; thread: number }> {
  const { page, devtools } = await pageFor(`stream ${scale}`, scale, (opened) => opened.evaluate(streamed(warmUp)));
  const spent = async (): Promise<ReadonlyMap<string, number>> =>
    new Map((await devtools.send('Performance.getMetrics')).metrics.map(({ name, value }) => [name, value]));
  const before = await spent();
  const seconds = await page.evaluate<number>(`(async () => {
    const start = performance.now();
    await ${streamed(frames)};
    return (performance.now() - start) / 1000;
  })()`);
  const after = await spent();
  // Of the thread's own processor time, which other programs do not lengthen.
  const milliseconds = (name: string): number => 1000 * ((after.get(name) ?? NaN) - (before.get(name) ?? NaN));
  return { seconds, script: milliseconds('ScriptDuration'), thread: milliseconds('TaskDuration') };
}

async function zoom(turns: number): Promise<{ milliseconds: number[] }> {
  const { page } = await pageFor('zoom', 1, (opened) =>
    opened.evaluate('probe.frame({ tokens: 100_000, slopes: [-0.02], hiddenSize: 512, spikeAt: 54_321, cell: "rnn" })'),
  );
  const milliseconds = await page.evaluate<number[]>(`(async () => {
    const native = window.requestAnimationFrame.bind(window);
    const took = [];
    let busy = 0;
    window.requestAnimationFrame = (callback) => native((time) => {
      const start = performance.now();
      callback(time);
      busy += performance.now() - start;
    });
    for (let i = 0; i < ${turns}; i++) {
      busy = 0;
      document.querySelector('canvas[data-figure="units"]').dispatchEvent(
        new WheelEvent('wheel', { deltaY: i < ${turns} / 2 ? -120 : 120, ctrlKey: true, bubbles: true, cancelable: true, clientX: 450, clientY: 0 }));
      await probe.settled();
      took.push(busy);
    }
    window.requestAnimationFrame = native;
    return took;
  })()`);
  return { milliseconds };
}

function answer(request: Request): Promise<object> {
  switch (request.do) {
    case 'stream':
      return stream(request.scale, request.frames);
    case 'zoom':
      return zoom(request.turns);
  }
}

void answerRequests(answer).then(() => browser?.stop());
