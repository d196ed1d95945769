/** The page in Korean, whose letters are wide. */
import assert from 'node:assert/strict';
import korean from '../../l10n/bundle.l10n.ko.json';
import { pageStringsOf } from '../../src/messages';
import { screenshotPath } from './browser';
import { onePage } from './onePage';

describe('the page in Korean', () => {
  const on = onePage();

  for (const [width, lines] of [
    [700, 1],
    [480, 1],
    [360, 2],
  ] as const)
    it(`${width} pixels wide, has its table's headings in so many lines: ${lines}, and breaks no word`, async () => {
      await on.open({ width, strings: pageStringsOf(korean), language: 'ko' });
      await on.page.evaluate('probe.run(400)');
      await on.page.evaluate(`probe.frame({ slopes: [-0.1, -0.2] })`);
      await on.settled();
      /** Of each heading how many lines it has, and each of its words. */
      const heads = await on.page.locator('.flow .values thead th').evaluateAll((cells) => {
        const linesOf = (node: Node, from: number, to: number): number => {
          const range = document.createRange();
          range.setStart(node, from);
          range.setEnd(node, to);
          return new Set(Array.from(range.getClientRects(), ({ top }) => Math.round(top))).size;
        };
        return cells.map(({ firstChild: text }) => {
          const content = text?.textContent ?? '';
          return {
            content,
            lines: text ? linesOf(text, 0, content.length) : 0,
            words: Array.from(content.matchAll(/[^\s/]+/g), ({ 0: word, index }) =>
              text ? linesOf(text, index, index + word.length) : 0,
            ),
          };
        });
      });
      await on.page.screenshot({ path: screenshotPath(`korean-${width}`), fullPage: true });
      assert.equal(heads.at(-1)?.content, korean['panel.column.slope']);
      for (const head of heads) {
        assert.ok(head.lines <= lines, JSON.stringify(head));
        assert.ok(
          head.words.every((each) => each === 1),
          JSON.stringify(head),
        );
      }
    });
});
