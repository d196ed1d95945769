import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readFlowHistory, writeFlowHistory } from '../../../../src/engine/files/flowHistoryFile';
import { FlowHistory } from '../../../../src/engine/inspect/flowHistory';
import { decodeSafetensors, encodeSafetensors } from '../../../../src/formats/safetensors';
import type { StateName } from '../../../../src/layers/catalog';
import { seriesOf, type Frame, type SeriesEntry, type SeriesName } from '../../../../src/protocol/frame';
import { temporaryFolder } from '../../../engine/support/engineProcess';
import { syntheticFrame } from '../../../webview/synthetic';

const lane = { layer: 0, direction: 'forward', state: 'hidden' } as const;

/** A frame of a training step whose gradient changes by `slope` powers of ten per lag. */
function frameAt(trainingStep: number, slope: number, tokens = 20, target = tokens - 1): Frame {
  const { header, data } = syntheticFrame({ slopes: [slope], tokens, target, hiddenSize: 4, cell: 'rnn' });
  return { header: { ...header, trainingStep }, data };
}

const spectrumAt = (step: number, exponent: number) => ({ step, exponent, radius: 0.5, norm: null, saturated: 0.25 });

/** `flow`, `hidden`, `total` of the hidden state; `cellFlow`, `cell`, `totalCell` of the cell state. */
function nameOfBefore(name: SeriesName, state: StateName | null): string {
  if (state === null) return name;
  if (name === 'norm') return state;
  return state === 'hidden'
    ? name
    : { flow: 'cellFlow', total: 'totalCell', loss: '', inputFlow: '', inputTotal: '' }[name];
}

