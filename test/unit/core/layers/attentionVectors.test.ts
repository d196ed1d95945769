/** The sublayers of attention in float64, beside what PyTorch's scaled_dot_product_attention and autograd give. */
import assert from 'node:assert/strict';
import {
  attentionCaseNames,
  attentionParameters,
  loadAttentionCase,
  logarithmOfZero,
} from '../../../reference/attentionVectors';
import { assertClose, assertNear } from '../../../reference/compare';
import { AttentionModel } from '../../support/attentionModel';

/** Of logarithms: vectors have seven digits behind the point. */
const tolerance = 1e-6;

function assertLogarithm(actual: number, expected: number | null, what: string): void {
  if (expected === null) assert.ok(Number.isNaN(actual), `${what} is ${actual}, but nothing can arrive`);
  else if (expected === logarithmOfZero) assert.equal(actual, -Infinity, what);
  else assertNear(actual, expected, tolerance, what, true);
}

describe('attention in float64, beside PyTorch', () => {
  for (const name of attentionCaseNames) {
    describe(name, () => {
      const given = loadAttentionCase(name);
      const parameters = attentionParameters(given);
      const model = new AttentionModel(given, parameters);
      const readings = given.inputs.map((inputs, b) => model.read(inputs, given.targets[b]));
      const n = given.lengths.reduce((sum, length) => sum + length, 0);

      it('has its loss, the gradient of every parameter, and the total gradients at every boundary', () => {
        const loss = readings.reduce((sum, { losses }) => sum + losses.reduce((all, each) => all + each, 0), 0) / n;
        assertNear(loss, given.loss, 1e-12, 'loss');
        const sum = new Map([...parameters].map(([role, values]) => [role, new Float64Array(values.length)] as const));
        const boundaries = readings.map((reading, b) =>
          model.addGradient(reading, given.inputs[b], given.targets[b], 1 / n, sum),
        );
        for (const [role, values] of sum) assertClose(values, given.gradients[role], 1e-7, role);
        given.totals.forEach((norms, l) =>
          norms.forEach((expected, t) => {
            let squares = 0;
            boundaries.forEach((ofStream, b) => {
              if (t < given.lengths[b])
                for (let i = 0; i < given.width; i++) squares += ofStream[l][t * given.width + i] ** 2;
            });
            assertLogarithm(squares === 0 ? -Infinity : Math.log10(squares) / 2, expected, `boundary ${l}, step ${t}`);
          }),
        );
      });

      it('has the gradients of single targets at every boundary, however small they are made', () => {
        for (const { stream, target, inputs } of given.perTarget) {
          for (const scale of [0, -5000]) {
            const found = model.flow(readings[stream], target, given.targets[stream][target], scale);
            inputs.forEach((norms, l) =>
              norms.forEach((expected, t) => {
                const what = `target ${target}, boundary ${l}, step ${t}`;
                assertLogarithm(found[l][t] - scale * Math.LOG10E, expected, what);
              }),
            );
          }
        }
      });
    });
  }
});
