/** Zooming and moving: what is under the pointer stays there, the text stays under its columns, and one step among a hundred thousand is seen. */
import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import type { FromPage } from '../../src/protocol/panel';
import { tables } from '../../webview/colours/tables';
import { PageBrowser } from './browser';

const width = 900;
const margins = { left: 58, right: 44, padding: 18 };
const room = width - 2 * margins.padding - margins.left - margins.right;

describe('zooming', function () {
  this.timeout(120_000);
  let browser: PageBrowser;
  let page: Page;
  before(async () => {
    browser = await PageBrowser.start();
  });
  after(() => browser.stop());
  beforeEach(async () => {
    page = await browser.open({ width });
    await page.evaluate('probe.run(400)');
  });
  afterEach(async () => {
    assert.deepEqual(await page.evaluate('probe.violations'), []);
    assert.deepEqual((await page.evaluate<FromPage[]>('probe.posted')).filter((message) => message.type === 'error'), []);
    await page.close();
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
    assert.equal((await page.evaluate<FromPage[]>('probe.posted')).some(({ type }) => type === 'reveal'), false, 'a drag is no click');
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

  it('shows each token under its column as soon as there is room', async () => {
    await page.evaluate('probe.frame({ tokens: 256, slopes: [-0.02] })');
    for (let i = 0; i < 6; i++) await wheel(margins.left + 0.5 * room, -120);
    const strip = page.locator('canvas[data-figure="tokens"]');
    for (const share of [0.1, 0.4, 0.7, 0.95]) {
      const above = await at(margins.left + share * room);
      await strip.hover({ position: { x: margins.left + share * room, y: 10 } });
      await page.evaluate('probe.settled()');
      const below = (await page.evaluate<FromPage[]>('probe.posted')).filter((message) => message.type === 'mark').at(-1)!.step;
      assert.equal(below, above);
    }
  });

  it('shows one exploding step among 100,000, of 512 units, and stays smooth', async () => {
    await page.evaluate('probe.frame({ tokens: 100_000, slopes: [-0.02], hiddenSize: 512, spikeAt: 54_321, cell: "rnn" })');
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
    // Zooming in and out again around the middle.
    const took = await page.evaluate<number[]>(`probe.drawing(24, (i) => document.querySelector('canvas[data-figure="units"]').dispatchEvent(
      new WheelEvent('wheel', { deltaY: i < 12 ? -120 : 120, ctrlKey: true, bubbles: true, cancelable: true, clientX: 450, clientY: 0 })))`);
    const sorted = took.sort((a, b) => a - b);
    process.stdout.write(`      ${sorted[12].toFixed(1)} ms of script a picture in the middle, ${sorted[23].toFixed(1)} at most\n`);
    assert.ok(sorted[12] < 33, `${sorted[12].toFixed(1)} ms a picture`);
  });
});
