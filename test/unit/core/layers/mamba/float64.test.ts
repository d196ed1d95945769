/** The layer in float64 beside PyTorch, and what is known of it without any library. */
import { strict as assert } from 'node:assert';
import { float64 } from '../../../../../src/core/layers/mamba/float64';
import type { MambaTrace } from '../../../../../src/core/layers/mamba/trace';
import { float64Arithmetic } from '../../../../../src/core/float64/arithmetic';
import { useThreads, workspace } from '../../../../../src/core/float64/workspace';
import { createThreadPool } from '../../../../../src/engine/threads/threadPool';
import { addArrival, arrivals, type Arrivals } from '../../../../../src/core/analysis/arrivals';
import { lengthOf } from '../../../../../src/core/numeric';
import { assertClose, assertNear } from '../../../../reference/compare';
import { MambaStack } from '../../../../reference/mambaStack';
import {
  drawParameters,
  mambaCaseNames,
  parametersOfLayer,
  readMambaCase,
  sizesOfLayer,
  wave,
  type Logarithms,
  type MambaOptions,
} from '../../../../reference/mambaVectors';

function assertLogarithms(actual: Float64Array, expected: Logarithms, what: string): void {
  expected.forEach((value, t) => {
    if (value === null) assert.ok(Number.isNaN(actual[t]), `${what}, step ${t} cannot be reached`);
    else assertNear(actual[t], value === -9999 ? -Infinity : value, 1e-7, `${what}, step ${t}`, true);
  });
}

const stateOrder = ['h', 'conv'] as const;

for (const name of mambaCaseNames) {
  const found = readMambaCase(name);
  describe(`Mamba in float64, ${name}`, () => {
    const { ids, ...expected } = found.inspection;
    const stack = new MambaStack(found, drawParameters(found), float64);
    const read = stack.read(ids);
    const { gradients, totals, inputTotals } = stack.backward(ids, read);

    it('has the losses and states of PyTorch', () => {
      assertClose(read.losses, expected.losses, 1e-9, 'losses');
      expected.norms.forEach((norms, layer) =>
        float64
          .stateNorms(read.layers[layer], read.traces[layer])
          .forEach((own, state) => assertClose(own, norms[stateOrder[state]], 1e-8, `layer ${layer}, state ${state}`)),
      );
    });

    it('has every parameter gradient of PyTorch', () => {
      assert.deepEqual([...gradients.keys()].sort(), Object.keys(expected.gradients).sort());
      for (const [parameter, values] of gradients) assertClose(values, expected.gradients[parameter], 1e-8, parameter);
    });

    it('has the total gradients of states and boundaries', () => {
      expected.totals.forEach((own, layer) =>
        stateOrder.forEach((state, s) => assertClose(totals[layer][s], own[state], 1e-8, `layer ${layer}, ${state}`)),
      );
      expected.inputTotals.forEach((own, boundary) =>
        assertClose(inputTotals[boundary], own, 1e-8, `boundary ${boundary}`),
      );
    });

    it('has the gradient of one target, by every state and boundary', () => {
      for (const { target, states, inputs } of expected.flows) {
        const flow = stack.flow(ids, read, target);
        states.forEach((own, layer) =>
          stateOrder.forEach((state, s) =>
            assertLogarithms(flow.states[layer][s], own[state], `target ${target}, layer ${layer}, ${state}`),
          ),
        );
        inputs.forEach((own, boundary) =>
          assertLogarithms(flow.inputs[boundary], own, `target ${target}, boundary ${boundary}`),
        );
      }
    });

    it('has it for every target', () => {
      for (let target = 0; target < read.steps; target++) {
        const flow = stack.flow(ids, read, target);
        assertLogarithms(flow.states[found.layers - 1][0], expected.matrix[target], `target ${target}`);
        assertLogarithms(flow.inputs[0], expected.inputMatrix[target], `target ${target}, input`);
      }
    });
  });
}

