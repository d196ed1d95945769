/** Zooming and moving: what is under the pointer stays there, the text stays under its columns, and one step among a hundred thousand is seen. */
import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import type { FromPage } from '../../src/pageContract/messages';
import { tables } from '../../webview/shared/colors/tables';
import type { PageBrowser } from './browser';
import { sharedBrowser } from './shared';
import type { DrawnCounts } from './drawn';

const width = 900;
const margins = { left: 58, right: 44, padding: 18 };
const room = width - 2 * margins.padding - margins.left - margins.right;

describe('zooming', () => {
  let browser: PageBrowser;
  let page: Page;
  before(async () => {
    browser = await sharedBrowser();
  });
  beforeEach(async () => {
    page = await browser.open({ width });
    await page.evaluate('probe.run(400)');
  });
  afterEach(async () => {
    assert.deepEqual(await page.evaluate('probe.violations'), []);
    assert.deepEqual(
      (await page.evaluate<FromPage[]>('probe.posted')).filter((message) => message.type === 'error'),
      [],
    );
    await browser.leave(page);
  });

  const at = async (x: number): Promise<number | null> => {
    await page.locator('canvas[data-figure="flow"]').hover({ position: { x, y: 13 } });
    await page.evaluate('probe.settled()');
    const marks = (await page.evaluate<FromPage[]>('probe.posted')).filter((message) => message.type === 'mark');
    return marks.at(-1)!.step;
  };
  const wheel = async (x: number, deltaY: number): Promise<void> => {
    await page.locator('canvas[data-figure="flow"]').hover({ position: { x, y: 13 } });
    await page.keyboard.down('Control');
    await page.mouse.wheel(0, deltaY);
    await page.keyboard.up('Control');
    await page.evaluate('probe.settled()');
  };

  it('by the wheel keeps the step under the pointer where it is', async () => {
    await page.evaluate('probe.frame({ tokens: 256, slopes: [-0.02] })');
    const x = margins.left + 0.25 * room;
    const before = await at(x);
    assert.equal(before, 64);
    for (let i = 0; i < 6; i++) await wheel(x, -120);
    assert.equal(await at(x), before);
    const [first, last] = [await at(margins.left + 1), await at(margins.left + room - 1)];
    assert.ok(first! > 55 && last! - first! < 40, `steps ${first} to ${last} are in view, an eighth of the text`);
    await page.locator('[data-action=wholeText]').click();
    await page.evaluate('probe.settled()');
    assert.equal(await at(margins.left + 1), 0);
    assert.equal(await page.locator('[data-action=wholeText]').isVisible(), false);
  });

  it('by dragging shows the stretch dragged over, and Shift and the wheel move it', async () => {
    await page.evaluate('probe.frame({ tokens: 200, slopes: [-0.02] })');
    const box = (await page.locator('canvas[data-figure="profile"]').boundingBox())!;
    const place = (step: number): number => box.x + margins.left + (step / 200) * room;
    await page.mouse.move(place(50), box.y + 60);
    await page.mouse.down();
    await page.mouse.move(place(80), box.y + 60);
    await page.mouse.move(place(99.5), box.y + 60);
    await page.mouse.up();
    await page.evaluate('probe.settled()');
    assert.deepEqual([await at(margins.left + 1), await at(margins.left + room - 1)], [50, 99]);
    assert.equal(
      (await page.evaluate<FromPage[]>('probe.posted')).some(({ type }) => type === 'reveal'),
      false,
      'a drag is no click',
    );
    await page.keyboard.down('Shift');
    await page.mouse.wheel(0, room / 5);
    await page.keyboard.up('Shift');
    await page.evaluate('probe.settled()');
    assert.equal(await at(margins.left + 2), 60);
  });

  it('by keys goes around the marked step, and keeps it in view', async () => {
    await page.evaluate('probe.frame({ tokens: 256, slopes: [-0.02], target: 128 })');
    await page.locator('canvas[data-figure="flow"]').focus();
    for (const key of ['ArrowLeft', '+', '+', '+', '+', '+']) await page.keyboard.press(key);
    await page.evaluate('probe.settled()');
    await page.keyboard.press('Home');
    await page.evaluate('probe.settled()');
    assert.equal(await at(margins.left + 1), 0);
    await page.keyboard.press('0');
    await page.evaluate('probe.settled()');
    assert.equal(await at(margins.left + room - 1), 255);
  });

  it('by pinching on a touchpad, which comes as a wheel with Ctrl and small steps, keeps the step between the fingers', async () => {
    await page.evaluate('probe.frame({ tokens: 256, slopes: [-0.02] })');
    const x = margins.left + 0.75 * room;
    assert.equal(await at(x), 192);
    for (let i = 0; i < 20; i++) await wheel(x, -4);
    assert.equal(await at(x), 192);
    // Each such step is 24 wheel pixels, of which 240 double: a quarter of the text.
    const [first, last] = [await at(margins.left + 1), await at(margins.left + room - 1)];
    assert.ok(first === 144 && last! >= 207 && last! <= 208, `steps ${first} to ${last}`);
  });

  it('by two fingers spreads what is under them', async () => {
    await browser.leave(page);
    page = await browser.open({ width, touch: true });
    await page.evaluate('probe.run(400)');
    await page.evaluate('probe.frame({ tokens: 256, slopes: [-0.02] })');
    const box = (await page.locator('canvas[data-figure="flow"]').boundingBox())!;
    const devtools = await page.context().newCDPSession(page);
    const y = box.y + 13;
    const touch = async (type: 'touchStart' | 'touchMove' | 'touchEnd', ...shares: number[]): Promise<void> => {
      await devtools.send('Input.dispatchTouchEvent', {
        type,
        touchPoints: shares.map((share, id) => ({ x: box.x + margins.left + share * room, y, id })),
      });
      await page.evaluate('probe.settled()');
    };
    await touch('touchStart', 0.25);
    await touch('touchStart', 0.25, 0.5);
    // The second finger goes from half the width to all of it: what lay between them, steps 64 to 127, has three times the room.
    for (const share of [0.6, 0.7, 0.8, 0.9, 1]) await touch('touchMove', 0.25, share);
    await touch('touchEnd', 0.25);
    await touch('touchEnd');
    assert.deepEqual([await at(margins.left + 0.25 * room + 2), await at(margins.left + room - 2)], [64, 127]);
    assert.equal(
      (await page.evaluate<FromPage[]>('probe.posted')).some(({ type }) => type === 'target' || type === 'reveal'),
      false,
      'a pinch is no click',
    );
  });

  it('by the wheel or keys with Alt goes over the units, and leaves the steps as they are', async () => {
    await page.evaluate('probe.frame({ tokens: 64, slopes: [-0.02], hiddenSize: 96 })');
    const units = page.locator('canvas[data-figure="units"]');
    const { height } = (await units.boundingBox())!;
    const unitAt = async (y: number): Promise<number> => {
      await units.hover({ position: { x: margins.left + 0.5 * room, y } });
      await page.evaluate('probe.settled()');
      return Number(/unit (\d+)/.exec(await page.locator('.readout').innerText())?.[1]);
    };
    const middle = 6 + (height - 12) * 0.5;
    assert.deepEqual([await unitAt(7), await unitAt(middle + 1), await unitAt(height - 7)], [0, 48, 95]);
    await page.keyboard.down('Alt');
    for (let i = 0; i < 4; i++) await page.mouse.wheel(0, -120);
    await page.keyboard.up('Alt');
    await page.evaluate('probe.settled()');
    // Zoomed around the place of the pointer, near the bottom: a quarter of the units.
    const [top, bottom] = [await unitAt(7), await unitAt(height - 7)];
    assert.ok(bottom - top >= 22 && bottom - top <= 25 && bottom >= 94, `units ${top} to ${bottom}`);
    assert.deepEqual([await at(margins.left + 1), await at(margins.left + room - 1)], [0, 63]);
    await units.focus();
    await page.keyboard.press('Alt+0');
    await page.evaluate('probe.settled()');
    assert.deepEqual([await unitAt(7), await unitAt(height - 7)], [0, 95]);
  });

  it('over training goes over steps, and with Alt over lags', async () => {
    await page.evaluate(`probe.frame({ tokens: 64, slopes: [-0.1, -0.1], cellSlopes: [-0.05, -0.05] })`);
    const steps = Array.from({ length: 100 }, (_, i) => 1 + 4 * i);
    await page.evaluate(`probe.overTraining(${JSON.stringify({ steps, slopes: steps.map(() => -0.05), lags: 64 })})`);
    const over = page.locator('canvas[data-figure="overTraining"]');
    const said = async (share: number, y: number): Promise<readonly [step: number, lag: number]> => {
      await over.hover({ position: { x: margins.left + share * room, y } });
      await page.evaluate('probe.settled()');
      const [, step, lag] =
        /^step (\d+), (\d+) tokens? back/.exec(await page.locator('.over .caption.number').innerText()) ?? [];
      return [Number(step), Number(lag)];
    };
    // Lags 0 to 63 stand from 82 to 232, steps 1 to 400 from edge to edge.
    const [before] = await said(0.5, 158);
    assert.deepEqual(await said(0.5, 158), [before, 32]);
    await page.keyboard.down('Control');
    for (let i = 0; i < 6; i++) await page.mouse.wheel(0, -120);
    await page.keyboard.up('Control');
    await page.evaluate('probe.settled()');
    const [[first], [middle, lag], [last]] = [await said(0.002, 158), await said(0.5, 158), await said(0.998, 158)];
    assert.deepEqual([middle, lag], [before, 32]);
    assert.ok(last - first >= 44 && last - first <= 56, `an eighth of the steps: ${first} to ${last}`);
    await said(0.5, 83);
    await page.keyboard.down('Alt');
    for (let i = 0; i < 4; i++) await page.mouse.wheel(0, -120);
    await page.keyboard.up('Alt');
    await page.evaluate('probe.settled()');
    assert.deepEqual(
      [await said(0.5, 83), await said(0.5, 231)],
      [
        [middle, 0],
        [middle, 16],
      ],
    );
    // Another step comes while it is zoomed: what is in view stays.
    await page.evaluate('probe.frame({ tokens: 64, slopes: [-0.1, -0.1], cellSlopes: [-0.05, -0.05], sequence: 2 })');
    await page.waitForTimeout(450);
    assert.deepEqual((await said(0.002, 158))[0], first);
    await over.focus();
    for (const key of ['0', 'Alt+0']) await page.keyboard.press(key);
    await page.evaluate('probe.settled()');
    assert.deepEqual([(await said(0.001, 83))[1], (await said(0.5, 231))[1]], [0, 63]);
  });

  it('shows each token under its column as soon as there is room', async () => {
    await page.evaluate('probe.frame({ tokens: 256, slopes: [-0.02] })');
    for (let i = 0; i < 6; i++) await wheel(margins.left + 0.5 * room, -120);
    const strip = page.locator('canvas[data-figure="tokens"]');
    for (const share of [0.1, 0.4, 0.7, 0.95]) {
      const above = await at(margins.left + share * room);
      await strip.hover({ position: { x: margins.left + share * room, y: 10 } });
      await page.evaluate('probe.settled()');
      const below = (await page.evaluate<FromPage[]>('probe.posted'))
        .filter((message) => message.type === 'mark')
        .at(-1)!.step;
      assert.equal(below, above);
    }
  });

  it('shows one exploding step among 100,000, of 512 units', async () => {
    await page.evaluate(
      'probe.frame({ tokens: 100_000, slopes: [-0.02], hiddenSize: 512, spikeAt: 54_321, cell: "rnn" })',
    );
    const hex = (map: 'flow' | 'signed', index: number): string => tables.dark[map].slice(6 * index, 6 * index + 6);
    const seen = await page.evaluate<Record<string, boolean>>(`(() => {
      const has = (figure, wanted) => {
        const canvas = document.querySelector('canvas[data-figure="' + figure + '"]');
        const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
        for (let i = 0; i < data.length; i += 4) {
          if (((data[i] << 16) | (data[i + 1] << 8) | data[i + 2]) === parseInt(wanted, 16)) return true;
        }
        return false;
      };
      return { flow: has('flow', '${hex('flow', Math.round((11 / 12) * 255))}'), units: has('units', '${hex('signed', 255)}') };
    })()`);
    assert.deepEqual(seen, { flow: true, units: true });
  });

  it('of 100,000 steps and 512 units draws each figure once a picture, however often the wheel turns before it, and colors no more pixels than it has', async () => {
    await page.evaluate('probe.frame({ tokens: 100_000, slopes: [-0.02], hiddenSize: 512, cell: "rnn" })');
    await page.evaluate('probe.countDrawing()');
    const turned = (times: number, deltaY: number): Promise<DrawnCounts> =>
      page.evaluate(`probe.drawnBy(() => {
      for (let i = 0; i < ${times}; i++) document.querySelector('canvas[data-figure="units"]').dispatchEvent(
        new WheelEvent('wheel', { deltaY: ${deltaY}, ctrlKey: true, bubbles: true, cancelable: true, clientX: 450, clientY: 0 }));
    })`);
    const onScreen = await page.evaluate<Record<string, number>>(
      `Object.fromEntries([...document.querySelectorAll('canvas[data-figure]')].map((canvas) => [canvas.dataset.figure, canvas.width * canvas.height]))`,
    );
    const first = await turned(1, -120);
    for (const figure of ['flow', 'profile', 'tokens', 'units']) assert.equal(first.figures[figure], 1, figure);
    for (const [times, deltaY] of [
      [1, -120],
      [12, -120],
      [30, -120],
      [1, 120],
      [40, 120],
    ] as const) {
      const { figures, pictures, pixels } = await turned(times, deltaY);
      assert.equal(pictures, 1, `${times} turns of the wheel`);
      assert.deepEqual(figures, first.figures);
      assert.ok(pixels <= onScreen['flow'] + onScreen['units'], `${pixels} pixels were colored`);
    }
  });
});
