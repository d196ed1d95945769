/** Pictures of the page in the four kinds of theme, wide and narrow, to be looked at, where such are asked for. What can be judged of them is judged in layout.test.ts and access.test.ts. */
import assert from 'node:assert/strict';
import type { PageView } from '../../src/pageContract/messages';
import type { PageBrowser } from './browser';
import { sharedBrowser } from './shared';
import { arePicturesAsked, takePicture } from './screenshots';
import type { ThemeName } from './themes';

const asked = arePicturesAsked ? describe : (): void => {};

asked('pictures of the page', () => {
  let browser: PageBrowser;
  before(async () => {
    browser = await sharedBrowser();
  });

  /** What is seen at two device pixels alone is so in every theme; a picture of them takes four times as long. */
  const scaleIn = (theme: ThemeName): number => (theme === 'dark' ? 2 : 1);

  const wholePage = (): string =>
    `probe.frame({ tokens: 256, slopes: [-0.03, -0.024], cellSlopes: [-0.019, -0.011], wobble: 0.12, hiddenSize: 128, quantity: 'forgetGate' })`;

  for (const theme of ['dark', 'light', 'highContrast', 'highContrastLight'] as const satisfies ThemeName[]) {
    for (const width of [900, 500]) {
      it(`${theme}, ${width} pixels wide`, async () => {
        const page = await browser.open({ theme, width, height: 980, scale: scaleIn(theme) });
        await page.evaluate('probe.run(1240)');
        await page.evaluate(wholePage());
        await page.mouse.move(width / 2, 0);
        await page.locator('canvas[data-figure="flow"]').hover();
        await page.evaluate('probe.settled()');
        await takePicture(page, `${theme}-${width}`);
        assert.equal(
          await page.evaluate('document.documentElement.scrollWidth <= document.documentElement.clientWidth'),
          true,
          'nothing is wider than the page',
        );
        await browser.leave(page);
      });
    }
  }

  const others: readonly (readonly [name: string, script: string])[] = [
    ['empty', 'probe.run(0, {}, null)'],
    ['reading', 'probe.run(0, { state: "starting" })'],
    [
      'failed',
      'probe.run(400, { state: "failed", message: "The loss of step 401 is not finite. The run has paused with the weights of step 400; a smaller learning rate or clipping may help." }).then(() => probe.send({ type: "probeFailed", message: "The selected text has symbols this model does not know: “é”, “ß”. Select other text." })).then(() => probe.settled())',
    ],
    [
      'short',
      'probe.run(900, { state: "paused" }).then(() => probe.frame({ tokens: 68, slopes: [-0.082, -0.056], wobble: 0.1, hiddenSize: 42, quantity: "cellState" }))',
    ],
    [
      'exploding',
      'probe.run(900).then(() => probe.frame({ tokens: 80, slopes: [0.09], target: 70, wobble: 0.1, zeroAt: [3, 4], hiddenSize: 32 }))',
    ],
    [
      'korean',
      'probe.run(900).then(() => probe.frame({ tokens: Array.from("옛날 어느 바닷가 마을에 거꾸로 가는 시계가 있었다.\\n아무도 신경 쓰지 않았다. ".repeat(3)), slopes: [-0.05, -0.04, -0.03], wobble: 0.1, hiddenSize: 64 }))',
    ],
  ];
  for (const [name, script] of others) {
    it(name, async () => {
      const page = await browser.open({ theme: name === 'exploding' ? 'light' : 'dark', height: 700, scale: 2 });
      await page.evaluate(script);
      await page.evaluate('probe.settled()');
      await takePicture(page, name);
      await browser.leave(page);
    });
  }

  const pictures: readonly (readonly [name: string, view: PageView, script: string])[] = [
    [
      'over',
      'run',
      `probe.run(1240).then(() => probe.overTraining()).then(() => ${wholePage()}).then(() => probe.matrix([-0.08, -0.05, -0.11, -0.02], probe.tokens(256))).then(() => probe.spectrum(0.9, probe.tokens(256)))`,
    ],
    [
      'compare',
      'compare',
      'probe.compared().then(() => probe.comparedFrame(0, -0.12)).then(() => probe.comparedFrame(1, -0.02)).then(() => probe.comparedFrame(2, -0.04)).then(() => probe.truncations())',
    ],
    [
      'playground',
      'playground',
      'probe.playground({ slopes: [-0.05], tokens: Array.from("qwertyuiopasdfghjklzxcvbnm".repeat(5)), cell: "rnn" })',
    ],
    ['sweep', 'sweep', 'probe.sweep()'],
  ];
  for (const theme of ['dark', 'light', 'highContrast', 'highContrastLight'] as const satisfies ThemeName[]) {
    for (const [name, view, script] of pictures) {
      for (const width of theme === 'dark' ? [900, 500] : [900]) {
        it(`${name}, ${theme}, ${width} pixels wide`, async () => {
          const page = await browser.open({ theme, width, height: 900, scale: scaleIn(theme), view });
          await page.evaluate(script);
          await page.waitForTimeout(500);
          await page.evaluate('probe.settled()');
          await takePicture(page, `${name}-${theme}-${width}`);
          assert.equal(
            await page.evaluate('document.documentElement.scrollWidth <= document.documentElement.clientWidth'),
            true,
            'nothing is wider than the page',
          );
          assert.deepEqual(await page.evaluate('probe.posted.filter((message) => message.type === "error")'), []);
          await browser.leave(page);
        });
      }
    }
  }
});
