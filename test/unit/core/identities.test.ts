/** Sums that must come out whole (docs/quantities.md), over random models from seeds. */
import { strict as assert } from 'node:assert';
import { contributionsTo } from '../../../src/core/analysis/contributions';
import { statesBefore } from '../../../src/core/forward/directions';
import { plainStack, uniformModel, type StackConfig } from '../../../src/core/model/config';
import { Random } from '../../../src/core/model/random';
import { after } from '../../../src/core/model/directionTape';
import type { Tape } from '../../../src/core/model/tape';
import { assertClose, assertNear } from '../../reference/compare';
import { randomModel, readProbe, type Bench } from '../support/models';

const cells = [
  { cell: 'rnn', activation: 'tanh' },
  { cell: 'rnn', activation: 'relu' },
  { cell: 'lstm', activation: 'tanh' },
  { cell: 'gru', activation: 'tanh' },
  { cell: 'minGRU', activation: 'tanh' },
  { cell: 'minLSTM', activation: 'tanh' },
] as const;
const seeds = [1, 2, 3, 4];

/** A stack of random shape. */
function randomStack(seed: number, { cell, activation }: (typeof cells)[number]): StackConfig {
  const random = Random.fromSeed(1000 + seed);
  const below = (limit: number) => Math.floor(random.between(0, limit));
  return {
    ...plainStack,
    cell,
    activation,
    layers: 1 + below(3),
    bidirectional: below(2) === 1,
    hiddenSize: 3 + below(14),
    vocabularySize: 3 + below(9),
  };
}

for (const kind of cells) {
  for (const seed of seeds) {
    const stack = randomStack(seed, kind);
    const { layers, hiddenSize: H, bidirectional } = stack;
    const config = uniformModel(stack);
    describe(`${kind.cell} ${kind.activation}, ${layers} layers of ${H} units, ${bidirectional ? 'two directions' : 'one direction'}`, () => {
      const tokens = 12 + 3 * seed;
      const read = () => {
        const { parameters, ids } = randomModel(config, seed, tokens);
        return readProbe('wasm', config, parameters, ids);
      };

      it('the items of all targets, divided by their number, sum to the total gradient', async () => {
        const bench = await read();
        const { tape, backward } = bench;
        await gradientOf(bench, null);
        const totals = backward.lowestHidden.map((hidden) => Float64Array.from(hidden));
        const gradient = Float64Array.from(backward.gradient.values);
        const sums = totals.map(({ length }) => new Float64Array(length));
        const gradientSum = new Float64Array(gradient.length);
        const targets = tape.targets.slice();
        for (let target = 0; target < tape.steps; target++) {
          tape.targets.set(targets);
          await gradientOf(bench, target);
          sums.forEach((sum, d) => sum.forEach((_, i) => (sum[i] += backward.lowestHidden[d][i] / tape.steps)));
          gradientSum.forEach((_, i) => (gradientSum[i] += backward.gradient.values[i] / tape.steps));
        }
        sums.forEach((sum, d) => assertClose(sum, totals[d], 1e-5, `∂L/∂h_t of direction ${d}`));
        assertClose(gradientSum, gradient, 1e-5, '∂L/∂parameters');
      });

      it('what each step contributes to ∂L/∂W and ∂L/∂R sums to the gradient', async () => {
        const bench = await read();
        const { tape, backward } = bench;
        await gradientOf(bench, null);
        const { input, recurrent } = backward.lowestPreActivations;
        const d = tape.layers[0].directions.length - 1;
        const { W, R, Wb, Rb } = backward.gradient.layers[0][d];
        const oneHot = Float32Array.from({ length: tape.steps * config.vocabularySize }, (_, i) =>
          Number(tape.inputs[Math.floor(i / config.vocabularySize)] === i % config.vocabularySize),
        );
        const before = statesBefore(tape, tape.layers[0].directions[d], H);
        const ones = new Float32Array(tape.steps).fill(1);
        assertClose(W, stepsSum(tape, input, oneHot), 1e-5, 'W');
        assertClose(Wb, stepsSum(tape, input, ones), 1e-5, 'Wb');
        if (R.length === 0) return;
        assertClose(R, stepsSum(tape, recurrent, before), 1e-5, 'R');
        assertClose(Rb, stepsSum(tape, recurrent, ones), 1e-5, 'Rb');
      });

      it('the source × target matrix has the per-target gradients of every target, in the top layer', async () => {
        const { tape, perTarget, matrix } = await read();
        const rows = await matrix.run(() => Promise.resolve());
        for (let target = 0; target < tape.steps; target++) {
          const [hidden] = (await perTarget.run(target))[layers - 1][0];
          for (let t = 0; t < tape.steps; t++) {
            const entry = rows[target * tape.steps + t];
            if (t > target) assert.ok(Number.isNaN(entry), 'a later step cannot be reached');
            else if (hidden[t] === -Infinity) assert.equal(entry, -Infinity);
            else assertNear(entry, hidden[t], 1e-4, `${t} from ${target}`, true);
          }
        }
      });

      if (kind.cell !== 'rnn') {
        it('contributions sum to the logit without its bias, at every step', async () => {
          const { tape, parameters } = await read();
          const top = tape.layers[layers - 1].directions;
          for (let step = 0; step < tape.steps; step++) {
            const symbol = tape.targets[step];
            const { parts, carriedIn } = contributionsTo(tape, parameters.output.W, symbol, step)!;
            const states = top.flatMap((direction) => [
              ...direction.states[0].subarray(after(direction, step) * H, (after(direction, step) + 1) * H),
            ]);
            const logit = states.reduce((sum, h, i) => sum + h * parameters.output.W[symbol * states.length + i], 0);
            assertNear(
              parts.reduce((sum, part) => sum + part, carriedIn),
              logit,
              1e-5,
              `step ${step}`,
              true,
            );
          }
        });
      }
    });
  }
}

/** Traces back the mean loss, or ℓ_τ of one target. */
async function gradientOf({ tape, backward }: Bench, target: number | null): Promise<void> {
  if (target !== null) for (let t = 0; t < tape.steps; t++) if (t !== target) tape.targets[t] = -1;
  backward.clearCarried();
  await backward.run({ truncation: 0 });
}

/** Σ_t a_t b_tᵀ in float64, of series with T rows. */
function stepsSum({ steps }: Tape, a: Float32Array, b: Float32Array): Float64Array {
  const [m, n] = [a.length / steps, b.length / steps];
  const sum = new Float64Array(m * n);
  for (let t = 0; t < steps; t++)
    for (let i = 0; i < m; i++) for (let j = 0; j < n; j++) sum[i * n + j] += a[t * m + i] * b[t * n + j];
  return sum;
}
