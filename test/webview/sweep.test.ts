/** A sweep's page: its cells in color, pattern and words, its axes, keys and pointer, and what it asks the editor for. */
import assert from 'node:assert/strict';
import type { PanelState } from '../../src/pageContract/messages';
import korean from '../../l10n/bundle.l10n.ko.json';
import { pageStringsOf } from '../../src/messages';
import { onePage } from './onePage';
import { takePicture } from './screenshots';
import { sweepOf } from './syntheticSweep';

/** Of the synthetic sweep with the usual axes, gain and kind: the middle of a cell. Columns are 150 pixels wide behind a margin of 50, rows 56 high under one of 22. */
const middleOf = (column: number, row: number) => ({ x: 50 + 150 * column + 75, y: 22 + 168 - 56 * row - 28 });
/** Of the cell, where no letter is. */
const cornerOf = (column: number, row: number) => ({ x: 50 + 150 * column + 8, y: 22 + 168 - 56 * row - 44 });

describe('what the page shows of a sweep', () => {
  const on = onePage();
  const { posted, text, settled, canvas } = on;

  const open = async (options: Parameters<typeof on.open>[0] = {}): Promise<void> => {
    await on.open({ view: 'sweep', ...options });
    await on.page.evaluate('probe.sweep()');
  };
  const pointAt = async (column: number, row: number): Promise<string> => {
    await canvas('sweep').hover({ position: middleOf(column, row) });
    return readout();
  };
  /** A line for each of its paragraphs. */
  const readout = async (): Promise<string> => (await text('.sweep .readout')).replaceAll(/\n+/g, '\n');
  const pixel = (column: number, row: number) => {
    const { x, y } = cornerOf(column, row);
    return on.page.evaluate<number[]>(`probe.pixel('sweep', ${x}, ${y})`);
  };
  const described = () => canvas('sweep').getAttribute('aria-label');

  it('says what was tried and how far it is, and is nothing before it comes', async () => {
    await on.open({ view: 'sweep' });
    await settled();
    assert.equal(await on.page.locator('.sweep-page').isVisible(), false);
    await on.page.evaluate('probe.sweep()');
    assert.match(
      await text('.sweep-page header'),
      /sweep-tale\s+tale\.txt · 18 trials of 100 steps · 9 done, 2 stopped early, 1 diverged, 2 failed, 2 begun, 2 missing/,
    );
  });

  it('colors cells by their numbers, and has another pattern for each that has none', async () => {
    await open();
    // Brighter is larger, on dark.
    const brightness = async (column: number, row: number) =>
      (await pixel(column, row)).slice(0, 3).reduce((a, b) => a + b);
    const [small, middle, large] = [await brightness(0, 0), await brightness(1, 1), await brightness(2, 1)];
    assert.ok(small < middle && middle < large, `${small}, ${middle}, ${large}`);
    assert.match((await described())!, /from 4 to > 128\. Colors are on a logarithmic scale\./);
    await on.page.mouse.move(0, 0);
    await settled();
    // The patterns of what is missing, begun and failed: as many pixels of a line of each as are not blank.
    const marks = await Promise.all(
      [0, 1, 2].map(async (column) => {
        const { x, y } = cornerOf(column, 2);
        const line = await on.page.evaluate<number[][]>(
          `Array.from({ length: 40 }, (_, i) => probe.pixel('sweep', ${x} + i, ${y}))`,
        );
        return line.filter(([, , , alpha]) => alpha > 0).length;
      }),
    );
    assert.equal(marks[0], 0, 'missing is blank');
    assert.ok(marks[2] > 4, `failed is hatched: ${marks.join()}`);
    const dotted = await on.page.evaluate<number>(
      `Array.from({ length: 400 }, (_, i) => probe.pixel('sweep', ${cornerOf(1, 2).x} + i % 20, ${cornerOf(1, 2).y} + Math.floor(i / 20))).filter(([, , , alpha]) => alpha > 0).length`,
    );
    assert.ok(dotted > 4 && dotted < 100, `begun is dotted: ${dotted}`);
  });

  it('reads out a cell: its settings, medians, states, and each of its trials', async () => {
    await open();
    assert.equal(
      await pointAt(1, 0),
      'gain 1, kind rnn: horizon 7.5 tokens · validation loss 2.500 nats · loss 2.000 nats · medians of 2 · 2 done\n' +
        'seed 1: 7 · seed 2: 8',
    );
    assert.match(
      await pointAt(2, 1),
      /^gain 2, kind lstm: horizon > 128 tokens · .* · medians of 1 · 1 done, 1 diverged\nseed 1: > 128 · seed 2: diverged$/,
    );
    assert.match(
      await pointAt(0, 1),
      /medians of 2 stopped early · 2 stopped early\nseed 1: 4, stopped early at step 11 of 100/,
    );
    assert.match(await pointAt(0, 2), /^gain 0\.5, kind gru: 2 missing\n.*\nNone of its trials can be opened\.$/);
    await on.page.mouse.move(0, 0);
    assert.match(await text('.sweep .hint'), /Point at a cell/);
  });

  it('says what losses are in: of numbers squared errors, of a training function nothing, which may be below zero', async () => {
    const grid = { kind: ['rnn', 'lstm'] };
    for (const [lossUnit, loss, head, said] of [
      ['squaredError', 0.00061, 'loss (squared error)', /loss 6\.1·10⁻⁴/],
      [null, -3.25, 'loss', /loss −3\.25/],
    ] as const) {
      await on.open({ view: 'sweep' });
      const sweep = sweepOf(grid, 1, () => ({ loss, validationLoss: null, horizon: null, within: null }));
      await on.page.evaluate(`probe.sweep(${JSON.stringify({ ...sweep, lossUnit })})`);
      await settled();
      assert.equal(await on.page.locator('.sweep [data-value=loss]').textContent(), head);
      await canvas('sweep').focus();
      await on.page.keyboard.press('ArrowRight');
      assert.match(await readout(), said);
      assert.doesNotMatch((await text('.sweep-page')) + (await described())!, /nats/);
    }
  });

  it('has no line of the background between narrow cells', async () => {
    await on.open({ view: 'sweep' });
    const hidden = Array.from({ length: 60 }, (_, i) => String(i + 1));
    const sweep = sweepOf({ hidden, window: ['1', '2'] }, 1, () => ({}));
    await on.page.evaluate(`probe.sweep(${JSON.stringify(sweep)})`);
    await settled();
    const along = await on.page.evaluate<number[][]>(
      `Array.from({ length: 600 }, (_, i) => probe.pixel('sweep', 80 + i, 40))`,
    );
    assert.equal(new Set(along.map((color) => color.join())).size, 1, 'all have one value, and so one color');
  });

  it('says of a single trial why it failed, as text', async () => {
    await on.open({ view: 'sweep' });
    const sweep = sweepOf({ kind: ['rnn', 'lstm'] }, 1, () => ({
      state: 'failed',
      reason: 'This <b>value</b> is refused.',
    }));
    await on.page.evaluate(`probe.sweep(${JSON.stringify(sweep)})`);
    await canvas('sweep').focus();
    await on.page.keyboard.press('ArrowRight');
    assert.equal(await readout(), 'kind rnn, seed 1: failed\nThis <b>value</b> is refused.');
  });

  it('opens the trials of a cell by a click, and by Enter', async () => {
    await open();
    await canvas('sweep').click({ position: middleOf(1, 1) });
    // Gain turns slowest, then kind, then the seed.
    assert.deepEqual((await posted('openTrials')).at(-1)?.trials, [8, 9]);
    await canvas('sweep').click({ position: middleOf(0, 2) });
    assert.equal((await posted('openTrials')).length, 1, 'what is missing cannot be opened');
    await canvas('sweep').focus();
    for (const key of ['Escape', 'ArrowLeft', 'ArrowDown', 'ArrowDown', 'End', 'Enter'])
      await on.page.keyboard.press(key);
    assert.match(await readout(), /^gain 2, kind rnn/);
    assert.deepEqual((await posted('openTrials')).at(-1)?.trials, [12, 13]);
    // At the edge the keys stay.
    await on.page.keyboard.press('ArrowRight');
    await on.page.keyboard.press('ArrowDown');
    assert.match(await readout(), /^gain 2, kind rnn/);
  });

  it('shows other axes and another number when they are chosen, and keeps the choice', async () => {
    await open();
    const { page } = on;
    await page.locator('select[data-axis=x]').selectOption('seed');
    await settled();
    assert.match(
      (await described())!,
      /horizon over seed \(to the right\) and kind \(upwards\): 6 cells, 4 with a value/,
    );
    // What the other axis has: they change places.
    await page.locator('select[data-axis=y]').selectOption('seed');
    await settled();
    assert.match((await described())!, /horizon over kind \(to the right\) and seed \(upwards\)/);
    await page.locator('[data-choice=measure] [data-value=validationLoss]').click();
    await settled();
    assert.match((await described())!, /validation loss over kind/);
    const state = await page.evaluate<PanelState>('probe.state()');
    assert.deepEqual(state.views?.['sweep'], {
      x: 'kind',
      y: 'seed',
      measure: 'validationLoss',
      cell: null,
      picked: [],
    });
    // A sweep without what was chosen is shown as usual.
    await page.evaluate(
      `probe.sweep(${JSON.stringify(sweepOf({ window: ['1', '2'] }, 1, () => ({ validationLoss: null })))})`,
    );
    assert.match((await described())!, /horizon over window/);
  });

  it('says in a sentence what every comparison shows, and only that', async () => {
    await open();
    assert.equal(
      await text('.sweep .verdict'),
      'The horizon grows with gain: in each of the 7 pairs of trials that differ only in it and can be compared.',
    );
    await on.page.locator('[data-choice=measure] [data-value=loss]').click();
    await settled();
    assert.equal(await on.page.locator('.sweep .verdict').isVisible(), false, 'the loss of the LSTM is the same');
  });

  it('follows: a cell that is pointed at reads what has come', async () => {
    await open();
    await pointAt(0, 2);
    await on.page.evaluate(
      `probe.sweep(${JSON.stringify(
        sweepOf({ gain: ['0.5', '1', '2'], kind: ['rnn', 'lstm', 'gru'] }, 2, () => ({})),
      )})`,
    );
    assert.match(await readout(), /^gain 0\.5, kind gru: horizon 10 tokens/);
  });

  it('says why a folder cannot be shown, in place of the picture, and shows it again', async () => {
    await open();
    await on.page.evaluate('probe.send({ type: "sweepFailed", message: "This <i>folder</i> has none." })');
    await settled();
    assert.equal(await text('.sweep-page .failure'), 'This <i>folder</i> has none.');
    assert.equal(await canvas('sweep').isVisible(), false);
    await on.page.evaluate('probe.sweep()');
    assert.equal(await canvas('sweep').isVisible(), true);
    assert.equal(await text('.sweep-page .failure'), '');
  });

  it('can be taken away: the picture with its patterns and words, and a row for each trial', async () => {
    await open();
    const made = async (id: string, format: string): Promise<string> => {
      const count = (await posted('save')).length;
      await on.page.evaluate(`probe.send({ type: 'export', id: '${id}', format: '${format}' })`);
      while ((await posted('save')).length === count) await settled();
      return (await posted('save')).at(-1)!.data as string;
    };
    await on.page.locator('[data-action=export-sweep]').click();
    await settled();
    assert.deepEqual(
      (await posted('offer')).at(-1)?.items.map(({ id, title }) => [id, title]),
      [
        ['sweep', 'horizon (tokens) over gain and kind: sweep-tale'],
        ['trials', 'Trials of the sweep'],
      ],
    );
    const svg = await made('sweep', 'svg');
    for (const word of ['&gt; 128', 'median of 2', 'begun', 'failed', 'missing', 'gain, log scale →', '1 of 2'])
      assert.ok(svg.includes(`>${word}<`), word);
    const [head, first, ...rows] = (await made('trials', 'csv')).slice(1).trim().split('\r\n');
    assert.match(head, /^gain,kind,seed,state,step,/);
    assert.equal(first, '0.5,rnn,1,done,100,1.5,2,4,128,');
    assert.equal(rows.length, 17);
    assert.ok(rows.includes('2,gru,1,failed,,,,,,This <b>value</b> is refused.'));
  });

  it('is as wide as there is room for, with many values too', async () => {
    const values = (count: number, first: number) => Array.from({ length: count }, (_, i) => String(first + i));
    const many = sweepOf({ hidden: values(60, 1), window: values(40, 1) }, 1, ({ hidden, window }) => ({
      horizon: Number(hidden) + Number(window),
    }));
    for (const [width, language] of [
      [900, 'en'],
      [420, 'ko'],
    ] as const) {
      const strings = language === 'ko' ? { strings: pageStringsOf(korean) } : {};
      await on.open({ view: 'sweep', width, language, ...strings });
      await on.page.evaluate(`probe.sweep(${JSON.stringify(many)})`);
      assert.equal(
        await on.page.evaluate('document.documentElement.scrollWidth <= document.documentElement.clientWidth'),
        true,
        'nothing is wider than the page',
      );
      await takePicture(on.page, `sweep-many-${language}`);
      if (language === 'en') await on.leave();
    }
  });
});
