/** Comparisons of runs, of models and of truncations. */
import assert from 'node:assert/strict';
import { onePage } from './onePage';

describe('what the page shows of comparisons', () => {
  const on = onePage();
  const { open, posted, text, settled, canvas, columnsOf } = on;

  const openCompared = async (): Promise<void> => {
    await open({ view: 'compare' });
    await on.page.evaluate('probe.compared()');
    for (const [run, slope] of [
      [0, -0.2],
      [1, -0.01],
      [2, -0.05],
    ])
      await on.page.evaluate(`probe.comparedFrame(${run}, ${slope}, 64, 7)`);
  };

  it('show what the runs come to, side by side, and answer each frame', async () => {
    await openCompared();
    const rows = (await on.page.locator('.runs tbody tr').allInnerTexts()).map((row) =>
      row.replaceAll(/\s+/g, ' ').trim(),
    );
    // The quicker ones are shown where the slowest stands.
    assert.match(rows[0], /^RNN 1 × 277 113,000 896 \d\.\d\d 16 0\.631 41,200$/);
    assert.match(rows[1], /^LSTM 1 × 128 113,037 896 \d\.\d\d > 63 0\.977 41,200$/);
    assert.match(rows[2], /^GRU 1 × 150 113,074 896 \d\.\d\d 61 0\.891 41,200$/);
    assert.equal(
      await text('.compare-flow .verdict'),
      'All are shown at step 896. The input gradient falls below a thousandth of its size at the target after 16 tokens in RNN and 61 in GRU. It never falls below a thousandth in LSTM over the 63 tokens before the target.',
    );
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
      await on.page.evaluate('probe.state().compared'),
      ['rnn', 'lstm', 'gru'].map((cell) => `/texts/.backflow/runs/tale-${cell}`),
    );
  });

  it('show the largest exponent of each at one step, the latest that all have come to', async () => {
    await openCompared();
    const column = on.page.locator('.runs :is(th, td):nth-child(7)');
    assert.equal(await on.page.locator('.runs :is(th, td):nth-child(7):not([hidden])').count(), 0);
    await on.page.evaluate('probe.comparedSpectra(0, [768, -0.5], [896, -0.4321], [1024, -0.3])');
    await on.page.evaluate('probe.comparedSpectra(1, [768, -0.01])');
    assert.deepEqual(await column.allInnerTexts(), [
      'largest exponent',
      '−0.500 at step 768',
      '−0.010 at step 768',
      '',
    ]);
    await on.page.evaluate('probe.comparedSpectra(1, [768, -0.01], [896, -Infinity])');
    assert.deepEqual(await column.allInnerTexts(), ['largest exponent', '−0.432', '−∞', '']);
  });

  it('say so where they stand at different steps, and then compare nothing', async () => {
    await open({ view: 'compare' });
    await on.page.evaluate('probe.compared()');
    for (const run of [0, 1, 2])
      await on.page.evaluate(`probe.comparedFrame(${run}, ${-0.1 - 0.1 * run}, 64, 7, 63, ${896 + run})`);
    const said = await text('.compare-flow .verdict');
    assert.match(said, /^They are shown at different steps/);
    assert.doesNotMatch(said, /farthest/);
    // The loss of such a step is not kept: none is told rather than that of now.
    const losses = await on.page.locator('.runs tbody tr td:nth-child(4)').allInnerTexts();
    assert.match(losses[0], /^\d\.\d\d$/);
    assert.deepEqual(losses.slice(1), ['…', '…']);
    assert.match(
      (await on.page.locator('.loss-block canvas').getAttribute('aria-label')) ?? '',
      /RNN: \d\.\d\d nats at step 899, LSTM: \d\.\d\d nats at step 959, GRU: \d\.\d\d nats at step 1,019/,
    );
    for (const run of [0, 1, 2])
      await on.page.evaluate(`probe.comparedFrame(${run}, ${-0.1 - 0.1 * run}, 64, 8, 63, 898)`);
    assert.match(await text('.compare-flow .verdict'), /^All are shown at step 898\. .* It reaches farthest in RNN\.$/);
  });

  it('share one scale: the same gradient has the same color in every row', async () => {
    await open({ view: 'compare' });
    await on.page.evaluate('probe.compared()');
    for (const run of [0, 1, 2]) await on.page.evaluate(`probe.comparedFrame(${run}, ${run === 2 ? -0.02 : -0.1}, 64)`);
    const colors = await Promise.all(
      [0, 1, 2].map((row) => on.page.evaluate<number[]>(`probe.pixel('compared', 300, ${30 * row + 12})`)),
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
    await on.page.evaluate('probe.comparedFrame(2, -0.05, 20, 8)');
    const color = await on.page.evaluate<number[]>(`probe.pixel('compared', 300, 72)`);
    assert.deepEqual(color, [0, 0, 0, 0], 'nothing is drawn in its row');
    await on.page.evaluate(
      'probe.send({ type: "comparedFailed", run: 1, message: "The symbol <i>é</i> is not known." })',
    );
    await settled();
    assert.match(await text('.runs tbody tr >> nth=1'), /The symbol <i>é<\/i> is not known\./);
  });

  it('control all runs together', async () => {
    await openCompared();
    await on.page.locator('.comparison [data-action=pause]').click();
    assert.deepEqual((await posted('control')).at(-1), { type: 'control', action: 'pause' });
    for (const run of [0, 1, 2])
      await on.page.evaluate(
        `probe.send({ type: 'comparedStatus', run: ${run}, status: { state: 'paused', step: 900, message: null } })`,
      );
    await settled();
    await on.page.locator('.comparison [data-action=resume]').click();
    assert.deepEqual((await posted('control')).at(-1), { type: 'control', action: 'resume' });
  });

  it('show what truncation costs, with every value under the pointer', async () => {
    await open({ view: 'compare' });
    await on.page.evaluate('probe.truncations()');
    const rows = (await on.page.locator('.cuts tbody tr').allInnerTexts()).map((row) =>
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
    await on.page.locator('[data-action=truncationsAgain]').click();
    assert.deepEqual(await posted('truncations'), [{ type: 'truncations' }]);
  });

  it('show nothing before they are drawn, and then only what there is', async () => {
    await open({ view: 'compare', alone: true });
    const { page } = on;
    await page.evaluate('new Promise(requestAnimationFrame)');
    const seen = () => page.locator('button:visible, vscode-button:visible, h1:visible, .empty:visible').count();
    assert.equal(await seen(), 0);
    await page.addInitScript('window.requestAnimationFrame = () => 0');
    await page.reload();
    assert.equal(await seen(), 0);
  });
});
