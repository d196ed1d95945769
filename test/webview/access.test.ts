/** For everybody: what axe finds in the four kinds of theme, focus that is seen, and everything within reach of the keyboard. */
import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { colorRules, violationsOn } from './axe';
import { changeTheme, type PageBrowser } from './browser';
import { sharedBrowser } from './shared';
import type { ThemeName } from './themes';

describe('access', () => {
  let browser: PageBrowser;
  let page: Page;
  before(async () => {
    browser = await sharedBrowser();
  });
  afterEach(() => browser.leave(page));

  const open = async (): Promise<void> => {
    page = await browser.open();
    await page.evaluate('probe.run(1240)');
    await page.evaluate(`probe.frame({ tokens: 80, slopes: [-0.1, -0.05], hiddenSize: 16, quantity: 'forgetGate' })`);
  };

  /** Opens an explanation; what is around it is as it was. */
  const violationsIn = async (explanation: string, rules?: readonly string[]): Promise<string[]> => {
    await page.locator(`[popovertarget=${explanation}-explained]`).click();
    return violationsOn(page, `#${explanation}-explained`, rules);
  };

  const themeNames = ['dark', 'light', 'highContrast', 'highContrastLight'] as const satisfies ThemeName[];
  /** All rules in the first theme; in the others the page differs by its colors alone. */
  const rulesIn = (theme: ThemeName) => (theme === themeNames[0] ? undefined : colorRules);
  const scenes = [
    [
      'run',
      `probe.run(1240).then(() => probe.frame({ tokens: 80, slopes: [-0.1, -0.05], hiddenSize: 16, quantity: 'forgetGate' }))`,
      ['loss', 'norm', 'flow', 'why'],
    ],
    [
      'run',
      'probe.run(1240).then(() => probe.overTraining()).then(() => probe.frame({ tokens: 64, slopes: [-0.1, -0.05], cellSlopes: [-0.05, -0.02] })).then(() => probe.matrix([-0.08], probe.tokens(64))).then(() => probe.spectrum(0.9, probe.tokens(64)))',
      ['over', 'matrix', 'spectrum'],
    ],
    [
      'compare',
      'probe.compared().then(() => probe.comparedFrame(0, -0.12)).then(() => probe.comparedFrame(1, -0.02)).then(() => probe.truncations())',
      ['compare-flow', 'truncation'],
    ],
    ['playground', 'probe.playground({ slopes: [-0.05], tokens: 64, cell: "rnn" })', ['play']],
    [
      'sweep',
      `probe.sweep(); for (const key of ['ArrowRight', ' ', 'ArrowDown', ' '])
        document.querySelector('[data-figure=sweep]').dispatchEvent(new KeyboardEvent('keydown', { key }))`,
      ['sweep'],
    ],
  ] as const;
  for (const [view, script, explanations] of scenes) {
    it(`axe finds nothing where the page shows ${explanations.join(' and ')}, explanations open or not, in any theme`, async () => {
      page = await browser.open({ view });
      await page.evaluate(script);
      for (const theme of themeNames) {
        await changeTheme(page, theme);
        const rules = rulesIn(theme);
        assert.deepEqual(await violationsOn(page, undefined, rules), [], theme);
        for (const explanation of explanations)
          assert.deepEqual(await violationsIn(explanation, rules), [], `${explanation}, ${theme}`);
        await page.keyboard.press('Escape');
      }
    });
  }

  it('axe finds nothing where the page says what has failed, in any theme', async () => {
    page = await browser.open();
    await page.evaluate('probe.run(400, { state: "failed", message: "The loss of step 401 is not finite." })');
    await page.evaluate('probe.frame({ tokens: 64, slopes: [-0.1] })');
    await page.evaluate(
      'probe.send({ type: "spectrum", spectrum: null, notices: [], message: "The text is too long." })',
    );
    await page.locator('.spectrum .failure', { hasText: 'too long' }).waitFor();
    for (const theme of themeNames) {
      await changeTheme(page, theme);
      assert.deepEqual(await violationsOn(page, undefined, rulesIn(theme)), [], theme);
    }
  });

  it('every control and figure is reached by Tab, and the focus is seen on each', async () => {
    await open();
    const reached: string[] = [];
    for (let i = 0; i < 60; i++) {
      await page.keyboard.press('Tab');
      const focused = await page.evaluate<{ name: string; outline: boolean } | null>(`(() => {
        let node = document.activeElement;
        if (!node || node === document.body) return null;
        const name = node.dataset.figure ?? node.dataset.action ?? node.dataset.value ?? node.getAttribute('popovertarget') ?? node.tagName;
        const inner = node.shadowRoot?.activeElement ?? node.shadowRoot?.querySelector('.control') ?? node;
        const seen = [node, inner].map((each) => getComputedStyle(each)).some(({ outlineStyle, outlineWidth, boxShadow, borderStyle }) => (outlineStyle !== 'none' && parseFloat(outlineWidth) > 0) || boxShadow !== 'none');
        return { name, outline: seen };
      })()`);
      if (!focused || reached.includes(focused.name)) break;
      assert.ok(focused.outline, `${focused.name} shows that it has the focus`);
      reached.push(focused.name);
    }
    for (const name of [
      'pause',
      'stop',
      'loss-explained',
      'norm-explained',
      'flow-explained',
      'perTarget',
      'export-flow',
      'profile',
      'flow',
      'tokens',
      'why-explained',
      'gain',
      'forgetGate',
      '1 forward',
      'index',
      'units',
      'saturation',
    ]) {
      assert.ok(reached.includes(name), `${name} is within reach: ${reached.join(', ')}`);
    }
  });

  it('says in words what the figures show', async () => {
    await open();
    const label = (figure: string): Promise<string | null> =>
      page.locator(`canvas[data-figure="${figure}"]`).getAttribute('aria-label');
    assert.match((await label('flow'))!, /falls below a thousandth after 31 tokens in layer 1 and 61 in layer 2/);
    assert.match((await label('saturation'))!, /% of all values are open/);
    assert.match((await label('halfLife'))!, /Half-life: /);
  });

  it('moves nothing by itself: there is no animation and no transition', async () => {
    await open();
    assert.deepEqual(await page.evaluate(`document.getAnimations({ subtree: true }).length`), 0);
    const css = await page.evaluate<string>(
      `[...document.styleSheets].flatMap((sheet) => [...sheet.cssRules]).map((rule) => rule.cssText).join(' ')`,
    );
    assert.equal(/transition(?!:\s*none)\s*:|animation\s*:|scroll-behavior\s*:\s*smooth/.test(css), false);
  });
});
