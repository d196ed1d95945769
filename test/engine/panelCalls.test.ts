/** What the panel asks of the engine beside frames: flows over training, every target, truncations, the playground. */
import { strict as assert } from 'node:assert';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { seriesOf, type Frame } from '../../src/protocol/frame';
import { defaultPlayground } from '../../src/protocol/playground';
import { RpcError } from '../../src/protocol/rpc';
import { defaultThresholds } from '../../src/protocol/settings';
import { requestFor, startEngine, temporaryFolder, watchOf, type TestEngine } from './support/engineProcess';

const pangrams = 'the quick brown fox jumps over the lazy dog. pack my box with five dozen liquor jugs. '.repeat(20);
const probe = pangrams.slice(0, 65);

describe('what the panel asks beside frames', () => {
  let engine: TestEngine;
  const folder = temporaryFolder();
  let runs = 0;
  const newRun = () => join(folder.path, `run-${++runs}`);
  const start = (): TestEngine => (engine = startEngine());
  beforeEach(() => void start());
  afterEach(() => {
    engine.child.kill('SIGKILL');
  });
  after(() => folder.remove());

  /** Trains until so many frames have come, then pauses. */
  async function framesOf(run: string, count: number): Promise<Frame[]> {
    const frames: Frame[] = [];
    engine.calls.on('frame', (frame) => {
      frames.push(frame);
      void engine.calls.call('frameDrawn', { sequence: frame.header.sequence }).catch(() => undefined);
    });
    await engine.calls.call('train', requestFor(pangrams, run, {}, { cell: 'lstm', layers: 2 }));
    const enough = engine.next('frame', () => frames.length >= count);
    await engine.calls.call('watch', watchOf(probe));
    await enough;
    await engine.calls.call('pause', null);
    await engine.calls.call('watch', null);
    return frames;
  }

  it('travels back to a step’s flow, every layer and state of it, bit for bit; also in the engine that resumes the run', async () => {
    const run = newRun();
    const frames = await framesOf(run, 12);
    const places = [
      [0, 'flow', 'hidden'],
      [1, 'flow', 'hidden'],
      [0, 'flow', 'cell'],
      [1, 'flow', 'cell'],
      [0, 'norm', 'hidden'],
      [1, 'norm', 'cell'],
      [0, 'loss', undefined],
    ] as const;
    const check = async (some: readonly Frame[]) => {
      for (const { header, data } of some) {
        const back = await engine.calls.call('frameAt', { trainingStep: header.trainingStep });
        assert.equal(back?.header.trainingStep, header.trainingStep);
        assert.deepEqual(back.header.flows, header.flows);
        for (const [layer, name, state] of places)
          assert.deepEqual(
            seriesOf(back, name, layer, 'forward', state),
            seriesOf({ header, data }, name, layer, 'forward', state),
            `${name} of layer ${layer}`,
          );
      }
    };
    await check(frames);
    for (const layer of [0, 1]) {
      const lane = { layer, direction: 'forward', state: 'cell' } as const;
      const { steps, lags, values } = await engine.calls.call('overTraining', lane);
      assert.deepEqual(
        [...steps],
        frames.map(({ header }) => header.trainingStep),
      );
      frames.forEach((frame, row) => {
        const flow = seriesOf(frame, 'flow', layer, 'forward', 'cell')!;
        assert.equal(lags, flow.length);
        for (let lag = 0; lag < lags; lag++)
          assert.equal(values[row * lags + lag], Math.fround(flow[lags - 1 - lag] - flow[lags - 1]));
      });
    }
    const { step } = await engine.calls.call('stop', null);
    engine.child.kill('SIGKILL');
    start();
    await engine.calls.call('resumeRun', { folder: run, steps: step + 1000 });
    await check(frames);
    engine.child.kill('SIGKILL');
    start();
    await engine.calls.call('open', {
      path: run,
      vocabulary: null,
      text: null,
      architecture: { activation: null },
      allowsGraph: false,
      backend: 'ort',
      threads: null,
    });
    await check(frames);
  });

  it('keeps rows of one target wherever the reader looks: of the end of the first text, as inspection computes it', async () => {
    await framesOf(newRun(), 3);
    const lane = { layer: 1, direction: 'forward', state: 'cell' } as const;
    const before = await engine.calls.call('overTraining', lane);
    const last = before.of!.target;
    assert.equal(before.of!.tokens.join(''), probe.slice(0, -1));
    assert.equal(last, probe.length - 2);
    const first = await engine.calls.call('pause', null);
    let newest = first.step;
    const looks = [
      { ...watchOf(probe), target: 0 },
      { ...watchOf(pangrams.slice(7, 40)), target: 20 },
    ];
    for (const look of looks) {
      const targets: number[] = [];
      engine.calls.on('frame', ({ header }) => targets.push(header.target));
      await engine.calls.call('watch', look);
      // A row that is read for the history alone is read only now and then.
      let step = 0;
      let rows = before;
      for (let i = 0; i < 100 && (step === 0 || rows.steps.at(-1) !== step); i++) {
        // The answer comes before the step is taken; a frame of the weights before it can still be under way.
        const stepped = engine.next('frame', ({ header }) => header.trainingStep > newest);
        await engine.calls.call('step', null);
        step = newest = (await stepped).header.trainingStep;
        await setTimeout(100);
        rows = await engine.calls.call('overTraining', lane);
      }
      assert.ok(targets.length > 0 && targets.every((target) => target === look.target));
      assert.equal(rows.steps.at(-1), step);
      assert.deepEqual(rows.of, before.of);
      assert.equal(rows.lags, last + 1);
      const values = rows.values.subarray(-rows.lags);
      const { layers } = await engine.calls.call('inspect', {
        text: probe,
        target: 'last',
        thresholds: defaultThresholds,
        matrix: false,
      });
      const { log10 } = layers[1].states[1].flow;
      for (let lag = 0; lag <= last; lag++)
        assert.ok(Math.abs(values[lag] - (log10[last - lag] - log10[last])) < 2e-3, `lag ${lag}`);
    }
  });

  it('writes nothing of flows that nobody has looked at', async () => {
    const run = newRun();
    const finished = engine.next('finished');
    await engine.calls.call('train', requestFor(pangrams, run, { steps: 20 }));
    await finished;
    assert.equal(existsSync(join(run, 'flows.safetensors')), false);
    assert.equal(await engine.calls.call('frameAt', { trainingStep: 3 }), null);
    assert.equal(
      (await engine.calls.call('overTraining', { layer: 0, direction: 'forward', state: 'hidden' })).steps.length,
      0,
    );
  });

  it('notes the step that overflowed', async () => {
    const paused = engine.next('status', ({ message }) => message !== null);
    await engine.calls.call(
      'train',
      requestFor(
        pangrams,
        newRun(),
        { optimizer: 'sgd', learningRate: 1e30, clipNorm: null },
        { cell: 'rnn', activation: 'relu' },
      ),
    );
    const { step } = await paused;
    const { overflows } = await engine.calls.call('overTraining', { layer: 0, direction: 'forward', state: 'hidden' });
    assert.deepEqual(overflows, [step + 1]);
  });

  it('computes every target at once, as `inspect` does one by one, and says how far it is', async () => {
    const finished = engine.next('finished');
    await engine.calls.call('train', requestFor(pangrams, newRun(), { steps: 60 }));
    await finished;
    const progress: number[] = [];
    engine.calls.on('matrixProgress', (done) => progress.push(done));
    const { tokens, values, trainingStep, layer } = await engine.calls.call('targetMatrix', {
      text: probe,
      series: null,
    });
    assert.equal(tokens.join(''), probe.slice(0, -1));
    assert.deepEqual([trainingStep, layer], [60, 0]);
    const T = tokens.length;
    for (const target of [0, 1, 17, T - 1]) {
      const {
        layers: [
          {
            states: [
              {
                flow: { log10 },
              },
            ],
          },
        ],
      } = await engine.calls.call('inspect', { text: probe, target, thresholds: defaultThresholds, matrix: false });
      for (let t = 0; t < T; t++) {
        const value = values[target * T + t];
        if (t > target) assert.ok(Number.isNaN(value));
        else assert.ok(Math.abs(value - (log10[t] - log10[target])) < 1e-3, `target ${target}, source ${t}`);
      }
    }
    assert.ok(
      progress.length >= 5 && progress.every((done, i) => done > (progress[i - 1] ?? 0) && done <= 1),
      progress.join(' '),
    );
  });

  it('can cancel it, and goes on training', async () => {
    await engine.calls.call('train', requestFor(pangrams, newRun(), {}, { hiddenSize: 128 }));
    const canceling = new AbortController();
    const matrix = engine.calls.call('targetMatrix', { text: pangrams.slice(0, 1200), series: null }, canceling.signal);
    const begun = engine.next('matrixProgress');
    await begun;
    canceling.abort();
    await assert.rejects(matrix, (error: unknown) => error instanceof RpcError && error.code === 'canceled');
    await engine.next('progress');
    await assert.rejects(
      engine.calls.call('targetMatrix', { text: pangrams.repeat(2).slice(0, 3000), series: null }),
      /too large/,
    );
  });

  it('computes the spectrum beside the training, which goes on, also when it is canceled; one exponent for each number of the state', async () => {
    const request = { text: probe, count: 512, values: 8, target: 20, vanishing: -3, byLag: true };
    await engine.calls.call('train', requestFor(pangrams, newRun(), {}, { cell: 'gru', layers: 2 }));
    const canceling = new AbortController();
    const canceled = engine.calls.call('carriedSpectrum', request, canceling.signal);
    await engine.next('spectrumProgress');
    canceling.abort();
    await assert.rejects(canceled, (error: unknown) => error instanceof RpcError && error.code === 'canceled');
    const progress: number[] = [];
    const stop = engine.calls.on('spectrumProgress', (done) => progress.push(done));
    const trained = engine.next('progress');
    const { tokens, target, states, matrices } = await engine.calls.call('carriedSpectrum', request);
    stop();
    await trained;
    assert.ok(
      progress.every((done, i) => done > (progress[i - 1] ?? 0) && done <= 1),
      progress.join(' '),
    );
    assert.equal(tokens.join(''), probe.slice(0, -1));
    assert.equal(target, 20);
    assert.equal(matrices.length, 2 * 3);
    const [{ size, lyapunov, finiteTime, jacobian, byLag }] = states;
    assert.equal(lyapunov.length, size);
    // The exponent of the whole text is the mean over its stretches.
    const ends = [...finiteTime.from.slice(1), tokens.length];
    const sum = ends.reduce((all, end, i) => all + (end - finiteTime.from[i]) * finiteTime.exponents[i * size], 0);
    assert.ok(Math.abs(sum / tokens.length - lyapunov[0]) < 1e-9);
    assert.equal(jacobian?.largest.length, 8 * tokens.length);
    assert.equal(byLag?.lags.at(-1), target);
    assert.ok(byLag.carried.every((count) => count >= 0 && count <= size));
    await assert.rejects(engine.calls.call('carriedSpectrum', { ...request, target: 400 }), /target 400/);
  });

  it('compares truncations: none at k2 ≥ T, no path through time at k2 = 1, and less and less between', async () => {
    const finished = engine.next('finished');
    await engine.calls.call('train', requestFor(pangrams, newRun(), { steps: 60 }));
    await finished;
    const { full, cuts } = await engine.calls.call('truncations', { text: probe, k2: [1, 4, 16, 64, 1000] });
    const { matrix } = await engine.calls.call('inspect', {
      text: probe,
      target: 'last',
      thresholds: defaultThresholds,
      matrix: true,
    });
    const T = probe.length - 1;
    for (const cut of [cuts[3], cuts[4]]) {
      assert.ok(Math.abs(cut.cosine - 1) < 1e-6 && Math.abs(cut.relativeNorm - 1) < 1e-6);
      assert.deepEqual(cut.hidden, full.hidden);
    }
    // Without a path through time only its own loss reaches h_t: ∂L/∂h_t = δ_{t→t} / T.
    cuts[0].hidden.forEach((norm, t) =>
      assert.ok(Math.abs(norm / (10 ** matrix![t * T + t] / T) - 1) < 1e-4, `step ${t}`),
    );
    const cosines = cuts.slice(0, 4).map(({ cosine }) => cosine);
    assert.ok(
      cosines.every((cosine, i) => i === 0 || cosine > cosines[i - 1]),
      cosines.join(' '),
    );
    assert.ok(Math.abs(cuts[1].norm / full.norm - cuts[1].relativeNorm) < 1e-9);
    await assert.rejects(engine.calls.call('truncations', { text: probe, k2: [0] }), /truncation is 0/);
  });

  it('plays without a model', async () => {
    const { frame, spectralNorm } = await engine.calls.call('playground', {
      settings: { ...defaultPlayground, values: { activation: 'linear', gain: 0.8 } },
      thresholds: defaultThresholds,
    });
    const flow = seriesOf(frame, 'flow')!;
    assert.ok(Math.abs(flow[0] - flow[127] - 127 * Math.log10(0.8)) < 1e-4);
    assert.ok(Math.abs(spectralNorm - 0.8) < 1e-9);
    await assert.rejects(
      engine.calls.call('playground', {
        settings: { ...defaultPlayground, values: { gain: 9 } },
        thresholds: defaultThresholds,
      }),
      /“Recurrent scale g \(spectral radius\)” is 9; it must be a number from 0.5 to 2/,
    );
  });

  it('abandons an answer of the playground that nobody waits for, and gives the next one', async () => {
    const deep = { ...defaultPlayground, cell: 'mamba', layers: 24 } as const;
    const controller = new AbortController();
    const superseded = engine.calls.call(
      'playground',
      { settings: deep, thresholds: defaultThresholds },
      controller.signal,
    );
    controller.abort();
    const next = engine.calls.call('playground', { settings: defaultPlayground, thresholds: defaultThresholds });
    await assert.rejects(superseded, { code: 'canceled' });
    assert.equal((await next).frame.header.layers.length, 1);
  });
});
