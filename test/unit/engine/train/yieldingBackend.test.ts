/** A model is looked at in the middle of its training steps: neither the training nor what is seen is another for it. */
import { strict as assert } from 'node:assert';
import { setImmediate } from 'node:timers/promises';
import { Streams } from '../../../../src/core/corpus/streams';
import { Vocabulary } from '../../../../src/core/corpus/vocabulary';
import { plainStack, uniformModel, type ModelConfig } from '../../../../src/core/model/config';
import { initialize } from '../../../../src/core/model/initialize';
import { Parameters } from '../../../../src/core/model/parameters';
import { generalModelOf } from '../../../../src/core/model/plainModel';
import { Random } from '../../../../src/core/model/random';
import { createBackend, stepWorkOf, type Backend } from '../../../../src/engine/backend';
import { makeFrame } from '../../../../src/engine/inspect/frame';
import { Inspector } from '../../../../src/engine/inspect/inspector';
import { describeToken } from '../../../../src/engine/inspect/tokenReport';
import { yieldingBackend } from '../../../../src/engine/train/yieldingBackend';
import { Trainer } from '../../../../src/engine/train/trainer';
import { ModelLock } from '../../../../src/engine/modelLock';
import type { Frame } from '../../../../src/protocol/frame';
import type { TokenReport } from '../../../../src/protocol/engine';
import type { CellName } from '../../../../src/layers/catalog';
import { defaultThresholds, defaultTrainingSettings, type BackendName } from '../../../../src/protocol/settings';

const steps = 3;
const symbols = Array.from('abcdefghijklm');
const vocabulary = new Vocabulary(symbols);

interface Case {
  readonly backend: BackendName;
  readonly threads: number;
  readonly cell: CellName;
  readonly hidden: number;
  readonly batch: number;
  /** Of the moments in which a step lets others in, one in so many is used for a look. */
  readonly lookEvery: number;
}

const cases: readonly Case[] = [
  // The products of the steps are ONNX Runtime's, one call a step …
  { backend: 'ort', threads: 2, cell: 'lstm', hidden: 128, batch: 16, lookEvery: 5 },
  { backend: 'ort', threads: 1, cell: 'gru', hidden: 136, batch: 16, lookEvery: 5 },
  // … here the kernels', on two threads, over memory that they share.
  { backend: 'ort', threads: 2, cell: 'rnn', hidden: 48, batch: 6, lookEvery: 1 },
  { backend: 'ort', threads: 2, cell: 'lstm', hidden: 48, batch: 6, lookEvery: 1 },
  { backend: 'wasm', threads: 2, cell: 'gru', hidden: 32, batch: 4, lookEvery: 1 },
  { backend: 'wasm', threads: 1, cell: 'lstm', hidden: 32, batch: 4, lookEvery: 1 },
];

interface Look {
  readonly step: number;
  readonly token: number;
  readonly report: TokenReport;
  readonly frame: Frame;
}

describe('a model that is looked at while it trains', () => {
  for (const each of cases) {
    const { backend: name, threads, cell, hidden: hiddenSize, batch, lookEvery } = each;
    it(`is the same, seen the same as between two steps: ${cell}, H ${hiddenSize}, B ${batch}, ${name}, threads ${threads}`, async () => {
      const config = uniformModel({
        ...plainStack,
        cell,
        activation: 'tanh',
        layers: 2,
        hiddenSize,
        vocabularySize: symbols.length,
      });
      const random = Random.fromSeed(1);
      const text = Array.from({ length: 13 }, () => symbols[Math.floor(symbols.length * random.uniform())]).join('');
      const backend = await createBackend({ backend: name, threads }, threads, stepWorkOf(config, batch));
      assert.equal(backend.name, name);

      const alone = trainerOn(config, backend, batch);
      const weights = [alone.parameters.values.slice()];
      while (alone.step < steps) {
        await alone.next();
        weights.push(alone.parameters.values.slice());
      }

      const modelLock = new ModelLock(0);
      const trainer = trainerOn(config, yieldingBackend(backend, modelLock), batch);
      const inspecting = await createBackend({ backend: name, threads }, threads, Infinity);
      const inspector = inspectorOf(config, trainer.parameters, inspecting);
      const looks: Look[] = [];
      let [isWithin, within] = [false, 0];
      const looking = (async () => {
        for (let moment = 0; trainer.step < steps; moment++) {
          if (moment % lookEvery > 0) {
            await setImmediate();
            continue;
          }
          await modelLock.run(async () => {
            const token = 1 + (looks.length % 12);
            if (isWithin) within++;
            looks.push({ step: trainer.step, token, ...(await look(inspector, text, token, trainer.step)) });
          }, true);
          await setImmediate();
        }
      })();
      while (trainer.step < steps) {
        isWithin = true;
        await trainer.next((change) => modelLock.run(change));
        isWithin = false;
        assert.deepEqual(trainer.parameters.values, weights[trainer.step], `weights of step ${trainer.step}`);
      }
      await looking;

      assert.ok(within >= 2 * steps, `${within} of ${looks.length} looks within a step`);
      const still = weights.map((values) => inspectorOf(config, new Parameters(config, values), inspecting));
      for (const { step, token, report, frame } of looks)
        assert.deepEqual({ report, frame }, await look(still[step], text, token, step), `step ${step}, token ${token}`);
    });
  }

  it('waits with its update for the look that is on, and goes after what is urgent', async () => {
    const modelLock = new ModelLock();
    const order: string[] = [];
    let end = () => undefined as void;
    const first = modelLock.run(() => new Promise<void>((resolve) => (end = resolve)));
    const rest = [
      modelLock.run(() => order.push('frame')),
      modelLock.run(() => order.push('update')),
      modelLock.run(() => order.push('hover'), true),
      modelLock.whenFree().then(() => order.push('free')),
    ];
    await setImmediate();
    assert.deepEqual([order, modelLock.isFree], [[], false]);
    end();
    await Promise.all([first, ...rest]);
    assert.deepEqual([order, modelLock.isFree], [['hover', 'frame', 'update', 'free'], true]);
    await assert.rejects(
      modelLock.run(() => {
        throw new Error('failed');
      }),
      /failed/,
    );
    assert.equal(await modelLock.run(() => 'the next has its turn'), 'the next has its turn');
  });
});

function trainerOn(config: ModelConfig, backend: Backend, batch: number): Trainer {
  const window = 5;
  const random = Random.fromSeed(2);
  const ids = Int32Array.from({ length: 4 * window * batch + 1 }, () => Math.floor(symbols.length * random.uniform()));
  const settings = { ...defaultTrainingSettings, window, batch, dropout: 0.1 };
  return Trainer.create(
    config,
    settings,
    initialize(config, Random.fromSeed(3), settings),
    new Streams(ids, window, batch),
    backend,
  );
}

function inspectorOf(config: ModelConfig, parameters: Parameters, backend: Backend): Inspector {
  return new Inspector({
    general: generalModelOf(config, parameters),
    plain: { config, parameters },
    isLive: true,
    vocabulary,
    backend,
  });
}

async function look(
  inspector: Inspector,
  text: string,
  token: number,
  step: number,
): Promise<{ report: TokenReport; frame: Frame }> {
  const report = await describeToken(await inspector.look(text, 'last', defaultThresholds), token);
  const unitMap = { layer: 1, direction: 'forward', quantity: 'hidden' } as const;
  return {
    report,
    frame: await makeFrame(
      inspector,
      { text, target: token - 1, thresholds: defaultThresholds, unitMap, total: true, maxRate: 30 },
      1,
      step,
    ),
  };
}
