/** A stack with layers that are no recurrent cell, walked from end to end: with two mixers that exist in tests only (test/support/mixers.ts). */
import { strict as assert } from 'node:assert';
import { matrixInFloat64 } from '../../../src/core/float64/float64Matrix';
import { inputMatrixInFloat64 } from '../../../src/core/float64/float64InputMatrix';
import { float64Gradient } from '../../../src/core/float64/float64Backward';
import { gradientTimesInput, integratedGradients } from '../../../src/core/float64/float64Score';
import { perTargetInFloat64 } from '../../../src/core/float64/float64PerTarget';
import type { Float64Trace } from '../../../src/core/float64/float64Trace';
import { Vocabulary } from '../../../src/core/corpus/vocabulary';
import type { ModelConfig } from '../../../src/core/model/config';
import { Parameters } from '../../../src/core/model/parameters';
import { generalModelOf } from '../../../src/core/model/plainModel';
import type { TapeSettings } from '../../../src/core/model/tape';
import { makeLearningNetwork, type LearningNetwork } from '../../../src/core/network';
import { createBackend } from '../../../src/engine/backend';
import { decodeCheckpoint, encodeCheckpoint } from '../../../src/modelFiles/checkpointFile';
import { assertClose, assertNear } from '../../reference/compare';
import { leaky } from '../../support/mixers';
import { backendNames, type TestBackend } from '../support/models';
import { configOf, H, ids, layer, models, noPause, parametersFor, traceOf } from '../support/mixerStacks';

async function networkFor(
  backend: TestBackend,
  config: ModelConfig,
  parameters: Parameters,
  settings: TapeSettings,
): Promise<LearningNetwork> {
  const made = await createBackend({ backend, threads: 1 }, 1, Infinity);
  const network = made.build(settings.batch, (arena, products) =>
    makeLearningNetwork(arena, config, settings, products),
  );
  network.parameters.values.set(parameters.values);
  return network;
}

/** Every entry of a gradient by its name, from float64. */
function gradientsOf(config: ModelConfig, trace: Float64Trace): Map<string, Float64Array> {
  const { layers, norms, norm, output, embedding } = float64Gradient(trace);
  const found = new Map<string, Float64Array>([
    ['output.W', output.W],
    ['output.b', output.b],
  ]);
  if (embedding) found.set('embedding', embedding);
  const roles = ['gamma', 'beta'] as const;
  roles.forEach((role) => norm && found.set(`norm.${role}`, norm[role]));
  const { entries } = new Parameters(config).layout;
  for (const { name, layer: l, role } of entries) {
    if (l < 0) continue;
    const [own] = layers[l];
    const of = role in own ? own[role as 'W'] : Object.entries(own.own).find(([each]) => each === role)?.[1];
    if (of) found.set(name, of);
    const normed = /^(?:(\w+)\.)?norm\.(gamma|beta)$/.exec(role);
    if (!normed) continue;
    const values = norms[l][normed[1] === 'square' ? 1 : 0];
    if (values) found.set(name, values[normed[2] as 'gamma']);
  }
  return found;
}

