/** The line over the flow at every width of the panel: its tabs, the target and the way back to the last token. */
import assert from 'node:assert/strict';
import koreanTable from '../../l10n/bundle.l10n.ko.json';
import { pageStringsOf } from '../../src/messages';
import { screenshotPath } from './browser';
import { onePage } from './onePage';

interface Box {
  readonly left: number;
  readonly right: number;
  readonly middle: number;
}

describe('the line over the flow', () => {
  const on = onePage();
  const boxes = (selector: string): Promise<Box[]> =>
    on.page.evaluate<Box[]>(
      `Array.from(document.querySelectorAll('${selector}')).map((each) => each.getBoundingClientRect()).filter(({ width }) => width > 0).map(({ left, right, top, bottom }) => ({ left, right, middle: (top + bottom) / 2 }))`,
    );
  const lines = (found: readonly Box[]): number =>
    found
      .map(({ middle }) => middle)
      .sort((a, b) => a - b)
      .filter((middle, i, all) => i === 0 || middle - all[i - 1] > 8).length;

  const languages = { en: undefined, ko: pageStringsOf(koreanTable) };
  for (const kind of ['perTarget', 'total', 'input'])
    for (const language of ['en', 'ko'] as const) {
      it(`keeps tabs together and the button beside its target at every width: ${kind}, ${language}`, async () => {
        const strings = languages[language];
        await on.open(strings ? { strings, language } : {});
        await on.page.evaluate('probe.run(400)');
        await on.page.evaluate(
          'probe.frame({ tokens: 256, target: 100, slopes: [-0.03, -0.02], cellSlopes: [-0.02, -0.01], inputs: [-0.03, -0.02, -0.01], total: -1 })',
        );
        await on.page.locator(`.flow [data-choice="gradient"] [data-value="${kind}"]`).click();
        await on.settled();
        for (let width = 300; width <= 1400; width += 20) {
          await on.page.setViewportSize({ width, height: 700 });
          await on.settled();
          const [tabs, target, last, tools] = [
            await boxes('.flow .choices button'),
            await boxes('.flow .target > *'),
            await boxes('.flow [data-action=lastToken]'),
            await boxes('.flow .tools'),
          ];
          const room = tools[0].right - tools[0].left;
          const needed = tabs.reduce((sum, { left, right }) => sum + right - left + 14, -14);
          if (width === 520 || width === 700)
            await on.page.screenshot({ path: screenshotPath(`flow-heading-${kind}-${language}-${width}`) });
          assert.equal(last.length, 1, 'the way back is offered');
          assert.ok(
            needed > room || lines(tabs) === 1,
            `${width} pixels: tabs of ${needed} in ${room} stand on one line`,
          );
          assert.equal(lines([...target, ...last]), 1, `${width} pixels: the button stands beside the target’s name`);
        }
      });
    }
});
