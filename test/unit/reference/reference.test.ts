// The float64 reference against PyTorch's numbers: everything in test/vectors, to 1e-10.
import { strict as assert } from 'node:assert';
import { norm } from '../../reference/algebra';
import { assertClose, assertNear, assertRowsClose } from '../../reference/compare';
import { contributions, type ReferenceContributions } from '../../reference/contributions';
import { perTargetLog10, traceOfStates } from '../../reference/farFlow';
import {
  gateNames,
  listParameters,
  zeroState,
  type ReferenceParameters,
  type ReferenceState,
} from '../../reference/model';
import { forward, inspect, perTarget, softmax, trainingGradient } from '../../reference/network';
import { adam, clipByNorm, globalNorm, sgd } from '../../reference/optimizers';
import {
  caseNames,
  farCaseNames,
  loadCase,
  loadFarCase,
  type ContributionVectors,
  type OptimizerVectors,
  type VectorCase,
} from '../../reference/vectors';

const tolerance = 1e-10;

for (const name of caseNames) {
  describe(`reference and PyTorch, ${name}`, () => {
    const vectors = loadCase(name);
    const { model, inspection, training } = vectors;
    const flow = inspect(model, inspection.ids, zeroState(model));

    it('loss, losses and probabilities', () => {
      assertNear(flow.loss, inspection.loss, tolerance, 'loss');
      assertClose(flow.losses, inspection.losses, tolerance, 'losses');
      assertRowsClose(flow.trace.scores.map(softmax), inspection.probabilities, tolerance, 'probabilities');
    });

    it('hidden states, cells and gates', () => {
      inspection.layers.forEach((layer, l) => {
        const steps = flow.trace.steps.map((column) => column[l]);
        const hidden = steps.map((step) => step.after.h);
        assertRowsClose(hidden, layer.hidden, tolerance, `h, layer ${l}`);
        assertClose(hidden.map(norm), layer.hiddenNorm, tolerance, `‖h‖, layer ${l}`);
        assert.equal(layer.cell !== null, model.cell === 'lstm');
        if (layer.cell)
          assertRowsClose(
            steps.map((step) => step.after.c),
            layer.cell,
            tolerance,
            `c, layer ${l}`,
          );
        assert.equal(layer.gates !== null, model.cell !== 'rnn');
        if (layer.gates) {
          for (const [k, gate] of gateNames[model.cell].entries())
            assertRowsClose(
              steps.map((step) => step.gates[k]),
              layer.gates[gate],
              tolerance,
              `gate ${gate}, layer ${l}`,
            );
        }
      });
    });

    it('total gradients', () => {
      inspection.layers.forEach((layer, l) => {
        assertRowsClose(flow.total.hidden[l], layer.total, tolerance, `∂L/∂h, layer ${l}`);
        assertClose(flow.total.hidden[l].map(norm), layer.totalNorm, tolerance, `‖∂L/∂h‖, layer ${l}`);
        if (layer.totalCell && layer.totalCellNorm) {
          assertRowsClose(flow.total.cell[l], layer.totalCell, tolerance, `∂L/∂c, layer ${l}`);
          assertClose(flow.total.cell[l].map(norm), layer.totalCellNorm, tolerance, `‖∂L/∂c‖, layer ${l}`);
        }
      });
    });

    it('per-target gradients of every target', () => {
      const steps = inspection.ids.length - 1;
      for (let target = 0; target < steps; target++) {
        const one = perTarget(model, flow.trace, target, inspection.ids[target + 1]);
        const logarithms = perTargetLog10(model, flow.trace, target, inspection.ids[target + 1]);
        inspection.layers.forEach((layer, l) => {
          for (let t = 0; t <= target; t++) {
            const where = `of ${target}, at ${t}, layer ${l}`;
            assertNear(
              Math.log10(norm(one.hidden[l][t])),
              layer.perTargetLog10[target][t],
              tolerance,
              `log10‖∂ℓ/∂h‖ ${where}`,
              true,
            );
            assertNear(
              logarithms[l][t],
              layer.perTargetLog10[target][t],
              tolerance,
              `log10‖∂ℓ/∂h‖, renormalized, ${where}`,
              true,
            );
            if (layer.perTargetCellLog10)
              assertNear(
                Math.log10(norm(one.cell[l][t])),
                layer.perTargetCellLog10[target][t],
                tolerance,
                `log10‖∂ℓ/∂c‖ ${where}`,
                true,
              );
          }
          if (target < steps - 1) return;
          assertRowsClose(one.hidden[l], layer.perTargetLast, tolerance, `∂ℓ/∂h, layer ${l}`);
          if (layer.perTargetCellLast)
            assertRowsClose(one.cell[l], layer.perTargetCellLast, tolerance, `∂ℓ/∂c, layer ${l}`);
        });
      }
    });

    it('parameter gradients and their norms', () => {
      assertParametersClose(flow.total.gradients, inspection.gradients);
      const { layers, output, global } = inspection.gradientNorms;
      const norms = [...layers.flatMap(({ W, R, Wb, Rb }) => [W, R, Wb, Rb]), output.W, output.b];
      listParameters(flow.total.gradients).forEach(({ role, values }, k) =>
        assertNear(norm(values), norms[k], tolerance, `‖∂L/∂ ${role}‖`),
      );
      assertNear(globalNorm(flow.total.gradients), global, tolerance, 'global norm');
    });

    it('one batch from a carried-in state', () => {
      const batch = trainingGradient(model, training.inputs, training.targets, initialStates(vectors));
      assertNear(batch.loss, training.loss, tolerance, 'loss');
      assertParametersClose(batch.gradients, training.gradients);
      model.layers.forEach((_, l) => {
        assertRowsClose(
          batch.final.map((state) => state[l].h),
          training.final.h[l],
          tolerance,
          `final h, layer ${l}`,
        );
        if (training.final.c)
          assertRowsClose(
            batch.final.map((state) => state[l].c),
            training.final.c[l],
            tolerance,
            `final c, layer ${l}`,
          );
      });
      assertNear(globalNorm(batch.gradients), training.globalNorm, tolerance, 'global norm');
      for (const { maximum, before, after } of training.clipping) {
        const clipped = clipByNorm(batch.gradients, maximum);
        assertNear(clipped.before, before, tolerance, `norm before clipping to ${maximum}`);
        assertNear(clipped.after, after, tolerance, `norm after clipping to ${maximum}`);
      }
    });

    for (const expected of training.optimizers) {
      it(`${expected.steps} × ${expected.name}, learning rate ${expected.learningRate}`, () => {
        const optimizer = makeOptimizer(expected);
        let trained = model;
        for (let step = 0; step < expected.steps; step++) {
          const batch = trainingGradient(trained, training.inputs, training.targets, initialStates(vectors));
          assertNear(batch.loss, expected.losses[step], tolerance, `loss before step ${step + 1}`);
          const clipped = clipByNorm(batch.gradients, expected.clipNorm);
          assertNear(clipped.before, expected.normsBefore[step], tolerance, `norm before step ${step + 1}`);
          trained = { ...trained, ...optimizer.step(trained, clipped.gradients) };
        }
        assertParametersClose(trained, expected.parameters);
      });
    }

    if (model.cell !== 'rnn') {
      it('hidden-state contributions, also with a carried-in state', () => {
        assertContributions(contributions(model, flow.trace, inspection.ids.at(-1)!), inspection.contributions!);
        const trace = forward(model, training.inputs[0], initialStates(vectors)[0]);
        assertContributions(contributions(model, trace, training.targets[0].at(-1)!), training.contributions!);
      });
    }
  });
}

