/** The playground. */
import assert from 'node:assert/strict';
import { onePage } from './onePage';

describe('what the page shows of the playground', () => {
  const on = onePage();
  const { open, posted, text, settled } = on;

  it('asks at once, and while it waits only for the last place of a slider', async () => {
    await open({ view: 'playground' });
    await settled();
    const first = await posted('playground');
    assert.equal(first.length, 1);
    assert.deepEqual(
      { gain: first[0].settings.gain, length: first[0].settings.length, cell: first[0].settings.cell },
      { gain: 0.9, length: 128, cell: 'rnn' },
    );
    const slider = on.page.locator('#play-gain');
    for (const value of ['1', '1.05', '1.2']) await slider.fill(value);
    assert.equal((await posted('playground')).length, 1);
    await on.page.evaluate('probe.playground({ tokens: 50, slopes: [-0.05], cell: "rnn" }, 0.9)');
    const asked = await posted('playground');
    assert.deepEqual(
      asked.map(({ settings }) => settings.gain),
      [0.9, 1.2],
    );
    await on.page.evaluate('probe.playground({ tokens: 50, slopes: [0.08], cell: "rnn", sequence: 2 }, 1.2)');
    assert.match(
      await text('.play .said'),
      /^spectral radius 1\.20, ‖R‖₂ 1\.20; per token the gradient changes by a factor of 1\.202$/,
    );
    assert.match(await text('.verdict'), /grows a hundredfold after 25 tokens/);
    assert.equal((await posted('playground')).length, 2);
    assert.equal(await on.page.evaluate('probe.state().playground.gain'), 1.2, 'kept for when the page comes back');
  });

  it('offers what the cell has, and moves by keys', async () => {
    await open({ view: 'playground' });
    await on.page.evaluate('probe.playground({ tokens: 50, slopes: [-0.05], cell: "rnn" })');
    assert.equal(await on.page.locator('#play-forgetBias').isVisible(), false);
    await on.page.locator('[data-choice=cell] [data-value=lstm]').click();
    await settled();
    assert.equal(await on.page.locator('[data-choice=activation]').isVisible(), false);
    await on.page.locator('#play-forgetBias').focus();
    await on.page.keyboard.press('ArrowRight');
    await on.page.evaluate('probe.playground({ tokens: 50, slopes: [-0.05], cell: "rnn" })');
    const { settings } = (await posted('playground')).at(-1)!;
    assert.deepEqual([settings.cell, settings.forgetBias], ['lstm', 1.1]);
  });

  it('is one press away from an empty panel', async () => {
    await open();
    await on.page.evaluate('probe.run(0, {}, null)');
    await on.page.locator('[data-action=openPlayground]').click();
    assert.deepEqual(await posted('openPlayground'), [{ type: 'openPlayground' }]);
  });
});