describe('the flows over training', () => {
  it('keep the series of a frame bit for bit, and forget its unit map', () => {
    const history = new FlowHistory();
    const frames = [1, 5, 9].map((step) => frameAt(step, -0.01 * step));
    frames.forEach((frame) => history.add(frame));
    for (const frame of frames) {
      const found = history.at(frame.header.trainingStep);
      assert.equal(found?.header.trainingStep, frame.header.trainingStep);
      for (const name of ['loss', 'flow', 'norm'] as const)
        assert.deepEqual(seriesOf(found, name), seriesOf(frame, name));
      assert.deepEqual(found.header.flows, frame.header.flows);
      assert.equal(found.header.unitMap.units, 0);
    }
    assert.equal(history.at(6)?.header.trainingStep, 5, 'the nearest, where a step has no frame');
  });

  it('are read from files of before, in which a series had one name for what it is and of which state', async () => {
    const folder = temporaryFolder();
    const file = join(folder.path, 'flows.safetensors');
    const history = new FlowHistory();
    const { header, data } = syntheticFrame({
      slopes: [-0.1, -0.2],
      cellSlopes: [-0.05, -0.02],
      total: -1,
      hiddenSize: 4,
    });
    history.add({ header: { ...header, trainingStep: 7 }, data });
    await writeFlowHistory(file, history);
    const { tensors, metadata } = decodeSafetensors(await readFile(file), file);
    const stored = JSON.parse(metadata['history']) as { rows: { series: SeriesEntry[] }[] };
    const rows = stored.rows.map((row) => ({
      ...row,
      series: row.series.map(({ name, layer, direction, state, offset }) => ({
        name: nameOfBefore(name, state),
        layer,
        direction,
        offset,
      })),
    }));
    await writeFile(file, encodeSafetensors(tensors, { history: JSON.stringify({ ...stored, rows }) }));
    assert.deepEqual((await readFlowHistory(file)).rows, history.rows);
    await folder.remove();
  });

  it('are one row per training step, by lag from the target back', () => {
    const history = new FlowHistory();
    history.add(frameAt(3, -0.25, 20, 12));
    history.add(frameAt(4, 0.5, 20, 12));
    const { steps, lags, values, horizons } = history.lane(lane);
    assert.deepEqual([...steps], [3, 4]);
    assert.equal(lags, 13);
    for (let lag = 0; lag < lags; lag++) {
      assert.ok(
        Math.abs(values[lag] - -0.25 * lag) < 1e-5 && Math.abs(values[lags + lag] - 0.5 * lag) < 1e-5,
        `lag ${lag}`,
      );
    }
    // −0.25 · 12 is −3, which is not below it.
    assert.ok(Number.isNaN(horizons[0]) && Number.isNaN(horizons[1]));
  });

  it('are of one text and one target: a row of another is not put beside them, but begins anew', () => {
    const history = new FlowHistory();
    assert.equal(history.lane(lane).of, null);
    history.add(frameAt(1, -0.1, 20));
    history.add(frameAt(2, -0.1, 20));
    assert.equal(history.lane(lane).of?.target, 19);
    assert.equal(history.lane(lane).of?.tokens.length, 20);
    for (const [step, tokens, target] of [
      [3, 20, 5],
      [4, 8, 7],
    ]) {
      history.add(frameAt(step, -0.1, tokens, target));
      const { of, lags, steps } = history.lane(lane);
      assert.deepEqual([...steps], [step]);
      assert.deepEqual([of?.tokens.length, of?.target, lags], [tokens, target, target + 1]);
    }
    assert.equal(history.lane({ ...lane, layer: 7 }).steps.length, 0);
  });

  it('are compared by lag where every row has a text of its own', () => {
    const history = FlowHistory.withOwnTexts();
    history.add(frameAt(1, -0.1, 20));
    history.add(frameAt(2, -0.2, 8));
    const { of, hasOwnTexts, lags, steps, values } = history.lane(lane);
    assert.deepEqual([of, hasOwnTexts, lags, [...steps]], [null, true, 20, [1, 2]]);
    const [first, second] = [values.subarray(0, 20), values.subarray(20)];
    assert.ok(Math.abs(first[5] + 0.5) < 1e-6 && Math.abs(second[5] + 1) < 1e-6, 'both stand at their own target');
    assert.ok(Number.isFinite(first[19]) && Number.isNaN(second[8]), 'a text has no step before its beginning');
  });

  it('are, of a file of before that has several targets, those of the one that has most rows', async () => {
    const folder = temporaryFolder();
    const file = join(folder.path, 'flows.safetensors');
    // As a version of before kept them: the last target of the text, then the first step, which nothing stands before.
    const frames = [
      ...[1, 2, 3].map((step) => frameAt(step, -0.25, 20)),
      ...[4, 5].map((step) => frameAt(step, -0.1, 20, 0)),
      frameAt(318, -0.2, 12),
    ];
    const text = (frame: Frame) => [...frame.header.tokens];
    const data = new Float32Array(frames.reduce((sum, frame) => sum + frame.header.unitMap.offset, 0));
    let at = 0;
    const rows = frames.map((frame, i) => {
      const { tokens: _, ...header } = frame.header;
      const { offset: length } = header.unitMap;
      data.set(frame.data.subarray(0, length), at);
      at += length;
      return { ...header, unitMap: { ...header.unitMap, units: 0 }, text: i, length };
    });
    const stored = JSON.stringify({ texts: frames.map(text), rows, overflows: [6] });
    await writeFile(
      file,
      encodeSafetensors(new Map([['flows', { dtype: 'F32', shape: [data.length], data }]]), { history: stored }),
    );
    const history = await readFlowHistory(file);
    assert.deepEqual([...history.lane(lane).steps], [1, 2, 3]);
    assert.deepEqual(history.question, {
      text: [...frames[0].header.tokens, frames[0].header.lastTarget].join(''),
      target: 19,
    });
    assert.deepEqual(history.overflowSteps, [6]);
    await folder.remove();
  });

  it('stay within their limits over hours, spread evenly, and keep every explosion', () => {
    const limits = { stretches: 64, numbers: 64 * 40 };
    const history = new FlowHistory(limits);
    const exploding = new Set([777, 12_345, 20_001]);
    const [vanishing, count] = [15_151, 30_000];
    for (let step = 1; step <= count; step++) {
      history.add(
        frameAt(step, exploding.has(step) ? 0.2 : step === vanishing ? -0.9 : -0.1 - 0.01 * Math.sin(step), 12),
      );
      if (step % 5000 !== 0) continue;
      const { rows } = history;
      assert.ok(rows.length <= 2 * limits.stretches + 1, `${rows.length} rows`);
      assert.ok(rows.reduce((sum, { data }) => sum + data.length, 0) <= limits.numbers);
    }
    const { steps, values, lags } = history.lane(lane);
    for (const step of exploding) {
      const row = steps.indexOf(step);
      assert.ok(
        row >= 0 && Math.abs(values[row * lags + lags - 1] - 0.2 * (lags - 1)) < 1e-5,
        `the explosion of step ${step}`,
      );
    }
    assert.equal(steps.at(-1), count, 'the newest');
    const gaps = Array.from(steps, (step, i) => (i === 0 ? step : step - steps[i - 1]));
    assert.ok(
      Math.max(...gaps) <= (4 * count) / (limits.stretches / 4),
      `the largest gap is ${Math.max(...gaps)} steps`,
    );
    assert.ok(
      gaps.every((gap) => gap > 0),
      'in order',
    );
  });

  it('keep so many spectra, the newest among them, evenly over the run', () => {
    const history = new FlowHistory();
    for (let step = 1; step <= 5000; step++) history.addSpectrum(spectrumAt(step, -0.1));
    const steps = history.spectra.map(({ step }) => step);
    assert.ok(steps.length > 200 && steps.length <= 512, `${steps.length}`);
    assert.equal(steps.at(-1), 5000);
    assert.ok(steps.every((step, i) => i === 0 || (step > steps[i - 1] && step - steps[i - 1] < 64)));
  });

  it('go back with a run that does, and remember its overflows until then', () => {
    const history = new FlowHistory();
    for (let step = 1; step <= 10; step++) history.add(frameAt(step, -0.1));
    history.addOverflow(8);
    history.addOverflow(11);
    history.add(frameAt(10, -0.2));
    assert.deepEqual(history.overflowSteps, [8, 11], 'another look at the same step changes nothing');
    for (const step of [3, 8, 9]) history.addSpectrum(spectrumAt(step, -0.1));
    history.goBackTo(8);
    assert.deepEqual(
      history.lane(lane).spectra.map(({ step }) => step),
      [3, 8],
    );
    assert.deepEqual([...history.lane(lane).steps], [1, 2, 3, 4, 5, 6, 7, 8]);
    assert.deepEqual(history.overflowSteps, [8]);
  });

  it('come back from disk with the same bits; a broken file is none', async () => {
    const folder = temporaryFolder();
    const file = join(folder.path, 'flows.safetensors');
    assert.equal((await readFlowHistory(file)).rows.length, 0);
    const history = new FlowHistory();
    for (let step = 1; step <= 700; step++) history.add(frameAt(step, step === 400 ? 0.3 : -0.1, 10));
    history.ask({ text: 'abcdefghijk', target: 9 });
    history.addOverflow(701);
    history.addSpectrum(spectrumAt(300, -0.25));
    history.addSpectrum(spectrumAt(500, -Infinity));
    await writeFlowHistory(file, history);
    const read = await readFlowHistory(file);
    assert.deepEqual(read.spectra, [spectrumAt(300, -0.25), spectrumAt(500, -Infinity)]);
    assert.deepEqual(read.overflowSteps, [701]);
    assert.deepEqual(read.question, history.question);
    const [before, after] = [history.lane(lane), read.lane(lane)];
    assert.deepEqual(after, before);
    assert.deepEqual(read.at(400), history.at(400));
    await import('node:fs/promises').then(({ writeFile }) => writeFile(file, 'no such thing'));
    assert.equal((await readFlowHistory(file)).rows.length, 0);
    await folder.remove();
  });
});
