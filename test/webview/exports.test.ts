/** What can be taken away: pictures, tables and the report, whole, true, and with nothing in them that could run. */
import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import {
  exportFormats,
  type ExportFormat,
  type ExportKind,
  type ExportOffer,
  type FromPage,
} from '../../src/pageContract/messages';
import { type PageBrowser } from './browser';
import { sharedBrowser } from './shared';
import { takePicture } from './screenshots';

const hostile = [
  '<img src=x onerror=alert(1)>',
  '</title><script>alert(2)</script>',
  '"',
  ']]>',
  '\u0001',
  '=1+1',
  ',',
  '\n',
  '한',
  '👩‍👩‍👧',
];

describe('taking away', () => {
  let browser: PageBrowser;
  let page: Page;
  before(async () => {
    browser = await sharedBrowser();
  });
  beforeEach(async () => {
    page = await browser.open();
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

  const frame = (options: object): Promise<unknown> => page.evaluate(`probe.frame(${JSON.stringify(options)})`);
  const offered = async (kind: ExportKind): Promise<readonly ExportOffer[]> => {
    await page.evaluate(`probe.send({ type: 'offerExports', kind: '${kind}' })`);
    await page.evaluate('probe.settled()');
    const offer = (await page.evaluate<FromPage[]>('probe.posted'))
      .filter((message) => message.type === 'offer')
      .at(-1);
    return offer!.items;
  };
  const made = async (id: string, format: ExportFormat): Promise<string> => {
    const saved = (): Promise<number> =>
      page.evaluate<number>(`probe.posted.filter(({ type }) => type === 'save').length`);
    const before = await saved();
    await page.evaluate(`probe.send({ type: 'export', id: '${id}', format: '${format}' })`);
    while ((await saved()) === before) await page.evaluate('probe.settled()');
    // Bytes come out of the page as base64.
    return page.evaluate<string>(`(() => {
      const { data } = probe.posted.filter(({ type }) => type === 'save').at(-1);
      return typeof data === 'string' ? data : btoa(Array.from(data, (byte) => String.fromCharCode(byte)).join(''));
    })()`);
  };

  it('offers every figure as SVG that is well formed, holds no script, and says what it shows', async () => {
    await frame({ tokens: hostile, slopes: [-0.5, -0.4], target: 9, hiddenSize: 8, quantity: 'forgetGate' });
    const figures = await offered('figure');
    assert.deepEqual(
      figures.map(({ id }) => id),
      ['loss', 'gradient-norm', 'flow', 'gain', 'units', 'saturation', 'half-life'],
    );
    const reader = await browser.blank();
    for (const { id } of figures) {
      const svg = await made(id, 'svg');
      const found = await reader.evaluate<{
        error: boolean;
        names: string[];
        description: string;
        handlers: number;
      }>(`((text) => {
        const parsed = new DOMParser().parseFromString(text, 'image/svg+xml');
        const all = [...parsed.querySelectorAll('*')];
        return {
          error: parsed.querySelector('parsererror') !== null,
          names: [...new Set(all.map(({ localName }) => localName))],
          description: parsed.querySelector('desc')?.textContent ?? '',
          handlers: all.filter((each) => [...each.attributes].some(({ name }) => name.startsWith('on'))).length,
        };
      })(${JSON.stringify(svg)})`);
      assert.equal(found.error, false, id);
      assert.equal(found.handlers, 0);
      const allowed = new Set(['svg', 'title', 'desc', 'rect', 'path', 'text', 'g', 'clipPath', 'image']);
      assert.deepEqual(
        found.names.filter((name) => !allowed.has(name)),
        [],
        id,
      );
      assert.ok(found.description.length > 20, id);
    }
    await browser.leave(reader);
  });

  it('makes PNG pictures twice as fine as the page', async () => {
    await frame({ tokens: 80, slopes: [-0.05] });
    const bytes = Buffer.from(await made('flow', 'png'), 'base64');
    assert.equal(bytes.subarray(1, 4).toString('latin1'), 'PNG');
    const [width, height] = [bytes.readUInt32BE(16), bytes.readUInt32BE(20)];
    assert.ok(width > 1600 && height > 400, `${width} × ${height}`);
  });

  it('says of compared runs at which step each is', async () => {
    await browser.leave(page);
    page = await browser.open({ view: 'compare' });
    await page.evaluate('probe.compared()');
    for (const run of [0, 1, 2])
      await page.evaluate(`probe.comparedFrame(${run}, ${-0.1 - 0.1 * run}, 64, 7, 63, ${896 + run})`);
    const [head] = (await made('compared', 'csv')).split('\r\n');
    assert.equal(head, '\ufefft,token,log10 RNN at step 896,log10 LSTM at step 897,log10 GRU at step 898');
  });

  it('writes the numbers that were drawn, as CSV and as JSON', async () => {
    await frame({ tokens: 40, slopes: [-0.1] });
    const csv = (await made('flow-steps', 'csv')).split('\r\n');
    assert.equal(csv[0].startsWith('\ufeffstep,token,lag,'), true);
    assert.equal(csv.length, 1 + 40 + 1);
    const rows = JSON.parse(await made('flow-steps', 'json')) as Record<string, number>[];
    for (const row of rows) assert.ok(Math.abs(row['log10 gradient relative to target'] + 0.1 * row['lag']) < 1e-5);
    const [summary] = JSON.parse(await made('flow-summary', 'json')) as Record<string, number>[];
    assert.ok(Math.abs(summary['slope [nats/token]'] + 0.1 * Math.LN10) < 1e-6);
    assert.equal(summary['horizon [tokens]'], 31);
  });

  it('quotes what CSV and spreadsheets would misread', async () => {
    await frame({ tokens: hostile, slopes: [-0.5], target: 9 });
    const csv = await made('flow-steps', 'csv');
    assert.ok(csv.includes('\r\n2,"""",'), 'a quotation mark');
    assert.ok(csv.includes(`\r\n5,'=1+1,`), 'a formula');
    assert.ok(csv.includes('\r\n6,",",') && csv.includes('\r\n7,"\n",'), 'a comma and a line end');
  });

  it('makes a report that opens without Backflow, loads nothing, runs nothing, and shows the same', async () => {
    await frame({ tokens: hostile, slopes: [-0.5, -0.4], target: 9, hiddenSize: 8, quantity: 'forgetGate' });
    const verdict = await page.locator('.verdict').innerText();
    const [{ id }] = await offered('report');
    const html = await made(id, exportFormats.report[0]);
    const report = await browser.blank();
    const requests: string[] = [];
    report.on('request', (request) => requests.push(request.url()));
    report.on('dialog', () => assert.fail('something ran'));
    await report.setContent(html);
    assert.equal(await report.locator('script, img, iframe, object, link').count(), 0);
    assert.ok((await report.locator('figure svg').count()) >= 7);
    assert.ok((await report.locator('main').innerText()).includes(verdict));
    for (const table of await report.locator('summary').all()) await table.click();
    assert.ok((await report.locator('td').allTextContents()).includes(hostile[0]), 'the corpus is there, as text');
    assert.deepEqual(
      requests.filter((url) => !url.startsWith('data:') && url !== 'about:blank'),
      [],
    );
    await takePicture(report, 'report');
    await browser.leave(report);
  });

  it('offers what one section shows by its button, and nothing while nothing is shown', async () => {
    assert.deepEqual(
      (await offered('figure')).map(({ id }) => id),
      ['loss', 'gradient-norm'],
    );
    await frame({ tokens: 40 });
    await page.locator('[data-action=export-flow]').click();
    const offer = (await page.evaluate<FromPage[]>('probe.posted'))
      .filter((message) => message.type === 'offer')
      .at(-1)!;
    assert.deepEqual(
      offer.items.map(({ id, kind }) => `${kind} ${id}`),
      ['figure flow', 'data flow-steps', 'data flow-summary', 'data flow-regions'],
    );
  });
});