describe('a stack with mixers', () => {
  for (const [name, config] of Object.entries(models)) {
    const parameters = parametersFor(config);
    const N = config.layers.length;

    it(`${name}: in float64 every gradient is that of central differences`, () => {
      const trace = traceOf(config, parameters);
      const gradients = gradientsOf(config, trace);
      for (const entry of parameters.layout.entries) {
        const own = gradients.get(entry.name);
        assert.ok(own, entry.name);
        for (let k = 0; k < entry.length; k += Math.max(1, Math.floor(entry.length / 3))) {
          const at = entry.offset + k;
          const lossAt = (shift: number) => {
            const moved = new Parameters(config, parameters.values.slice());
            moved.values[at] += shift;
            return { loss: traceOf(config, moved).loss, at: moved.values[at] };
          };
          const [above, below] = [lossAt(2e-4), lossAt(-2e-4)];
          const slope = (above.loss - below.loss) / (above.at - below.at);
          assert.ok(
            Math.abs(slope - own[k]) < 2e-5 * Math.max(1, Math.abs(slope)),
            `${entry.name} ${k}: ${own[k]}, ${slope}`,
          );
        }
      }
    });

    it(`${name}: of one target the input gradient at the embedding is that of central differences, and zero at the top before it`, async () => {
      // Every token once: a row of the embedding is the input of one step.
      const text = [0, 3, 7, 1, 4, 8, 2, 6, 5];
      const target = 6;
      const trace = traceOf(config, parameters, text);
      const { inputs } = await perTargetInFloat64(trace, target);
      assert.equal(inputs.length, N + 1);
      const [lowest, top] = [inputs[0], inputs[N]];
      const itemAt = (values: Float32Array) =>
        -traceOf(config, new Parameters(config, values), text).targetLogProbabilities[target];
      for (let t = 0; lowest && t <= target; t++) {
        let squares = 0;
        for (let i = 0; i < H; i++) {
          const at = text[t] * H + i;
          const [up, down] = [parameters.values.slice(), parameters.values.slice()];
          up[at] += 2e-3;
          down[at] -= 2e-3;
          squares += ((itemAt(up) - itemAt(down)) / (up[at] - down[at])) ** 2;
        }
        assertNear(lowest[t], Math.log10(Math.sqrt(squares)), 1e-3, `step ${t}`, true);
      }
      assert.ok(!lowest || Number.isNaN(lowest[target + 1]));
      if (top) {
        assert.ok(top.subarray(0, target).every((value) => value === -Infinity));
        assert.ok(Number.isFinite(top[target]));
      }
      const matrix = await inputMatrixInFloat64(trace, noPause);
      const T = trace.steps;
      if (lowest)
        assertClose(matrix.subarray(target * T, target * T + target + 1), lowest.subarray(0, target + 1), 1e-12, 'row');
      const states = await matrixInFloat64(trace, noPause);
      assert.equal(states.length, T * T);
      assert.ok(Number.isFinite(states[target * T + target]));
    });

    for (const backend of backendNames) {
      it(`${name}, on ${backend}: loss, gradients, totals and inputs of the kernels are those of float64`, async () => {
        const { tape, backward, forward } = await networkFor(backend, config, parameters, {
          steps: ids.length - 1,
          batch: 1,
        });
        tape.inputs.set(ids.slice(0, -1));
        tape.targets.set(ids.slice(1));
        await forward.run();
        const trace = traceOf(config, parameters);
        assertNear(tape.loss, trace.loss, 1e-5, 'loss');
        await backward.run({ truncation: 0 });
        const expected = float64Gradient(trace);
        const gradients = gradientsOf(config, trace);
        for (const entry of backward.gradient.layout.entries)
          assertClose(backward.gradient.view(entry), gradients.get(entry.name)!, 1e-4, entry.name);
        expected.totals.forEach((directions, l) =>
          directions.forEach((states, d) =>
            states.forEach((norms, state) =>
              assertClose(backward.totals[l][d][state], norms, 1e-4, `totals ${l} ${state}`),
            ),
          ),
        );
        expected.inputs.forEach((norms, boundary) => {
          assert.equal(norms === null, backward.inputs[boundary] === null);
          if (norms) assertClose(backward.inputs[boundary]!, norms, 1e-4, `input ${boundary}`);
        });
      });

      it(`${name}, on ${backend}: padded streams of two windows have the gradients of each by itself`, async () => {
        const lengths = [6, 4, 0];
        const bench = await networkFor(backend, config, parameters, { steps: 6, batch: 3 });
        bench.tape.inputs.fill(-1);
        bench.tape.targets.fill(-1);
        const texts = lengths.map((length, b) => Array.from({ length: length + 1 }, (_, t) => (5 * t + 2 * b) % 9));
        texts.forEach((text, b) => {
          bench.tape.lengths[b] = lengths[b];
          for (let t = 0; t < lengths[b]; t++) {
            bench.tape.inputs[t * 3 + b] = text[t];
            bench.tape.targets[t * 3 + b] = text[t + 1];
          }
        });
        bench.tape.resize(6);
        await bench.forward.run();
        await bench.backward.run({ truncation: 0 });
        const sums = new Map<string, Float64Array>();
        for (const text of texts.filter(({ length }) => length > 1)) {
          const share = (text.length - 1) / 10;
          for (const [of, values] of gradientsOf(config, traceOf(config, parameters, text))) {
            const sum = sums.get(of) ?? new Float64Array(values.length);
            values.forEach((value, i) => (sum[i] += share * value));
            sums.set(of, sum);
          }
        }
        for (const entry of bench.backward.gradient.layout.entries)
          assertClose(bench.backward.gradient.view(entry), sums.get(entry.name)!, 1e-4, entry.name);
      });
    }

    it(`${name}: attributions are complete`, async () => {
      const general = generalModelOf(config, parameters);
      const inputs = Int32Array.from(ids.slice(0, 9));
      const found = await integratedGradients(general, inputs, 4, 8, 24, noPause);
      const sum = found.parts.reduce((total, part) => total + part, found.baseline);
      assertNear(sum, found.whole, 1e-6, 'integrated gradients');
      assert.ok(gradientTimesInput(general, inputs, 4, 8).parts.every(Number.isFinite));
    });

    it(`${name}: a checkpoint keeps it`, () => {
      const vocabulary = new Vocabulary(Array.from('abcdefghi'));
      const read = decodeCheckpoint(encodeCheckpoint({ config, parameters, vocabulary, step: 4 }), 'step-4.onnx');
      assert.deepEqual(read.config, config);
      assert.deepEqual(read.parameters.values, parameters.values);
    });
  }

  it('keeps the gradient of a far target however small it is', async () => {
    const config = configOf([layer(leaky)]);
    const parameters = parametersFor(config);
    for (const entry of parameters.layout.entries) {
      // Every unit of the state shrinks by 1/1000 a step, and the second sublayer gives nothing.
      if (entry.role === 'a') parameters.view(entry).fill(1e-3);
      if (entry.role === 'v') parameters.view(entry).fill(0);
    }
    const text = Array.from({ length: 202 }, (_, t) => (7 * t + 3) % 9);
    const { norms, inputs } = await perTargetInFloat64(traceOf(config, parameters, text), 200);
    const [[[flow]]] = norms;
    for (const lag of [1, 50, 150, 200])
      assertNear(flow[200 - lag] - flow[200], lag * Math.log10(Math.fround(1e-3)), 1e-6, `state, lag ${lag}`, true);
    assertNear(inputs[0]![0] - inputs[0]![1], -3, 1e-6, 'input', true);
  });
});
