/** Norms before layers and residual connections around them beside PyTorch in float64 (test/vectors/around.py): training, inspection, both precisions. */
import { strict as assert } from 'node:assert';
import { readFileSync } from 'node:fs';
import { inputRowsOf } from '../../../src/core/analysis/inputRows';
import { wholeMatrix } from '../../../src/core/analysis/matrixRows';
import { PerTargetGradient } from '../../../src/core/analysis/perTarget';
import { inputMatrixInFloat64 } from '../../../src/core/float64/float64InputMatrix';
import { matrixInFloat64 } from '../../../src/core/float64/float64Matrix';
import { float64Gradient } from '../../../src/core/float64/float64Backward';
import { perTargetInFloat64 } from '../../../src/core/float64/float64PerTarget';
import { readInFloat64 } from '../../../src/core/float64/float64Trace';
import { hasInputRows, plainStack, uniformModel, type ModelConfig } from '../../../src/core/model/config';
import { generalModelOf } from '../../../src/core/model/plainModel';
import { makeLearningNetwork } from '../../../src/core/network';
import { createBackend } from '../../../src/engine/backend';
import type { NormName } from '../../../src/layers/norm';
import type { CellName } from '../../../src/layers/catalog';
import { assertNear } from '../../reference/compare';
import {
  assertGradients,
  assertParameters,
  load,
  parametersOf,
  type Inspection,
  type Run,
} from '../support/formulaModels';
import { backendNames, benchFor, type Bench, type TestBackend } from '../support/models';

interface AroundCase {
  readonly cell: CellName;
  readonly layers: number;
  readonly directions: number;
  readonly norm: NormName;
  readonly residual: boolean;
  readonly finalNorm: NormName;
  readonly truncation: number | null;
  readonly inspection: Inspection;
  readonly training: Readonly<Record<'stream' | 'sequences', Run>>;
}

interface AroundFile {
  readonly hidden: number;
  readonly vocabulary: number;
  readonly target: number;
  readonly cases: readonly AroundCase[];
}

const files = ['rnn', 'lstm', 'gru'].map(
  (cell) => JSON.parse(readFileSync(`test/vectors/data/around/${cell}.json`, 'utf8')) as AroundFile,
);
const noPause = () => Promise.resolve();

function configOf(
  { hidden, vocabulary }: AroundFile,
  { cell, layers, directions, norm, residual, finalNorm }: AroundCase,
): ModelConfig {
  return uniformModel({
    ...plainStack,
    cell,
    activation: 'tanh',
    layers,
    bidirectional: directions === 2,
    hiddenSize: hidden,
    vocabularySize: vocabulary,
    embeddingSize: directions * hidden,
    norm,
    residual,
    finalNorm,
  });
}

async function inspected(backend: TestBackend, config: ModelConfig, ids: readonly number[]): Promise<Bench> {
  const bench = await benchFor(backend, config, parametersOf(config), { steps: ids.length - 1, batch: 1 });
  bench.tape.inputs.set(ids.slice(0, -1));
  bench.tape.targets.set(ids.slice(1));
  await bench.forward.run();
  return bench;
}

