/** A batch whose streams are trained in shares: what one network with all of its streams computes, up to rounding, and the same bits however many threads there are. */
import { strict as assert } from 'node:assert';
import { Streams } from '../../../../src/core/corpus/streams';
import { uniformModel, plainStack, type ModelConfig, type StackConfig } from '../../../../src/core/model/config';
import { initialize } from '../../../../src/core/model/initialize';
import { Random } from '../../../../src/core/model/random';
import { createBackend, stepWorkOf, windowWorkOf, type Backend } from '../../../../src/engine/backend';
import { Trainer, type StepMetrics } from '../../../../src/engine/train/trainer';
import { kindOf } from '../../../../src/layers/catalog';
import { defaultTrainingSettings } from '../../../../src/protocol/settings';

const symbols = 11;
const window = 9;
const steps = 4;

interface Case {
  readonly name: string;
  readonly stack: Partial<StackConfig> & Pick<StackConfig, 'cell' | 'hiddenSize'>;
  readonly batch: number;
  readonly truncation?: number;
}

const cases: readonly Case[] = [
  // The products of the steps are ONNX Runtime's; streams do not halve evenly, masks are drawn, gradients cut.
  { name: 'lstm', stack: { cell: 'lstm', hiddenSize: 160, layers: 2 }, batch: 21, truncation: 4 },
  { name: 'gru, both directions', stack: { cell: 'gru', hiddenSize: 176, layers: 2, bidirectional: true }, batch: 24 },
  {
    name: 'rnn, with Pascanu’s regularizer',
    stack: { cell: 'rnn', hiddenSize: 352, layers: 2 },
    batch: 19,
    truncation: 5,
  },
  { name: 'minGRU by token', stack: { cell: 'minGRU', hiddenSize: 256, options: { positive: true } }, batch: 17 },
  {
    name: 'attention',
    stack: {
      ...{ cell: 'attention', hiddenSize: 64, layers: 2, embeddingSize: 64, norm: 'layerNorm', finalNorm: 'layerNorm' },
      ...{ residual: true, tied: true, options: { heads: 4, context: window } },
    },
    batch: 22,
  },
  {
    name: 'mamba, with a state that no hidden size says',
    stack: {
      ...{ cell: 'mamba', hiddenSize: 96, layers: 2, embeddingSize: 96, norm: 'rmsNorm', finalNorm: 'rmsNorm' },
      ...{ residual: true, tied: true },
    },
    batch: 18,
  },
];

describe('a batch in shares', () => {
  for (const { name, stack, batch, truncation } of cases) {
    const config = uniformModel({ ...plainStack, activation: 'tanh', layers: 1, vocabularySize: symbols, ...stack });

    it(`is the whole batch's step up to rounding, and has the same bits on one thread and on two: ${name}`, async () => {
      const shared = await trained(config, await backendFor(config, batch, 1), batch, truncation);
      const whole = await trained(config, inOneShare(await backendFor(config, batch, 1)), batch, truncation);
      close(shared.weights, whole.weights, 2e-5);
      close(shared.recorded, whole.recorded, 2e-4);
      shared.metrics.forEach((metrics, i) => {
        const { loss, gradientNorm, tokens, newTokens } = whole.metrics[i];
        assert.deepEqual([metrics.tokens, metrics.newTokens], [tokens, newTokens]);
        close([metrics.loss, metrics.gradientNorm], [loss, gradientNorm], 1e-5);
      });

      const onThreads = await trained(config, await backendFor(config, batch, 2), batch, truncation);
      assert.deepEqual(onThreads, shared);
    });
  }

  it('records what the whole batch does where the streams of a share read nothing', async () => {
    for (const { stack, batch } of cases) {
      const config = uniformModel({ ...plainStack, activation: 'tanh', layers: 1, vocabularySize: symbols, ...stack });
      const shared = await trained(config, await backendFor(config, batch, 2), batch, undefined, FewStreams);
      const backend = inOneShare(await backendFor(config, batch, 1));
      const whole = await trained(config, backend, batch, undefined, FewStreams);
      assert.ok(shared.recorded.every((value, i) => Number.isFinite(value) || Object.is(value, whole.recorded[i])));
      close(shared.weights, whole.weights, 2e-5);
      close(shared.recorded, whole.recorded, 2e-4);
    }
  });

  it('continues from a saved state with the same bits', async () => {
    const [{ stack, batch }] = cases;
    const config = uniformModel({ ...plainStack, activation: 'tanh', layers: 1, vocabularySize: symbols, ...stack });
    const backend = await backendFor(config, batch, 2);
    const all = await trained(config, backend, batch, undefined);
    const first = trainerOn(config, backend, batch, undefined);
    for (let step = 0; step < steps / 2; step++) await first.next();
    const second = trainerOn(config, backend, batch, undefined);
    second.parameters.values.set(first.parameters.values);
    second.restoreState(first.encodeState(), 'state');
    first.end();
    while (second.step < steps) await second.next();
    second.end();
    assert.deepEqual(second.parameters.values, all.weights);
    assert.deepEqual(second.recording.values, all.recorded);
  });

  it('leaves small work, and few streams, in one network', async () => {
    const config = uniformModel({
      ...plainStack,
      cell: 'lstm',
      activation: 'tanh',
      layers: 1,
      hiddenSize: 32,
      vocabularySize: symbols,
    });
    assert.equal((await backendFor(config, 64, 2)).shares(64), 1);
    const [{ stack }] = cases;
    const large = uniformModel({ ...plainStack, activation: 'tanh', layers: 1, vocabularySize: symbols, ...stack });
    const backend = await backendFor(large, 40, 2);
    assert.deepEqual([backend.shares(40), backend.shares(15)], [2, 1]);
  });
});

