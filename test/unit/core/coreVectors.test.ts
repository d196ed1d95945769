/** The engine's numbers beside PyTorch's in float64: every cell, one to three layers, both backends. */
import { strict as assert } from 'node:assert';
import { contributionsTo } from '../../../src/core/analysis/contributions';
import type { Parameters } from '../../../src/core/model/parameters';
import type { Tape } from '../../../src/core/model/tape';
import { lengthOf as norm } from '../../../src/core/numeric';
import { clip } from '../../../src/core/optimize/clip';
import type { OptimizerSettings } from '../../../src/core/optimize/optimizer';
import { unitValues } from '../../../src/engine/inspect/states';
import { assertClose, assertNear } from '../../reference/compare';
import type { ReferenceParameters } from '../../reference/model';
import { caseNames, loadCase, type ContributionVectors, type VectorCase } from '../../reference/vectors';
import {
  backendNames,
  benchFor,
  configOf,
  parametersOf,
  readProbe,
  type Bench,
  type TestBackend,
} from '../support/models';

const tolerance = 1e-4;

/** The vectors' name of a saved activation. */
const gateOf: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  rnn: {},
  lstm: { inputGate: 'i', outputGate: 'o', forgetGate: 'f', candidate: 'c' },
  gru: { updateGate: 'z', resetGate: 'r', candidate: 'h' },
};

for (const name of caseNames) {
  for (const backendName of backendNames) {
    describe(`${name} on ${backendName}: within 1e-4 of PyTorch in float64`, () => {
      const vectors = loadCase(name);
      const config = configOf(vectors.model);

      it('forward: loss, probabilities, states and gates', async () => {
        const { inspection } = vectors;
        const { tape } = await readProbe(backendName, config, parametersOf(config, vectors.model), inspection.ids);
        assertNear(tape.loss, inspection.loss, tolerance, 'loss');
        assertClose(
          tape.targetLogProbabilities.map((value) => -value),
          inspection.losses,
          tolerance,
          'losses',
        );
        assertClose(tape.probabilities, inspection.probabilities, tolerance, 'probabilities');
        inspection.layers.forEach((layer, l) => {
          const [
            {
              states: [hidden, cellState],
            },
          ] = tape.layers[l].directions;
          assertClose(hidden.subarray(tape.layers[l].hiddenSize), layer.hidden, tolerance, `hidden of layer ${l}`);
          if (layer.cell)
            assertClose(cellState.subarray(tape.layers[l].hiddenSize), layer.cell, tolerance, `cell of layer ${l}`);
          for (const [gate, letter] of Object.entries(gateOf[tape.layers[l].cell]))
            assertClose(unitValues(tape, l, 0, gate), layer.gates![letter], tolerance, gate);
        });
      });

      it('backward: total gradients at every step and every parameter gradient', async () => {
        const { inspection } = vectors;
        const { backward } = await readProbe(backendName, config, parametersOf(config, vectors.model), inspection.ids);
        await backward.run({ truncation: 0 });
        const { gradient } = backward;
        inspection.layers.forEach((layer, l) => {
          assertClose(backward.totals[l][0][0], layer.totalNorm, tolerance, `total gradient of layer ${l}`);
          if (layer.totalCellNorm)
            assertClose(backward.totals[l][0][1], layer.totalCellNorm, tolerance, `total cell gradient of layer ${l}`);
        });
        assertParameters(gradient, inspection.gradients);
        assertNear(norm(gradient.values), inspection.gradientNorms.global, tolerance, 'global norm');
      });

      it('per-target gradients of every target: log₁₀ right to 1e-4', async () => {
        const { tape, perTarget } = await readProbe(
          backendName,
          config,
          parametersOf(config, vectors.model),
          vectors.inspection.ids,
        );
        for (let target = 0; target < tape.steps; target++) {
          (await perTarget.run(target)).forEach(([[hidden, cellState]], l) => {
            const { perTargetLog10, perTargetCellLog10 } = vectors.inspection.layers[l];
            for (const [what, flow, expected] of [
              ['h', hidden, perTargetLog10],
              ['c', cellState, perTargetCellLog10],
            ] as const) {
              if (!expected) continue;
              for (let t = 0; t < tape.steps; t++) {
                if (t > target) assert.ok(Number.isNaN(flow[t]), 'a later step cannot be reached');
                else
                  assertNear(
                    flow[t],
                    expected[target][t],
                    tolerance,
                    `log₁₀ of ${what} in layer ${l}, ${target} → ${t}`,
                    true,
                  );
              }
            }
          });
        }
      });

      it('a training batch with a carried-in state: loss, gradients, final state, clipping', async () => {
        const { tape, backward } = await trainingStep(vectors, backendName);
        const { training } = vectors;
        await backward.run({ truncation: 0 });
        const { gradient } = backward;
        assertNear(tape.loss, training.loss, tolerance, 'loss');
        assertParameters(gradient, training.gradients);
        training.final.h.forEach((final, l) => {
          const [
            {
              states: [hidden, cellState],
            },
          ] = tape.layers[l].directions;
          assertClose(hidden.subarray(tape.steps * final.length), final, tolerance, `final hidden state of layer ${l}`);
          if (training.final.c)
            assertClose(
              cellState.subarray(tape.steps * final.length),
              training.final.c[l],
              tolerance,
              `final cell state of layer ${l}`,
            );
        });
        for (const { maximum, before, after } of training.clipping) {
          backward.clearCarried();
          await backward.run({ truncation: 0 });
          const clipped = clip(gradient.values, { clipNorm: maximum, clipValue: null }, tape.arena.kernels);
          assertNear(clipped.before, before, tolerance, 'norm before clipping');
          assertNear(clipped.after, after, tolerance, 'norm after clipping');
        }
      });

      it('optimizers: the parameters after SGD, SGD with momentum, and Adam', async () => {
        for (const expected of vectors.training.optimizers) {
          const momentum = expected.name === 'sgd' ? expected.momentum : 0;
          const { parameters, tape, forward, backward, optimizer } = await trainingStep(vectors, backendName, {
            optimizer: expected.name,
            momentum,
            nesterov: false,
            weightDecay: null,
          });
          for (let step = 0; step < expected.steps; step++) {
            await forward.run();
            assertNear(tape.loss, expected.losses[step], tolerance, `loss before update ${step + 1}`);
            backward.clearCarried();
            await backward.run({ truncation: 0 });
            const { before } = clip(
              backward.gradient.values,
              { clipNorm: expected.clipNorm, clipValue: null },
              tape.arena.kernels,
            );
            assertNear(before, expected.normsBefore[step], tolerance, 'norm before clipping');
            optimizer.step(parameters.values, backward.gradient.values, expected.learningRate);
          }
          assertParameters(parameters, expected.parameters);
        }
      });

      if (vectors.inspection.contributions) {
        it('contributions of earlier tokens, from the zero state and from a carried-in one', async () => {
          const parameters = parametersOf(config, vectors.model);
          const probe = await readProbe(backendName, config, parameters, vectors.inspection.ids);
          assertContributions(probe.tape, parameters, vectors.inspection.contributions!);
          const { training } = vectors;
          const stream = await benchFor(backendName, config, parameters, {
            steps: training.inputs[0].length,
            batch: 1,
          });
          setInitial(stream.tape, vectors, 1);
          stream.tape.inputs.set(training.inputs[0]);
          stream.tape.targets.set(training.targets[0]);
          await stream.forward.run();
          assertContributions(stream.tape, parameters, training.contributions!);
        });
      }
    });
  }
}