for (const file of files) {
  for (const each of file.cases) {
    const { cell, layers, norm, residual, directions, inspection, training, truncation } = each;
    const config = configOf(file, each);
    const name = `${cell}, ${layers} layers, ${norm}${residual ? ', residual' : ''}${directions > 1 ? ', both ways' : ''}`;
    const { target } = file;
    const { ids } = inspection;

    describe(`norm and residual beside PyTorch: ${name}`, () => {
      for (const backend of backendNames) {
        for (const [reading, { windows, losses, gradients }] of Object.entries(training)) {
          it(`${reading} on ${backend}: losses and every parameter's gradient`, async () => {
            const steps = Math.max(...windows.flatMap(({ inputs }) => inputs.map(({ length }) => length)));
            const batch = windows[0].inputs.length;
            const bench = await benchFor(backend, config, parametersOf(config), { steps, batch });
            for (const [number, window] of windows.entries()) {
              load(bench.tape, window);
              await bench.forward.run();
              assertNear(bench.tape.loss, losses[number], 1e-5, `loss of window ${number}`);
              if (number < windows.length - 1) bench.tape.carryState();
            }
            await bench.backward.run({ truncation: truncation ?? 0 });
            assertParameters(bench.backward.gradient, gradients, 1e-4);
          });
        }

        it(`on ${backend}: total and per-target gradients of states and inputs`, async () => {
          const { backward, perTarget, tape } = await inspected(backend, config, ids);
          await backward.run({ truncation: 0 });
          assertNear(tape.loss, inspection.loss, 1e-5, 'loss');
          assertGradients(backward.totals, backward.inputs, inspection.total, 1e-4, 'total');
          assertGradients(await perTarget.run(target), perTarget.inputs, inspection.perTarget, 1e-3, 'log₁₀');
        });

        it(`on ${backend}: rows of the matrices are the targets' own`, async () => {
          const bench = await inspected(backend, config, ids);
          const T = ids.length - 1;
          const matrix = await bench.matrix.run(noPause);
          const flows = await bench.perTarget.run(target);
          for (let t = 0; t < target; t++)
            assertNear(matrix[target * T + t], flows[layers - 1][0][0][t], 1e-3, `row τ, step ${t}`);
          if (directions > 1 || !hasInputRows(config, 0)) return;
          const rows = await inputRows(backend, config, ids);
          const [input] = bench.perTarget.inputs;
          for (let t = 0; t < target; t++)
            assertNear(rows[target * T + t], input![t], 1e-3, `row τ of the inputs, step ${t}`);
        });
      }

      it('in float64: loss, total and per-target gradients, matrices', async () => {
        const model = generalModelOf(config, parametersOf(config));
        const trace = readInFloat64(model, Int32Array.from(ids.slice(0, -1)), Int32Array.from(ids.slice(1)));
        assertNear(trace.loss, inspection.loss, 1e-6, 'loss');
        const { totals, inputs } = float64Gradient(trace);
        assertGradients(totals, inputs, inspection.total, 1e-6, 'total');
        const found = await perTargetInFloat64(trace, target);
        assertGradients(found.norms, found.inputs, inspection.perTarget, 1e-6, 'log₁₀');
        const T = trace.steps;
        const [matrix, ofInputs] = [await matrixInFloat64(trace, noPause), await inputMatrixInFloat64(trace, noPause)];
        for (let t = 0; t <= target; t++) {
          assertNear(matrix[target * T + t], found.norms[layers - 1][0][0][t], 1e-9, `row τ, step ${t}`);
          const input = inspection.perTarget.inputs[0][t];
          if (input !== null) assertNear(ofInputs[target * T + t], input, 1e-6, `row τ of the inputs, step ${t}`);
        }
      });
    });
  }
}

async function inputRows(backend: TestBackend, config: ModelConfig, ids: readonly number[]): Promise<Float64Array> {
  const steps = ids.length - 1;
  const made = await createBackend({ backend, threads: 1 }, 1, Infinity);
  const { network, rows } = made.build(1, (arena, products) => {
    const built = makeLearningNetwork(arena, config, { steps, batch: 1 }, products);
    const { tapeWalked } = new PerTargetGradient(built.tape, built.parameters, products);
    return { network: built, rows: inputRowsOf(built.tape, built.parameters, products, tapeWalked) };
  });
  network.parameters.values.set(parametersOf(config).values);
  network.tape.inputs.set(ids.slice(0, -1));
  network.tape.targets.set(ids.slice(1));
  await network.forward.run();
  return wholeMatrix(steps, rows, noPause);
}

describe('residual connections around layers that give zero', () => {
  // LAYERS' known answer: the gradient passes by them unchanged, and at no other step than the target's.
  for (const cell of ['rnn', 'lstm', 'gru'] as const) {
    it(`${cell}: the input gradient is the same at every boundary at the target's step, and zero before it`, async () => {
      const config = uniformModel({
        ...plainStack,
        cell,
        activation: 'tanh',
        layers: 3,
        hiddenSize: 6,
        vocabularySize: 5,
        embeddingSize: 6,
        norm: 'layerNorm',
        residual: true,
      });
      const parameters = parametersOf(config);
      for (const entry of parameters.layout.entries)
        if (entry.layer >= 0 && entry.parameter?.tensor !== 'norm.gamma') parameters.view(entry).fill(0);
      const ids = [0, 3, 1, 4, 2, 2, 0, 3, 1];
      const target = 6;
      const trace = readInFloat64(
        generalModelOf(config, parameters),
        Int32Array.from(ids.slice(0, -1)),
        Int32Array.from(ids.slice(1)),
      );
      const found = await perTargetInFloat64(trace, target);
      const bench = await benchFor('wasm', config, parameters, { steps: ids.length - 1, batch: 1 });
      bench.tape.inputs.set(ids.slice(0, -1));
      bench.tape.targets.set(ids.slice(1));
      await bench.forward.run();
      await bench.perTarget.run(target);
      for (const inputs of [found.inputs, bench.perTarget.inputs]) {
        assert.equal(inputs.length, 4);
        for (const input of inputs) {
          assert.ok(input);
          assert.ok(input.subarray(0, target).every((value) => value === -Infinity));
          assert.ok(Number.isNaN(input[target + 1]));
          assertNear(input[target], inputs[0]![target], 1e-6, 'at the target');
        }
      }
    });
  }
});
