/** Facts about the engine's gradients that need no other program: closed forms and identities. */
import { strict as assert } from 'node:assert';
import { horizonOf, slopeOf } from '../../../src/terms/seriesSummary';
import { regionsOf, relativeTo } from '../../../src/terms/regions';
import { plainStack, uniformModel } from '../../../src/core/model/config';
import { Parameters } from '../../../src/core/model/parameters';
import type { Tape } from '../../../src/core/model/tape';
import { assertNear } from '../../reference/compare';
import { linearRelu } from '../../reference/linearRelu';
import { farCaseNames, loadFarCase } from '../../reference/vectors';
import { backendNames, configOf, parametersOf, randomModel, readProbe } from '../support/models';

const thresholds = { vanishing: -3, exploding: 2 };

describe('per-target gradients where float32 and float64 have long given up', () => {
  for (const backendName of backendNames) {
    for (const gain of [0.5, 1, 1.5] as const) {
      it(`a linear recurrence of gain ${gain} over 2,000 steps is a straight ramp (${backendName})`, async () => {
        const { model, ids, log10OfLag } = linearRelu(gain, 2000);
        const config = configOf(model);
        const { tape, perTarget, matrix } = await readProbe(backendName, config, parametersOf(config, model), ids);
        const target = tape.steps - 1;
        const [[[flow]]] = await perTarget.run(target);
        const lastRow = (await matrix.run(() => Promise.resolve())).subarray(target * tape.steps);
        for (let t = 0; t <= target; t++) assertNear(lastRow[t], flow[t], 1e-3, `matrix at step ${t}`, true);
        const relative = relativeTo(target, flow);
        for (let lag = 0; lag <= target; lag++)
          assertNear(relative[target - lag], log10OfLag(lag), 1e-3, `log₁₀ at lag ${lag}`, true);
        assertNear(slopeOf(relative, target)!, Math.log(gain), 1e-6, 'slope in nats per token', true);
      });
    }
  }

  for (const name of farCaseNames.filter((far) => far !== 'far-relu-exploding')) {
    it(`${name}: log₁₀ within 1e-3 of PyTorch with multiple precision`, async () => {
      const far = loadFarCase(name);
      const config = configOf(far.model);
      const { tape, parameters, perTarget, input } = await readProbe(
        'ort',
        config,
        parametersOf(config, far.model),
        far.ids,
      );
      // A chaotic trajectory cannot be computed again, in any precision: its states are given, and only the gradient is ours.
      if (far.hidden) giveStates(tape, parameters, far.hidden);
      const [[[flow]]] = await perTarget.run(tape.steps - 1);
      const inputFlow = await input.flow(perTarget);
      for (let t = 0; t < tape.steps; t++) {
        assertNear(flow[t], far.log10[t], 1e-3, `log₁₀‖∂ℓ/∂h‖ at step ${t}`, true);
        assertNear(inputFlow[t], far.inputLog10[t], 1e-3, `log₁₀‖∂ℓ/∂x‖ at step ${t}`, true);
      }
    });
  }
});

