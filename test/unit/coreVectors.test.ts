/** The engine's numbers beside PyTorch's in float64: every cell, one to three layers, both backends. */
import { strict as assert } from 'node:assert';
import { contributionsTo } from '../../src/core/analysis/contributions';
import { ItemisedGradient } from '../../src/core/analysis/itemised';
import { Backward } from '../../src/core/backward/bptt';
import { cellOf } from '../../src/core/model/cells/registry';
import { Parameters } from '../../src/core/model/parameters';
import { Tape } from '../../src/core/model/tape';
import { norm } from '../../src/core/numeric';
import { clipByNorm } from '../../src/core/optimize/clip';
import { optimizerOf } from '../../src/core/optimize/optimizer';
import { assertClose, assertNear } from '../reference/compare';
import type { ReferenceParameters } from '../reference/model';
import { caseNames, loadCase, type ContributionVectors, type VectorCase } from '../reference/vectors';
import { backendFor, backendNames, configOf, inspectionTape, parametersOf, readProbe } from './support/models';

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
        const backend = await backendFor(backendName, config, parametersOf(config, vectors.model), 1);
        const { inspection } = vectors;
        const tape = await readProbe(config, backend, inspection.ids);
        assertNear(tape.loss, inspection.loss, tolerance, 'loss');
        assertClose(tape.targetLogProbabilities.map((value) => -value), inspection.losses, tolerance, 'losses');
        assertClose(tape.probabilities, inspection.probabilities, tolerance, 'probabilities');
        inspection.layers.forEach((layer, l) => {
          const { hidden, cellState, saved } = tape.layers[l];
          assertClose(hidden.subarray(config.hiddenSize), layer.hidden, tolerance, `hidden of layer ${l}`);
          if (layer.cell) assertClose(cellState.subarray(config.hiddenSize), layer.cell, tolerance, `cell of layer ${l}`);
          for (const [gate, letter] of Object.entries(gateOf[config.cell])) assertClose(saved[gate], layer.gates![letter], tolerance, gate);
        });
      });

      it('backward: total gradients at every step and every parameter gradient', async () => {
        const parameters = parametersOf(config, vectors.model);
        const backend = await backendFor(backendName, config, parameters, 1);
        const { inspection } = vectors;
        const tape = await readProbe(config, backend, inspection.ids);
        const backward = new Backward(tape, backend.products);
        const gradient = new Parameters(config);
        await backward.run(parameters, gradient);
        inspection.layers.forEach((layer, l) => {
          assertClose(backward.totals[l].hidden, layer.totalNorm, tolerance, `total gradient of layer ${l}`);
          if (layer.totalCellNorm) assertClose(backward.totals[l].cellState, layer.totalCellNorm, tolerance, `total cell gradient of layer ${l}`);
        });
        assertParameters(gradient, inspection.gradients);
        assertNear(norm(gradient.values), inspection.gradientNorms.global, tolerance, 'global norm');
      });

      it('itemised gradients of every target: log₁₀ right to 1e-4', async () => {
        const parameters = parametersOf(config, vectors.model);
        const backend = await backendFor(backendName, config, parameters, 1);
        const tape = await readProbe(config, backend, vectors.inspection.ids);
        const itemised = new ItemisedGradient(tape, parameters);
        for (let target = 0; target < tape.steps; target++) {
          itemised.run(target).forEach(({ hidden, cellState }, l) => {
            const { itemisedLog10, itemisedCellLog10 } = vectors.inspection.layers[l];
            for (const [what, flow, expected] of [['h', hidden, itemisedLog10], ['c', cellState, itemisedCellLog10]] as const) {
              if (!expected) continue;
              for (let t = 0; t < tape.steps; t++) {
                if (t > target) assert.ok(Number.isNaN(flow[t]), 'a later step cannot be reached');
                else assertNear(flow[t], expected[target][t], tolerance, `log₁₀ of ${what} in layer ${l}, ${target} → ${t}`, true);
              }
            }
          });
        }
      });

      it('a training batch with a carried-in state: loss, gradients, final state, clipping', async () => {
        const { parameters, backend, tape, gradient } = await trainingStep(vectors, backendName);
        const { training } = vectors;
        await new Backward(tape, backend.products).run(parameters, gradient);
        assertNear(tape.loss, training.loss, tolerance, 'loss');
        assertParameters(gradient, training.gradients);
        training.final.h.forEach((final, l) => {
          const { hidden, cellState } = tape.layers[l];
          assertClose(hidden.subarray(tape.steps * final.length), final, tolerance, `final hidden state of layer ${l}`);
          if (training.final.c) assertClose(cellState.subarray(tape.steps * final.length), training.final.c[l], tolerance, `final cell state of layer ${l}`);
        });
        for (const { maximum, before, after } of training.clipping) {
          const clipped = clipByNorm(gradient.values.slice(), maximum);
          assertNear(clipped.before, before, tolerance, 'norm before clipping');
          assertNear(clipped.after, after, tolerance, 'norm after clipping');
        }
      });

      it('optimizers: the parameters after SGD, SGD with momentum, and Adam', async () => {
        for (const expected of vectors.training.optimizers) {
          const { parameters, backend, tape, gradient } = await trainingStep(vectors, backendName);
          const backward = new Backward(tape, backend.products);
          const momentum = expected.name === 'sgd' ? expected.momentum : 0;
          const optimizer = optimizerOf({ optimizer: expected.name, momentum, nesterov: false, weightDecay: null }, parameters.values.length);
          for (let step = 0; step < expected.steps; step++) {
            await backend.forward.run(tape);
            assertNear(tape.loss, expected.losses[step], tolerance, `loss before update ${step + 1}`);
            await backward.run(parameters, gradient);
            const { before } = clipByNorm(gradient.values, expected.clipNorm);
            assertNear(before, expected.normsBefore[step], tolerance, 'norm before clipping');
            optimizer.step(parameters.values, gradient.values, expected.learningRate);
          }
          assertParameters(parameters, expected.parameters);
        }
      });

      if (vectors.inspection.contributions) {
        it('contributions of earlier tokens, from the zero state and from a carried-in one', async () => {
          const parameters = parametersOf(config, vectors.model);
          const backend = await backendFor(backendName, config, parameters, 1);
          const probe = await readProbe(config, backend, vectors.inspection.ids);
          assertContributions(probe, parameters, vectors.inspection.contributions!);
          const { training } = vectors;
          const stream = new Tape(config, training.inputs[0].length, 1);
          setInitial(stream, vectors, 1);
          stream.inputs.set(training.inputs[0]);
          stream.targets.set(training.targets[0]);
          await backend.forward.run(stream);
          assertContributions(stream, parameters, training.contributions!);
        });
      }
    });
  }
}

