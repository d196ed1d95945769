/** What the editor asks the engine for the text's tints, the hover and generated text. */
import { strict as assert } from 'node:assert';
import { join } from 'node:path';
import { inEnglish } from '../../src/messages';
import { seriesOf, unitMapOf, type Frame, type LaneChoice } from '../../src/protocol/frame';
import { RpcError } from '../../src/protocol/rpc';
import { defaultThresholds } from '../../src/protocol/settings';
import {
  endEngines,
  requestFor,
  startEngine,
  temporaryFolder,
  watchOf,
  type TestEngine,
} from './support/engineProcess';

const text = 'hello hello hello';

describe('the engine, asked for tints and hovers', () => {
  const folder = temporaryFolder();
  let engine: TestEngine;
  const quiet = new Map<string, TestEngine>();

  /** `engine` has done some steps of training and rests. What tests ask of it does not change it: one for each kind of cell. */
  async function trained(cell: 'rnn' | 'lstm' | 'gru'): Promise<void> {
    engine = quiet.get(cell) ?? startEngine();
    if (quiet.has(cell)) return;
    quiet.set(cell, engine);
    const finished = engine.next('finished');
    await engine.calls.call(
      'train',
      requestFor('hello '.repeat(200), join(folder.path, cell), { steps: 40 }, { cell }),
    );
    await finished;
  }
  after(async () => {
    endEngines();
    await folder.remove();
  });

  async function frameWith(lane: LaneChoice, quantity: 'hidden' | 'forgetGate' = 'hidden'): Promise<Frame> {
    const frame = engine.next('frame', ({ header }) => header.lane !== undefined);
    await engine.calls.call('watch', { ...watchOf(text), unitMap: { layer: 0, direction: 'forward', quantity }, lane });
    return frame;
  }

  const laneOf = ({ header, data }: Frame) =>
    Array.from(data.subarray(header.lane!.offset, header.lane!.offset + header.tokens.length));

  it('sends one unit’s values as they stand in the unit map', async () => {
    await trained('lstm');
    for (const quantity of ['hidden', 'forgetGate'] as const) {
      const frame = await frameWith({ kind: 'unit', layer: 0, direction: 'forward', quantity, unit: 5 }, quantity);
      const { units } = frame.header.unitMap;
      assert.deepEqual(
        laneOf(frame),
        Array.from(unitMapOf(frame)).filter((_, i) => i % units === 5),
      );
    }
  });

  it('refuses a unit that the model does not have, in a sentence', async () => {
    await trained('gru');
    const refused = engine.next('watchFailed');
    await engine.calls.call('watch', {
      ...watchOf(text),
      lane: { kind: 'unit', layer: 0, direction: 'forward', quantity: 'forgetGate', unit: 0 },
    });
    assert.match(inEnglish(await refused), /has no “forget gate” in layer 1\.$/);
  });

  it('sends as surprise the loss less the entropy of all five symbols’ probabilities', async () => {
    await trained('lstm');
    const frame = await frameWith({ kind: 'surprise' });
    const surprise = laneOf(frame);
    for (const token of [1, 4, 9]) {
      const [{ loss, predictions }] = await engine.calls.call('describe', {
        text,
        tokens: [token],
        target: 'last',
        thresholds: defaultThresholds,
      });
      assert.equal(predictions.length, 5, 'the vocabulary of “hello ” has five symbols');
      const entropy = predictions.reduce((sum, { probability }) => sum - probability * Math.log(probability), 0);
      assert.ok(Math.abs(surprise[token - 1] - (loss! - entropy)) < 1e-4, `token ${token}`);
      assert.ok(Math.abs(seriesOf(frame, 'loss')![token - 1] - loss!) < 1e-5);
    }
  });

  for (const cell of ['rnn', 'lstm', 'gru'] as const) {
    it(`divides a logit of a ${cell} up completely, and on the same logit by every complete method`, async () => {
      await trained(cell);
      const token = 10;
      const integrated = await engine.calls.call('attribute', { text, token, method: 'integratedGradients' });
      assert.equal(integrated.parts.length, text.length - 1);
      assert.ok(Math.abs(sumOf(integrated.parts) + (integrated.rest ?? NaN) - integrated.whole) < 1e-10);
      assert.ok(
        integrated.parts.subarray(token).every((part) => part === 0),
        'what comes later has no part',
      );
      const [hover] = await engine.calls.call('describe', {
        text,
        tokens: [token],
        target: 'last',
        thresholds: defaultThresholds,
      });
      assert.equal(hover.contributions!.method, cell === 'rnn' ? 'integratedGradients' : 'additive');
      assert.ok(
        Math.abs(hover.contributions!.whole - integrated.whole) < 1e-4 * Math.max(1, Math.abs(integrated.whole)),
      );
      const slope = await engine.calls.call('attribute', { text, token, method: 'gradientTimesInput' });
      assert.ok(Math.abs(slope.whole - integrated.whole) < 1e-12);
      if (cell === 'rnn')
        await assert.rejects(engine.calls.call('attribute', { text, token, method: 'additive' }), /no additive form/);
      else
        assert.ok(
          Math.abs(
            sumOf((await engine.calls.call('attribute', { text, token, method: 'additive' })).parts) - integrated.whole,
          ) <
            1e-4 * Math.max(1, Math.abs(integrated.whole)),
        );
      await assert.rejects(
        engine.calls.call('attribute', { text, token: 0, method: 'integratedGradients' }),
        /from 1 to 16/,
      );
    });
  }

  it('stops dividing up when nobody waits any more, and trains meanwhile', async () => {
    engine = startEngine();
    await engine.calls.call(
      'train',
      requestFor('hello '.repeat(2000), join(folder.path, 'long'), { steps: null }, { hiddenSize: 128 }),
    );
    const controller = new AbortController();
    const waiting = engine.calls.call(
      'attribute',
      { text: 'hello '.repeat(40), token: 200, method: 'integratedGradients' },
      controller.signal,
    );
    await engine.next('progress');
    controller.abort();
    await assert.rejects(waiting, (error: unknown) => error instanceof RpcError && error.code === 'canceled');
    await engine.calls.call('stop', null);
  });

  it('answers hovers in the middle of a training step', async () => {
    engine = startEngine();
    // A single step, of a hundred thousand tokens: an engine that answers between two steps has none to answer between.
    const steps = { steps: 1, window: 256, batch: 400 };
    await engine.calls.call(
      'train',
      requestFor('hello '.repeat(30_000), join(folder.path, 'one-step'), steps, { hiddenSize: 128 }),
    );
    let isOver = false;
    engine.calls.on('progress', () => (isOver = true));
    const finished = engine.next('finished');
    for (let token = 1; token <= 5; token++) {
      const [{ loss }] = await engine.calls.call('describe', {
        text,
        tokens: [token],
        target: 'last',
        thresholds: defaultThresholds,
      });
      assert.equal(isOver, false, `hover ${token} waited for the end of the step`);
      assert.ok(Math.abs(loss! - Math.log(5)) < 0.5, 'the model has learned nothing yet');
    }
    await finished;
    assert.ok(isOver);
  });

  it('tells a sample while it grows: each time the last text and more, at the end the whole', async () => {
    await trained('lstm');
    const told: string[] = [];
    engine.calls.on('sampled', ({ stream, text: sofar }) => {
      assert.equal(stream, 7);
      told.push(sofar);
    });
    const { text: whole } = await engine.calls.call('sample', {
      prompt: 'hell',
      length: 300,
      temperature: 0,
      topK: null,
      topP: null,
      seed: 1,
      stream: 7,
    });
    assert.ok(told.length >= 3, `told ${told.length} times`);
    told.forEach((each, i) => assert.ok(i === 0 || (each.startsWith(told[i - 1]) && each.length > told[i - 1].length)));
    assert.equal(told.at(-1), whole);
    assert.equal(whole.length, 300);
  });
});

function sumOf(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0);
}
