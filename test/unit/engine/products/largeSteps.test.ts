/** Recurrences whose steps are large enough for ONNX Runtime: the same numbers as by the kernels alone, within 1e-5. */
import { strict as assert } from 'node:assert';
import { plainStack, uniformModel, type ModelConfig } from '../../../../src/core/model/config';
import { initialize } from '../../../../src/core/model/initialize';
import type { Parameters } from '../../../../src/core/model/parameters';
import { Random } from '../../../../src/core/model/random';
import { makeLearningNetwork } from '../../../../src/core/network';
import { createBackend, stepWorkOf, type Backend } from '../../../../src/engine/backend';
import { minForSteps } from '../../../../src/engine/products/mixedProducts';
import { assertClose, assertNear } from '../../../reference/compare';

const tolerance = 1e-5;
const steps = 6;
/** Not whole blocks of four, so that every edge of a transposition is met. */
const batch = 11;

const models = [
  { cell: 'rnn', activation: 'tanh', hiddenSize: 310, bidirectional: false },
  { cell: 'rnn', activation: 'relu', hiddenSize: 310, bidirectional: true },
  { cell: 'lstm', activation: 'tanh', hiddenSize: 155, bidirectional: false },
  { cell: 'lstm', activation: 'tanh', hiddenSize: 155, bidirectional: true },
  { cell: 'gru', activation: 'tanh', hiddenSize: 178, bidirectional: false },
  { cell: 'gru', activation: 'tanh', hiddenSize: 178, bidirectional: true },
] as const;

/** Two windows, the second with the state of the first; what is left by the pass back over the second. */
async function trained(
  backend: Backend,
  config: ModelConfig,
  initial: Parameters,
  lengths: readonly number[],
  truncation: number,
) {
  const random = Random.fromSeed(5);
  const { parameters, tape, forward, backward } = backend.build(batch, (arena, products) =>
    makeLearningNetwork(arena, config, { steps, batch }, products),
  );
  parameters.values.set(initial.values);
  for (let window = 0; window < 2; window++) {
    for (let row = 0; row < steps * batch; row++) {
      const isPadding = Math.floor(row / batch) >= lengths[row % batch];
      tape.inputs[row] = isPadding ? -1 : Math.floor(random.between(0, config.vocabularySize));
      tape.targets[row] = isPadding ? -1 : Math.floor(random.between(0, config.vocabularySize));
    }
    tape.lengths.set(lengths);
    tape.resize(steps);
    if (window > 0) tape.carryState();
    await forward.run();
  }
  await backward.run({ truncation });
  const carried = backward.gradient.values.slice();
  // Once more: what the first pass sent back to the window before is taken up.
  await backward.run({ truncation });
  return {
    loss: tape.loss,
    carried,
    gradient: backward.gradient.values.slice(),
    saturation: forward.saturation.flat(),
    totals: backward.totals.flat().map(([hidden]) => hidden.slice()),
  };
}

describe('large steps by ONNX Runtime', () => {
  for (const { bidirectional, ...model } of models) {
    it(`${model.cell} ${model.activation}, ${bidirectional ? 'both directions' : 'one direction'}`, async () => {
      const config = uniformModel({ ...plainStack, ...model, bidirectional, layers: 1, vocabularySize: 7 });
      assert.ok(stepWorkOf(config, batch) >= minForSteps, 'the steps are large');
      const stepWork = stepWorkOf(config, batch);
      const [kernels, ...others] = await Promise.all(
        (['wasm', 'ort', 'ort'] as const).map((backend, threads) =>
          createBackend({ backend, threads: Math.max(1, threads) }, 2, stepWork),
        ),
      );
      for (const { name } of others) assert.equal(name, 'ort');
      const initial = initialize(config, Random.fromSeed(4));
      for (const truncation of [0, 4]) {
        for (const lengths of [
          Array<number>(batch).fill(steps),
          Array.from({ length: batch }, (_, b) => 1 + (b % steps)),
        ]) {
          const expected = await trained(kernels, config, initial, lengths, truncation);
          for (const backend of others) {
            const actual = await trained(backend, config, initial, lengths, truncation);
            if (truncation === 0)
              assert.deepEqual(
                (await trained(backend, config, initial, lengths, truncation)).gradient,
                actual.gradient,
                'once more, the same bits',
              );
            assertNear(actual.loss, expected.loss, tolerance, 'loss');
            assertClose(actual.carried, expected.carried, tolerance, '∂L/∂parameters');
            assertClose(actual.gradient, expected.gradient, tolerance, '∂L/∂parameters with a gradient carried in');
            actual.totals.forEach((total, i) =>
              assertClose(total, expected.totals[i], tolerance, `norms of ∂L/∂h_t ${i}`),
            );
            actual.saturation.forEach((fractions, i) =>
              assertClose(fractions, expected.saturation[i], 1e-3, `saturation ${i}`),
            );
          }
        }
      }
    });
  }
});
