/** The engine as the editor uses it: a child process, its calls and events, and its sudden end. */
import { strict as assert } from 'node:assert';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inEnglish, type Message } from '../../src/messages';
import { seriesOf, unitMapOf, type Frame } from '../../src/protocol/frame';
import { RpcError } from '../../src/protocol/rpc';
import { progressColumns } from '../../src/protocol/run';
import { defaultThresholds } from '../../src/protocol/settings';
import { requestFor, startEngine, temporaryFolder, watchOf, type TestEngine } from './support/engineProcess';

const rowWidth = progressColumns.length;
const hello = 'hello '.repeat(200);
const pangrams = 'the quick brown fox jumps over the lazy dog. pack my box with five dozen liquor jugs. '.repeat(20);

/** How a model is opened that needs nothing said. */
const opening = {
  allowsGraph: false,
  vocabulary: null,
  text: null,
  architecture: { activation: null },
  backend: 'ort',
  threads: null,
} as const;

describe('the engine process', () => {
  let engine: TestEngine;
  const folder = temporaryFolder();
  let runs = 0;
  const newRun = () => join(folder.path, `run-${++runs}`);

  beforeEach(() => {
    engine = startEngine();
  });
  afterEach(() => {
    engine.child.kill('SIGKILL');
  });
  after(() => folder.remove());

  for (const cell of ['rnn', 'lstm', 'gru'] as const) {
    it(`teaches “hello” to a ${cell}: greedy sampling continues “hell” with “o”`, async () => {
      const finished = engine.next('finished');
      await engine.calls.call('train', requestFor(hello, newRun(), { steps: 150 }, { cell }));
      const summary = await finished;
      assert.ok(summary.loss < 0.1, `loss ${summary.loss}`);
      assert.equal(summary.backend, 'ort');
      const { text } = await engine.calls.call('sample', {
        prompt: 'hell',
        length: 7,
        temperature: 0,
        topK: null,
        topP: null,
        seed: 1,
      });
      assert.equal(text, 'o hello');
    });
  }

  it('tells every step once, in order, with the norm before and after clipping', async () => {
    const steps: number[] = [];
    engine.calls.on('progress', ({ rows }) => {
      for (let i = 0; i < rows.length; i += rowWidth) {
        steps.push(rows[i]);
        assert.ok(rows[i + 2] >= rows[i + 3] && rows[i + 3] <= 0.1 + 1e-9, 'clipped at 0.1');
        assert.equal(rows[i + 4], rows[i] * 64);
      }
    });
    const finished = engine.next('finished');
    await engine.calls.call('train', requestFor(pangrams, newRun(), { steps: 60, clipNorm: 0.1 }));
    await finished;
    assert.deepEqual(
      steps,
      Array.from({ length: 60 }, (_, i) => i + 1),
    );
  });

  it('sends frames of the watched probe that change as it learns, two at most before one is drawn', async () => {
    await engine.calls.call('train', requestFor(pangrams, newRun()));
    const first = engine.next('frame');
    let unasked = 0;
    engine.calls.on('frame', () => unasked++);
    await engine.calls.call('watch', watchOf(pangrams.slice(0, 65)));
    const second = engine.next('frame', ({ header }) => header.sequence === 2);
    const before = await first;
    // However slow the machine: twice the steps again that lay between the two, in which a third could have come.
    const { trainingStep } = (await second).header;
    const reached = trainingStep + 2 * (trainingStep - before.header.trainingStep) + 50;
    await engine.next('progress', ({ rows }) => rows[rows.length - rowWidth] >= reached);
    assert.equal(unasked, 2, 'no third frame before the first is drawn');
    const next = engine.next('frame');
    await engine.calls.call('frameDrawn', { sequence: before.header.sequence });
    const after = await next;
    assert.ok(after.header.trainingStep > before.header.trainingStep);
    checkFrame(before);
    checkFrame(after);
    assert.notDeepEqual(seriesOf(after, 'flow'), seriesOf(before, 'flow'));
  });

  it('pauses, steps once, resumes; frames of a paused run still answer a new target', async () => {
    await engine.calls.call('train', requestFor(pangrams, newRun()));
    const paused = await engine.calls.call('pause', null);
    assert.equal(paused.state, 'paused');
    const frame = engine.next('frame');
    await engine.calls.call('watch', { ...watchOf(pangrams.slice(0, 33)), target: 10 });
    const { header } = await frame;
    assert.equal(header.target, 10);
    const stepped = engine.next('progress');
    await engine.calls.call('step', null);
    const { rows } = await stepped;
    assert.equal(rows[0], header.trainingStep + 1);
    assert.equal((await engine.calls.call('resume', null)).state, 'running');
    await engine.next('progress', (progress) => progress.rows[0] > header.trainingStep + 1);
  });

  it('adds the total gradient to a frame when asked: at the last step it is the last loss’s alone, shared among all', async () => {
    const text = pangrams.slice(0, 33);
    const finished = engine.next('finished');
    // To its end: a pause is told while the step that it follows is under way, and the report would be of the model after it.
    await engine.calls.call('train', requestFor(pangrams, newRun(), { steps: 20 }, { cell: 'lstm', layers: 2 }));
    await finished;
    const framed = engine.next('frame');
    await engine.calls.call('watch', { ...watchOf(text), total: true });
    const frame = await framed;
    const steps = frame.header.tokens.length;
    const report = await engine.calls.call('inspect', {
      text,
      target: 'last',
      thresholds: defaultThresholds,
      matrix: false,
    });
    for (const layer of [0, 1]) {
      const total = seriesOf(frame, 'total', layer)!;
      const totalCell = seriesOf(frame, 'total', layer, 'forward', 'cell')!;
      assert.ok(Math.abs(total[steps - 1] - (seriesOf(frame, 'flow', layer)![steps - 1] - Math.log10(steps))) < 1e-4);
      for (let t = 0; t < steps; t++) {
        assert.ok(Math.abs(total[t] - Math.log10(report.layers[layer].states[0].total[t])) < 1e-3);
        assert.ok(Math.abs(totalCell[t] - Math.log10(report.layers[layer].states[1].total[t])) < 1e-3);
      }
    }
    const without = engine.next('frame');
    await engine.calls.call('watch', watchOf(text));
    assert.equal(seriesOf(await without, 'total'), undefined, 'and leaves it out otherwise');
  });

  it('describes a token: its loss, five predictions, its state, its gradient, and exact contributions', async () => {
    const finished = engine.next('finished');
    await engine.calls.call('train', requestFor(hello, newRun(), { steps: 120 }));
    await finished;
    const [report, inner, first] = await engine.calls.call('describe', {
      text: 'hello hello',
      tokens: [10, 4, 0],
      target: 'last',
      thresholds: defaultThresholds,
    });
    assert.equal(report.symbol, 'o');
    assert.ok(report.loss! < 0.2);
    assert.equal(report.predictions.length, 5);
    assert.equal(report.predictions[0].symbol, 'o');
    assert.equal(report.layers.length, 0, 'the last token is not read');
    assert.ok(report.contributions!.strongest.length > 0);
    assert.ok(inner.layers[0].hiddenNorm > 0 && inner.layers[0].gain! > 0 && inner.layers[0].gradient! < 1);
    assert.equal(first.loss, null);
    assert.deepEqual(first.predictions, []);
  });

  it('killed in the middle: every waiting call is refused, and the run resumes from its checkpoint', async () => {
    const run = newRun();
    await engine.calls.call('train', requestFor(pangrams, run, { checkpointEvery: 20 }));
    await engine.next('progress', ({ rows }) => rows[rows.length - rowWidth] >= 50);
    const waiting = engine.calls.call('sample', {
      prompt: 'the',
      length: 1_000_000,
      temperature: 1,
      topK: null,
      topP: null,
      seed: 1,
    });
    engine.child.kill('SIGKILL');
    await assert.rejects(waiting, (error: unknown) => error instanceof RpcError && error.code === 'closed');
    assert.equal((await engine.exited).signal, 'SIGKILL');
    await assert.rejects(engine.calls.call('pause', null), /has ended/);

    const next = startEngine();
    try {
      const progress = next.next('progress');
      await next.calls.call('resumeRun', { folder: run, steps: null });
      const { rows } = await progress;
      assert.ok(rows[0] > 20 && (rows[0] - 1) % 20 === 0, `goes on at step ${rows[0]}, right after a checkpoint`);
    } finally {
      next.child.kill('SIGKILL');
    }
  });

  it('interrupted and resumed, a run ends with the very bits of an uninterrupted one', async () => {
    const [whole, halves] = [newRun(), newRun()];
    let finished = engine.next('finished');
    await engine.calls.call('train', requestFor(pangrams, whole, { steps: 40 }, { cell: 'gru', layers: 2 }));
    await finished;
    for (const steps of [17, 40]) {
      const part = startEngine();
      finished = part.next('finished');
      if (steps === 17)
        await part.calls.call('train', requestFor(pangrams, halves, { steps }, { cell: 'gru', layers: 2 }));
      else await part.calls.call('resumeRun', { folder: halves, steps });
      await finished;
      part.child.kill('SIGKILL');
    }
    for (const file of ['step-40.onnx', 'step-40.safetensors']) {
      const bytes = (run: string) => readFileSync(join(run, 'checkpoints', file));
      assert.ok(bytes(whole).equals(bytes(halves)), `${file} is the same`);
    }
  });

  it('opens a checkpoint and its run’s history; a broken one is refused in a sentence', async () => {
    const run = newRun();
    const finished = engine.next('finished');
    await engine.calls.call('train', requestFor(hello, run, { steps: 30 }));
    const { model } = await finished;
    const reader = startEngine();
    try {
      const opened = await reader.calls.call('open', { ...opening, path: run });
      assert.equal(opened.trainingStep, 30);
      assert.equal(opened.run!.history.rows.length, 30 * rowWidth);
      const report = await reader.calls.call('inspect', {
        text: 'hello',
        target: 'last',
        thresholds: defaultThresholds,
        matrix: true,
      });
      assert.equal(report.tokens.join(''), 'hell');
      assert.equal(report.matrix!.length, 16);
      await assert.rejects(
        reader.calls.call('inspect', {
          text: 'hello, world',
          target: 'last',
          thresholds: defaultThresholds,
          matrix: false,
        }),
        /does not know “,” \(U\+002C\)/,
      );
    } finally {
      reader.child.kill('SIGKILL');
    }
    const whole = readFileSync(model);
    const broken = join(folder.path, 'broken.onnx');
    const other = startEngine();
    for (const length of [0, 1, 100, Math.floor(whole.length / 2), whole.length - 1]) {
      writeFileSync(broken, whole.subarray(0, length));
      await assert.rejects(
        other.calls.call('open', { ...opening, path: broken }),
        (error: unknown) => error instanceof RpcError && error.code === 'user' && error.message.includes('broken.onnx'),
        `cut at ${length}`,
      );
    }
    other.child.kill('SIGKILL');
  });

  it('an overflow pauses before the update, names step and tensor, and leaves the weights as they were', async () => {
    const run = newRun();
    const told: number[] = [];
    engine.calls.on('progress', ({ rows }) => {
      for (let i = 0; i < rows.length; i += rowWidth) told.push(rows[i]);
    });
    const paused = engine.next('status', ({ state }) => state === 'paused');
    await engine.calls.call(
      'train',
      requestFor(
        pangrams,
        run,
        { optimizer: 'sgd', learningRate: 1e30, clipNorm: null },
        { cell: 'rnn', activation: 'relu' },
      ),
    );
    const { message, step: reached } = await paused;
    assert.equal(told.at(-1), reached, 'the last step before it has been told');
    assert.match(
      inEnglish(message!),
      /not finite.* Stream \d of the batch: On the way forward it begins at token \d+ \(“.+”\): the .+ is −?\d\.\d\d·10[⁰¹²³⁴-⁹]+/,
    );
    const { model } = await engine.calls.call('stop', null);
    const reader = startEngine();
    const { run: opened, notices } = await reader.calls.call('open', { ...opening, path: model });
    reader.child.kill('SIGKILL');
    // Another process still knows where: the batch and the place are beside the run.
    const place = message!.args[1] as Message;
    assert.deepEqual(
      notices.map(({ key, args }) => [key, args[1]]),
      [['notice.run.overflow', place]],
    );
    const { token, step } = opened?.overflow?.nonFinite ?? {};
    assert.ok(inEnglish(place).includes(`token ${step} (“${token}”)`));
  });

  for (const [what, text, sentence] of [
    ['an empty text', '', /is empty/],
    ['a binary one', 'ab\0cd'.repeat(300), /binary/],
    ['one with a single symbol', 'a'.repeat(500), /only one symbol/],
    ['one too short', 'abc', /too short: 3 tokens/],
  ] as const) {
    it(`refuses ${what} and writes nothing`, async () => {
      const run = newRun();
      await assert.rejects(
        engine.calls.call('train', requestFor(text, run)),
        (error: unknown) => error instanceof RpcError && error.code === 'user' && sentence.test(error.message),
      );
      assert.ok(!existsSync(run));
    });
  }

  it('refuses a setting it cannot follow, in a sentence, and writes nothing', async () => {
    const run = newRun();
    await assert.rejects(
      engine.calls.call('train', requestFor(hello, run, { schedule: 'cosine', steps: null })),
      (error: unknown) =>
        error instanceof RpcError && error.code === 'user' && /needs a number of steps/.test(error.message),
    );
    assert.ok(!existsSync(run));
  });

  it('refuses a folder it cannot write, and leaves nothing behind', async () => {
    const file = join(folder.path, 'a-file');
    writeFileSync(file, '');
    await assert.rejects(engine.calls.call('train', requestFor(hello, join(file, 'run'))), /cannot be created/);
    assert.ok(!readdirSync(folder.path).includes('run'));
  });

  it('ends by itself when its parent goes, with a checkpoint of the run', async () => {
    const run = newRun();
    await engine.calls.call('train', requestFor(pangrams, run));
    await engine.next('progress');
    engine.child.disconnect();
    assert.deepEqual(await engine.exited, { code: 0, signal: null });
    assert.ok(readdirSync(join(run, 'checkpoints')).some((name) => name.endsWith('.onnx')));
  });

  it('a long computation can be canceled', async () => {
    const finished = engine.next('finished');
    await engine.calls.call('train', requestFor(pangrams, newRun(), { steps: 1 }, { hiddenSize: 64 }));
    await finished;
    const controller = new AbortController();
    const call = engine.calls.call(
      'inspect',
      { text: pangrams.slice(0, 1500), target: 'last', thresholds: defaultThresholds, matrix: true },
      controller.signal,
    );
    setTimeout(() => controller.abort(), 50);
    await assert.rejects(call, (error: unknown) => error instanceof RpcError && error.code === 'canceled');
  });
});

/** Facts every frame keeps, whatever the model. */
function checkFrame(frame: Frame): void {
  const { header } = frame;
  const T = header.tokens.length;
  assert.equal(T, 64);
  assert.equal(header.target, T - 1);
  const flow = seriesOf(frame, 'flow')!;
  assert.ok(flow.every(Number.isFinite), 'every step reaches the last target');
  const losses = seriesOf(frame, 'loss')!;
  assert.ok(Math.abs(losses.reduce((sum, loss) => sum + loss, 0) / T - header.loss) < 1e-5);
  assert.equal(unitMapOf(frame).length, T * header.layers[header.unitMap.layer].hiddenSize);
}
