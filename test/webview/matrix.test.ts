/** The matrix of every target. */
import assert from 'node:assert/strict';
import { onePage } from './onePage';

describe('what the page shows of every target', () => {
  const on = onePage();
  const { open, posted, text, settled, canvas, columnsOf } = on;

  const openMatrix = async (): Promise<void> => {
    await open();
    await on.page.evaluate('probe.run(9)');
    await on.page.evaluate('probe.frame({ tokens: 40, slopes: [-0.1, -0.1] })');
    await on.page.locator('[data-action=computeMatrix]').click();
  };

  it('is computed on demand, with progress, and can be canceled', async () => {
    await openMatrix();
    assert.deepEqual(await posted('matrix'), [{ type: 'matrix', action: 'compute', series: null }]);
    await on.page.evaluate('probe.send({ type: "matrixProgress", done: 0.42 })');
    await settled();
    assert.match(await text('.matrix .heading'), /Computing: 42 %/);
    await on.page.locator('[data-action=cancelMatrix]').click();
    assert.deepEqual((await posted('matrix')).at(-1), { type: 'matrix', action: 'cancel' });
    await on.page.evaluate('probe.send({ type: "matrix", matrix: null, message: null })');
    await settled();
    assert.equal(await on.page.locator('[data-action=computeMatrix]').isVisible(), true);
    await on.page.evaluate('probe.send({ type: "matrix", matrix: null, message: "The <b>text</b> is too long." })');
    await settled();
    assert.equal(await text('.matrix .failure'), 'The <b>text</b> is too long.');
  });

  it('draws row by row what it is given, says it in a sentence and by the pointer; a click makes the row the target', async () => {
    await openMatrix();
    await on.page.evaluate('probe.matrix([-0.2, 0], probe.tokens(40))');
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
    const [, , blue] = await on.page.evaluate<number[]>(`probe.pixel('matrix', ${place(38, 5).x}, ${place(38, 5).y})`);
    const [red] = await on.page.evaluate<number[]>(`probe.pixel('matrix', ${place(37, 5).x}, ${place(37, 5).y})`);
    assert.ok(blue > 150 && red < 90, 'row 38 has vanished there, row 37 has not');
  });

  it('can be walked by keys, Enter chooses', async () => {
    await openMatrix();
    await on.page.evaluate('probe.matrix([-0.2], probe.tokens(40))');
    await canvas('matrix').focus();
    for (const key of ['ArrowUp', 'ArrowUp', 'ArrowLeft', 'ArrowLeft', 'ArrowLeft', 'ArrowLeft'])
      await on.page.keyboard.press(key);
    await settled();
    // The source went up with the target, then four to the left.
    assert.match(await text('.matrix .caption.number'), /4 tokens back: 0\.16$/);
    await on.page.keyboard.press('Enter');
    assert.deepEqual((await posted('target')).at(-1), { type: 'target', target: 37 });
  });

  it('zooms with the text above: the diagonal stays in the picture', async () => {
    await openMatrix();
    await on.page.evaluate('probe.matrix([-0.2], probe.tokens(40))');
    await canvas('matrix').focus();
    const { left, right } = await columnsOf('matrix');
    await canvas('matrix').scrollIntoViewIfNeeded();
    const box = (await canvas('matrix').boundingBox())!;
    // From source 10 to 30.
    const x = (source: number) => box.x + left + ((right - left) * source) / 40;
    await on.page.mouse.move(x(10), box.y + 60);
    await on.page.mouse.down();
    await on.page.mouse.move(x(20), box.y + 60);
    await on.page.mouse.move(x(30), box.y + 60);
    await on.page.mouse.up();
    await settled();
    assert.deepEqual(await posted('target'), [], 'a drag is no click');
    const { height } = (await canvas('matrix').boundingBox())!;
    await canvas('matrix').hover({ position: { x: (left + right) / 2 + 2, y: 6 + (height - 12) / 2 + 2 } });
    await settled();
    assert.match(await text('.matrix .caption.number'), /0 tokens back: 1\.00$/, 'target 20, source 20 in the middle');
  });

  it('chooses nothing of a text that is no longer shown', async () => {
    await openMatrix();
    await on.page.evaluate('probe.matrix([-0.2], probe.tokens(40))');
    await on.page.evaluate('probe.frame({ tokens: 30, slopes: [-0.1, -0.1], sequence: 2 })');
    assert.match(await text('.matrix .caption.dim'), /computed on a different text/);
    await canvas('matrix').click({ position: { x: 200, y: 100 } });
    assert.deepEqual(await posted('target'), []);
  });
});
