/** The line over the flow at every width of the panel: its tabs, the target and the way back to the last token. */
import assert from 'node:assert/strict';
import koreanTable from '../../l10n/bundle.l10n.ko.json';
import { pageStringsOf } from '../../src/messages';
import { onePage } from './onePage';

interface Box {
  readonly left: number;
  readonly right: number;
  readonly middle: number;
}

/** What stands in the line, as it is seen. */
interface Heading {
  readonly tabs: readonly Box[];
  readonly target: readonly Box[];
  readonly last: readonly Box[];
  readonly tools: readonly Box[];
}

const selectors = {
  tabs: '.flow .choices button',
  target: '.flow .target > *',
  last: '.flow [data-action=lastToken]',
  tools: '.flow .tools',
} satisfies Record<keyof Heading, string>;

const kinds = ['perTarget', 'total', 'input'] as const;

/** Shows each kind of gradient, and measures the line. */
const measure = `(async () => {
  const boxes = (selector) =>
    Array.from(document.querySelectorAll(selector), (each) => each.getBoundingClientRect())
      .filter(({ width }) => width > 0)
      .map(({ left, right, top, bottom }) => ({ left, right, middle: (top + bottom) / 2 }));
  const found = {};
  for (const kind of ${JSON.stringify(kinds)}) {
    document.querySelector('.flow [data-choice="gradient"] [data-value="' + kind + '"]').click();
    await probe.settled();
    found[kind] = Object.fromEntries(Object.entries(${JSON.stringify(selectors)}).map(([name, selector]) => [name, boxes(selector)]));
  }
  return found;
})()`;

/** Every one at which something may break, and a few at which there is room for all. CSS pixels. */
const widths = [...Array.from({ length: 31 }, (_, i) => 300 + 20 * i), 1000, 1200, 1400];

describe('the line over the flow', () => {
  const on = onePage();
  const lines = (found: readonly Box[]): number =>
    found
      .map(({ middle }) => middle)
      .sort((a, b) => a - b)
      .filter((middle, i, all) => i === 0 || middle - all[i - 1] > 8).length;

  const languages = { en: undefined, ko: pageStringsOf(koreanTable) };
  for (const language of ['en', 'ko'] as const) {
    it(`keeps tabs together and the button beside its target at every width, whatever gradient is shown: ${language}`, async () => {
      const strings = languages[language];
      await on.open(strings ? { strings, language } : {});
      await on.page.evaluate('probe.run(400)');
      await on.page.evaluate(
        'probe.frame({ tokens: 256, target: 100, slopes: [-0.03, -0.02], cellSlopes: [-0.02, -0.01], inputs: [-0.03, -0.02, -0.01], total: -1 })',
      );
      // What is drawn has no part in it, and would take most of the time.
      await on.page.evaluate(`document.querySelectorAll('canvas').forEach(({ style }) => { style.display = 'none'; })`);
      for (const width of widths) {
        await on.page.setViewportSize({ width, height: 700 });
        const found = await on.page.evaluate<Record<(typeof kinds)[number], Heading>>(measure);
        for (const kind of kinds) {
          const { tabs, target, last, tools } = found[kind];
          const place = `${kind}, ${width} pixels`;
          assert.equal(tabs.length, kinds.length, place);
          const room = tools[0].right - tools[0].left;
          const needed = tabs.reduce((sum, { left, right }) => sum + right - left + 14, -14);
          assert.equal(last.length, 1, `${place}: the way back is offered`);
          assert.ok(needed > room || lines(tabs) === 1, `${place}: tabs of ${needed} in ${room} stand on one line`);
          assert.equal(lines([...target, ...last]), 1, `${place}: the button stands beside the target’s name`);
        }
      }
    });
  }
});
