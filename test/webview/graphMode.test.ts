/** A model in graph mode on the page: the engine's own frames of it, whose rows are tensors. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import english from '../../l10n/bundle.l10n.json';
import korean from '../../l10n/bundle.l10n.ko.json';
import { connectInProcess } from '../../src/engine/inProcess';
import { inEnglish, pageStringsOf, setEnglishSource } from '../../src/messages';
import type { OpenResult, Watch } from '../../src/protocol/engine';
import type { Frame } from '../../src/protocol/frame';
import type { GraphSummary } from '../../src/protocol/graph';
import type { ExportOffer, FromPage } from '../../src/pageContract/messages';
import type { RunDescription } from '../../src/protocol/run';
import { defaultModelSettings, defaultThresholds, defaultTrainingSettings } from '../../src/protocol/settings';
import { graphModelFile, graphModelTensors } from '../unit/support/graphModel';
import { violationsOn } from './axe';
import { changeTheme, type OpenOptions, type PageBrowser } from './browser';
import { sharedBrowser } from './shared';
import { takePicture } from './screenshots';

const text = 'a cat sat on the mat, and the rat ran home again; ';
const { embedding, state, firstSum, secondSum } = graphModelTensors;

setEnglishSource(() => english);

describe('a model in graph mode on the page', () => {
  let browser: PageBrowser;
  let page: Page;
  let folder: string;
  let engine: ReturnType<typeof connectInProcess>;
  let opened: OpenResult;
  let graph: GraphSummary;
  before(async () => {
    browser = await sharedBrowser();
    folder = mkdtempSync(join(tmpdir(), 'backflow-graph-'));
    const path = join(folder, 'mixed.onnx');
    writeFileSync(path, graphModelFile([...new Set(text)].sort()));
    engine = connectInProcess();
    opened = await engine.engine.call('open', {
      path,
      vocabulary: null,
      text,
      architecture: { activation: null },
      allowsGraph: true,
      backend: 'wasm',
      threads: 1,
    });
    assert.ok(opened.model.mode === 'graph');
    graph = opened.model;
  });
  after(async () => {
    await engine.close();
    rmSync(folder, { recursive: true });
  });
  afterEach(async () => {
    assert.deepEqual(await page.evaluate('probe.violations'), []);
    assert.deepEqual(
      (await posted()).filter(({ type }) => type === 'error'),
      [],
    );
    await browser.leave(page);
  });

  const posted = (): Promise<FromPage[]> => page.evaluate<FromPage[]>('probe.posted');
  const frameOf = async (watch: Partial<Watch> = {}): Promise<Frame> => {
    const stops: (() => void)[] = [];
    const made = new Promise<Frame>((resolve, reject) =>
      stops.push(
        engine.engine.on('frame', resolve),
        engine.engine.on('watchFailed', (message) => reject(new Error(inEnglish(message)))),
      ),
    );
    await engine.engine.call('watch', {
      text,
      target: 'last',
      thresholds: defaultThresholds,
      unitMap: { layer: 0, direction: 'forward', quantity: 'hidden' },
      total: false,
      maxRate: 1000,
      ...watch,
    });
    const frame = await made;
    for (const stop of stops) stop();
    return frame;
  };
  const show = async ({ header, data }: Frame): Promise<void> => {
    await page.evaluate(`probe.given(${JSON.stringify(header)}, '${base64Of(data)}')`);
  };
  const openPage = async (options: OpenOptions = {}): Promise<void> => {
    page = await browser.open(options);
    const message = {
      type: 'run',
      run: runOf(graph),
      status: { state: 'stopped', step: 0, message: opened.notices.map(inEnglish).join(' ') },
    };
    await page.evaluate(
      `probe.send({ ...${JSON.stringify(message)}, history: { rows: new Float64Array(0), validation: [] } })`,
    );
    await page.evaluate('probe.settled()');
  };
  const matrix = async (series: string | null): Promise<void> => {
    const { values, ...rest } = await engine.engine.call('targetMatrix', { text, series });
    await page.evaluate(`probe.send({ type: 'matrix', message: null, matrix: { ...${JSON.stringify(rest)},
      values: new Float32Array(Uint8Array.from(atob('${base64Of(values)}'), (c) => c.charCodeAt(0)).buffer) } })`);
    await page.evaluate('probe.settled()');
  };

  it('has a row for each tensor, by its role or its name, and says how far each reaches', async () => {
    await openPage();
    const frame = await frameOf();
    await show(frame);
    const rows = await page.locator('.values tbody th').allInnerTexts();
    assert.deepEqual(rows, ['blocks.1/Add, residual sum', 'blocks.0/Add, residual sum', 'state', 'embedding']);
    const horizons = frame.header.flows.map(({ horizon }) => horizon);
    const said = await page.locator('.verdict').innerText();
    assert.match(said, new RegExp(`${horizons[0]} tokens in the embedding and ${horizons[1]} in the state`));
    assert.match(said, /Of “blocks.0\/Add” and “blocks.1\/Add” it reaches only the target’s own step/);
    const full = await page.locator('.values tbody th').nth(1).getAttribute('title');
    assert.equal(full, `${firstSum}: residual sum, 8 units`);
    await takePicture(page, 'graph-mode');
  });

  it('says that it is graph mode and what is not available, and shows no control of it', async () => {
    await openPage();
    await show(await frameOf());
    assert.equal(await page.locator('header h1').innerText(), 'mixed.onnx · graph mode');
    assert.match(await page.locator('header .message').innerText(), /no stack of known layers: .*blocks.0\/Add/);
    const controls = await page.locator('[data-action]:visible').all();
    const actions = await Promise.all(controls.map((control) => control.getAttribute('data-action')));
    assert.deepEqual(actions, ['chooseTensors', 'export-flow', 'export-why', 'computeMatrix', 'export-matrix']);
    assert.deepEqual(
      (await posted()).filter(({ type }) => ['overTraining', 'unitMap', 'sample'].includes(type)),
      [],
    );
  });

  it('lets the reader choose tensors, from the keyboard, and shows those that were chosen', async () => {
    await openPage();
    await show(await frameOf());
    const choose = page.locator('[data-action=chooseTensors]');
    assert.equal(await choose.innerText(), `Tensors: 4 of ${graph.tensors.length}…`);
    await choose.focus();
    await page.keyboard.press('Enter');
    assert.deepEqual((await posted()).at(-1), { type: 'chooseTensors' });
    await show(await frameOf({ series: [state, 'logits'] }));
    assert.equal(await choose.innerText(), `Tensors: 2 of ${graph.tensors.length}…`);
    assert.deepEqual(await page.locator('.values tbody th').allInnerTexts(), ['logits', 'state']);
  });

  it('says in full which tensor a row of the heatmap is, where the pointer rests on its name', async () => {
    await openPage();
    await show(await frameOf());
    const canvas = page.locator('canvas[data-figure=flow]');
    const { height } = (await canvas.boundingBox())!;
    await canvas.hover({ position: { x: 40, y: height / 8 } });
    assert.equal(await canvas.getAttribute('title'), `${secondSum}: residual sum, 8 units`);
    await canvas.hover({ position: { x: 40, y: (7 * height) / 8 } });
    assert.equal(await canvas.getAttribute('title'), `${embedding}: embedding, 8 units`);
    await canvas.hover({ position: { x: 400, y: height / 8 } });
    assert.equal(await canvas.getAttribute('title'), '');
    assert.match((await canvas.getAttribute('aria-label'))!, /^Heatmap of gradient size, tensor by token/);
  });

  it('shows the total gradient on request, of every tensor', async () => {
    await openPage();
    await show(await frameOf());
    await page.getByRole('radio', { name: 'total gradient' }).click();
    assert.deepEqual((await posted()).at(-1), { type: 'total', shown: true });
    await show(await frameOf({ total: true }));
    assert.match(await page.locator('.verdict').innerText(), /does not show vanishing/);
  });

  it('computes the matrix by the tensor that is chosen, at first by the embedding', async () => {
    await openPage();
    await show(await frameOf());
    await page.locator('[data-action=computeMatrix]').click();
    assert.deepEqual((await posted()).at(-1), { type: 'matrix', action: 'compute', series: embedding });
    await matrix(embedding);
    const caption = page.locator('.matrix .caption.dim');
    assert.match(await caption.innerText(), new RegExp(`${text.length - 1} targets .*, embedding, relative`));
    await page.getByLabel('Tensor of the matrix').selectOption({ label: 'state' });
    await page.locator('[data-action=computeMatrixAgain]').click();
    assert.deepEqual((await posted()).at(-1), { type: 'matrix', action: 'compute', series: state });
    await matrix(state);
    assert.match(await caption.innerText(), /, state, relative/);
    await takePicture(page, 'graph-mode-matrix');
  });

  it('shows the values of a tensor unit by unit, and no saturation of which nothing is known', async () => {
    await openPage();
    await show(await frameOf());
    const caption = page.locator('.why .caption');
    assert.equal(await caption.innerText(), `value, embedding · 8 units × ${text.length - 1} tokens`);
    await page.getByRole('radio', { name: 'state' }).click();
    const unitMap = { layer: 1, direction: 'forward', quantity: 'hidden' } as const;
    assert.deepEqual((await posted()).at(-1), { type: 'unitMap', choice: unitMap });
    await show(await frameOf({ unitMap }));
    assert.match(await caption.innerText(), /^value, state/);
    assert.equal(await page.locator('.why .details').isVisible(), false);
    assert.deepEqual(await page.locator('.why [data-choice=order] [role=radio]').allInnerTexts(), [
      'index',
      'variance',
      'similarity',
    ]);
  });

  it('is compared with others in graph mode by the embedding', async () => {
    page = await browser.open({ view: 'compare' });
    const run = { ...runOf(graph), name: 'other.onnx' };
    const status = { state: 'stopped', step: 0, message: null };
    await page.evaluate(`{
      const history = { rows: new Float64Array(0), validation: [] };
      const runs = ${JSON.stringify([runOf(graph), run])}.map((run) => ({ run, status: ${JSON.stringify(status)}, change: null, history }));
      probe.send({ type: 'compared', title: 'Comparison', runs });
    }`);
    const { header, data } = await frameOf({ series: [embedding] });
    for (const place of [0, 1])
      await page.evaluate(`probe.send({ type: 'comparedFrame', run: ${place}, frame: { header: ${JSON.stringify(header)},
        data: new Float32Array(Uint8Array.from(atob('${base64Of(data)}'), (c) => c.charCodeAt(0)).buffer) } })`);
    await page.evaluate('probe.settled()');
    const names = await page.locator('.runs tbody th').allInnerTexts();
    assert.deepEqual(names, ['A · graph mode · mixed.onnx', 'B · graph mode · other.onnx']);
    const horizon = await page.locator('.runs tbody tr').first().locator('td').nth(3).innerText();
    assert.equal(horizon, String(header.flows[0].horizon));
  });

  it('exports tables with the names of the tensors in place of layers', async () => {
    await openPage();
    await show(await frameOf());
    await page.evaluate(`probe.send({ type: 'offerExports', kind: 'data' })`);
    await page.evaluate('probe.settled()');
    const offer = (await posted()).find((message) => message.type === 'offer');
    assert.deepEqual(
      offer?.items.map(({ id }: ExportOffer) => id),
      ['flow-steps', 'flow-summary', 'flow-regions', 'unit-statistics', 'unit-values'],
    );
    await page.evaluate(`probe.send({ type: 'export', id: 'flow-summary', format: 'csv' })`);
    await page.waitForFunction(`probe.posted.some(({ type }) => type === 'save')`);
    const saved = (await posted()).find((message) => message.type === 'save');
    const [head, ...lines] = String(saved?.data).replace('\ufeff', '').trim().split(/\r?\n/);
    assert.equal(head, 'tensor,role,target step,horizon [tokens],slope [nats/token],level [log10]');
    assert.deepEqual(
      lines.map((line) => line.split(',').slice(0, 2)),
      [
        [secondSum, 'residual'],
        [firstSum, 'residual'],
        [state, 'state'],
        [embedding, 'embedding'],
      ],
    );
  });

  it('is for everybody, in any theme, and in Korean', async () => {
    await openPage();
    await show(await frameOf());
    await matrix(null);
    for (const theme of ['dark', 'light', 'highContrast', 'highContrastLight'] as const) {
      await changeTheme(page, theme);
      assert.deepEqual(await violationsOn(page), [], theme);
      await takePicture(page, `graph-mode-${theme}`);
    }
    await browser.leave(page);
    await openPage({ strings: pageStringsOf(korean), language: 'ko', width: 480 });
    await show(await frameOf());
    assert.deepEqual(await page.locator('.values tbody th').allInnerTexts(), [
      'blocks.1/Add, 잔차 합',
      'blocks.0/Add, 잔차 합',
      '상태',
      '임베딩',
    ]);
    await takePicture(page, 'graph-mode-korean');
  });
});

function runOf(graph: GraphSummary): RunDescription {
  const { vocabularySize, parameterCount } = graph;
  return {
    name: 'mixed.onnx',
    folder: '/models/mixed.onnx',
    corpus: { name: '', path: null, tokens: 0, unit: 'codePoint' },
    model: { ...defaultModelSettings, vocabularySize, parameterCount },
    training: defaultTrainingSettings,
    backend: 'wasm',
    graph,
  };
}

function base64Of(data: Float32Array): string {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64');
}
