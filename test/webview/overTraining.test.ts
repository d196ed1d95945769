/** The flow over training, and traveling in it. */
import assert from 'node:assert/strict';
import { visibleText } from '../../webview/shared/symbols';
import { onePage } from './onePage';
import { syntheticFrame } from './synthetic';

describe('what the page shows of the flow over training', () => {
  const on = onePage();
  const { open, posted, text, settled, canvas, columnsOf } = on;

  const learning = { slopes: [-0.5, -0.25, -0.1, 0.1, -0.05], steps: [1, 100, 200, 300, 400], lags: 64 };
  const openRun = async (): Promise<void> => {
    await open();
    await on.page.evaluate('probe.run(400)');
    await on.page.evaluate(
      'probe.frame({ tokens: 64, slopes: [-0.1, -0.1], cellSlopes: [-0.05, -0.05], sequence: 1 })',
    );
    await on.page.evaluate(`probe.overTraining(${JSON.stringify(learning)})`);
  };

  it('asks for the state that carries the gradient farthest, the top layer’s c, and for others when they are chosen', async () => {
    await openRun();
    assert.deepEqual(
      (await posted('overTraining')).map(({ lane }) => lane),
      [{ layer: 1, direction: 'forward', state: 'cell' }],
    );
    await on.page.locator('[data-choice="lane"] button', { hasText: 'layer 1, h' }).click();
    assert.deepEqual((await posted('overTraining')).at(-1)?.lane, {
      layer: 0,
      direction: 'forward',
      state: 'hidden',
    });
  });

  it('says in a sentence how its reach has changed, and by numbers what is under the pointer', async () => {
    await openRun();
    const end = visibleText(syntheticFrame({ tokens: 64 }).header.tokens.slice(-24));
    assert.equal(
      await text('.over .said'),
      `The gradient reached 7 tokens at step 1 and reaches 61 tokens at step 400. Every step is of one target: the end of “…${end}”, with 63 tokens before it.`,
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

  it('shows exponent, radius, norm and saturation at the steps at which they were sampled, and says them', async () => {
    await openRun();
    assert.equal(await canvas('spectraOverTraining').isVisible(), false, 'none was sampled');
    const spectra = [100, 300].map((step) => ({
      step,
      exponent: -0.1 - step / 1000,
      radius: 0.9,
      norm: 1.5,
      saturated: 0.12,
    }));
    await on.page.evaluate(`probe.overTraining(${JSON.stringify({ ...learning, spectra })})`);
    // A new picture is drawn when it is time for one.
    await on.page.locator('canvas[data-figure="spectraOverTraining"][aria-label]').waitFor();
    assert.match(
      (await canvas('spectraOverTraining').getAttribute('aria-label'))!,
      /Newest at step 300: largest exponent −0\.400 nats per token, ρ 0\.90, ‖R‖₂ 1\.50, 12 % saturated\./,
    );
    const { left, right } = await columnsOf('overTraining');
    await canvas('overTraining').hover({ position: { x: left + ((right - left) * 200) / 400, y: 100 } });
    assert.match(
      await text('.over .caption.number'),
      / · at step 100: largest exponent −0\.200 nats per token, ρ 0\.90/,
    );
    await on.page.evaluate('probe.send({ type: "export", id: "spectra-over-training", format: "svg" })');
    await on.page.waitForFunction(`probe.posted.some(({ type }) => type === 'save')`);
    const [{ data }] = await posted('save');
    assert.match(String(data), />20 %</, 'the axis of what is saturated has the unit of the words');
  });

  it('keeps to its target when the cursor goes elsewhere, and asks the engine for the rows that no frame brings', async () => {
    await openRun();
    const asked = (await posted('overTraining')).length;
    const said = await text('.over .said');
    await on.page.evaluate('probe.run(401)');
    await on.page.evaluate(`probe.overTraining(${JSON.stringify(learning)})`);
    // Nothing stands before the first step: a row of it would "reach the whole text".
    await on.page.evaluate(
      'probe.frame({ tokens: 64, target: 0, slopes: [-0.1, -0.1], cellSlopes: [-0.05, -0.05], sequence: 2, trainingStep: 401 })',
    );
    while ((await posted('overTraining')).length <= asked + 1) await on.page.waitForTimeout(50);
    // By then a new picture would have been drawn.
    assert.equal(await text('.over .said'), said);
    const grown = { ...learning, slopes: [...learning.slopes, -0.06], steps: [...learning.steps, 401] };
    await on.page.evaluate(`probe.overTraining(${JSON.stringify(grown)})`);
    await on.page
      .locator('.over .said', {
        hasText: /^The gradient reached 7 tokens at step 1 and reaches 51 tokens at step 401/,
      })
      .waitFor();
    await on.page.evaluate(
      'probe.frame({ tokens: 64, slopes: [-0.1, -0.1], cellSlopes: [-0.1, -0.1], sequence: 3, trainingStep: 402 })',
    );
    // A frame of its own target is a row, drawn when it is time for a new picture.
    await on.page.locator('.over .said', { hasText: 'and reaches 31 tokens at step 402' }).waitFor();
  });

  it('says of a recording that every step is of a batch of its own, and takes no frame for a row', async () => {
    await openRun();
    await on.page.evaluate(`probe.overTraining(${JSON.stringify({ ...learning, hasOwnTexts: true })})`);
    await on.page.locator('.over .said', { hasText: 'Every step is of a batch of its own' }).waitFor();
    const said = await text('.over .said');
    const asked = (await posted('overTraining')).length;
    await on.page.evaluate(
      'probe.frame({ tokens: 64, slopes: [-0.1, -0.1], cellSlopes: [-0.1, -0.1], sequence: 2, trainingStep: 402 })',
    );
    while ((await posted('overTraining')).length === asked) await on.page.waitForTimeout(50);
    assert.equal(await text('.over .said'), said);
  });

  it('says of a run that trained without a panel why nothing is kept, and how to get it', async () => {
    await open();
    await on.page.evaluate('probe.run(400, { state: "stopped" })');
    assert.equal(await on.page.locator('.over').isVisible(), false, 'until the engine has answered');
    await on.page.evaluate('probe.overTraining({ slopes: [], steps: [] })');
    assert.match(await text('.over'), /no panel was open while it trained. Resume the run with the panel open/);
    assert.equal(await canvas('overTraining').isVisible(), false);
  });

  it('draws an explosion of one step among many, and the largest value where steps share a pixel', async () => {
    await openRun();
    const steps = Array.from({ length: 20_000 }, (_, i) => i + 1);
    await on.page.evaluate(
      `probe.overTraining({ slopes: ${JSON.stringify(steps)}.map((step) => step === 12_345 ? 0.2 : -0.1), steps: ${JSON.stringify(steps)}, lags: 32 })`,
    );
    await on.page.waitForTimeout(500);
    await settled();
    const { left, right } = await columnsOf('overTraining');
    const last = 20_000;
    const at = Math.floor(((12_345 - 1) / (last - 1)) * (right - left)) + left;
    const [red, , blue] = await on.page.evaluate<number[]>(`probe.pixel('overTraining', ${at}, 190)`);
    const [otherRed, , otherBlue] = await on.page.evaluate<number[]>(`probe.pixel('overTraining', ${at + 40}, 190)`);
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
    await on.page.mouse.move(x(320), y);
    await on.page.mouse.down();
    assert.deepEqual(await posted('travel'), [{ type: 'travel', trainingStep: 300 }]);
    await on.page.mouse.move(x(210), y);
    await on.page.mouse.move(x(120), y);
    assert.equal((await posted('travel')).length, 1, 'one question at a time');
    await on.page.evaluate('probe.traveled(300, { tokens: 64, slopes: [0.1, 0.1], cellSlopes: [0.1, 0.1] })');
    assert.deepEqual((await posted('travel')).at(-1), { type: 'travel', trainingStep: 100 });
    await on.page.mouse.up();
    await on.page.evaluate('probe.traveled(100, { tokens: 64, slopes: [-0.25, -0.25], cellSlopes: [-0.25, -0.25] })');
    assert.match(await text('.verdict'), /falls below a thousandth after 13 tokens/);
    assert.equal(await text('.past'), 'The flow above is from step 100.');
    assert.equal(await canvas('units').isVisible(), false, 'of an earlier step there is no unit map');
    await on.page.evaluate('probe.frame({ tokens: 64, slopes: [-0.3, -0.3], cellSlopes: [-0.3, -0.3], sequence: 9 })');
    assert.equal((await posted('frameDrawn')).at(-1)?.sequence, 9, 'a frame out of sight is answered');
    assert.match(await text('.verdict'), /after 13 tokens/, 'and not shown');
    await on.page.locator('[data-action=now]').click();
    await settled();
    assert.match(await text('.verdict'), /after 11 tokens/);
    assert.equal(await text('.past'), '');
  });

  it('is a slider for the keyboard and for those who do not see it', async () => {
    await openRun();
    await canvas('overTraining').focus();
    await on.page.keyboard.press('ArrowLeft');
    assert.deepEqual((await posted('travel')).at(-1), { type: 'travel', trainingStep: 300 });
    await on.page.evaluate('probe.traveled(300, { tokens: 64, slopes: [0.1, 0.1], cellSlopes: [0.1, 0.1] })');
    assert.equal(await canvas('overTraining').getAttribute('aria-valuetext'), 'step 300, reaches the whole text');
    await on.page.keyboard.press('Home');
    assert.deepEqual((await posted('travel')).at(-1), { type: 'travel', trainingStep: 1 });
    await on.page.evaluate('probe.traveled(1, { tokens: 64, slopes: [-0.5, -0.5], cellSlopes: [-0.5, -0.5] })');
    assert.equal(await canvas('overTraining').getAttribute('aria-valuenow'), '1');
    await on.page.keyboard.press('Escape');
    await settled();
    assert.equal(await text('.past'), '');
  });

  it('is at the same step and state when the page comes back', async () => {
    await openRun();
    await on.page.locator('[data-choice="lane"] button', { hasText: 'layer 1, h' }).click();
    await on.page.evaluate(
      `probe.overTraining(${JSON.stringify({ ...learning, lane: { layer: 0, direction: 'forward', state: 'hidden' } })})`,
    );
    await canvas('overTraining').focus();
    await on.page.keyboard.press('Home');
    const state: unknown = await on.page.evaluate('probe.state()');
    await on.leave();
    await open();
    await on.page.evaluate(`probe.setState(${JSON.stringify(state)})`);
    await on.page.evaluate('probe.run(400)');
    assert.deepEqual(
      (await posted('overTraining')).map(({ lane }) => lane),
      [{ layer: 0, direction: 'forward', state: 'hidden' }],
    );
    await on.page.evaluate(
      `probe.overTraining(${JSON.stringify({ ...learning, lane: { layer: 0, direction: 'forward', state: 'hidden' } })})`,
    );
    assert.deepEqual(await posted('travel'), [{ type: 'travel', trainingStep: 1 }]);
  });

  it('comes back to now where nothing of a step is kept', async () => {
    await openRun();
    await canvas('overTraining').focus();
    await on.page.keyboard.press('Home');
    await on.page.evaluate('probe.send({ type: "traveled", frame: null })');
    await settled();
    assert.equal(await text('.past'), '');
    await on.page.keyboard.press('End');
    assert.deepEqual(
      (await posted('travel')).map(({ trainingStep }) => trainingStep),
      [1, 400],
      'and can travel again',
    );
  });

  it('says that nothing is kept yet while a run has no rows, and is not there for a model that was only opened', async () => {
    await open();
    await on.page.evaluate('probe.run(9)');
    await on.page.evaluate('probe.overTraining({ slopes: [], steps: [] })');
    assert.match(await text('.over'), /Nothing is recorded yet/);
    await on.page.evaluate('probe.run(0, { state: "stopped" })');
    assert.equal(await on.page.locator('.over').isVisible(), false);
  });
});