/** The vectors' training batch on a tape, forward pass done. */
async function trainingStep(
  vectors: VectorCase,
  backendName: TestBackend,
  optimizer?: OptimizerSettings,
): Promise<Bench> {
  const config = configOf(vectors.model);
  const { inputs, targets } = vectors.training;
  const [B, T] = [inputs.length, inputs[0].length];
  const bench = await benchFor(
    backendName,
    config,
    parametersOf(config, vectors.model),
    { steps: T, batch: B },
    optimizer,
  );
  const { tape } = bench;
  for (let b = 0; b < B; b++) {
    for (let t = 0; t < T; t++) {
      tape.inputs[t * B + b] = inputs[b][t];
      tape.targets[t * B + b] = targets[b][t];
    }
  }
  setInitial(tape, vectors, B);
  await bench.forward.run();
  return bench;
}

/** The first `batch` streams' carried-in states. */
function setInitial(tape: Tape, { training }: VectorCase, batch: number): void {
  tape.layers.forEach(
    (
      {
        directions: [
          {
            states: [hidden, cellState],
          },
        ],
        hiddenSize,
      },
      l,
    ) => {
      const size = batch * hiddenSize;
      hidden.set(training.initial.h[l].subarray(0, size));
      if (training.initial.c) cellState.set(training.initial.c[l].subarray(0, size));
    },
  );
}

function assertParameters(actual: Parameters, expected: ReferenceParameters): void {
  expected.layers.forEach((layer, l) => {
    for (const role of ['W', 'R', 'Wb', 'Rb'] as const)
      assertClose(actual.layers[l][0][role], layer[role], tolerance, `${role} of layer ${l}`);
  });
  assertClose(actual.output.W, expected.output.W, tolerance, 'output W');
  assertClose(actual.output.b, expected.output.b, tolerance, 'output b');
}

function assertContributions(tape: Tape, parameters: Parameters, expected: ContributionVectors): void {
  const found = contributionsTo(tape, parameters.output.W, expected.target, tape.steps - 1)!;
  assertClose([...found.parts, found.carriedIn], [...expected.tokens, expected.carriedIn], tolerance, 'contributions');
  assertNear(
    found.parts.reduce((sum, part) => sum + part, found.carriedIn),
    expected.whole,
    tolerance,
    'their sum',
  );
}
