/** The input gradient on the page: by what a layer reads, level series, models without states, and depth. */
import assert from 'node:assert/strict';
import { onePage } from './onePage';
import { takePicture } from './screenshots';
import type { FrameOptions } from './synthetic';

describe('the input gradient on the page', () => {
  const on = onePage();
  const { open, posted, text, settled, canvas, columnsOf } = on;
  const frame = (options: FrameOptions): Promise<unknown> =>
    on.page.evaluate(`probe.frame(${JSON.stringify(options)})`);
  const begin = async (options: FrameOptions): Promise<void> => {
    await open({ width: 700 });
    await on.page.evaluate('probe.run(400)');
    await frame(options);
  };
  const tab = (kind: string) => on.page.locator(`[data-choice="gradient"] [data-value="${kind}"]`);
  const shoot = (name: string): Promise<unknown> => takePicture(on.page, name);

  it('is asked for when its tab is chosen, and says by which layer', async () => {
    const states: FrameOptions = { slopes: [-0.1, -0.2] };
    await begin(states);
    assert.match(await text('.verdict'), /after 31 tokens in layer 1 and 16 in layer 2/);
    await tab('input').click();
    assert.deepEqual(await posted('inputs'), [{ type: 'inputs', shown: true }]);
    await frame({ ...states, sequence: 2, inputs: [-0.05, -0.1, -0.2] });
    assert.match(
      await text('.verdict'),
      /^The gradient of this token falls below a thousandth after 61 tokens in the input of layer 1\./,
    );
    await on.page.locator('[data-choice="boundary"]').selectOption('2');
    await settled();
    assert.match(await text('.verdict'), /after 16 tokens in the input of the output layer\./);
    await shoot('inputs');
    await tab('perTarget').click();
    assert.deepEqual((await posted('inputs')).at(-1), { type: 'inputs', shown: false });
    assert.match(await text('.verdict'), /after 31 tokens in layer 1/);
  });

  it('stays chosen for the run that is opened next', async () => {
    await begin({ slopes: [-0.1], inputs: [-0.05, -0.1] });
    await tab('input').click();
    await on.page.evaluate('probe.run(10)');
    assert.deepEqual(
      (await posted('inputs')).map(({ shown }) => shown),
      [true, true],
    );
  });

  it('of a series that is level has a level and a slope, and no horizon', async () => {
    await begin({ slopes: [-0.1], inputs: [0, -0.1], levelAt: { boundary: 0, log10: -3.2 } });
    await tab('input').click();
    await settled();
    assert.match(
      await text('.verdict'),
      /^The gradient of this token is level in the input of layer 1: near and far alike it is on average about 6\.3·10⁻⁴ of its size at the target \(slope 0\.000 nats per token\)\.$/,
    );
    assert.match(await text('.flow .values tbody'), /level 6\.3·10⁻⁴/);
  });

  it('is what a model without states opens on, which it says in one sentence', async () => {
    await begin({ slopes: [-0.1], stateless: true, inputs: [0, -9], levelAt: { boundary: 0, log10: -1 } });
    assert.match(
      await text('.verdict'),
      /^This model carries no state from token to token; shown is the gradient of what a layer reads\. The gradient of this token is level in the input of layer 1: near and far alike it is on average about 0\.10 of/,
    );
    assert.ok(await tab('input').isHidden(), 'there is nothing else to choose');
    assert.deepEqual(await posted('inputs'), []);
    assert.notDeepEqual(await on.page.evaluate(`probe.pixel('flow', 300, 12)`), [0, 0, 0, 0]);
    await shoot('stateless');
  });

  it('of three and more layers is drawn layer by token, and its sentence says what is left below them', async () => {
    const layers = 4;
    await begin({ slopes: Array.from({ length: layers }, () => -0.1), hiddenSize: 4 });
    assert.deepEqual(await posted('inputs'), [{ type: 'inputs', shown: true }]);
    const inputs = Array.from({ length: layers + 1 }, (_, l) => -0.1 - 0.05 * l);
    await frame({
      slopes: Array.from({ length: layers }, () => -0.1),
      hiddenSize: 4,
      sequence: 2,
      inputs,
      inputDepth: -0.5,
    });
    assert.equal(
      await text('.depth .said'),
      'Below 4 layers the gradient at the target’s own step is 1.0·10⁻² times its size at the output, a factor of 0.32 per layer. Back in time, what layer 1 reads gets less than a thousandth of its own size at the target after 31 tokens.',
    );
    const { left, right } = await columnsOf('depth');
    // The lowest row of five, each 18 px high under 6 px: layer 1, 10 tokens back.
    await canvas('depth').hover({ position: { x: left + ((right - left) * 53.5) / 64, y: 6 + 4.5 * 18 } });
    await settled();
    assert.match(await text('.depth .caption'), /, layer 1: 1\.0·10⁻³ of the top’s gradient at the target$/);
    await canvas('depth').focus();
    await on.page.keyboard.press('ArrowUp');
    await settled();
    // Boundary 1: 10^(−1.5) at the target, and 10^(−1.5) by ten tokens.
    assert.match(await text('.depth .caption'), /, layer 2: 1\.0·10⁻³ of/);
    await on.page.keyboard.press('ArrowLeft');
    await settled();
    assert.match(await text('.depth .caption'), /, layer 2: 7\.1·10⁻⁴ of/);
    await on.page.keyboard.press('Enter');
    assert.deepEqual((await posted('target')).at(-1), { type: 'target', target: 52 });
    assert.match(
      (await canvas('depth').getAttribute('aria-label')) ?? '',
      /^Heatmap of the input gradient, layer by token\. Below 4 layers/,
    );
  });

  it('of 24 layers names each of them, and vanishes in depth', async () => {
    const slopes = Array.from({ length: 24 }, () => -0.02);
    await begin({ slopes, hiddenSize: 4, inputs: [...slopes, -0.02], inputDepth: -0.2 });
    assert.match(
      await text('.depth .said'),
      /^Below 24 layers .* 1\.6·10⁻⁵ .* a factor of 0\.63 per layer: it vanishes in depth\./,
    );
    await shoot('depth24');
  });

  it('has no depth in two layers', async () => {
    await begin({ slopes: [-0.1, -0.1], inputs: [-0.1, -0.1, -0.1] });
    assert.ok(await on.page.locator('.depth').isHidden());
    assert.deepEqual(await posted('inputs'), []);
  });
});