describe('reference and mpmath, where floats end', () => {
  for (const name of farCaseNames) {
    it(name, () => {
      const { model, ids, log10, hidden } = loadFarCase(name);
      const inputs = ids.slice(0, -1);
      const trace = hidden ? traceOfStates(model, inputs, hidden) : forward(model, inputs, zeroState(model));
      const [ours] = perTargetLog10(model, trace, inputs.length - 1, ids.at(-1)!);
      ours.forEach((value, t) => assertNear(value, log10[t], 1e-8, `log10 at ${t}`, true));
    });
  }
});

function assertParametersClose(actual: ReferenceParameters, expected: ReferenceParameters): void {
  const list = listParameters(expected);
  listParameters(actual).forEach(({ role, values }, k) => assertClose(values, list[k].values, tolerance, role));
}

function assertContributions(actual: ReferenceContributions, expected: ContributionVectors): void {
  assertNear(actual.carriedIn, expected.carriedIn, tolerance, 'carried in');
  assertClose(actual.tokens, expected.tokens, tolerance, 'tokens');
  assertNear(actual.whole, expected.whole, tolerance, 'whole');
  const sum = actual.tokens.reduce((partial, token) => partial + token, actual.carriedIn);
  assertNear(sum, actual.whole, tolerance, 'sum of the parts');
}

/** [B][layer]. */
function initialStates({ training, hiddenSize }: VectorCase): ReferenceState[][] {
  const { h, c } = training.initial;
  const row = (values: Float64Array, b: number) => values.slice(b * hiddenSize, (b + 1) * hiddenSize);
  return training.inputs.map((_, b) =>
    h.map((values, l) => ({ h: row(values, b), c: c ? row(c[l], b) : new Float64Array(0) })),
  );
}

function makeOptimizer(settings: OptimizerVectors): ReturnType<typeof sgd> {
  if (settings.name === 'sgd') return sgd(settings.learningRate, settings.momentum);
  return adam(settings.learningRate, settings.beta1, settings.beta2, settings.epsilon);
}
