/** How fast the state forgets: asked for, drawn, said, walked by keys. */
import assert from 'node:assert/strict';
import { onePage } from './onePage';
import { tables } from '../../webview/shared/colors/tables';

describe('what the page shows of the spectrum', () => {
  const on = onePage();
  const { open, posted, text, settled, canvas, columnsOf } = on;

  const begin = async (tokens = 40): Promise<void> => {
    await open();
    await on.page.evaluate('probe.run(9)');
    await on.page.evaluate(`probe.frame({ tokens: ${tokens}, slopes: [-0.1, -0.1] })`);
  };

  it('is computed on demand, of the target that is shown, with progress, and can be canceled', async () => {
    await begin();
    assert.deepEqual(await posted('spectrum'), [], 'nothing is asked for by itself');
    await on.page.locator('[data-action=computeSpectrum]').click();
    assert.deepEqual(await posted('spectrum'), [{ type: 'spectrum', action: 'compute', target: 39, vanishing: -3 }]);
    await on.page.evaluate('probe.send({ type: "spectrumProgress", done: 0.42 })');
    assert.match(await text('.spectrum .heading'), /Computing: 42 %/);
    await on.page.locator('[data-action=cancelSpectrum]').click();
    assert.deepEqual((await posted('spectrum')).at(-1), { type: 'spectrum', action: 'cancel' });
    await on.page.evaluate('probe.send({ type: "spectrum", spectrum: null, notices: [], message: null })');
    await settled();
    assert.equal(await on.page.locator('[data-action=computeSpectrum]').isVisible(), true);
    await on.page.evaluate(
      'probe.send({ type: "spectrum", spectrum: null, notices: [], message: "The <b>text</b> is too long." })',
    );
    assert.equal(await text('.spectrum .failure'), 'The <b>text</b> is too long.');
  });

  it('says what explains the horizon, how fast the slowest direction fades, and how many reach the target', async () => {
    await begin(60);
    await on.page.evaluate('probe.spectrum(0.8, probe.tokens(60))');
    assert.equal(
      await text('.spectrum .said'),
      'The horizon of layer 2, 31 tokens, comes from the small recurrent matrix: it keeps 0.80 of the gradient per token and accounts for 100 % of what is lost on the way. Per token no gradient can keep more than the matrix’s norm, ‖R‖₂ = 0.80. ' +
        'The slowest of 12 directions fades by a factor of 0.80 per token (−0.223 nats): half of it is gone after 3 tokens. ' +
        'From 50 tokens before the target, 1 % or more still arrives along 0 of 12 directions.',
    );
    assert.match(await text('.spectrum table'), /rnn\.weight_hh_l1\s+0\.80\s+0\.80/);
    for (const figure of ['exponents', 'finiteTime', 'singularValues', 'directions'])
      assert.match((await canvas(figure).getAttribute('aria-label'))!, /comes from the small recurrent matrix/);
  });

  it('says no cause where there is none, and that a direction grows', async () => {
    await begin(60);
    await on.page.evaluate('probe.spectrum(1.1, probe.tokens(60))');
    const said = await text('.spectrum .said');
    assert.match(
      said,
      /^The fastest of 12 directions grows by a factor of 1\.10 per token \(0\.095 nats\): it doubles within 7 tokens\./,
    );
  });

  it('stands on the columns of the flow: the pointer marks the same step everywhere, and says what is there', async () => {
    await begin(60);
    await on.page.evaluate('probe.spectrum(0.8, probe.tokens(60))');
    for (const figure of ['finiteTime', 'singularValues', 'directions']) {
      const { left, right } = await columnsOf(figure);
      await canvas(figure).hover({ position: { x: left + ((right - left) * 49.5) / 60, y: 40 } });
      await settled();
      assert.deepEqual((await posted('mark')).at(-1), { type: 'mark', step: 49 }, figure);
      assert.match(
        await text('.spectrum .figures > .caption.number >> nth=1'),
        /slowest directions here: −0\.223, −0\.223, −0\.223 nats per token · singular values: largest 0\.80, median 0\.80, smallest 0\.80 · 10 tokens back: 12 of 12 directions carry 1 % or more, effective rank 12\.0/,
      );
      await on.page.mouse.move(0, 0);
    }
  });

  it('says of a step from which nothing reaches the target just that: a rank of next to nothing means nothing', async () => {
    await begin(60);
    await on.page.evaluate('probe.spectrum(0.8, probe.tokens(60))');
    const { left, right } = await columnsOf('directions');
    // 0.8³⁰ = 1.2·10⁻³.
    await canvas('directions').hover({ position: { x: left + ((right - left) * 29.5) / 60, y: 40 } });
    const said = await text('.spectrum .figures > .caption.number >> nth=1');
    assert.match(said, / · 30 tokens back: none of 12 directions carries 1 % or more$/);
  });

  it('colors each singular value by what one step does, to the pixel', async () => {
    await begin(60);
    await on.page.evaluate('probe.spectrum(0.8, probe.tokens(60))');
    const { left, right } = await columnsOf('singularValues');
    const [red, green, blue] = await on.page.evaluate<number[]>(
      `probe.pixel('singularValues', ${left + ((right - left) * 30.5) / 60}, 30)`,
    );
    const place = ((Math.log10(0.8) + 2) / 3) * 255;
    const expected = [Math.floor(place), Math.ceil(place)].map((i) => tables.dark.flow.slice(6 * i, 6 * i + 6));
    assert.ok(expected.includes(Buffer.from([red, green, blue]).toString('hex')));
  });

  it('exponents can be walked by keys', async () => {
    await begin();
    await on.page.evaluate('probe.spectrum(0.8, probe.tokens(40))');
    const hint = on.page.locator('.spectrum .hint');
    assert.equal(await hint.isVisible(), true);
    await canvas('exponents').focus();
    await on.page.keyboard.press('ArrowRight');
    await on.page.keyboard.press('ArrowRight');
    assert.equal(
      await text('.spectrum .caption.number >> nth=0'),
      'direction 2 of 12: −0.223 nats per token, a factor of 0.80',
    );
    assert.equal(await hint.isVisible(), false, 'the readout stands in its place');
    await on.page.keyboard.press('End');
    assert.match(await text('.spectrum .caption.number >> nth=0'), /^direction 12 of 12/);
    await on.page.keyboard.press('Escape');
    assert.equal(await text('.spectrum .caption.number >> nth=0'), '');
  });

  it('of another text than the one above says so, and marks nothing there', async () => {
    await begin();
    await on.page.evaluate('probe.spectrum(0.8, probe.tokens(40))');
    await on.page.evaluate('probe.frame({ tokens: 30, slopes: [-0.1, -0.1], sequence: 2 })');
    assert.match(await text('.spectrum .caption.dim >> nth=-1'), /computed on a different text/);
    const before = (await posted('mark')).length;
    await canvas('finiteTime').hover({ position: { x: 300, y: 40 } });
    await settled();
    assert.equal((await posted('mark')).length, before);
  });

  it('is not there for a model without states', async () => {
    await open();
    await on.page.evaluate('probe.run(9)');
    await on.page.evaluate('probe.frame({ tokens: 30, stateless: true, inputs: [-0.1, -0.1], cell: "attention" })');
    await settled();
    assert.equal(await on.page.locator('section.spectrum').isVisible(), false);
  });

  it('gives its figures and tables away', async () => {
    await begin();
    await on.page.evaluate('probe.spectrum(0.8, probe.tokens(40))');
    await on.page.evaluate('probe.send({ type: "offerExports", kind: "data" })');
    await settled();
    const [{ items }] = await posted('offer');
    const ids = items.map(({ id }) => id);
    for (const id of [
      'lyapunov-exponents',
      'exponents-along-text',
      'singular-values',
      'directions-by-lag',
      'recurrent-matrices',
    ])
      assert.ok(ids.includes(id), `${id} among ${ids.join()}`);
    await on.page.evaluate('probe.send({ type: "export", id: "lyapunov-exponents", format: "csv" })');
    await on.page.waitForFunction(`probe.posted.some(({ type }) => type === 'save')`);
    const [{ data }] = await posted('save');
    assert.equal(String(data).split('\r\n')[1], `1,${Math.log(0.8)}`);
  });
});
