/** A notebook that a kernel has run elsewhere, opened in the editor's own notebook editor: its outputs are Backflow's figures, without a kernel. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FrameLocator } from 'playwright-core';
import { codeServer } from '../harness/codeServer';
import type { EditorWindow } from '../harness/editorWindow';
import { borrowWindow } from '../harness/sharedWindow';

describe('notebooks', () => {
  let window: EditorWindow;
  let outputs: FrameLocator;

  before(async () => {
    const notebook = join(codeServer().project, 'test/vectors/data/notebooks/flow.ipynb');
    ({ window } = await borrowWindow({ 'flow.ipynb': readFileSync(notebook) }, { height: 1400 }));
    await window.openNotebook('flow.ipynb');
    outputs = await window.panelFrame('[data-figure="flow"]');
  });

  afterEach(async function () {
    if (this.currentTest?.state === 'failed')
      await window.screenshot(`failed-${this.currentTest.title.replace(/\W+/g, '-')}`);
  });

  /** The editor mounts outputs in no order. */
  const output = () => outputs.locator('.flow-output', { hasText: 'Gradient flow of CharModel, 64 tokens' });
  const flow = () => output().locator('canvas[data-figure="flow"]');
  const readout = () => output().locator('.readout .line');

  it('show a stored flow as the panel’s figures, in the editor’s colors', async () => {
    await flow().scrollIntoViewIfNeeded();
    await output().locator('.verdict').filter({ hasText: 'falls below a thousandth' }).waitFor();
    assert.match(String(await flow().getAttribute('aria-label')), /Heatmap of gradient size/);
    const { width } = (await flow().boundingBox())!;
    assert.ok(width > 400, `${width} pixels wide`);
    const color = await output().evaluate(
      (node) =>
        (globalThis as unknown as { getComputedStyle: (of: unknown) => { color: string } }).getComputedStyle(node)
          .color,
    );
    assert.equal(color, 'rgb(204, 204, 204)');
    await window.picture('notebook');
  });

  it('are read by pointer and keys, which go to no other cell', async () => {
    await flow().scrollIntoViewIfNeeded();
    const { width } = (await flow().boundingBox())!;
    await flow().click({ position: { x: width - 60, y: 10 } });
    await flow().press('End');
    await readout().filter({ hasText: 'the target' }).waitFor();
    for (const key of ['ArrowLeft', 'ArrowLeft']) await flow().press(key);
    await readout().filter({ hasText: '2 tokens back' }).waitFor();
    await flow().press('Home');
    await readout().filter({ hasText: '63 tokens back' }).waitFor();
    // The figure still has the focus: the editor has not gone to another cell.
    await flow().press('ArrowRight');
    await readout().filter({ hasText: '62 tokens back' }).waitFor();
    assert.deepEqual(window.errors, []);
    await window.picture('notebook-read');
  });
});
