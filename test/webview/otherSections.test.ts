/** The page beside the flow: the flow over training and traveling in it, every target, the playground, and comparisons. */
import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import type { FromPage } from '../../src/pageContract/messages';
import { type PageBrowser, type OpenOptions } from './browser';
import { sharedBrowser } from './shared';

describe('what the page shows beside the flow', () => {
  let browser: PageBrowser;
  let page: Page;
  before(async () => {
    browser = await sharedBrowser();
  });
  const open = async (options: OpenOptions = {}): Promise<void> => {
    page = await browser.open(options);
  };
  const posted = <T extends FromPage['type']>(type: T): Promise<Extract<FromPage, { type: T }>[]> =>
    page.evaluate(`probe.posted.filter((message) => message.type === '${type}')`);
  const text = (selector: string): Promise<string> => page.locator(selector).innerText();
  const settled = (): Promise<void> => page.evaluate('probe.settled()');
  const canvas = (figure: string) => page.locator(`canvas[data-figure="${figure}"]`);
  /** Where a canvas's columns are: from its left margin to its right one. */
  const columnsOf = async (figure: string): Promise<{ left: number; right: number }> => {
    const { width } = (await canvas(figure).boundingBox())!;
    return { left: 58, right: width - 44 };
  };
  afterEach(async () => {
    assert.deepEqual(await page.evaluate('probe.violations'), [], 'the content security policy is kept');
    assert.deepEqual(await posted('error'), []);
    await page.close();
  });

  describe('the flow over training', () => {
    const learning = { slopes: [-0.5, -0.25, -0.1, 0.1, -0.05], steps: [1, 100, 200, 300, 400], lags: 64 };
    const openRun = async (): Promise<void> => {
      await open();
      await page.evaluate('probe.run(400)');
      await page.evaluate('probe.frame({ tokens: 64, slopes: [-0.1, -0.1], cellSlopes: [-0.05, -0.05], sequence: 1 })');
      await page.evaluate(`probe.overTraining(${JSON.stringify(learning)})`);
    };

    it('asks for the state that carries the gradient farthest, the top layer’s c, and for others when they are chosen', async () => {
      await openRun();
      assert.deepEqual(
        (await posted('overTraining')).map(({ lane }) => lane),
        [{ layer: 1, direction: 'forward', state: 'cell' }],
      );
      await page.locator('[data-choice="lane"] button', { hasText: 'layer 1, h' }).click();
      assert.deepEqual((await posted('overTraining')).at(-1)?.lane, {
        layer: 0,
        direction: 'forward',
        state: 'hidden',
      });
    });

    it('says in a sentence how its reach has changed, and by numbers what is under the pointer', async () => {
      await openRun();
      assert.equal(
        await text('.over .said'),
        'The gradient reached 7 tokens at step 1 and reaches 61 tokens at step 400.',
      );
      const { left, right } = await columnsOf('overTraining');
      // Lag 10 of 64 in the map from 82 to 232.
      await canvas('overTraining').hover({
        position: { x: left + ((right - left) * 120) / 400, y: 82 + (150 * 10.5) / 64 },
      });
      await settled();
      assert.match(
        await text('.over .caption.number'),
        /^step 100, 10 tokens back: 3\.2·10⁻³ · reaches 13 tokens · norm/,
      );
    });

    it('says of a run that trained without a panel why nothing is kept, and how to get it', async () => {
      await open();
      await page.evaluate('probe.run(400, { state: "stopped" })');
      assert.equal(await page.locator('.over').isVisible(), false, 'until the engine has answered');
      await page.evaluate('probe.overTraining({ slopes: [], steps: [] })');
      assert.match(await text('.over'), /no panel was open while it trained. Resume the run with the panel open/);
      assert.equal(await canvas('overTraining').isVisible(), false);
    });

    it('draws an explosion of one step among many, and the largest value where steps share a pixel', async () => {
      await openRun();
      const steps = Array.from({ length: 20_000 }, (_, i) => i + 1);
      await page.evaluate(
        `probe.overTraining({ slopes: ${JSON.stringify(steps)}.map((step) => step === 12_345 ? 0.2 : -0.1), steps: ${JSON.stringify(steps)}, lags: 32 })`,
      );
      await page.waitForTimeout(500);
      await settled();
      const { left, right } = await columnsOf('overTraining');
      const last = 20_000;
      const at = Math.floor(((12_345 - 1) / (last - 1)) * (right - left)) + left;
      const [red, , blue] = await page.evaluate<number[]>(`probe.pixel('overTraining', ${at}, 190)`);
      const [otherRed, , otherBlue] = await page.evaluate<number[]>(`probe.pixel('overTraining', ${at + 40}, 190)`);
      assert.ok(red > blue + 60, `orange where it exploded: ${red}, ${blue}`);
      assert.ok(otherBlue > otherRed + 40, `blue elsewhere: ${otherRed}, ${otherBlue}`);
    });

    it('travels by dragging: asks for the nearest step, shows its flow, goes on answering new frames, and comes back', async () => {
      await openRun();
      const { left, right } = await columnsOf('overTraining');
      const box = (await canvas('overTraining').boundingBox())!;
      const x = (step: number) => box.x + left + ((right - left) * (step - 1)) / 399;
      await canvas('overTraining').scrollIntoViewIfNeeded();
      const y = (await canvas('overTraining').boundingBox())!.y + 120;
      await page.mouse.move(x(320), y);
      await page.mouse.down();
      assert.deepEqual(await posted('travel'), [{ type: 'travel', trainingStep: 300 }]);
      await page.mouse.move(x(210), y);
      await page.mouse.move(x(120), y);
      assert.equal((await posted('travel')).length, 1, 'one question at a time');
      await page.evaluate('probe.traveled(300, { tokens: 64, slopes: [0.1, 0.1], cellSlopes: [0.1, 0.1] })');
      assert.deepEqual((await posted('travel')).at(-1), { type: 'travel', trainingStep: 100 });
      await page.mouse.up();
      await page.evaluate('probe.traveled(100, { tokens: 64, slopes: [-0.25, -0.25], cellSlopes: [-0.25, -0.25] })');
      assert.match(await text('.verdict'), /falls below a thousandth after 13 tokens/);
      assert.equal(await text('.past'), 'The flow above is from step 100.');
      assert.equal(await canvas('units').isVisible(), false, 'of an earlier step there is no unit map');
      await page.evaluate('probe.frame({ tokens: 64, slopes: [-0.3, -0.3], cellSlopes: [-0.3, -0.3], sequence: 9 })');
      assert.equal((await posted('frameDrawn')).at(-1)?.sequence, 9, 'a frame out of sight is answered');
      assert.match(await text('.verdict'), /after 13 tokens/, 'and not shown');
      await page.locator('[data-action=now]').click();
      await settled();
      assert.match(await text('.verdict'), /after 11 tokens/);
      assert.equal(await text('.past'), '');
    });

    it('is a slider for the keyboard and for those who do not see it', async () => {
      await openRun();
      await canvas('overTraining').focus();
      await page.keyboard.press('ArrowLeft');
      assert.deepEqual((await posted('travel')).at(-1), { type: 'travel', trainingStep: 300 });
      await page.evaluate('probe.traveled(300, { tokens: 64, slopes: [0.1, 0.1], cellSlopes: [0.1, 0.1] })');
      assert.equal(await canvas('overTraining').getAttribute('aria-valuetext'), 'step 300, reaches the whole text');
      await page.keyboard.press('Home');
      assert.deepEqual((await posted('travel')).at(-1), { type: 'travel', trainingStep: 1 });
      await page.evaluate('probe.traveled(1, { tokens: 64, slopes: [-0.5, -0.5], cellSlopes: [-0.5, -0.5] })');
      assert.equal(await canvas('overTraining').getAttribute('aria-valuenow'), '1');
      await page.keyboard.press('Escape');
      await settled();
      assert.equal(await text('.past'), '');
    });

    it('is at the same step and state when the page comes back', async () => {
      await openRun();
      await page.locator('[data-choice="lane"] button', { hasText: 'layer 1, h' }).click();
      await page.evaluate(
        `probe.overTraining(${JSON.stringify({ ...learning, lane: { layer: 0, direction: 'forward', state: 'hidden' } })})`,
      );
      await canvas('overTraining').focus();
      await page.keyboard.press('Home');
      const state: unknown = await page.evaluate('probe.state()');
      await page.close();
      await open();
      await page.evaluate(`probe.setState(${JSON.stringify(state)})`);
      await page.evaluate('probe.run(400)');
      assert.deepEqual(
        (await posted('overTraining')).map(({ lane }) => lane),
        [{ layer: 0, direction: 'forward', state: 'hidden' }],
      );
      await page.evaluate(
        `probe.overTraining(${JSON.stringify({ ...learning, lane: { layer: 0, direction: 'forward', state: 'hidden' } })})`,
      );
      assert.deepEqual(await posted('travel'), [{ type: 'travel', trainingStep: 1 }]);
    });

    it('comes back to now where nothing of a step is kept', async () => {
      await openRun();
      await canvas('overTraining').focus();
      await page.keyboard.press('Home');
      await page.evaluate('probe.send({ type: "traveled", frame: null })');
      await settled();
      assert.equal(await text('.past'), '');
      await page.keyboard.press('End');
      assert.deepEqual(
        (await posted('travel')).map(({ trainingStep }) => trainingStep),
        [1, 400],
        'and can travel again',
      );
    });

    it('says that nothing is kept yet while a run has no rows, and is not there for a model that was only opened', async () => {
      await open();
      await page.evaluate('probe.run(9)');
      await page.evaluate('probe.overTraining({ slopes: [], steps: [] })');
      assert.match(await text('.over'), /Nothing is recorded yet/);
      await page.evaluate('probe.run(0, { state: "stopped" })');
      assert.equal(await page.locator('.over').isVisible(), false);
    });
  });

  describe('every target', () => {
    const openMatrix = async (): Promise<void> => {
      await open();
      await page.evaluate('probe.run(9)');
      await page.evaluate('probe.frame({ tokens: 40, slopes: [-0.1, -0.1] })');
      await page.locator('[data-action=computeMatrix]').click();
    };

    it('is computed on demand, with progress, and can be canceled', async () => {
      await openMatrix();
      assert.deepEqual(await posted('matrix'), [{ type: 'matrix', action: 'compute', series: null }]);
      await page.evaluate('probe.send({ type: "matrixProgress", done: 0.42 })');
      await settled();
      assert.match(await text('.matrix .heading'), /Computing: 42 %/);
      await page.locator('[data-action=cancelMatrix]').click();
      assert.deepEqual((await posted('matrix')).at(-1), { type: 'matrix', action: 'cancel' });
      await page.evaluate('probe.send({ type: "matrix", matrix: null, message: null })');
      await settled();
      assert.equal(await page.locator('[data-action=computeMatrix]').isVisible(), true);
      await page.evaluate('probe.send({ type: "matrix", matrix: null, message: "The <b>text</b> is too long." })');
      await settled();
      assert.equal(await text('.matrix .failure'), 'The <b>text</b> is too long.');
    });

    it('draws row by row what it is given, says it in a sentence and by the pointer; a click makes the row the target', async () => {
      await openMatrix();
      await page.evaluate('probe.matrix([-0.2, 0], probe.tokens(40))');
      assert.equal(
        await text('.matrix .said'),
        'The gradient of 12 of the 40 targets falls below a thousandth, half of them within 16 tokens.',
      );
      const { left, right } = await columnsOf('matrix');
      const { height } = (await canvas('matrix').boundingBox())!;
      const place = (target: number, source: number) => ({
        x: left + ((right - left) * (source + 0.5)) / 40,
        y: 6 + ((height - 12) * (target + 0.5)) / 40,
      });
      await canvas('matrix').hover({ position: place(38, 23) });
      await settled();
      assert.match(await text('.matrix .caption.number'), /^target “.”, source “.”, 15 tokens back: 1\.0·10⁻³$/);
      await canvas('matrix').click({ position: place(20, 3) });
      assert.deepEqual((await posted('target')).at(-1), { type: 'target', target: 20 });
      const [, , blue] = await page.evaluate<number[]>(`probe.pixel('matrix', ${place(38, 5).x}, ${place(38, 5).y})`);
      const [red] = await page.evaluate<number[]>(`probe.pixel('matrix', ${place(37, 5).x}, ${place(37, 5).y})`);
      assert.ok(blue > 150 && red < 90, 'row 38 has vanished there, row 37 has not');
    });

    it('can be walked by keys, Enter chooses', async () => {
      await openMatrix();
      await page.evaluate('probe.matrix([-0.2], probe.tokens(40))');
      await canvas('matrix').focus();
      for (const key of ['ArrowUp', 'ArrowUp', 'ArrowLeft', 'ArrowLeft', 'ArrowLeft', 'ArrowLeft'])
        await page.keyboard.press(key);
      await settled();
      // The source went up with the target, then four to the left.
      assert.match(await text('.matrix .caption.number'), /4 tokens back: 0\.16$/);
      await page.keyboard.press('Enter');
      assert.deepEqual((await posted('target')).at(-1), { type: 'target', target: 37 });
    });

    it('zooms with the text above: the diagonal stays in the picture', async () => {
      await openMatrix();
      await page.evaluate('probe.matrix([-0.2], probe.tokens(40))');
      await canvas('matrix').focus();
      const { left, right } = await columnsOf('matrix');
      await canvas('matrix').scrollIntoViewIfNeeded();
      const box = (await canvas('matrix').boundingBox())!;
      // From source 10 to 30.
      const x = (source: number) => box.x + left + ((right - left) * source) / 40;
      await page.mouse.move(x(10), box.y + 60);
      await page.mouse.down();
      await page.mouse.move(x(20), box.y + 60);
      await page.mouse.move(x(30), box.y + 60);
      await page.mouse.up();
      await settled();
      assert.deepEqual(await posted('target'), [], 'a drag is no click');
      const { height } = (await canvas('matrix').boundingBox())!;
      await canvas('matrix').hover({ position: { x: (left + right) / 2 + 2, y: 6 + (height - 12) / 2 + 2 } });
      await settled();
      assert.match(
        await text('.matrix .caption.number'),
        /0 tokens back: 1\.00$/,
        'target 20, source 20 in the middle',
      );
    });

    it('chooses nothing of a text that is no longer shown', async () => {
      await openMatrix();
      await page.evaluate('probe.matrix([-0.2], probe.tokens(40))');
      await page.evaluate('probe.frame({ tokens: 30, slopes: [-0.1, -0.1], sequence: 2 })');
      assert.match(await text('.matrix .caption.dim'), /computed on a different text/);
      await canvas('matrix').click({ position: { x: 200, y: 100 } });
      assert.deepEqual(await posted('target'), []);
    });
  });

  describe('the playground', () => {
    it('asks at once, and while it waits only for the last place of a slider', async () => {
      await open({ view: 'playground' });
      await settled();
      const first = await posted('playground');
      assert.equal(first.length, 1);
      assert.deepEqual(
        { gain: first[0].settings.gain, length: first[0].settings.length, cell: first[0].settings.cell },
        { gain: 0.9, length: 128, cell: 'rnn' },
      );
      const slider = page.locator('#play-gain');
      for (const value of ['1', '1.05', '1.2']) await slider.fill(value);
      assert.equal((await posted('playground')).length, 1);
      await page.evaluate('probe.playground({ tokens: 50, slopes: [-0.05], cell: "rnn" }, 0.9)');
      const asked = await posted('playground');
      assert.deepEqual(
        asked.map(({ settings }) => settings.gain),
        [0.9, 1.2],
      );
      await page.evaluate('probe.playground({ tokens: 50, slopes: [0.08], cell: "rnn", sequence: 2 }, 1.2)');
      assert.match(
        await text('.play .said'),
        /^spectral radius 1\.20, ‖R‖₂ 1\.20; per token the gradient changes by a factor of 1\.202$/,
      );
      assert.match(await text('.verdict'), /grows a hundredfold after 25 tokens/);
      assert.equal((await posted('playground')).length, 2);
      assert.equal(await page.evaluate('probe.state().playground.gain'), 1.2, 'kept for when the page comes back');
    });

    it('offers what the cell has, and moves by keys', async () => {
      await open({ view: 'playground' });
      await page.evaluate('probe.playground({ tokens: 50, slopes: [-0.05], cell: "rnn" })');
      assert.equal(await page.locator('#play-forgetBias').isVisible(), false);
      await page.locator('[data-choice=cell] button', { hasText: 'LSTM' }).click();
      await settled();
      assert.equal(await page.locator('[data-choice=activation]').isVisible(), false);
      await page.locator('#play-forgetBias').focus();
      await page.keyboard.press('ArrowRight');
      await page.evaluate('probe.playground({ tokens: 50, slopes: [-0.05], cell: "rnn" })');
      const { settings } = (await posted('playground')).at(-1)!;
      assert.deepEqual([settings.cell, settings.forgetBias], ['lstm', 1.1]);
    });

    it('is one press away from an empty panel', async () => {
      await open();
      await page.evaluate('probe.run(0, {}, null)');
      await page.locator('[data-action=openPlayground]').click();
      assert.deepEqual(await posted('openPlayground'), [{ type: 'openPlayground' }]);
    });
  });

  describe('comparisons', () => {
    const openCompared = async (): Promise<void> => {
      await open({ view: 'compare' });
      await page.evaluate('probe.compared()');
      for (const [run, slope] of [
        [0, -0.2],
        [1, -0.01],
        [2, -0.05],
      ])
        await page.evaluate(`probe.comparedFrame(${run}, ${slope}, 64, 7)`);
    };

    it('show what the runs come to, side by side, and answer each frame', async () => {
      await openCompared();
      const rows = (await page.locator('.runs tbody tr').allInnerTexts()).map((row) =>
        row.replaceAll(/\s+/g, ' ').trim(),
      );
      assert.match(rows[0], /^RNN 1 × 277 113,000 899 \d\.\d\d 16 tokens 0\.631$/);
      assert.match(rows[1], /^LSTM 1 × 128 113,037 959 \d\.\d\d beyond the text 0\.977$/);
      assert.match(rows[2], /^GRU 1 × 150 113,074 1,019 \d\.\d\d 61 tokens 0\.891$/);
      const drawn = await posted('comparedDrawn');
      assert.deepEqual(
        drawn.map(({ run, sequence }) => [run, sequence]),
        [
          [0, 7],
          [1, 7],
          [2, 7],
        ],
      );
      assert.deepEqual(
        await page.evaluate('probe.state().compared'),
        ['rnn', 'lstm', 'gru'].map((cell) => `/texts/.backflow/runs/tale-${cell}`),
      );
    });

    it('share one scale: the same gradient has the same color in every row', async () => {
      await open({ view: 'compare' });
      await page.evaluate('probe.compared()');
      for (const run of [0, 1, 2]) await page.evaluate(`probe.comparedFrame(${run}, ${run === 2 ? -0.02 : -0.1}, 64)`);
      const colors = await Promise.all(
        [0, 1, 2].map((row) => page.evaluate<number[]>(`probe.pixel('compared', 300, ${30 * row + 12})`)),
      );
      assert.deepEqual(colors[0], colors[1]);
      assert.notDeepEqual(colors[0], colors[2]);
    });

    it('mark one token in all of them, and name its values', async () => {
      await openCompared();
      const { left, right } = await columnsOf('compared');
      await canvas('compared').hover({ position: { x: left + ((right - left) * 53.5) / 64, y: 10 } });
      await settled();
      assert.match(await text('.comparison .readout'), /10 tokens back · RNN: 1\.0·10⁻² · LSTM: 0\.79 · GRU: 0\.32$/);
      await canvas('compared').dblclick({ position: { x: left + ((right - left) * 20.5) / 64, y: 10 } });
      assert.deepEqual((await posted('target')).at(-1), { type: 'target', target: 20 });
    });

    it('leave out a run that reads the text by other tokens, and say why one cannot read it', async () => {
      await openCompared();
      await page.evaluate('probe.comparedFrame(2, -0.05, 20, 8)');
      const color = await page.evaluate<number[]>(`probe.pixel('compared', 300, 72)`);
      assert.deepEqual(color, [0, 0, 0, 0], 'nothing is drawn in its row');
      await page.evaluate(
        'probe.send({ type: "comparedFailed", run: 1, message: "The symbol <i>é</i> is not known." })',
      );
      await settled();
      assert.match(await text('.runs tbody tr >> nth=1'), /The symbol <i>é<\/i> is not known\./);
    });

    it('control all runs together', async () => {
      await openCompared();
      await page.locator('.comparison [data-action=pause]').click();
      assert.deepEqual((await posted('control')).at(-1), { type: 'control', action: 'pause' });
      for (const run of [0, 1, 2])
        await page.evaluate(
          `probe.send({ type: 'comparedStatus', run: ${run}, status: { state: 'paused', step: 900, message: null } })`,
        );
      await settled();
      await page.locator('.comparison [data-action=resume]').click();
      assert.deepEqual((await posted('control')).at(-1), { type: 'control', action: 'resume' });
    });

    it('show what truncation costs, with every value under the pointer', async () => {
      await open({ view: 'compare' });
      await page.evaluate('probe.truncations()');
      const rows = (await page.locator('.cuts tbody tr').allInnerTexts()).map((row) =>
        row.replaceAll(/\s+/g, ' ').trim(),
      );
      assert.deepEqual(rows.slice(0, 2).concat(rows.slice(-1)), [
        '1 0.4000 0.200',
        '2 0.7000 0.600',
        'full 1.0000 1.000',
      ]);
      await canvas('truncations').hover({ position: { x: 60, y: 10 } });
      await settled();
      assert.match(await text('.truncation .caption.number'), /^k2 = 1, “T”: 0\.10 of the full gradient$/);
      await page.locator('[data-action=truncationsAgain]').click();
      assert.deepEqual(await posted('truncations'), [{ type: 'truncations' }]);
    });
  });
});
