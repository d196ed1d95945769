/** Frames in a stream: how much is drawn and said for each, and that the page does not grow. */
import assert from 'node:assert/strict';
import type { CDPSession, Page } from 'playwright-core';
import type { PageBrowser } from './browser';
import { sharedBrowser } from './shared';
import { bytesByKind } from './heapSnapshot';
import type { DrawnCounts } from './drawn';
import { largePanel } from './synthetic';

const large = JSON.stringify(largePanel);
/** What a frame would leave behind does not depend on its size; its drawing takes the time. */
const small = JSON.stringify({ ...largePanel, tokens: 64, hiddenSize: 16 });
/** Frames after which what a frame would leave behind is seen, and before that for what is made once; BACKFLOW_STREAM_MINUTES streams for so long instead: npm run soak:page. */
const enough = 300;
const atFirst = 100;
const atATime = 100;
const minutes = Number(process.env['BACKFLOW_STREAM_MINUTES'] ?? 0);
const megabyte = 2 ** 20;

describe('a stream of frames', function () {
  this.timeout(600_000 + minutes * 90_000);
  let browser: PageBrowser;
  let page: Page;
  let devtools: CDPSession;
  before(async () => {
    browser = await sharedBrowser();
  });
  const open = async (scale: number, alone = false): Promise<void> => {
    page = await browser.open({ scale, alone });
    devtools = await page.context().newCDPSession(page);
    await page.evaluate('probe.run(1240)');
  };
  afterEach(() => browser.leave(page));

  /** Draws so many frames; returns how many messages the page posted. */
  const stream = (frames: number, panel = large): Promise<number> => page.evaluate(`probe.stream(${panel}, ${frames})`);
  const counted = (frames: number): Promise<DrawnCounts> =>
    page.evaluate(`probe.drawnBy(() => probe.stream(${large}, ${frames}))`);

  it('of 512 tokens, 256 units and three layers draws each figure once a frame, by the same calls at one and two device pixels, and no more as it goes on', async () => {
    const frames = 10;
    const rounds: DrawnCounts[] = [];
    for (const scale of [1, 2]) {
      await open(scale);
      await page.evaluate('probe.countDrawing()');
      await stream(2);
      rounds.push(await counted(frames));
      await stream(15);
      rounds.push(await counted(frames));
      if (scale === 1) await browser.leave(page);
    }
    const [first, ...later] = rounds;
    assert.equal(first.pictures, frames);
    for (const figure of ['flow', 'profile', 'tokens', 'units']) assert.equal(first.figures[figure], frames, figure);
    for (const { figures, calls, pictures } of later)
      assert.deepEqual(
        { figures, calls, pictures },
        { figures: first.figures, calls: first.calls, pictures: first.pictures },
      );
  });

  it('is answered by one message a frame', async () => {
    await open(1);
    // With the first ones the page asks for what it has not been told.
    await stream(2);
    assert.equal(await stream(30), 30);
  });

  it(`of ${minutes > 0 ? `${minutes} min` : `${enough} frames`} leaves the page’s memory as it was`, async () => {
    await open(1, true);
    /** All that script uses, with the machine code of what has run often; what the page itself holds: its objects, and the bytes of its arrays. */
    const memory = async (): Promise<{ used: number; own: number; nodes: number; listeners: number }> => {
      await devtools.send('HeapProfiler.collectGarbage');
      const { usedSize, backingStorageSize } = await devtools.send('Runtime.getHeapUsage');
      const { nodes, jsEventListeners: listeners } = await devtools.send('Memory.getDOMCounters');
      const kinds = await bytesByKind(devtools);
      const objects = [
        'object',
        'array',
        'string',
        'concatenated string',
        'sliced string',
        'closure',
        'number',
        'symbol',
        'bigint',
        'regexp',
      ];
      const own = backingStorageSize + objects.reduce((sum, kind) => sum + (kinds.get(kind) ?? 0), 0);
      process.stdout.write(
        `      ${(usedSize / megabyte).toFixed(2)} MiB of script’s memory; its own objects and arrays ${(own / megabyte).toFixed(3)} MiB; ${nodes} nodes, ${listeners} listeners\n`,
      );
      return { used: usedSize, own, nodes, listeners };
    };
    // Metrics of a long run are there already, so that their bounded growth is over.
    for (let from = 1241; from < 40_000; from += 13_000)
      await page.evaluate(`probe.progress(${from}, ${from + 13_000})`);
    await stream(atFirst, small);
    const before = await memory();
    const end = Date.now() + 60_000 * minutes;
    for (let drawn = 0; drawn < enough || Date.now() < end; drawn += atATime) await stream(atATime, small);
    const after = await memory();
    const growth = (what: 'used' | 'own'): number => (after[what] - before[what]) / megabyte;
    // V8 compiles what runs often, and Chromium keeps its last 200 long frames: within the first minute that is half a MiB, and then no more. When, is the machine's affair.
    if (minutes > 0) assert.ok(growth('used') < 1, `script’s memory has grown by ${growth('used').toFixed(2)} MiB`);
    assert.ok(growth('own') < 0.05, `the page’s own objects have grown by ${growth('own').toFixed(3)} MiB`);
    assert.deepEqual([after.nodes, after.listeners], [before.nodes, before.listeners], 'nodes and listeners');
  });
});
