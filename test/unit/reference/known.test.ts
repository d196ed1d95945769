// Cases whose answer is known in closed form.
import { strict as assert } from 'node:assert';
import { norm } from '../../reference/algebra';
import { assertNear } from '../../reference/compare';
import { perTargetLog10 } from '../../reference/farFlow';
import { linearRelu } from '../../reference/linearRelu';
import { mapParameters, zeroState, type ReferenceModel } from '../../reference/model';
import { forward, inspect, perTarget } from '../../reference/network';
import { caseNames, loadCase } from '../../reference/vectors';

describe('reference, known answers', () => {
  for (const name of caseNames) {
    it(`${name}: a uniform guess among V symbols costs ln V`, () => {
      const { model, vocabularySize, inspection } = loadCase(name);
      const blank: ReferenceModel = {
        ...model,
        output: { W: new Float64Array(model.output.W.length), b: new Float64Array(vocabularySize).fill(0.7) },
      };
      assertNear(inspect(blank, inspection.ids, zeroState(blank)).loss, Math.log(vocabularySize), 1e-14, 'loss');
    });
  }

  for (const [bias, factor] of [
    [0, 8.88e-16],
    [1, 1.58e-7],
    [2, 1.75e-3],
    [5, 0.715],
  ]) {
    it(`a forget gate held at σ(${bias}) leaves ${factor} of the cell's gradient after 50 steps`, () => {
      const { model } = loadCase('lstm-1');
      const held = forgetGateHeldAt(model, bias);
      const ids = Array.from({ length: 52 }, (_, t) => t % 11);
      const { cell } = perTarget(held, forward(held, ids.slice(0, -1), zeroState(held)), 50, ids[51]);
      // The last cell's gradient passes the output gate and tanh; 50 forget gates lie between it and the first.
      const ratio = norm(cell[0][0]) / norm(cell[0][50]);
      assertNear(ratio, (1 / (1 + Math.exp(-bias))) ** 50, 1e-12, 'ratio');
      assert.equal(ratio.toPrecision(3), factor.toPrecision(3));
    });
  }

  for (const gain of [0.5, 1, 1.5] as const) {
    it(`a linear recurrence gQ with g = ${gain} scales the gradient by g^lag, over 2000 steps`, () => {
      const { model, ids, log10OfLag } = linearRelu(gain, 2000);
      const trace = forward(model, ids.slice(0, -1), zeroState(model));
      assert.ok(
        trace.steps.every(([step]) => step.after.h.every((h) => h === 2)),
        'the state stays at 2',
      );
      const [log10] = perTargetLog10(model, trace, 1999, ids[2000]);
      log10.forEach((value, t) => assertNear(value - log10[1999], log10OfLag(1999 - t), 1e-9, `log10 at ${t}`, true));
    });
  }

  it('a recurrent matrix of spectral radius 0 doubles the gradient every step', () => {
    // W = [[8, 8], [−8, −8]], W² = 0; h* = (0, ½) is fixed by h = tanh(W h + b), and W diag(1 − h*²) has the eigenvalues 2 and 0.
    const fixed = Float64Array.of(0, 0.5);
    const model: ReferenceModel = {
      cell: 'rnn',
      activation: 'tanh',
      layers: [
        {
          W: new Float64Array(6),
          R: Float64Array.of(8, 8, -8, -8),
          Wb: Float64Array.of(-4, Math.atanh(0.5) + 4),
          Rb: new Float64Array(2),
        },
      ],
      output: { W: Float64Array.of(0.3, -0.2, 0.1, 0.4, -0.5, 0.6), b: new Float64Array(3) },
    };
    // Rounding, too, doubles every step: 20 keep it under 1e-9.
    const trace = forward(model, new Array<number>(20).fill(1), [{ h: fixed, c: new Float64Array(0) }]);
    const [log10] = perTargetLog10(model, trace, 19, 2);
    for (let t = 0; t < 18; t++) assertNear(log10[t] - log10[t + 1], Math.log10(2), 1e-6, `log10 gain at ${t}`, true);
  });
});

/** No input and no state reaches any gate: f = σ(bias) everywhere, the other gates as their biases say. */
function forgetGateHeldAt(model: ReferenceModel, bias: number): ReferenceModel {
  const held = mapParameters(model, (values, role) =>
    / [WR]$/.test(role) && role !== 'output W' ? new Float64Array(values.length) : values.slice(),
  );
  const hiddenSize = held.layers[0].Wb.length / 4;
  held.layers[0].Wb.fill(bias, 2 * hiddenSize, 3 * hiddenSize);
  held.layers[0].Rb.fill(0, 2 * hiddenSize, 3 * hiddenSize);
  return { ...model, ...held };
}
