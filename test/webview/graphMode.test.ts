/** A model in graph mode on the page: the engine's own frames of it, whose rows are tensors. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import english from '../../l10n/bundle.l10n.json';
import { connectInProcess } from '../../src/engine/inProcess';
import { inEnglish, setEnglishSource } from '../../src/messages';
import type { OpenResult, Watch } from '../../src/protocol/engine';
import type { Frame } from '../../src/protocol/frame';
import type { GraphSummary } from '../../src/protocol/graph';
import type { FromPage } from '../../src/pageContract/messages';
import { defaultModelSettings, defaultThresholds, defaultTrainingSettings } from '../../src/protocol/settings';
import { graphModelFile, graphModelTensors } from '../unit/support/graphModel';
import { type PageBrowser, screenshotPath } from './browser';
import { sharedBrowser } from './shared';
import type { ThemeName } from './themes';

const text = 'a cat sat on the mat, and the rat ran home again; ';
const symbols = [...new Set(text)].sort();

setEnglishSource(() => english);

describe('a model in graph mode on the page', () => {
  let browser: PageBrowser;
  let folder: string;
  let engine: ReturnType<typeof connectInProcess>;
  let opened: OpenResult;
  let graph: GraphSummary;
  before(async () => {
    browser = await sharedBrowser();
    folder = mkdtempSync(join(tmpdir(), 'backflow-graph-'));
    const own = join(folder, 'mixed.onnx');
    writeFileSync(own, graphModelFile(symbols));
    engine = connectInProcess();
    opened = await engine.engine.call('open', {
      path: process.env['CASE'] ?? own,
      vocabulary: process.env['CASE_SYMBOLS'] ?? null,
      text,
      architecture: { activation: null },
      allowsGraph: true,
      backend: 'wasm',
      threads: 1,
    });
    assert.equal(opened.model.mode, 'graph');
    graph = opened.model as GraphSummary;
  });
  after(async () => {
    await engine.close();
    rmSync(folder, { recursive: true });
  });

  it('shots', async () => {
    for (const theme of ['dark', 'light'] as ThemeName[]) {
      const page = await browser.open({ width: 900, theme });
      await open(page, opened, graph);
      await show(page, await frameOf({}));
      await page.screenshot({ path: screenshotPath(`graph-${theme}`), fullPage: true });
      await page.close();
    }
  });

  async function frameOf(watch: Partial<Watch>): Promise<Frame> {
    const made = new Promise<Frame>((resolve) => engine.engine.on('frame', resolve));
    await engine.engine.call('watch', {
      text: process.env['CASE_TEXT'] ?? text,
      target: 'last',
      thresholds: defaultThresholds,
      unitMap: { layer: 0, direction: 'forward', quantity: 'hidden' },
      total: false,
      maxRate: 1000,
      ...watch,
    });
    return made;
  }
});

async function open(page: Page, { notices, backend }: OpenResult, graph: GraphSummary): Promise<void> {
  const { vocabularySize, parameterCount } = graph;
  const message = {
    type: 'run',
    run: {
      name: 'mixed.onnx',
      folder: '/models/mixed.onnx',
      corpus: { name: '', path: null, tokens: 0, unit: 'codePoint' },
      model: { ...defaultModelSettings, vocabularySize, parameterCount },
      training: defaultTrainingSettings,
      backend,
      graph,
    },
    status: { state: 'stopped', step: 0, message: notices.map(inEnglish).join(' ') },
  };
  await page.evaluate(
    `probe.send({ ...${JSON.stringify(message)}, history: { rows: new Float64Array(0), validation: [] } })`,
  );
  await page.evaluate('probe.settled()');
}

async function show(page: Page, { header, data }: Frame): Promise<void> {
  const base64 = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64');
  await page.evaluate(`probe.given(${JSON.stringify(header)}, '${base64}')`);
}
