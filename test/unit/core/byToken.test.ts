/** Training keeps the gates of a lowest layer once for each token where the token alone decides them: the same as step by step. */
import { strict as assert } from 'node:assert';
import { plainStack, uniformModel } from '../../../src/core/model/config';
import { initialize } from '../../../src/core/model/initialize';
import { Random } from '../../../src/core/model/random';
import { benchFor, type Bench } from '../support/models';
import { assertClose } from '../../reference/compare';

const [V, B, T] = [5, 4, 24];
/** The sums by token are float32, in another order. */
const tolerance = 1e-6;

for (const cell of ['minGRU', 'minLSTM'] as const)
  for (const positive of [false, true])
    for (const threads of [1, 2]) {
      it(`${cell}${positive ? ', positive' : ''}, ${threads} threads: gates by token give what gates by step give`, async () => {
        const byStep = await read(cell, positive, threads, false);
        const byToken = await read(cell, positive, threads, true);
        assert.equal(byStep.tape.layers[0].directions[0].tokens, null);
        assert.equal(
          byToken.tape.layers[0].directions[0].gates.length / byStep.tape.layers[0].directions[0].gates.length,
          (V + 1) / (T * B),
        );
        assert.equal(byToken.tape.loss, byStep.tape.loss);
        assert.deepEqual(byToken.forward.saturation, byStep.forward.saturation);
        assert.deepEqual(byToken.backward.totals, byStep.backward.totals);
        const { gradient } = byStep.backward;
        for (const entry of gradient.layout.entries)
          assertClose(byToken.backward.gradient.view(entry), gradient.view(entry), tolerance, entry.name);
      });
    }

it('a vocabulary of as many tokens as steps has gates by step', async () => {
  const { tape } = await network('minGRU', false, 1, true, T * B);
  assert.equal(tape.layers[0].directions[0].tokens, null);
});

function network(
  cell: 'minGRU' | 'minLSTM',
  positive: boolean,
  threads: number,
  byToken: boolean,
  vocabularySize = V,
): Promise<Bench> {
  const config = uniformModel({
    ...plainStack,
    cell,
    activation: 'tanh',
    options: { positive },
    layers: 2,
    hiddenSize: 7,
    vocabularySize,
  });
  const settings = { steps: T, batch: B, byToken };
  return benchFor('wasm', config, initialize(config, Random.fromSeed(3)), settings, undefined, threads);
}

/** One window back, with padding and with tokens that are not read. */
async function read(cell: 'minGRU' | 'minLSTM', positive: boolean, threads: number, byToken: boolean): Promise<Bench> {
  const bench = await network(cell, positive, threads, byToken);
  const { tape, forward, backward } = bench;
  const random = Random.fromSeed(4);
  for (let row = 0; row < T * B; row++) {
    tape.inputs[row] = row % 11 === 0 ? -1 : Math.floor(random.between(0, V));
    tape.targets[row] = Math.floor(random.between(0, V));
  }
  tape.lengths.set([T, T - 3, T, 5]);
  for (let row = 0; row < T * B; row++) if (Math.floor(row / B) >= tape.lengths[row % B]) tape.targets[row] = -1;
  tape.resize(T);
  await forward.run();
  backward.clearCarried();
  await backward.run({ truncation: 5 });
  return bench;
}