describe('Mamba of 201 steps', () => {
  const options: MambaOptions = {
    width: 4,
    stateSize: 3,
    expand: 2,
    convolution: 4,
    rank: 2,
    biases: false,
    norm: true,
    residual: true,
    tied: false,
    layers: 1,
    vocabulary: 5,
    epsilon: 1e-5,
  };
  const [V, D, E, S, R, K] = [5, 4, 8, 3, 2, 4];
  const parameters = new Map<string, Float64Array>([
    ['embedding', wave(0, V * D, 1)],
    ['output.W', wave(1, V * D, 0.5)],
    ['output.b', wave(2, V, 0.5)],
    ['finalNorm', new Float64Array(D).fill(1)],
    ['layer0.norm', new Float64Array(D).fill(1)],
    ['layer0.W_in', wave(3, 2 * E * D, 0.5)],
    ['layer0.W_conv', wave(4, E * K, 0.5)],
    ['layer0.b_conv', wave(5, E, 0.5)],
    ['layer0.W_x', wave(6, (R + 2 * S) * E, 0.5)],
    ['layer0.W_dt', wave(7, E * R, 0.5)],
    ['layer0.b_dt', Float64Array.from({ length: E }, (_, j) => Math.log(Math.expm1(0.001 * 100 ** (j / (E - 1)))))],
    ['layer0.A_log', Float64Array.from({ length: E * S }, (_, i) => Math.log((i % S) + 1))],
    ['layer0.D', new Float64Array(E).fill(1)],
    ['layer0.W_out', wave(8, D * E, 0.5)],
  ]);
  const ids: number[] = [];
  for (let s = 1; ids.length < 202;) ids.push((s = (75 * s + 74) % 65537) % 5);
  const stack = new MambaStack(options, parameters, float64);
  const read = stack.read(ids);

  it('has the losses that PyTorch has', () => {
    assertNear(read.losses.reduce((a, b) => a + b, 0) / 201, 1.9980245268893, 1e-12, 'mean');
    assertNear(read.losses[200], 0.7223892222664, 1e-11, 'last');
  });

  it('has the gradients of the last loss at lags to 200, by h and by x', () => {
    const { states, inputs } = stack.flow(ids, read, 200);
    const at = (flow: Float64Array) => [0, 1, 10, 50, 200].map((lag) => 10 ** flow[200 - lag]);
    const byState = [2.4647808844e-1, 2.19436322399e-1, 1.00215621408e-1, 4.08053648276e-2, 2.07329599435e-2];
    const byInput = [4.61414976255e-1, 3.46415128528e-3, 7.69030819548e-4, 9.75811295368e-5, 9.76577985619e-6];
    at(states[0][0]).forEach((value, i) => assertNear(value, byState[i], 1e-10, `h, ${i}`));
    at(inputs[0]).forEach((value, i) => assertNear(value, byInput[i], 1e-10, `x, ${i}`));
  });
});

describe('Mamba in float64 on several threads', () => {
  it('has the bits that it has on one', () => {
    const width = 80;
    const steps = 200;
    const options: MambaOptions = {
      ...{ width, stateSize: 16, expand: 2, convolution: 4, rank: 3, biases: false, norm: false, residual: false },
      ...{ tied: false, layers: 1, vocabulary: 5, epsilon: 1e-5 },
    };
    const layer = { ...sizesOfLayer(options, 0), parameters: parametersOfLayer(drawParameters(options), 0) };
    const read = (): Float64Array[] => {
      // Nothing may be taken from what others have left there.
      workspace([200_000]).room(200_000).fill(NaN);
      const trace = float64.forward(layer, wave(40, steps * width, 1), steps);
      const [above, below] = [0, 1].map(() => arrivals(float64Arithmetic, steps, width));
      above.isReached[steps - 1] = 1;
      addArrival(float64Arithmetic, above, steps - 1, wave(41, width, 1), 0, width, 0);
      const norms = float64.flow(layer, trace, above, below);
      const total = new Float64Array(steps * width);
      const gradient = Object.fromEntries(
        Object.entries(layer.parameters).map(([role, values]) => [role, new Float64Array(values.length)]),
      );
      const lengths = [new Float64Array(steps), new Float64Array(steps)];
      float64.backward(layer, trace, wave(42, steps * width, 1), total, gradient, lengths);
      return [trace.output, ...norms, below.values, total, ...lengths, ...Object.values(gradient)].map((a) =>
        a.slice(),
      );
    };
    const alone = read();
    // Started when there has been large work for a while; another test may have done that.
    useThreads(() => createThreadPool(3));
    for (let times = 0; times < 20; times++)
      read().forEach((values, index) =>
        assert.equal(
          values.findIndex((value, i) => !Object.is(value, alone[index][i])),
          -1,
          `array ${index}`,
        ),
      );
    assert.ok(workspace([8], true).isShared, 'no threads');
  });
});

