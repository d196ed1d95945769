/** The flow on the page: colors of known gradients, the verdict, linked hover, gestures, keys, and text that is only text. */
import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import type { FromPage, PanelState } from '../../src/pageContract/messages';
import { tables } from '../../webview/shared/colors/tables';
import type { PageBrowser } from './browser';
import { sharedBrowser } from './shared';
import type { FrameOptions } from './synthetic';

/** Left and right margins of the columns and the page's padding, CSS pixels. */
const margins = { left: 58, right: 44, padding: 18 };
const width = 900;

function columnCenter(step: number, steps: number): number {
  return margins.left + ((step + 0.5) * (width - 2 * margins.padding - margins.left - margins.right)) / steps;
}

/** The table's color of a relative log₁₀, from the definition: −8 … 4 over 256 entries. */
function tableColor(kind: 'light' | 'dark', relative: number): number[] {
  const index = Math.round(((Math.min(4, Math.max(-8, relative)) + 8) / 12) * 255);
  const rgb = parseInt(tables[kind].flow.slice(6 * index, 6 * index + 6), 16);
  return [rgb >> 16, (rgb >> 8) & 255, rgb & 255, 255];
}

describe('the flow on the page', () => {
  let browser: PageBrowser;
  let page: Page;
  before(async () => {
    browser = await sharedBrowser();
  });
  afterEach(async () => {
    assert.deepEqual(await page.evaluate('probe.violations'), [], 'the content security policy is kept');
    assert.deepEqual(
      (await posted()).filter((message) => message.type === 'error'),
      [],
      'the page reports no error',
    );
    await browser.leave(page);
  });

  const open = async (options: FrameOptions, theme: 'dark' | 'light' = 'dark'): Promise<void> => {
    page = await browser.open({ width, theme });
    await page.evaluate('probe.run(400)');
    await frame(options);
  };
  const frame = (options: FrameOptions): Promise<unknown> => page.evaluate(`probe.frame(${JSON.stringify(options)})`);
  const posted = (): Promise<FromPage[]> => page.evaluate<FromPage[]>('probe.posted');
  const last = async (type: FromPage['type']): Promise<FromPage | undefined> =>
    (await posted()).filter((message) => message.type === type).at(-1);
  const pixel = (figure: string, x: number, y: number): Promise<number[]> =>
    page.evaluate<number[]>(`probe.pixel('${figure}', ${x}, ${y})`);
  const text = async (selector: string): Promise<string> => {
    await page.evaluate('probe.settled()');
    return page.locator(selector).innerText();
  };
  const hover = async (figure: string, x: number, y: number): Promise<void> => {
    await page.locator(`canvas[data-figure="${figure}"]`).hover({ position: { x, y } });
    await page.evaluate('probe.settled()');
  };
  /** Whether a figure has the outline of this step's column: its left line, in the foreground color. */
  const isMarked = async (figure: string, step: number, steps: number, y: number): Promise<boolean> => {
    const columnWidth = (width - 2 * margins.padding - margins.left - margins.right) / steps;
    const left = Math.round(columnCenter(step, steps) - columnWidth / 2) - 1;
    return (await pixel(figure, left, y)).join() === [0xcc, 0xcc, 0xcc, 255].join();
  };

  for (const kind of ['dark', 'light'] as const) {
    it(`colors a known ramp by the ${kind} table`, async () => {
      await open({ tokens: 80, slopes: [-0.1, -0.05] }, kind);
      for (const lag of [10, 30, 60, 79]) {
        const x = columnCenter(79 - lag, 80);
        assert.deepEqual(await pixel('flow', x, 13), tableColor(kind, -0.05 * lag), `layer 2, ${lag} tokens back`);
        assert.deepEqual(await pixel('flow', x, 44), tableColor(kind, -0.1 * lag), `layer 1, ${lag} tokens back`);
      }
    });
  }

  it('draws an exploding flow in the scale’s orange, and its last color beyond the end', async () => {
    await open({ tokens: 80, slopes: [0.1] });
    assert.deepEqual(await pixel('flow', columnCenter(59, 80), 13), tableColor('dark', 2));
    assert.deepEqual(await pixel('flow', columnCenter(0, 80), 13), tableColor('dark', 4));
  });

  it('gives zero, non-finite and unreachable values colors that are on no scale', async () => {
    await open({ tokens: 80, slopes: [-0.05], target: 60, zeroAt: [10], notFiniteAt: [20] });
    const onScale = new Set<string>();
    for (let i = 0; i < 256; i++) onScale.add(tables.dark.flow.slice(6 * i, 6 * i + 6));
    const hex = async (step: number): Promise<string> =>
      Buffer.from((await pixel('flow', columnCenter(step, 80), 13)).slice(0, 3)).toString('hex');
    const [zero, notFinite] = [await hex(10), await hex(20)];
    assert.equal(onScale.has(zero) || onScale.has(notFinite) || zero === notFinite, false);
    // Hatched: some pixels are clear, some are not, and none is of the table.
    const alphas = new Set<number>();
    for (let x = 0; x < 9; x++) alphas.add((await pixel('flow', columnCenter(75, 80) + x, 13))[3]);
    assert.ok(alphas.has(0) && alphas.size > 1, 'what cannot reach the target is hatched');
  });

  it('says how far the gradient reaches, and at which tokens less than that is left', async () => {
    await open({ tokens: 80, slopes: [-0.101, -0.052], sequence: 1 });
    assert.equal(
      await text('.verdict'),
      'The gradient of this token falls below a thousandth after 30 tokens in layer 1 and 58 in layer 2. Before “village by the sea…” it is below a thousandth.',
    );
    await frame({ tokens: 80, slopes: [-0.101], sequence: 2 });
    assert.equal(
      await text('.verdict'),
      'The gradient of this token falls below a thousandth after 30 tokens. Before “that ran backwards…” it is below a thousandth.',
    );
    await frame({ tokens: 80, slopes: [-0.101], zeroAt: Array.from({ length: 50 }, (_, t) => t), sequence: 2 });
    assert.match(
      await text('.verdict'),
      / after 30 tokens\. No gradient reaches the tokens before “that ran backwards…”\.$/,
    );
    await frame({ tokens: 80, slopes: [-0.01], sequence: 3 });
    assert.equal(
      await text('.verdict'),
      'The gradient of this token never falls below a thousandth over the 79 tokens before it.',
    );
    await frame({ tokens: 80, slopes: [-0.101, -0.01], sequence: 4 });
    assert.equal(
      await text('.verdict'),
      'The gradient of this token falls below a thousandth after 30 tokens in layer 1. It never does in layer 2.',
    );
    await frame({ tokens: 80, slopes: [0.1], sequence: 5 });
    assert.equal(await text('.verdict'), 'The gradient of this token grows a hundredfold after 20 tokens.');
    await frame({ tokens: 80, slopes: [-0.1], target: 0, sequence: 6 });
    assert.match(await text('.verdict'), /^No token comes before this one/);
    await frame({ tokens: 80, slopes: [-0.1], zeroAt: Array.from({ length: 80 }, (_, t) => t), sequence: 7 });
    assert.match(await text('.verdict'), /sends no gradient back/);
  });

  it('shows both states of an LSTM: what its hidden state has lost its cell state can still carry', async () => {
    await open({ tokens: 80, slopes: [-0.101], cellSlopes: [-0.052] });
    assert.equal(
      await text('.verdict'),
      'The gradient of this token falls below a thousandth after 30 tokens in the hidden state and 58 in the cell state. Before “village by the sea…” it is below a thousandth.',
    );
    // The cell state's row lies over the hidden state's.
    const x = columnCenter(40, 80);
    assert.deepEqual(await pixel('flow', x, 13), tableColor('dark', -0.052 * 39));
    assert.deepEqual(await pixel('flow', x, 44), tableColor('dark', -0.101 * 39));
    await hover('flow', x, 13);
    assert.match(await text('.readout'), /cell c\s+9\.4·10⁻³[\s\S]*hidden h\s+1\.2·10⁻⁴/);
  });

  it('marks the step under the pointer in every figure, names its values, and tells the editor', async () => {
    await open({ tokens: 80, slopes: [-0.1, -0.05] });
    await hover('flow', columnCenter(40, 80), 13);
    assert.deepEqual(await last('mark'), { type: 'mark', step: 40 });
    for (const [figure, y] of [
      ['profile', 60],
      ['flow', 29],
      ['tokens', 10],
      ['units', 50],
    ] as const)
      assert.ok(await isMarked(figure, 40, 80, y), figure);
    const readout = (await text('.readout')).replaceAll(/\s+/g, ' ');
    assert.match(
      readout,
      /“.” 39 tokens back loss \d\.\d\d nats relative gradient .* slope, nats\/token layer 2 1\.1·10⁻² 0\.89 \d\.\d\d 61 −0\.115 layer 1 1\.3·10⁻⁴ 0\.79 \d\.\d\d 31 −0\.230/,
    );
    const height = await page.evaluate(`document.querySelector('.readout').offsetHeight`);
    await page.mouse.move(5, 5);
    await page.evaluate('probe.settled()');
    assert.deepEqual(await last('mark'), { type: 'mark', step: null });
    assert.equal(await isMarked('units', 40, 80, 50), false);
    assert.equal(
      await page.evaluate(`document.querySelector('.readout').offsetHeight`),
      height,
      'nothing jumps when the pointer leaves',
    );
  });

  it('marks what the editor marks, without telling it so', async () => {
    await open({ tokens: 80 });
    await page.evaluate(`probe.send({ type: 'mark', step: 12 })`);
    await page.evaluate('probe.settled()');
    assert.ok(await isMarked('units', 12, 80, 50));
    assert.equal(await last('mark'), undefined);
  });

  it('names the unit under the pointer on the unit map', async () => {
    await open({ tokens: 80, hiddenSize: 16, quantity: 'cellState' });
    await hover('units', columnCenter(30, 80), 6 + 14 * 3 + 7);
    assert.match(await text('.readout'), /unit 3: cell state −?\d\.\d\d/);
  });

  it('reveals on a click, takes the target on a double click, and goes back to the last token', async () => {
    await open({ tokens: 80, target: 50 });
    const flow = page.locator('canvas[data-figure="flow"]');
    await flow.click({ position: { x: columnCenter(20, 80), y: 13 } });
    assert.deepEqual(await last('reveal'), { type: 'reveal', step: 20 });
    assert.equal(await last('target'), undefined);
    await flow.dblclick({ position: { x: columnCenter(21, 80), y: 13 } });
    assert.deepEqual(await last('target'), { type: 'target', target: 21 });
    await page.locator('[data-action=lastToken]').click();
    assert.deepEqual(await last('target'), { type: 'target', target: 'last' });
  });

  it('does all of it by keys', async () => {
    await open({ tokens: 80, target: 79 });
    await page.locator('canvas[data-figure="flow"]').focus();
    for (const key of ['ArrowLeft', 'ArrowLeft', 'ArrowRight', 'Shift+ArrowLeft']) await page.keyboard.press(key);
    assert.deepEqual(await last('mark'), { type: 'mark', step: 68 });
    await page.keyboard.press('Space');
    assert.deepEqual(await last('reveal'), { type: 'reveal', step: 68 });
    await page.keyboard.press('Home');
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('Enter');
    assert.deepEqual(await last('target'), { type: 'target', target: 0 });
    await page.keyboard.press('End');
    assert.deepEqual(await last('mark'), { type: 'mark', step: 79 });
    await page.locator('[aria-live]').filter({ hasText: 'the target' }).waitFor({ state: 'attached' });
    await page.keyboard.press('Escape');
    assert.deepEqual(await last('mark'), { type: 'mark', step: null });
    await page.locator('canvas[data-figure="units"]').focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await page.evaluate('probe.settled()');
    assert.match(await text('.readout'), /unit 1: hidden state/);
  });

  it('shows as much text as can be read where columns are narrow, and follows the mark', async () => {
    await open({ tokens: 256, slopes: [-0.03] });
    await hover('flow', columnCenter(20, 256), 13);
    const strip = page.locator('canvas[data-figure="tokens"]');
    await strip.hover({ position: { x: margins.left + 4, y: 28 } });
    const first = (await last('mark')) as { step: number };
    await strip.hover({ position: { x: width - 2 * margins.padding - margins.right - 4, y: 28 } });
    const end = (await last('mark')) as { step: number };
    assert.equal(first.step, 0, 'the glass went to the start of the text, and stays under the pointer');
    assert.ok(end.step >= 60 && end.step < 120, `${end.step + 1} tokens are shown`);
  });

  it('shows hostile and invisible tokens as text', async () => {
    const hostile = [
      '<img src=x onerror=alert(1)>',
      '\n',
      '\t',
      ' ',
      '\u202e',
      '\u0301',
      '</script>',
      '&lt;',
      '👩‍👩‍👧',
      '한',
      '{0}',
    ];
    await open({ tokens: hostile, slopes: [-1], target: 10 });
    assert.equal(await page.locator('img').count(), 0);
    for (const [step, shown] of [
      [0, hostile[0]],
      [1, '⏎'],
      [2, '→'],
      [3, '·'],
      [4, '␣'],
      [6, '</script>'],
      [10, '{0}'],
    ] as const) {
      await hover('flow', columnCenter(step, hostile.length), 13);
      assert.equal(await text('.token'), `“${shown}”`);
    }
    await frame({ tokens: ['a', '<b>bold</b>', ...hostile], slopes: [-0.3], sequence: 2 });
    assert.match(await text('.verdict'), /[Bb]efore “.*<\/script>&lt;/);
  });

  it('asks for the unit map that is chosen, and remembers it', async () => {
    await open({ tokens: 80, slopes: [-0.1, -0.05] });
    await page.getByRole('radio', { name: 'forget gate' }).click();
    assert.deepEqual(await last('unitMap'), {
      type: 'unitMap',
      choice: { layer: 1, direction: 'forward', quantity: 'forgetGate' },
    });
    await page.locator('.why').getByRole('radio', { name: 'layer 2', exact: true }).focus();
    await page.keyboard.press('ArrowLeft');
    assert.deepEqual(await last('unitMap'), {
      type: 'unitMap',
      choice: { layer: 0, direction: 'forward', quantity: 'forgetGate' },
    });
    const { runFolder, document, unitMap } = await page.evaluate<PanelState>('probe.state()');
    assert.deepEqual(
      { runFolder, document, unitMap },
      {
        runFolder: '/texts/.backflow/runs/tale-1',
        document: '/texts/tale.txt',
        unitMap: { layer: 0, direction: 'forward', quantity: 'forgetGate' },
      },
    );
    await frame({ tokens: 80, slopes: [-0.1, -0.05], sequence: 2 });
    assert.equal(
      await page.getByRole('radio', { name: 'forget gate' }).getAttribute('aria-checked'),
      'true',
      'a late frame of the old choice does not undo it',
    );
    await page.evaluate('probe.run(401)');
    assert.deepEqual(
      (await posted()).filter((message) => message.type === 'unitMap').length,
      3,
      'a run opened later is asked for it again',
    );
  });

  it('is as it was when the page comes back: zoom, order, kind of gradient, and target', async () => {
    await open({ tokens: 200, slopes: [-0.02], total: -2 });
    await page.locator('canvas[data-figure="flow"]').focus();
    for (const key of ['Home', '+', '+', '+', '+']) await page.keyboard.press(key);
    await page.getByRole('radio', { name: 'variance' }).click();
    await page.getByRole('radio', { name: 'total gradient' }).click();
    await frame({ tokens: 200, slopes: [-0.02], total: -2, target: 20, sequence: 2 });
    await page.waitForTimeout(500);
    const kept = await page.evaluate('probe.state()');
    await browser.leave(page);

    page = await browser.open({ width });
    await page.evaluate(`probe.setState(${JSON.stringify(kept)})`);
    await page.evaluate('probe.run(400)');
    // A window that was reloaded begins with the last token again.
    await frame({ tokens: 200, slopes: [-0.02], total: -2 });
    assert.deepEqual(await last('target'), { type: 'target', target: 20 });
    assert.deepEqual(await last('total'), { type: 'total', shown: true });
    assert.equal(await page.getByRole('radio', { name: 'variance' }).getAttribute('aria-checked'), 'true');
    await hover('flow', width - 2 * margins.padding - margins.right - 2, 13);
    const { step } = (await last('mark')) as { step: number };
    assert.ok(step > 30 && step < 50, `the last step in view is ${step}`);
  });

  it('has a text alternative for every figure', async () => {
    await open({ tokens: 80, slopes: [-0.1] });
    for (const figure of ['loss', 'norm', 'profile', 'flow', 'tokens', 'units', 'scale']) {
      const canvas = page.locator(`canvas[data-figure="${figure}"]`);
      // What takes keys is an application, so that a screen reader hands them on.
      const takesKeys = (await canvas.getAttribute('tabindex')) === '0';
      assert.equal(await canvas.getAttribute('role'), takesKeys ? 'application' : 'img');
      assert.ok((await canvas.getAttribute('aria-label'))!.length > 20, figure);
    }
    assert.match((await page.locator('canvas[data-figure="flow"]').getAttribute('aria-label'))!, /after 31 tokens/);
  });

  it('draws in the new colors when the theme changes', async () => {
    await open({ tokens: 80, slopes: [-0.1] });
    await page.evaluate(
      `probe.applyTheme({ className: 'vscode-light', variables: { 'editor-background': '#ffffff', 'editor-foreground': '#3b3b3b' } })`,
    );
    await page.evaluate('probe.settled()');
    assert.deepEqual(await pixel('flow', columnCenter(39, 80), 13), tableColor('light', -4));
  });

  it('keeps the farthest value where there are more steps than pixels', async () => {
    page = await browser.open({ width: 360 });
    await page.evaluate('probe.run(400)');
    await frame({ tokens: 1024, slopes: [-0.001], zeroAt: [500] });
    const columns = 360 - 20 - margins.left - margins.right;
    const colors = new Set<string>();
    for (let x = -2; x <= 2; x++)
      colors.add((await pixel('flow', margins.left + (500.5 / 1024) * columns + x, 13)).join());
    assert.ok(colors.has('154,154,154,255'), 'the one zero among 1024 steps is seen');
  });
});
