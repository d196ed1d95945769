/** Outputs of a notebook, drawn by the built renderer in a page like the one the editor gives it: other outputs' styles beside it, no editor to talk to. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Page } from 'playwright-core';
import korean from '../../l10n/bundle.l10n.ko.json';
import { violationsOn } from './axe';
import type { PageBrowser } from './browser';
import { sharedBrowser } from './shared';
import { takePicture } from './screenshots';
import { themes, type ThemeName } from './themes';

const root = resolve(__dirname, '../../..');
const program = readFileSync(join(root, 'dist/webview/notebook.js'), 'utf8');

/** Of cells that a kernel has run: a model's flow to its last token, to every token, and a recorded step. */
interface Notebook {
  readonly cells: readonly { readonly outputs?: readonly { readonly data?: Readonly<Record<string, unknown>> }[] }[];
}
const notebook = JSON.parse(readFileSync(join(root, 'test/vectors/data/notebooks/flow.ipynb'), 'utf8')) as Notebook;
const mime = 'application/vnd.backflow.flow+json';
const outputs = notebook.cells
  .flatMap((cell) => cell.outputs ?? [])
  .flatMap(({ data }) => (data && mime in data ? [data[mime] as Output] : []));

interface Output {
  format: string;
  version: number;
  targets: number[];
  tokens: string[] | null;
  steps: number;
  omitted: { steps: number; targets: number; series: number };
  series: { name: string; norm: unknown[]; flow: unknown[][]; total: unknown[] | null; horizon: number | null }[];
}
const [one, all, recorded] = outputs;

/** A token as the readout quotes it. */
const visible = (token: string): string => `“${token.replace(' ', '·')}”`;

/** Of an element in an output, and of its canvases. */
const inOutput = (selector: string): string => `.cell-output >> ${selector}`;

