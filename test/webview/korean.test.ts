/** The page in Korean, whose letters are wide. */
import assert from 'node:assert/strict';
import korean from '../../l10n/bundle.l10n.ko.json';
import { pageStringsOf } from '../../src/messages';
import { onePage } from './onePage';
import { takePicture } from './screenshots';

interface Heading {
  readonly content: string;
  readonly lines: number;
  readonly words: readonly number[];
}

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
      const heads = await on.page.evaluate<Heading[]>(`(() => {
        const linesOf = (node, from, to) => {
          const range = document.createRange();
          range.setStart(node, from);
          range.setEnd(node, to);
          return new Set(Array.from(range.getClientRects(), ({ top }) => Math.round(top))).size;
        };
        return Array.from(document.querySelectorAll('.flow .values thead th'), ({ firstChild: text }) => ({
          content: text.textContent,
          lines: linesOf(text, 0, text.textContent.length),
          words: Array.from(text.textContent.matchAll(/[^\\s/]+/g), ({ 0: word, index }) =>
            linesOf(text, index, index + word.length),
          ),
        }));
      })()`);
      await takePicture(on.page, `korean-${width}`);
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
