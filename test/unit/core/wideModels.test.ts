/** A single stream through a model so large that its products are shared among threads: the same bits as on one thread. */
import { strict as assert } from 'node:assert';
import { KernelProducts } from '../../../src/core/kernelProducts';
import { PerTargetGradient } from '../../../src/core/analysis/perTarget';
import { plainStack, uniformModel } from '../../../src/core/model/config';
import { initialize } from '../../../src/core/model/initialize';
import { Random } from '../../../src/core/model/random';
import { makeLearningNetwork } from '../../../src/core/network';
import { createThreadPool, type WorkerThreadPool } from '../../../src/engine/threads/threadPool';
import { Arena } from '../../../src/kernels/arena';
import { minToShare } from '../../../src/kernels/fixedMatrix';
import { defaultTrainingSettings } from '../../../src/protocol/settings';

const T = 9;
const V = 11;
// With columns that are no whole panels, and none that every thread gets equally many of.
const sizes = {
  lstm: { gates: 4, hidden: 257 },
  gru: { gates: 3, hidden: 297 },
  rnn: { gates: 1, hidden: 509 },
} as const;

describe('a model whose single stream is shared among threads', () => {
  let pools: WorkerThreadPool[];
  before(() => {
    pools = [2, 3].map(createThreadPool);
  });
  after(() => pools.forEach((pool) => pool.end()));

  for (const cell of ['rnn', 'lstm', 'gru'] as const) {
    for (const bidirectional of [false, true]) {
      it(`has the bits of one thread: ${cell}${bidirectional ? ', both directions' : ''}`, async () => {
        const { gates, hidden: hiddenSize } = sizes[cell];
        assert.ok(gates * hiddenSize ** 2 >= minToShare);
        const config = uniformModel({
          ...plainStack,
          cell,
          activation: 'tanh',
          layers: 2,
          hiddenSize,
          vocabularySize: V,
          bidirectional,
          objective: bidirectional ? 'masked' : 'next',
        });
        const initial = initialize(config, Random.fromSeed(1), defaultTrainingSettings);
        const random = Random.fromSeed(2);
        const ids = Int32Array.from({ length: T + 1 }, () => Math.floor(V * random.uniform()));
        const read = async (pool: WorkerThreadPool | null) => {
          const {
            network: { tape, parameters, forward },
            perTarget,
          } = Arena.build(
            (arena) => {
              const products = new KernelProducts(arena);
              const network = makeLearningNetwork(arena, config, { steps: T, batch: 1 }, products);
              return { network, perTarget: new PerTargetGradient(network.tape, network.parameters, products) };
            },
            { pool },
          );
          parameters.values.set(initial.values);
          tape.inputs.set(ids.subarray(0, T));
          tape.targets.set(ids.subarray(1));
          await forward.run();
          const states = tape.layers.flatMap(({ directions }) =>
            directions.flatMap(({ states: own, gates: values, recurrentCandidate }) =>
              [...own, values, recurrentCandidate].map((series) => series.slice()),
            ),
          );
          return {
            states,
            probabilities: tape.probabilities.slice(),
            saturation: forward.saturation,
            norms: await perTarget.run(T - 2),
          };
        };
        const alone = await read(null);
        assert.ok(
          alone.norms[0][0][0].every((norm, t) =>
            !bidirectional && t > T - 2 ? Number.isNaN(norm) : Number.isFinite(norm),
          ),
        );
        for (const pool of pools) assert.deepEqual(await read(pool), alone, `${pool.size} threads`);
      });
    }
  }
});
