/** Trials picked in a sweep's picture and compared by one button: by mouse and keys, one of several in a cell, what cannot be compared and why, and how it looks. */
import assert from 'node:assert/strict';
import korean from '../../l10n/bundle.l10n.ko.json';
import { pageStringsOf } from '../../src/messages';
import type { PanelState } from '../../src/pageContract/messages';
import { comparedTrials } from '../../src/pageContract/sweep';
import { onePage } from './onePage';
import { takePicture } from './screenshots';
import { sweepOf } from './syntheticSweep';

/** Of the synthetic sweep with the usual axes: see sweep.test.ts. Its trials are numbered by gain, then kind, then seed. */
const middleOf = (column: number, row: number) => ({ x: 50 + 150 * column + 75, y: 22 + 168 - 56 * row - 28 });
/** In the upper right corner of a cell, on the ground of the tick and beside its strokes. */
const tickOf = (column: number, row: number) => ({ x: 50 + 150 * column + 150 - 14, y: 22 + 168 - 56 * row - 56 + 3 });

describe('comparing trials of a sweep', () => {
  const on = onePage();
  const { posted, text, settled, canvas } = on;
  const open = async (options: Parameters<typeof on.open>[0] = {}): Promise<void> => {
    await on.open({ view: 'sweep', ...options });
    await on.page.evaluate('probe.sweep()');
  };
  const pick = (column: number, row: number, ...modifiers: ('Control' | 'Meta' | 'Shift')[]) =>
    canvas('sweep').click({ position: middleOf(column, row), modifiers });
  const press = async (...keys: string[]): Promise<void> => {
    await canvas('sweep').focus();
    for (const key of keys) await on.page.keyboard.press(key);
  };
  const said = () => text('.said-picked');
  const button = () => on.page.locator('[data-action=compare-trials]');
  const canPress = async (): Promise<boolean> => {
    await settled();
    return !(await button().evaluate((element) => (element as unknown as { disabled: boolean }).disabled));
  };
  const box = (trial: number) => on.page.locator(`.pick [data-trial="${trial}"]`);

  it('says how trials are picked, and that one is not enough', async () => {
    await open();
    assert.match(
      await said(),
      /^To compare two to four trials, pick their cells: Ctrl\+click .*, Shift\+click, or Space\.$/,
    );
    assert.equal(await canPress(), false);
    await pick(1, 0, 'Control');
    assert.equal(await said(), 'Picked: gain 1, kind rnn, seed 1. Pick at least one more to compare.');
    assert.equal(await canPress(), false);
    assert.deepEqual(await posted('openTrials'), [], 'what is picked does not open');
  });

  it('are picked by mouse and keys, said, and compared by the button in the order in which they were picked', async () => {
    await open();
    await pick(2, 1, 'Control');
    await pick(1, 1, 'Shift');
    await pick(1, 0, 'Meta');
    assert.match(await text('.sweep .readout'), /Picked to compare: gain 1, kind rnn, seed 1\.$/);
    // Where the pointer is, the keys go on.
    await press('ArrowLeft', 'Space');
    assert.equal(
      await said(),
      '4 trials picked: gain 2, kind lstm, seed 1 · gain 1, kind lstm, seed 1 · gain 1, kind rnn, seed 1 · gain 0.5, kind rnn, seed 1.',
    );
    assert.equal(await on.page.locator('.said-picked').getAttribute('role'), 'status', 'a screen reader says it');
    await press('Space');
    assert.match(await said(), /^3 trials picked/);
    await button().click();
    assert.deepEqual(
      (await posted('compareTrials')).map(({ trials }) => trials),
      [[14, 8, 6]],
    );
    assert.deepEqual(await posted('openTrials'), []);
  });

  it('is reached by Tab behind the picture, and pressed by Enter', async () => {
    await open();
    await press('ArrowRight', 'ArrowDown', 'Space', 'ArrowDown', 'Space');
    // What Tab goes through is there with the next frame.
    await settled();
    const focused = () =>
      on.page.evaluate<string | undefined>(
        'document.activeElement.dataset.trial ?? document.activeElement.dataset.action',
      );
    const reached: (string | undefined)[] = [];
    for (let i = 0; i < 5; i++) {
      await on.page.keyboard.press('Tab');
      reached.push(await focused());
    }
    assert.deepEqual(reached, ['2', '3', '0', '1', 'compare-trials']);
    await on.page.keyboard.press('Enter');
    assert.deepEqual((await posted('compareTrials')).at(-1)?.trials, [2, 0]);
  });

  it('of a cell with several is the one most like what was picked, and any other can be chosen', async () => {
    await open();
    await pick(1, 0, 'Control');
    assert.match(await text('.pick'), /gain 1, kind rnn\s*seed 1: 7\s*seed 2: 8/);
    await box(7).check();
    await box(6).uncheck();
    assert.match(await said(), /^Picked: gain 1, kind rnn, seed 2\./);
    // The same seed where it can be opened and is done, which the second of this cell is not.
    await pick(1, 1, 'Control');
    await pick(2, 1, 'Control');
    assert.match(await said(), /^3 trials picked: .*seed 2 · gain 1, kind lstm, seed 2 · gain 2, kind lstm, seed 1\.$/);
    // Two of one cell.
    await box(6).check();
    assert.match(await said(), /^4 trials picked/);
    // All of a cell are let go together.
    await pick(1, 0, 'Control');
    assert.match(await said(), /^2 trials picked: gain 1, kind lstm, seed 2 · gain 2, kind lstm, seed 1\.$/);
    await box(9).press('Space');
    await settled();
    assert.equal(
      await on.page.evaluate('document.activeElement.dataset.figure'),
      'sweep',
      'the keyboard goes on in the picture when what had it is gone',
    );
  });

  it('cannot be more than four', async () => {
    await open();
    for (const [column, row] of [
      [0, 0],
      [1, 0],
      [2, 0],
      [1, 1],
      [2, 1],
    ] as const)
      await pick(column, row, 'Control');
    assert.equal(await said(), '5 trials are picked; at most 4 can be compared.');
    assert.equal(await canPress(), false);
    await pick(0, 0, 'Control');
    assert.equal(await canPress(), true);
    assert.equal(comparedTrials.most, 4);
  });

  it('must have something to read: of one that has not, a sentence says why', async () => {
    await on.open({ view: 'sweep' });
    const states = ['waiting', 'begun', 'failed', 'stopped', 'done'] as const;
    const sweep = sweepOf({ at: states.map((_, i) => String(i + 1)), kind: ['rnn'] }, 1, ({ at }) => ({
      state: states[Number(at) - 1],
      canOpen: at === '5',
    }));
    await on.page.evaluate(`probe.sweep(${JSON.stringify(sweep)})`);
    await press('End', 'End', 'Space');
    assert.equal(await said(), 'Picked: at 5. Pick at least one more to compare.');
    const reasons = [
      'at 1 is missing: it has not begun, so there is nothing of it to compare yet.',
      'at 2 has saved nothing yet; it can be compared from its first checkpoint or recorded step on.',
      'at 3 failed before it had saved anything, so there is nothing of it to compare.',
      'at 4 has neither a checkpoint nor a recorded step, so there is nothing of it to compare.',
    ];
    await press('Home');
    for (const reason of reasons) {
      await press('Space');
      assert.equal(await said(), reason);
      assert.equal(await canPress(), false);
      await press('Space', 'ArrowRight');
    }
    // It can be compared as soon as there is something.
    await press('ArrowLeft', 'Space');
    const later = sweepOf({ at: states.map((_, i) => String(i + 1)), kind: ['rnn'] }, 1, () => ({}));
    await on.page.evaluate(`probe.sweep(${JSON.stringify(later)})`);
    assert.equal(await said(), '2 trials picked: at 5 · at 4.');
    assert.equal(await canPress(), true);
  });

  it('stay picked over other axes and when the page comes again, and not in another grid', async () => {
    await open();
    await pick(1, 0, 'Control');
    await pick(1, 1, 'Control');
    await on.page.locator('select[data-axis=x]').selectOption('seed');
    assert.equal(await said(), '2 trials picked: gain 1, kind rnn, seed 1 · gain 1, kind lstm, seed 1.');
    assert.match(
      (await on.page.locator('.pick').allInnerTexts()).join(' | '),
      /seed 1, kind rnn\s*gain 0\.5: 4\s*gain 1: 7/,
    );
    const state = await on.page.evaluate<PanelState>('probe.state()');
    assert.deepEqual((state.views?.['sweep'] as { picked: number[] } | undefined)?.picked, [6, 8]);
    await on.page.evaluate(`probe.sweep(${JSON.stringify(sweepOf({ window: ['1', '2'] }, 1, () => ({})))})`);
    assert.match(await said(), /^To compare two to four trials/);
  });

  it('an axis that is chosen before the last pick is drawn is kept', async () => {
    await open();
    await pick(1, 0, 'Control');
    await settled();
    // The canvas marks the cell that was picked; Space lets it go.
    await on.page.evaluate(`
      document
        .querySelector('canvas[data-figure="sweep"]')
        .dispatchEvent(new KeyboardEvent('keydown', { key: ' ', bubbles: true }));
      const select = document.querySelector('select[data-axis=x]');
      select.value = 'seed';
      select.dispatchEvent(new Event('change', { bubbles: true }));
    `);
    assert.match(await said(), /^To compare two to four trials/);
    assert.equal(await on.page.locator('select[data-axis=x]').inputValue(), 'seed');
    assert.match((await canvas('sweep').getAttribute('aria-label'))!, /over seed \(to the right\)/);
  });

  it('the lists of axes stay open while results come', async () => {
    await open();
    const mark = `document.querySelector('select[data-axis=x] option').isOld`;
    await on.page.evaluate(`${mark} = true`);
    await on.page.evaluate('probe.sweep()');
    await settled();
    assert.equal(await on.page.evaluate(mark), true);
  });

  for (const theme of ['dark', 'light', 'highContrast', 'highContrastLight'] as const)
    it(`shows by a tick what is picked, on a color, a pattern, and in the legend: ${theme}`, async () => {
      await open({ theme });
      const pixel = ({ x, y }: { x: number; y: number }) =>
        on.page.evaluate<number[]>(`probe.pixel('sweep', ${x}, ${y})`);
      await pick(1, 0, 'Control');
      await pick(2, 2, 'Control');
      await on.page.mouse.move(0, 0);
      await settled();
      const foreground = await on.page.evaluate<string>('getComputedStyle(document.body).color');
      const expected = foreground.match(/\d+/g)!.slice(0, 3).map(Number);
      for (const [column, row] of [
        [1, 0],
        [2, 2],
      ] as const)
        assert.deepEqual((await pixel(tickOf(column, row))).slice(0, 3), expected, `${column}, ${row}`);
      await takePicture(on.page, `sweep-picked-${theme}`);
      assert.notDeepEqual((await pixel(tickOf(0, 0))).slice(0, 3), expected, 'and not elsewhere');
    });

  it('is said in Korean too', async () => {
    await open({ language: 'ko', strings: pageStringsOf(korean) });
    assert.match(await said(), /^시도를 둘에서 넷까지 비교하려면 칸을 고르세요/);
    await pick(1, 0, 'Control');
    await pick(0, 2, 'Control');
    assert.equal(await said(), 'gain 0.5, kind gru, seed 1: 아직 시작되지 않아 비교할 것이 없습니다.');
    assert.equal(await button().innerText(), '비교');
  });
});
