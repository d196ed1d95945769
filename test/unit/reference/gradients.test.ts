// The reference's gradients against the reference's own loss: what a derivative has to satisfy, without PyTorch.
import { strict as assert } from 'node:assert';
import { add, scale } from '../../reference/algebra';
import { assertClose } from '../../reference/compare';
import {
  listParameters,
  mapParameters,
  zeroState,
  type ReferenceModel,
  type ReferenceState,
} from '../../reference/model';
import { inspect, perTarget, meanLoss } from '../../reference/network';
import { caseNames, loadCase } from '../../reference/vectors';

describe('reference gradients', () => {
  // Thousands of forward passes.
  for (const name of caseNames) {
    const { model, inspection } = loadCase(name);
    const { ids } = inspection;

    it(`${name}: central differences of the loss give the parameter gradients`, () => {
      const step = 1e-5;
      const analytic = listParameters(inspect(model, ids, zeroState(model)).total.gradients);
      const largest = Math.max(...analytic.flatMap(({ values }) => [...values].map(Math.abs)));
      analytic.forEach(({ role, values }) => {
        for (const index of someOf(values.length)) {
          const lossAt = (offset: number) => {
            const moved = nudged(model, role, index, offset);
            return meanLoss(moved, ids, zeroState(moved));
          };
          const difference = (lossAt(step) - lossAt(-step)) / (2 * step);
          assert.ok(
            Math.abs(difference - values[index]) < 1e-6 * largest,
            `${role}[${index}]: ${difference} by differences, ${values[index]} by backpropagation`,
          );
        }
      });
    });

    it(`${name}: (1/n) Σ_τ δ_{τ→t} = δ_t, for hidden states, cells and parameters`, () => {
      const { trace, total } = inspect(model, ids, zeroState(model));
      const n = trace.steps.length;
      const parts = trace.steps.map((_, target) => perTarget(model, trace, target, ids[target + 1]));
      model.layers.forEach((_, l) => {
        for (let t = 0; t < n; t++) {
          assertClose(
            scale(1 / n, add(...parts.map((part) => part.hidden[l][t]))),
            total.hidden[l][t],
            1e-12,
            `δ at ${t}, layer ${l}`,
          );
          assertClose(
            scale(1 / n, add(...parts.map((part) => part.cell[l][t]))),
            total.cell[l][t],
            1e-12,
            `cell's δ at ${t}, layer ${l}`,
          );
        }
      });
      const lists = parts.map((part) => listParameters(part.gradients));
      listParameters(total.gradients).forEach(({ role, values }, k) => {
        assertClose(scale(1 / n, add(...lists.map((list) => list[k].values))), values, 1e-12, role);
      });
    });

    it(`${name}: central differences over the initial state agree with what flows into it`, () => {
      // h_{−1} acts on the loss only through step 0, so its gradient is the chain rule's last link.
      const step = 1e-5;
      const state = perturbedState(model);
      const { initial } = inspect(model, ids, state).total;
      for (let l = 0; l < model.layers.length; l++) {
        for (const part of model.cell === 'lstm' ? (['h', 'c'] as const) : (['h'] as const)) {
          for (const unit of someOf(state[l][part].length)) {
            const lossAt = (offset: number) => meanLoss(model, ids, movedState(state, l, part, unit, offset));
            const difference = (lossAt(step) - lossAt(-step)) / (2 * step);
            const analytic = initial[l][part][unit];
            assert.ok(
              Math.abs(difference - analytic) < 1e-8,
              `${part}[${unit}], layer ${l}: ${difference} by differences, ${analytic} by backpropagation`,
            );
          }
        }
      }
    });
  }
});

/** About nine indices spread over the array; all of them would take minutes. */
function someOf(length: number): number[] {
  const stride = Math.max(1, Math.floor(length / 8) - 1);
  return Array.from({ length: Math.ceil(length / stride) }, (_, k) => k * stride);
}

function nudged(model: ReferenceModel, role: string, index: number, offset: number): ReferenceModel {
  const moved = mapParameters(model, (values, name) => {
    if (name !== role) return values;
    const copy = values.slice();
    copy[index] += offset;
    return copy;
  });
  return { ...model, ...moved };
}

function perturbedState(model: ReferenceModel): ReferenceState[] {
  return zeroState(model).map(({ h, c }, l) => ({
    h: h.map((_, k) => Math.abs(Math.sin(k + l + 1))),
    c: c.map((_, k) => Math.cos(k + l)),
  }));
}

function movedState(
  state: readonly ReferenceState[],
  layer: number,
  part: 'h' | 'c',
  unit: number,
  offset: number,
): ReferenceState[] {
  return state.map((entry, l) => {
    if (l !== layer) return entry;
    const copy = entry[part].slice();
    copy[unit] += offset;
    return { ...entry, [part]: copy };
  });
}