describe('a notebook’s output', () => {
  let browser: PageBrowser;
  let page: Page;
  const errors: string[] = [];
  before(async () => {
    browser = await sharedBrowser();
  });
  afterEach(async () => {
    await browser.leave(page);
    assert.deepEqual(errors.splice(0), []);
  });

  /** The editor's page of a notebook says "en" whatever its language is, and has styles for what other outputs are made of. */
  const open = async (
    shown: readonly unknown[],
    { theme = 'dark', width = 900, language = 'en-US' }: { theme?: ThemeName; width?: number; language?: string } = {},
  ): Promise<void> => {
    page = await browser.blank({ locale: language });
    page.on('pageerror', (error) => errors.push(String(error)));
    await page.setViewportSize({ width, height: 900 });
    const { className, variables } = themes[theme];
    const properties = Object.entries(variables).map(([name, value]) => `--vscode-${name}: ${value};`);
    await page.setContent(`<!doctype html><html lang="en" style='${properties.join('')}'><head><title>cells</title>
      <meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src blob: 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; require-trusted-types-for 'script'">
      <style>body { margin: 0; padding: 0 14px; background: var(--vscode-editor-background); color: var(--vscode-editor-foreground); } canvas { width: 10px !important; } .flow, section { display: none; } h2, p { color: red; }</style>
      </head><body class="${className}"><main><h1>Cells</h1>${shown.map((_, i) => `<div class="cell-output" id="output-${i}"></div>`).join('')}</main></body></html>`);
    await page.evaluate(
      `(async () => {
        const address = URL.createObjectURL(new Blob([${JSON.stringify(program)}], { type: 'text/javascript' }));
        const { activate } = await import(address);
        const renderer = activate();
        const outputs = ${JSON.stringify(shown)};
        window.render = (i, output) => renderer.renderOutputItem(
          { id: String(i), mime: ${JSON.stringify(mime)}, json: () => JSON.parse(JSON.stringify(output)) },
          document.getElementById('output-' + i),
        );
        window.dispose = (i) => renderer.disposeOutputItem(i);
        outputs.forEach((output, i) => window.render(i, output));
      })()`,
    );
    await settled();
  };
  const settled = (): Promise<unknown> =>
    page.evaluate(`new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))`);
  const canvas = (figure: string) => page.locator(inOutput(`canvas[data-figure="${figure}"]`)).first();
  const said = (): Promise<string> => page.locator(inOutput('.verdict')).first().innerText();
  const press = async (figure: string, key: string): Promise<void> => {
    await canvas(figure).press(key);
    await settled();
  };
  /** How many colors a figure has. */
  const colors = (figure: string): Promise<number> =>
    canvas(figure).evaluate((element) => {
      const drawn = element as unknown as {
        width: number;
        height: number;
        getContext: (kind: '2d') => { getImageData: (...box: number[]) => { data: Uint8ClampedArray } };
      };
      const { data } = drawn.getContext('2d').getImageData(0, 0, drawn.width, drawn.height);
      return new Set(Array.from({ length: data.length / 4 }, (_, i) => data.slice(4 * i, 4 * i + 4).join())).size;
    });

  const picture = (figure: string): Promise<string> =>
    canvas(figure).evaluate((element) => (element as unknown as { toDataURL: () => string }).toDataURL());

  it('draws the panel’s figures and says what they show, from what a kernel has stored', async () => {
    await open([one]);
    for (const figure of ['profile', 'flow', 'tokens']) assert.ok((await colors(figure)) > 4, figure);
    const lag = one.series.map(({ horizon }) => horizon);
    assert.ok(
      lag.every((each) => each !== null && each > 0),
      'the kernel has found horizons',
    );
    // The kernel's definitions are another program's, in another language: both say the same horizons.
    for (const each of lag) assert.match(await said(), new RegExp(`\\b${each}\\b`));
    assert.match(await canvas('flow').getAttribute('aria-label').then(String), /Heatmap of gradient size/);
    assert.match(await page.locator(inOutput('.of')).innerText(), new RegExp(`CharModel, ${one.steps} tokens`));
    await takePicture(page, 'notebook-dark', { fullPage: false });
  });

  it('reads values by pointer and keys, and zooms', async () => {
    await open([one]);
    const token = page.locator(inOutput('.readout .token'));
    const last = one.tokens!.at(-1)!;
    assert.equal(await token.innerText(), visible(last));
    await canvas('flow').focus();
    for (let i = 0; i < 3; i++) await press('flow', 'ArrowLeft');
    assert.match(await page.locator(inOutput('.readout .line')).innerText(), /3 tokens back/);
    assert.equal(await token.innerText(), visible(one.tokens!.at(-4)!));
    await page.locator(inOutput('.readout .unseen'), { hasText: '3 tokens back' }).waitFor({ state: 'attached' });
    await press('flow', '+');
    await page.locator(inOutput('[data-action=wholeText]')).click();
    await settled();
    assert.equal(await page.locator(inOutput('[data-action=wholeText]')).isVisible(), false);
    const { width } = (await canvas('flow').boundingBox())!;
    await canvas('flow').hover({ position: { x: width - 60, y: 10 } });
    await settled();
    assert.match(await page.locator(inOutput('.readout .line')).innerText(), /token|target/);
  });

  it('keeps from the editor the keys that it has used, and gives it the others', async () => {
    await open([one]);
    await page.evaluate(`window.heard = []; window.addEventListener('keydown', ({ key }) => window.heard.push(key));`);
    for (const key of ['ArrowLeft', 'Home', 'Enter', 'Escape', 'j']) await press('flow', key);
    assert.deepEqual(await page.evaluate('window.heard'), ['Escape', 'j']);
  });

  it('traces any token whose flow is stored, and says what to do for others', async () => {
    await open([all]);
    const target = () => page.locator(inOutput('.flow-output')).getAttribute('data-target');
    assert.equal(await target(), String(all.targets.at(-1)));
    const first = await said();
    await press('flow', 'ArrowLeft');
    await press('flow', 'ArrowLeft');
    await press('flow', 'Enter');
    assert.equal(await target(), String(all.targets.at(-1)! - 2));
    assert.notEqual(await said(), first);
    await page.locator(inOutput('select')).selectOption('5');
    await settled();
    assert.equal(await target(), String(all.targets[5]));
    await browser.leave(page);

    await open([one]);
    await press('flow', 'ArrowLeft');
    await press('flow', 'Enter');
    assert.equal(await target(), String(one.targets[0]));
    assert.match(await page.locator(inOutput('[role=status]')).innerText(), /flow of 1 target only/);
  });

  it('shows a recording’s total gradient beside one token’s', async () => {
    await open([recorded]);
    assert.match(await page.locator(inOutput('.of')).innerText(), /at training step \d+/);
    await page.locator(inOutput('[role=radio][data-value=total]')).click();
    await settled();
    assert.match(await said(), /does not show vanishing/);
  });

  for (const theme of ['dark', 'light', 'highContrast', 'highContrastLight'] as const satisfies ThemeName[])
    it(`axe finds nothing in the theme ${theme}, with several outputs on the page`, async () => {
      await open([one, all, recorded, { format: 'other' }], { theme });
      assert.deepEqual(await violationsOn(page), []);
      await page.locator(inOutput('.about')).first().click();
      assert.deepEqual(await violationsOn(page), []);
      await takePicture(page, `notebook-${theme}`);
    });

  it('takes another theme while it is shown', async () => {
    await open([one]);
    const emphasized = (): Promise<string> =>
      page
        .locator(inOutput('.verdict b'))
        .first()
        .evaluate(
          (node) =>
            (globalThis as unknown as { getComputedStyle: (node: unknown) => { color: string } }).getComputedStyle(node)
              .color,
        );
    const before = await picture('flow');
    assert.equal(await emphasized(), 'rgb(122, 184, 238)');
    const { className, variables } = themes.light;
    await page.evaluate(`(() => {
      document.body.className = ${JSON.stringify(className)};
      for (const [name, value] of Object.entries(${JSON.stringify(variables)})) document.documentElement.style.setProperty('--vscode-' + name, value);
    })()`);
    await settled();
    assert.equal(
      await emphasized(),
      'rgb(31, 95, 168)',
      'the kind of theme has come in, not the editor’s colors alone',
    );
    assert.notEqual(await picture('flow'), before);
  });

  it('speaks Korean where the editor does', async () => {
    await open([one, { ...one, version: 7 }], { language: 'ko-KR', width: 700 });
    assert.equal(await page.locator(inOutput('h2')).innerText(), korean['panel.flow.title']);
    assert.match(await page.locator('#output-1 >> .problem').innerText(), /형식 버전 7/);
    await takePicture(page, 'notebook-korean');
  });

  it('says in a sentence why an output cannot be shown', async () => {
    const broken: [unknown, RegExp][] = [
      [{ ...one, version: 2 }, /has format version 2, and this Backflow reads version 1\. Update/],
      [{ ...one, format: 'other' }, /format is missing or wrong\. Run the cell again/],
      [null, /format is missing/],
      [{ ...one, targets: [one.steps] }, /targets is missing or wrong/],
      [{ ...one, tokens: ['a'] }, /tokens is missing/],
      [{ ...one, series: [{ ...one.series[0], norm: [1] }] }, /series\[0\]\.norm is missing/],
      [
        { ...one, series: [{ ...one.series[0], flow: [one.series[0].norm.map(() => 'much')] }] },
        /series\[0\]\.flow\[0\]/,
      ],
      [{ ...one, series: [] }, /has no series\. Name layers/],
      [undefined, /JSON is missing or wrong/],
    ];
    await open(broken.map(([output]) => output ?? null));
    // What is no JSON at all.
    await page.evaluate(`window.render(${broken.length - 1}, undefined)`);
    for (const [i, [, sentence]] of broken.entries())
      assert.match(await page.locator(`#output-${i} >> .problem`).innerText(), sentence);
  });

  it('draws zeros, steps that cannot be reached and what is not finite, and names what was left out', async () => {
    const flow = one.series[0].flow[0].map((value, t) => (t === 0 ? '-Infinity' : t === 1 ? null : value));
    await open([
      { ...one, series: [{ ...one.series[0], flow: [flow] }], omitted: { steps: 0, targets: 12, series: 1 } },
    ]);
    await press('flow', 'Home');
    assert.match(await page.locator(inOutput('.values tbody')).innerText(), /exactly zero/);
    await press('flow', 'ArrowRight');
    assert.match(await page.locator(inOutput('.values tbody')).innerText(), /cannot reach the target/);
    assert.match(
      await page.locator(inOutput('.note')).last().innerText(),
      /Left out of this output, to keep the notebook small: 12 targets and 1 series\./,
    );
  });

  it('is drawn anew in place, follows its width, and leaves nothing behind', async () => {
    await open([one]);
    await page.evaluate(`window.render(0, ${JSON.stringify(all)})`);
    await settled();
    assert.equal(await page.locator(inOutput('.flow')).count(), 1);
    await page.setViewportSize({ width: 420, height: 900 });
    await settled();
    await settled();
    assert.ok((await canvas('flow').boundingBox())!.width < 420);
    await takePicture(page, 'notebook-narrow');
    const narrow = await picture('flow');
    await page.evaluate(`window.dispose('0'); window.dispose();`);
    await page.setViewportSize({ width: 800, height: 900 });
    await page.evaluate(`document.body.className = 'vscode-light'`);
    await settled();
    await settled();
    assert.equal(await picture('flow'), narrow, 'nobody listens any more');
  });
});
