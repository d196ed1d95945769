/** A model that is no stack of known layers: its file opens as a page, then in graph mode beside a text, like any other model. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { graphModelFile, graphModelTensors } from '../../unit/support/graphModel';
import { defaultCodeServer } from '../harness/codeServer';
import type { EditorWindow } from '../harness/editorWindow';
import { framesDrawn } from '../harness/panel';
import { borrowWindow } from '../harness/sharedWindow';

const { embedding, state, firstSum, secondSum } = graphModelTensors;

describe('a model in graph mode', () => {
  let window: EditorWindow;

  before(async () => {
    const tale = readFileSync(join(defaultCodeServer().project, 'media/samples/tale.txt'), 'utf8').slice(0, 2000);
    ({ window } = await borrowWindow(
      {
        'tale.txt': tale,
        'mixed.onnx': graphModelFile(Array.from(new Set(tale)).sort()),
      },
      { server: defaultCodeServer(), isTrusted: true, width: 1600, height: 1000 },
    ));
  });

  afterEach(async function () {
    if (this.currentTest?.state === 'failed')
      await window.screenshot(`failed-${this.currentTest.title.replace(/\W+/g, '-')}`);
  });

  it('has a page that says why it is no stack, and lists its tensors', async () => {
    await window.openFile('tale.txt');
    await window.openPage('mixed.onnx');
    const page = await window.panelFrame('body.model table.tensors');
    assert.match(
      await page.locator('.facts').innerText(),
      /vocabulary of \d+ · [\d,]+ parameters · its vocabulary is in the file · written by handmade/,
    );
    assert.match(await page.locator('p.dim').first().innerText(), /^Graph mode: .* no stack of known layers: /);
    assert.deepEqual(await page.locator('.tensors strong').allInnerTexts(), [embedding, state, firstSum, secondSum]);
    assert.deepEqual(await page.locator('.actions a').allInnerTexts(), ['Inspect a Text with This Model']);
    await window.picture('window-graph-model');
  });

  it('is opened like any other, with a row for each tensor', async () => {
    await window.showTab('tale.txt');
    await window.chooseInExplorer('mixed.onnx', 'Open Model');
    const panel = await window.panelFrame('[data-figure="flow"]');
    while ((await framesDrawn(panel)) === 0) await window.page.waitForTimeout(50);
    assert.equal(await panel.locator('header h1').innerText(), 'mixed.onnx · graph mode');
    assert.equal(await panel.locator('.values tbody tr').count(), 4);
    assert.match(await window.statusBar(), /mixed\.onnx · graph mode/);
  });

  it('has a target that follows the cursor, tints in the text, and a hover', async () => {
    const said = await window.hoverAt(3, 20);
    for (const part of ['loss', 'predicted', embedding, state, 'Gradient × input'])
      assert.ok(said.includes(part), `${part} is not in: ${said}`);
    const panel = await window.panelFrame('[data-figure="flow"]');
    // “nobody in the village”: on the v, whose loss is that of the step before.
    await window.goTo(4, 15);
    await panel.locator('.tools', { hasText: 'target “·”' }).waitFor();
    await window.rest();
    await window.picture('window-graph-mode');
  });

  it('shows the tensors that are chosen by name, for as long as it is open', async () => {
    const panel = await window.panelFrame('[data-figure="flow"]');
    await window.runCommand('Backflow: Choose Tensors');
    const input = window.page.locator('.quick-input-widget .quick-input-box input');
    await window.page.locator('.quick-input-title', { hasText: 'Tensors of mixed.onnx' }).waitFor();
    await window.picture('window-graph-tensors');
    await input.fill('blocks.');
    for (const name of [firstSum, secondSum]) await window.pick(name);
    await window.page.keyboard.press('Enter');
    const names = panel.locator('.values tbody th');
    await panel.locator('[data-action=chooseTensors]', { hasText: 'Tensors: 2 of' }).waitFor();
    assert.deepEqual(await names.allInnerTexts(), ['state', 'embedding']);
    const drawn = await framesDrawn(panel);
    await window.goTo(5, 5);
    while ((await framesDrawn(panel)) === drawn) await window.page.waitForTimeout(50);
    assert.deepEqual(await names.allInnerTexts(), ['state', 'embedding']);
  });

  it('gives its matrix', async () => {
    const panel = await window.panelFrame('[data-figure="flow"]');
    await panel.locator('[data-action=computeMatrix]').click();
    await panel.locator('.matrix .caption', { hasText: ', embedding, relative' }).waitFor();
  });
});