describe('identities', () => {
  const configs = [
    { cell: 'rnn', activation: 'tanh' },
    { cell: 'rnn', activation: 'relu' },
    { cell: 'lstm', activation: 'tanh' },
    { cell: 'gru', activation: 'tanh' },
  ] as const;

  for (const { cell, activation } of configs) {
    it(`${cell} ${activation}: with one predicted token the total gradient is the per-target one, in every layer`, async () => {
      // A window of T steps whose loss is only the last step's.
      const config = uniformModel({ ...plainStack, cell, activation, layers: 2, hiddenSize: 12, vocabularySize: 6 });
      for (let seed = 1; seed <= 5; seed++) {
        const { parameters, ids } = randomModel(config, seed, 20);
        const { tape, perTarget, backward } = await readProbe('wasm', config, parameters, ids);
        const target = tape.steps - 1;
        const flows = await perTarget.run(target);
        onlyLoss(tape, target);
        await backward.run({ truncation: 0 });
        flows.forEach(([[flow]], layer) => {
          for (let t = 0; t <= target; t++) {
            assertNear(10 ** flow[t], backward.totals[layer][0][0][t], 1e-4, `seed ${seed}, layer ${layer}, step ${t}`);
          }
        });
      }
    });
  }

  it('a uniform guess has loss ln V', async () => {
    const config = uniformModel({
      ...plainStack,
      cell: 'gru',
      activation: 'tanh',
      layers: 1,
      hiddenSize: 4,
      vocabularySize: 37,
    });
    const parameters = new Parameters(config);
    const { tape } = await readProbe('ort', config, parameters, [0, 5, 9, 36, 2]);
    assertNear(tape.loss, Math.log(37), 1e-6, 'loss');
  });

  it('a forget gate held at σ(b) for 50 steps passes σ(b)⁵⁰ of the cell’s gradient', async () => {
    for (const bias of [0, 1, 2, 5]) {
      const factor = (1 / (1 + Math.exp(-bias))) ** 50;
      const config = uniformModel({
        ...plainStack,
        cell: 'lstm',
        activation: 'tanh',
        layers: 1,
        hiddenSize: 1,
        vocabularySize: 2,
      });
      const parameters = new Parameters(config);
      const [{ Wb }] = parameters.layers[0];
      // Gates i o f c: only the forget gate has a bias; the output gate stands open at σ(0), and R is zero.
      Wb[2] = bias;
      parameters.output.W.set([1, -1]);
      const { tape, backward } = await readProbe(
        'wasm',
        config,
        parameters,
        Array.from({ length: 52 }, (_, t) => t % 2),
      );
      onlyLoss(tape, 50);
      await backward.run({ truncation: 0 });
      assertNear(backward.totals[0][0][1][0] / backward.totals[0][0][1][50], factor, 1e-4, `factor for b = ${bias}`);
    }
  });
});

describe('a dead relu', () => {
  it('has a gradient of exactly zero, not a small one', async () => {
    const config = uniformModel({
      ...plainStack,
      cell: 'rnn',
      activation: 'relu',
      layers: 1,
      hiddenSize: 3,
      vocabularySize: 2,
    });
    const parameters = new Parameters(config);
    parameters.layers[0][0].Wb.fill(-1);
    parameters.output.W.fill(0.5);
    parameters.output.W[0] = 1;
    const { perTarget } = await readProbe('ort', config, parameters, [0, 1, 0, 1, 1]);
    const [[[flow]]] = await perTarget.run(3);
    assert.deepEqual([...flow.subarray(0, 3)], [-Infinity, -Infinity, -Infinity]);
    assert.ok(Number.isFinite(flow[3]));
    const relative = relativeTo(3, flow);
    assert.deepEqual(regionsOf(relative, thresholds), [{ kind: 'vanishing', from: 0, to: 2 }]);
    assert.equal(horizonOf(relative, 3, thresholds), 1);
    assert.equal(slopeOf(relative, 3), null);
  });
});

describe('regions and horizon', () => {
  it('are maximal runs relative to the target’s own step, thresholds included', () => {
    const relative = Float64Array.of(2.5, 2, 1.9, -3, -4, -2, -1, 0, NaN, NaN);
    assert.deepEqual(regionsOf(relative, thresholds), [
      { kind: 'exploding', from: 0, to: 1 },
      { kind: 'vanishing', from: 3, to: 4 },
    ]);
    // −3 is not below the threshold, −4 is.
    assert.equal(horizonOf(relative, 7, thresholds), 3);
    assert.equal(horizonOf(relative.subarray(5), 2, thresholds), null);
  });
});

/** Puts these states on the tape of a one-layer model, and the probabilities of the last step that follow from them. */
function giveStates(tape: Tape, parameters: Parameters, states: Float64Array): void {
  const { vocabularySize: V } = tape.config;
  const H = tape.layers[0].hiddenSize;
  tape.layers[0].directions[0].states[0].set(states, H);
  const last = states.subarray(states.length - H);
  const { W, b } = parameters.output;
  const logits = Array.from(b, (bias, v) => last.reduce((sum, h, u) => sum + W[v * H + u] * h, bias));
  const total = logits.reduce((sum, logit) => sum + Math.exp(logit), 0);
  tape.probabilities.set(
    logits.map((logit) => Math.exp(logit) / total),
    (tape.steps - 1) * V,
  );
}

/** Leaves on the tape the loss of step `target` only. */
function onlyLoss(tape: Tape, target: number): void {
  tape.targets.forEach((_, t) => {
    if (t !== target) tape.targets[t] = -1;
  });
}
