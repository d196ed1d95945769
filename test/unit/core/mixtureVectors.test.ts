/** Models whose layers are of several kinds beside PyTorch in float64 (test/vectors/mixtures.py): training and inspection. */
import { strict as assert } from 'node:assert';
import { readFileSync } from 'node:fs';
import { matrixInFloat64 } from '../../../src/core/float64/float64Matrix';
import { inputMatrixInFloat64 } from '../../../src/core/float64/float64InputMatrix';
import { float64Gradient, float64Totals } from '../../../src/core/float64/float64Backward';
import { perTargetInFloat64 } from '../../../src/core/float64/float64PerTarget';
import { readInFloat64 } from '../../../src/core/float64/float64Trace';
import { checkConfig, hasInputRows, isMixer, type LayerConfig, type ModelConfig } from '../../../src/core/model/config';
import { generalModelOf } from '../../../src/core/model/plainModel';
import type { TapeSettings } from '../../../src/core/model/tape';
import { makeLearningNetwork, type LearningNetwork } from '../../../src/core/network';
import { createBackend } from '../../../src/engine/backend';
import { assertNear } from '../../reference/compare';
import {
  assertGradients,
  assertParameters,
  load,
  parametersOf,
  type Inspection,
  type Run,
} from '../support/formulaModels';
import { backendNames, type TestBackend } from '../support/models';

interface MixtureCase {
  readonly layers: readonly Omit<LayerConfig, 'bidirectional'>[];
  readonly embeddingSize: number | null;
  readonly finalNorm: ModelConfig['finalNorm'];
  readonly tied: boolean;
  readonly truncation: number | null;
  readonly vocabulary: number;
  readonly target: number;
  readonly inspection: Inspection;
  readonly training: Readonly<Record<'stream' | 'sequences', Run>>;
}

const names = [
  'lstm-attention',
  'attention-lstm',
  'mamba-attention',
  'gru-minGRU',
  'rnn-mamba',
  'lstm-attention-attention',
  'minLSTM-mamba-rnn',
] as const;
const noPause = () => Promise.resolve();

function configOf({ layers, vocabulary, embeddingSize, finalNorm, tied }: MixtureCase): ModelConfig {
  return checkConfig({
    layers: layers.map((layer) => ({ ...layer, bidirectional: false })),
    vocabularySize: vocabulary,
    embeddingSize,
    tied,
    objective: 'next',
    finalNorm,
  });
}

async function networkFor(backend: TestBackend, config: ModelConfig, settings: TapeSettings): Promise<LearningNetwork> {
  const made = await createBackend({ backend, threads: 1 }, 1, Infinity);
  const network = made.build(settings.batch, (arena, products) =>
    makeLearningNetwork(arena, config, settings, products),
  );
  network.parameters.values.set(parametersOf(config).values);
  return network;
}

describe('a table of positions in a mixture', () => {
  it('is added once: to what the lowest layer of attention reads, whatever stands below it', () => {
    const tables = (name: (typeof names)[number]) => {
      const { entries } = parametersOf(configOf(read(name))).layout;
      return entries.filter(({ role }) => role === 'P').map((entry) => entry.name);
    };
    assert.deepEqual(tables('lstm-attention'), ['layer1.forward.P']);
    assert.deepEqual(tables('attention-lstm'), ['layer0.forward.P']);
    assert.deepEqual(tables('lstm-attention-attention'), ['layer1.forward.P']);
    assert.deepEqual(tables('mamba-attention'), []);
  });
});

function read(name: string): MixtureCase {
  return JSON.parse(readFileSync(`test/vectors/data/mixtures/${name}.json`, 'utf8')) as MixtureCase;
}

for (const name of names) {
  const each = read(name);
  const { inspection, training, truncation, target } = each;
  const config = configOf(each);
  const { ids } = inspection;

  describe(`a mixture beside PyTorch: ${name}`, () => {
    for (const backend of backendNames) {
      for (const [reading, { windows, losses, gradients }] of Object.entries(training)) {
        it(`${reading} on ${backend}: losses and every parameter's gradient`, async () => {
          const steps = Math.max(...windows.flatMap(({ inputs }) => inputs.map(({ length }) => length)));
          const { tape, forward, backward } = await networkFor(backend, config, {
            steps,
            batch: windows[0].inputs.length,
          });
          for (const [number, window] of windows.entries()) {
            load(tape, window);
            await forward.run();
            assertNear(tape.loss, losses[number], 1e-5, `loss of window ${number}`);
            if (number < windows.length - 1) tape.carryState();
          }
          await backward.run({ truncation: truncation ?? 0 });
          assertParameters(backward.gradient, gradients, 1e-4);
        });
      }

      it(`on ${backend}: the total gradients of states and inputs, as recorded in training`, async () => {
        const { tape, forward, backward } = await networkFor(backend, config, { steps: ids.length - 1, batch: 1 });
        tape.inputs.set(ids.slice(0, -1));
        tape.targets.set(ids.slice(1));
        await forward.run();
        await backward.run({ truncation: 0 });
        assertNear(tape.loss, inspection.loss, 1e-5, 'loss');
        assertGradients(backward.totals, backward.inputs, inspection.total, 1e-4, 'total');
      });
    }

    it('in float64: loss, total and per-target gradients, matrices', async () => {
      const model = generalModelOf(config, parametersOf(config));
      const trace = readInFloat64(model, Int32Array.from(ids.slice(0, -1)), Int32Array.from(ids.slice(1)));
      assertNear(trace.loss, inspection.loss, 1e-6, 'loss');
      const { totals, inputs } = float64Gradient(trace);
      inputs.forEach((own, boundary) => assert.equal(own !== null, hasInputRows(config, boundary), `${boundary}`));
      assertGradients(totals, inputs, inspection.total, 1e-6, 'total');
      assert.deepEqual(float64Totals(trace), { totals, inputs }, 'without parameters');
      const found = await perTargetInFloat64(trace, target);
      assertGradients(found.norms, found.inputs, inspection.perTarget, 1e-6, 'log₁₀');
      const T = trace.steps;
      const [matrix, ofInputs] = [await matrixInFloat64(trace, noPause), await inputMatrixInFloat64(trace, noPause)];
      const top = config.layers.length - 1;
      for (let t = 0; t <= target; t++) {
        if (!isMixer(config.layers[top]))
          assertNear(matrix[target * T + t], found.norms[top][0][0][t], 1e-9, `row τ, step ${t}`);
        assertNear(
          ofInputs[target * T + t],
          inspection.perTarget.inputs[0][t]!,
          1e-6,
          `row τ of the inputs, step ${t}`,
        );
      }
    });
  });
}
