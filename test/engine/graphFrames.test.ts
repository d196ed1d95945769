/** What the panel asks of a model in graph mode: frames whose lanes are tensors, and the matrix. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { connectInProcess } from '../../src/engine/inProcess';
import type { Watch } from '../../src/protocol/engine';
import { seriesOf, unitMapOf, type Frame } from '../../src/protocol/frame';
import type { GraphSummary } from '../../src/protocol/graph';
import type { Message } from '../../src/messages';
import { defaultThresholds } from '../../src/protocol/settings';
import { removeFolder } from '../support/removeFolder';

const models = resolve('test/vectors/data/graphModels');
const symbols = Array.from('abcdefghijkl');
const { ids } = JSON.parse(readFileSync(join(models, 'gpt.json'), 'utf8')) as { ids: number[] };
const text = ids.map((id) => symbols[id]).join('');
const T = text.length - 1;

describe('frames of a model in graph mode', () => {
  let folder: string;
  let graph: GraphSummary;
  let engine: ReturnType<typeof connectInProcess>;
  const call = () => engine.engine;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'backflow-frames-'));
    await writeFile(join(folder, 'symbols.json'), JSON.stringify(symbols));
    engine = connectInProcess();
    const { model } = await call().call('open', {
      path: join(models, 'gpt.onnx'),
      vocabulary: join(folder, 'symbols.json'),
      text,
      architecture: { activation: null },
      allowsGraph: true,
      backend: 'wasm',
      threads: 1,
    });
    assert.ok(model.mode === 'graph');
    graph = model;
  });
  after(async () => {
    await engine.close();
    await removeFolder(folder);
  });

  const watch = (asked: Partial<Watch> = {}) =>
    call().call('watch', {
      text,
      target: 'last',
      thresholds: defaultThresholds,
      unitMap: { layer: 0, direction: 'forward', quantity: 'hidden' },
      total: false,
      maxRate: 1000,
      ...asked,
    });
  /** The next frame, or why there is none. */
  const next = (): Promise<Frame | Message> =>
    new Promise((resolved) => {
      const stops = [call().on('frame', (frame) => done(frame)), call().on('watchFailed', (message) => done(message))];
      const done = (news: Frame | Message): void => {
        for (const stop of stops) stop();
        resolved(news);
      };
    });
  const frameOf = async (asked: Partial<Watch> = {}): Promise<Frame> => {
    const made = next();
    await watch(asked);
    const news = await made;
    assert.ok('header' in news, JSON.stringify(news));
    return news;
  };
  const inspect = (series: readonly string[] | null, target: number | 'last' = 'last') =>
    call().call('inspectGraph', { text, target, thresholds: defaultThresholds, series, total: true, matrix: false });

  it('hold what `inspectGraph` answers, lane by lane', async () => {
    const frame = await frameOf({ target: 7, total: true });
    const report = await inspect(null, 7);
    const { header } = frame;
    assert.deepEqual(header.layers, []);
    assert.deepEqual(
      header.graph?.series.map(({ name }) => name),
      graph.defaultSeries,
    );
    assert.deepEqual([header.target, header.tokens, header.lastTarget], [7, report.tokens, report.lastTarget]);
    assert.deepEqual(seriesOf(frame, 'loss'), Float32Array.from(report.losses!));
    for (const [layer, { norm, flow, total, slope, isReversed }] of report.series.entries()) {
      const direction = isReversed ? 'backward' : 'forward';
      const found = (['flow', 'norm', 'total'] as const).map((name) => seriesOf(frame, name, layer, direction, null));
      assert.deepEqual(found, [
        Float32Array.from(flow!.log10),
        Float32Array.from(norm),
        Float32Array.from(total!, Math.log10),
      ]);
      assert.deepEqual(header.flows[layer], { layer, direction, state: null, horizon: flow!.horizon, slope });
    }
  });

  it('are of the tensors that are asked for, in their order', async () => {
    const series = graph.tensors.slice(0, 3).map(({ name }) => name);
    const frame = await frameOf({ series });
    assert.deepEqual(
      frame.header.graph?.series.map(({ name }) => name),
      series,
    );
    assert.equal(frame.header.flows.length, 3);
  });

  const laneOf = ({ header, data }: Frame) =>
    data.subarray(header.lane!.offset, header.lane!.offset + header.tokens.length);

  it('hold the surprise: the loss of each token less what the prediction itself expects it to be', async () => {
    const lane = laneOf(await frameOf({ lane: { kind: 'surprise' } }));
    const { losses } = await inspect(null);
    const [, report] = await call().call('describeGraph', {
      text,
      tokens: [3, 4],
      target: 'last',
      thresholds: defaultThresholds,
      series: null,
    });
    assert.equal(report.loss, losses![3]);
    // Of the five likeliest symbols of twelve only a bound is known: the entropy lies between theirs and that of the rest spread evenly.
    const shown = report.predictions.map(({ probability }) => probability);
    const rest = 1 - shown.reduce((sum, p) => sum + p, 0);
    const least = shown.reduce((sum, p) => sum - p * Math.log(p), 0);
    const most = least - rest * Math.log(rest / (graph.vocabularySize - shown.length));
    assert.ok(lane[3] <= losses![3] - least + 1e-6 && lane[3] >= losses![3] - most - 1e-6);
  });

  it('hold one unit of a tensor', async () => {
    const [series] = graph.defaultSeries;
    const frame = await frameOf({ series: [series], lane: { kind: 'element', series, unit: 2 } });
    const { units } = frame.header.unitMap;
    assert.deepEqual(
      laneOf(frame),
      unitMapOf(frame).filter((_, i) => i % units === 2),
    );
    const refused = next();
    await watch({ lane: { kind: 'element', series, unit: units } });
    assert.ok('key' in (await refused));
  });

  it('attribution is gradient × input at the embedding, as in the hover, of every token', async () => {
    const attribution = await call().call('attribute', { text, token: 5, method: 'gradientTimesInput' });
    const [{ contributions }] = await call().call('describeGraph', {
      text,
      tokens: [5],
      target: 'last',
      thresholds: defaultThresholds,
      series: null,
    });
    for (const { token, score } of contributions!) assert.equal(attribution.parts[token], score);
    assert.equal(attribution.rest, null);
    assert.ok(attribution.parts.subarray(5).every((part) => part === 0));
    await assert.rejects(call().call('attribute', { text, token: 5, method: 'integratedGradients' }));
    await assert.rejects(call().call('attribute', { text, token: 0, method: 'gradientTimesInput' }));
  });

  it('hold the values of one tensor, unit by unit, of the size that its norm says', async () => {
    for (const layer of graph.defaultSeries.keys()) {
      const frame = await frameOf({ unitMap: { layer, direction: 'forward', quantity: 'hidden' } });
      const { unitMap } = frame.header;
      assert.deepEqual([unitMap.layer, unitMap.units], [layer, frame.header.graph!.series[layer].width]);
      const values = unitMapOf(frame);
      const norm = seriesOf(frame, 'norm', layer, unitMap.direction, null)!;
      for (let t = 0; t < T; t++) {
        const size = Math.hypot(...values.subarray(t * unitMap.units, (t + 1) * unitMap.units));
        assert.ok(Math.abs(size - norm[t]) <= 1e-5 * norm[t], `${size} and ${norm[t]}`);
      }
    }
  });

  it('say it where a tensor is none of the model’s', async () => {
    const news = next();
    await watch({ series: ['nowhere'] });
    const said = await news;
    assert.ok('key' in said && said.key === 'error.graph.noSeries');
  });

  it('trace back the last answer there is where the target is not read', async () => {
    assert.equal((await frameOf({ target: T + 40 })).header.target, T - 1);
  });

  it('are made of the newest probe only: what is asked meanwhile ends the one under way', async () => {
    const shorter = text.slice(0, 12);
    const probes: (string | undefined)[] = [];
    // That of the longer text can have been on its way before the shorter one was asked for.
    const made = new Promise<void>((resolved) => {
      const stop = call().on('frame', ({ header: { probe } }) => {
        probes.push(probe);
        if (probe !== shorter) return;
        stop();
        resolved();
      });
    });
    await watch({ text: text + text });
    await watch({ text: shorter });
    await made;
    assert.ok(probes.length <= 2, `${probes.length} frames`);
  });

  it('have beside them a matrix, each row relative to its own target, by the embedding unless told', async () => {
    const matrix = await call().call('targetMatrix', { text, series: null });
    const embedding = graph.tensors.find(({ role }) => role === 'embedding')!.name;
    assert.deepEqual([matrix.series, matrix.layer, matrix.values.length], [embedding, null, T * T]);
    for (const target of [0, 5, T - 1]) {
      const { log10 } = (await inspect([embedding], target)).series[0].flow!;
      const row = matrix.values.subarray(target * T, (target + 1) * T);
      assert.deepEqual(
        row,
        Float32Array.from(log10, (value) => value - log10[target]),
      );
    }
    const other = graph.defaultSeries.at(-1)!;
    assert.equal((await call().call('targetMatrix', { text, series: other })).series, other);
  });
});