/** The vectors' training batch on a tape, forward pass done. */
async function trainingStep(vectors: VectorCase, backendName: (typeof backendNames)[number]) {
  const config = configOf(vectors.model);
  const { inputs, targets } = vectors.training;
  const [B, T] = [inputs.length, inputs[0].length];
  const parameters = parametersOf(config, vectors.model);
  const backend = await backendFor(backendName, config, parameters, B);
  const tape = inspectionTape(config, T, B);
  for (let b = 0; b < B; b++) {
    for (let t = 0; t < T; t++) {
      tape.inputs[t * B + b] = inputs[b][t];
      tape.targets[t * B + b] = targets[b][t];
    }
  }
  setInitial(tape, vectors, B);
  await backend.forward.run(tape);
  return { parameters, backend, tape, gradient: new Parameters(config) };
}

/** The first `batch` streams' carried-in states. */
function setInitial(tape: Tape, { training }: VectorCase, batch: number): void {
  const size = batch * tape.config.hiddenSize;
  tape.layers.forEach(({ hidden, cellState }, l) => {
    hidden.set(training.initial.h[l].subarray(0, size));
    if (cellOf(tape.config.cell).hasCellState) cellState.set(training.initial.c![l].subarray(0, size));
  });
}

function assertParameters(actual: Parameters, expected: ReferenceParameters): void {
  expected.layers.forEach((layer, l) => {
    for (const role of ['W', 'R', 'Wb', 'Rb'] as const) assertClose(actual.layers[l][role], layer[role], tolerance, `${role} of layer ${l}`);
  });
  assertClose(actual.output.W, expected.output.W, tolerance, 'output W');
  assertClose(actual.output.b, expected.output.b, tolerance, 'output b');
}

function assertContributions(tape: Tape, parameters: Parameters, expected: ContributionVectors): void {
  const found = contributionsTo(tape, parameters, expected.target, tape.steps - 1)!;
  assertClose([...found.parts, found.carriedIn], [...expected.tokens, expected.carriedIn], tolerance, 'contributions');
  assertNear(found.parts.reduce((sum, part) => sum + part, found.carriedIn), expected.whole, tolerance, 'their sum');
}