describe('what is known of Mamba', () => {
  const options: MambaOptions = {
    ...{ width: 3, stateSize: 2, expand: 2, convolution: 3, rank: 1, biases: false, norm: false, residual: false },
    ...{ tied: false, layers: 1, vocabulary: 5, epsilon: 1e-5 },
  };
  const steps = 60;
  const x = wave(40, steps * 3, 1);

  function layerOf(own: MambaOptions, change: (parameters: Readonly<Record<string, Float64Array>>) => void) {
    const parameters = parametersOfLayer(drawParameters(own), 0);
    change(parameters);
    return { ...sizesOfLayer(own, 0), parameters };
  }

  function flowOf(layer: ReturnType<typeof layerOf>, target: number) {
    const trace = float64.forward(layer, x, steps);
    const above = arrivals(float64Arithmetic, steps, 3);
    above.isReached[target] = 1;
    addArrival(float64Arithmetic, above, target, wave(41, 3, 1), 0, 3, 0);
    return { trace, norms: float64.flow(layer, trace, above, arrivals(float64Arithmetic, steps, 3)) };
  }

  function below(layer: ReturnType<typeof layerOf>, trace: MambaTrace, above: Arrivals<Float64Array>) {
    const found = arrivals(float64Arithmetic, steps, 3);
    float64.flow(layer, trace, above, found);
    return found;
  }

  it('shrinks by exp(−Δ e^A_log) a step where the step size is held and a channel has one number', () => {
    for (const [bias, log] of [
      [-1, 0.3],
      [3, 2.5],
    ]) {
      const own = { ...options, stateSize: 1 };
      const layer = layerOf(own, ({ W_dt, b_dt, A_log }) => {
        W_dt.fill(0);
        b_dt.fill(bias);
        A_log.fill(log);
      });
      const { norms } = flowOf(layer, steps - 1);
      const factor = -Math.log1p(Math.exp(bias)) * Math.exp(log) * Math.LOG10E;
      // The second goes to 10^−950.
      for (let lag = 0; lag < steps; lag++)
        assertNear(norms[0][steps - 1 - lag] - norms[0][steps - 1], lag * factor, 1e-9, `lag ${lag}`, true);
    }
  });

  it('keeps what each half of the channels sends where one shrinks by e^−600 a step and the other by a little', () => {
    const own = { ...options, stateSize: 1 };
    const shrinking = (slow: number, fast: number, slowFrom: number) =>
      layerOf(own, ({ W_dt, b_dt, A_log }) => {
        W_dt.fill(0);
        b_dt.fill(Math.log(Math.E - 1));
        // Δ is 1.
        A_log.forEach((_, e) => (A_log[e] = Math.log(e >= slowFrom ? slow : fast)));
      });
    for (const [slow, fast, slowFrom] of [
      [0.25, 600, 3],
      [0.25, 600, 1],
      [600, 600, 0],
      [300, 600, 3],
    ]) {
      const { trace, norms } = flowOf(shrinking(slow, fast, slowFrom), steps - 1);
      assert.ok(norms[0].every((norm) => Number.isFinite(norm)));
      // From the second step back only the slower channels are left.
      for (let t = steps - 3; t >= 0; t--)
        assertNear(norms[0][t] - norms[0][t + 1], -slow * Math.LOG10E, 1e-9, `${slow}, step ${t}`, true);
      const above = arrivals(float64Arithmetic, steps, 3);
      above.isReached[steps - 1] = 1;
      addArrival(float64Arithmetic, above, steps - 1, wave(41, 3, 1), 0, 3, 0);
      const { logScales, values } = below(shrinking(slow, fast, slowFrom), trace, above);
      assert.ok(values.every((value) => Number.isFinite(value)));
      assert.ok(logScales.every((scale) => Number.isFinite(scale)));
    }
  });

  it('has no gradient behind a step where every channel forgets all', () => {
    const layer = layerOf({ ...options, stateSize: 1 }, ({ W_dt, b_dt, A_log }) => {
      W_dt.fill(0);
      b_dt.fill(1000);
      A_log.fill(2);
    });
    const { norms } = flowOf(layer, steps - 1);
    assert.ok(Number.isFinite(norms[0][steps - 1]));
    for (let t = 0; t < steps - 1; t++) assert.equal(norms[0][t], -Infinity);
  });

  it('has a state gradient that is the target’s own times every later factor, number by number, each below 1', () => {
    const layer = layerOf(options, () => {});
    const { trace, norms } = flowOf(layer, steps - 1);
    assert.ok(trace.kept.every((factor) => factor > 0 && factor < 1));
    // ∂ℓ/∂h_τ = ∂ℓ/∂y C_τᵀ, and y goes on through the gate and W_out.
    const [E, S] = [6, 2];
    const above = wave(41, 3, 1);
    const last = steps - 1;
    const gradient = new Float64Array(E * S);
    for (let e = 0; e < E; e++) {
      let g = 0;
      for (let o = 0; o < 3; o++) g += above[o] * layer.parameters['W_out'][o * E + e];
      const z = trace.projected[(2 * last + 1) * E + e];
      for (let s = 0; s < S; s++)
        gradient[e * S + s] = ((g * z) / (1 + Math.exp(-z))) * trace.selected[last * 5 + 3 + s];
    }
    for (let t = last; t >= 0; t--) {
      assertNear(norms[0][t], Math.log10(lengthOf(gradient)), 1e-10, `step ${t}`, true);
      gradient.forEach((_, i) => (gradient[i] *= trace.kept[t * E * S + i]));
    }
  });

  it('has gradients of single targets whose sum is the total gradient', () => {
    const layer = layerOf({ ...options, biases: true }, () => {});
    const weights = wave(50, steps * 3, 1);
    const trace = float64.forward(layer, x, steps);
    const sum = new Float64Array(steps * 3);
    for (let target = 0; target < steps; target++) {
      const above = arrivals(float64Arithmetic, steps, 3);
      above.isReached[target] = 1;
      addArrival(float64Arithmetic, above, target, weights, target * 3, 3, 0);
      const { values, logScales, isReached } = below(layer, trace, above);
      values.forEach(
        (value, i) =>
          (sum[i] += logScales[Math.floor(i / 3)] === -Infinity ? 0 : value * Math.exp(logScales[Math.floor(i / 3)])),
      );
      assert.deepEqual(
        [...isReached],
        Array.from({ length: steps }, (_, t) => Number(t <= target)),
      );
    }
    const total = new Float64Array(steps * 3);
    const gradient = Object.fromEntries(
      Object.entries(layer.parameters).map(([role, values]) => [role, new Float64Array(values.length)]),
    );
    float64.backward(layer, trace, weights, total, gradient, [new Float64Array(steps), new Float64Array(steps)]);
    assertClose(sum, total, 1e-12, 'sum over targets');
  });

  it('is a sum of what each token left in it', () => {
    const layer = layerOf({ ...options, biases: true }, () => {});
    const trace = float64.forward(layer, x, steps);
    const weights = wave(52, 3, 1);
    for (const step of [0, 1, 30, steps - 1]) {
      const parts = new Float64Array(steps);
      float64.addContributions?.(layer, trace, parts, weights, step);
      const whole = weights.reduce((sum, weight, i) => sum + weight * trace.output[step * 3 + i], 0);
      assertNear(
        parts.reduce((sum, part) => sum + part, 0),
        whole,
        1e-12,
        `step ${step}`,
      );
      assert.ok(parts.every((part, k) => (k <= step ? part !== 0 : part === 0)));
    }
  });

  it('agrees with central differences', () => {
    const layer = layerOf({ ...options, biases: true }, () => {});
    const weights = wave(50, steps * 3, 1);
    const score = (read: Float64Array) =>
      float64.forward(layer, read, steps).output.reduce((sum, value, i) => sum + value * weights[i], 0);
    const ofX = new Float64Array(steps * 3);
    const gradient = Object.fromEntries(
      Object.entries(layer.parameters).map(([role, values]) => [role, new Float64Array(values.length)]),
    );
    const norms = [new Float64Array(steps), new Float64Array(steps)];
    float64.backward(layer, float64.forward(layer, x, steps), weights, ofX, gradient, norms);
    for (const i of [0, 50, 100, 179]) {
      const [up, down] = [Float64Array.from(x), Float64Array.from(x)];
      up[i] += 1e-5;
      down[i] -= 1e-5;
      assertNear(ofX[i], (score(up) - score(down)) / 2e-5, 1e-6, `x ${i}`);
    }
    for (const [role, values] of Object.entries(layer.parameters)) {
      const i = values.length - 1;
      const own = values[i];
      values[i] = own + 1e-5;
      const up = score(x);
      values[i] = own - 1e-5;
      const down = score(x);
      values[i] = own;
      assertNear(gradient[role][i], (up - down) / 2e-5, 1e-6, role);
    }
  });
});