function backendFor(config: ModelConfig, batch: number, threads: number): Promise<Backend> {
  return createBackend({ backend: 'ort', threads }, threads, stepWorkOf(config, batch), windowWorkOf(config, batch));
}

function inOneShare(backend: Backend): Backend {
  return { ...backend, shares: () => 1, buildShare: (_, streams, make) => backend.build(streams, make) };
}

/** As at the end of a pass over sequences: only the first streams have something to read. */
class FewStreams extends Streams {
  override next(inputs: Int32Array, targets: Int32Array, lengths: Int32Array): ReturnType<Streams['next']> {
    const info = super.next(inputs, targets, lengths);
    lengths.fill(0, 3);
    for (let row = 0; row < info.steps * this.batch; row++) if (row % this.batch >= 3) inputs[row] = targets[row] = -1;
    return info;
  }
}

function trainerOn(
  config: ModelConfig,
  backend: Backend,
  batch: number,
  truncation: number | undefined,
  Reader = Streams,
): Trainer {
  const random = Random.fromSeed(2);
  const ids = Int32Array.from({ length: 2 * window * batch + 1 }, () => Math.floor(symbols * random.uniform()));
  // Adam makes a whole step of a gradient that is nothing but rounding; plain steps are as close as the gradients are.
  const steps = { optimizer: 'sgd', learningRate: 0.1 } as const;
  const settings = {
    ...defaultTrainingSettings,
    ...steps,
    window,
    batch,
    truncation: truncation ?? null,
    dropout: 0.1,
    omega: config.layers.some(({ cell }) => kindOf(cell).notApplicable.omega) ? null : 0.5,
  };
  const initial = initialize(config, Random.fromSeed(3), settings);
  return Trainer.create(config, settings, initial, new Reader(ids, window, batch), backend);
}

interface Trained {
  readonly weights: Float32Array;
  readonly recorded: Float64Array;
  readonly metrics: readonly StepMetrics[];
}

async function trained(
  config: ModelConfig,
  backend: Backend,
  batch: number,
  truncation: number | undefined,
  Reader = Streams,
): Promise<Trained> {
  const trainer = trainerOn(config, backend, batch, truncation, Reader);
  const metrics: StepMetrics[] = [];
  while (trainer.step < steps) metrics.push(await trainer.next());
  trainer.end();
  return { weights: trainer.parameters.values.slice(), recorded: trainer.recording.values, metrics };
}

/** @param share of the largest expected size */
function close(actual: ArrayLike<number>, expected: ArrayLike<number>, share: number): void {
  assert.equal(actual.length, expected.length);
  let [difference, size] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    difference = Math.max(difference, Math.abs(actual[i] - expected[i]));
    size = Math.max(size, Math.abs(expected[i]));
  }
  assert.ok(difference <= share * size, `differs by ${difference} of ${size}`);
}
