/** Pascanu's regularizer: its gradient beside PyTorch's autograd and beside central differences, h and ∂L/∂h held. */
import assert from 'node:assert/strict';
import { weighForOmega, type OmegaRows } from '../../../../src/core/backward/omega';
import { plainStack, uniformModel } from '../../../../src/core/model/config';
import { Parameters } from '../../../../src/core/model/parameters';
import { Random } from '../../../../src/core/model/random';
import { assertClose, assertNear } from '../../../reference/compare';
import { loadRemedies, type OmegaCase } from '../../../reference/remedyVectors';
import { backendNames, benchFor, type Bench, type TestBackend } from '../../support/models';

const vocabularySize = 5;

async function benchOf(backend: TestBackend, each: OmegaCase, hasOmega: boolean): Promise<Bench> {
  const { lengths, hidden, directions } = each;
  const config = uniformModel({
    ...plainStack,
    cell: 'rnn',
    activation: each.activation,
    layers: each.parameters.length,
    hiddenSize: hidden,
    bidirectional: directions === 2,
    objective: directions === 2 ? 'masked' : 'next',
    vocabularySize,
  });
  const parameters = new Parameters(config);
  each.parameters.forEach((own, l) => {
    own.forEach((layer, d) => {
      for (const role of ['W', 'R', 'Wb', 'Rb'] as const) parameters.layers[l][d][role].set(layer[role]);
    });
  });
  parameters.output.W.set(each.output.W);
  parameters.output.b.set(each.output.b);
  const steps = Math.max(...lengths);
  const batch = lengths.length;
  const bench = await benchFor(backend, config, parameters, { steps, batch, hasOmega });
  const { tape, forward, backward } = bench;
  for (let t = 0; t < steps; t++)
    for (let b = 0; b < batch; b++) {
      tape.inputs[t * batch + b] = t < lengths[b] ? each.ids[b * steps + t] : -1;
      tape.targets[t * batch + b] = t < lengths[b] ? each.targets[b * steps + t] : -1;
    }
  tape.lengths.set(lengths);
  tape.resize(steps);
  await forward.run();
  backward.clearCarried();
  await backward.run({ truncation: each.truncation, omega: hasOmega ? 1 / batch : 0 });
  return bench;
}

/** g = v R. */
function through(R: Float64Array, v: Float64Array, H: number): Float64Array {
  const g = new Float64Array(v.length);
  for (let row = 0; row < v.length; row += H)
    for (let i = 0; i < H; i++) for (let j = 0; j < H; j++) g[row + j] += v[row + i] * R[i * H + j];
  return g;
}

describe('Pascanu’s regularizer', () => {
  for (const each of loadRemedies().omega)
    for (const backend of backendNames)
      it(`${each.name}, on ${backend}: it and its gradient are those of PyTorch; nothing else changes`, async () => {
        const { backward } = await benchOf(backend, each, true);
        const { gradient } = backward;
        const { gradient: plain } = (await benchOf(backend, each, false)).backward;
        assertNear(backward.omega, each.omega, 1e-4, 'Ω');
        each.gradients.forEach((own, l) => {
          own.forEach((expected, d) => {
            const R = gradient.layers[l][d].R.map((value, i) => value - plain.layers[l][d].R[i]);
            assertClose(R, expected, 2e-4, `∂Ω/∂R of layer ${l}, direction ${d}`);
            gradient.layers[l][d].R.set(plain.layers[l][d].R);
          });
        });
        assert.deepEqual(gradient.values, plain.values);
      });

  for (const direction of ['forward', 'backward'] as const)
    it(`${direction}: its gradient is that of central differences in float64, ∂L/∂h and ∂L/∂a held`, () => {
      const random = Random.fromSeed(7);
      const [steps, batch, H] = [6, 3, 4];
      const normal = (length: number) => Float64Array.from({ length }, () => random.normal());
      const rows = steps * batch;
      const [delta, v, R] = [normal(rows * H), normal(rows * H), normal(H * H)];
      // A dead unit, and a step that no gradient reaches.
      v[5] = 0;
      delta.fill(0, 4 * H, 5 * H);
      v.fill(0, 4 * H, 5 * H);
      const window: OmegaRows = {
        direction,
        steps,
        batch,
        hiddenSize: H,
        lengths: Int32Array.of(6, 4, 0),
        truncation: 4,
      };
      const valueAt = (weights: Float64Array) => weighForOmega(through(weights, v, H), delta, window, 0.7);
      const weighed = through(R, v, H);
      weighForOmega(weighed, delta, window, 0.7);
      const gradient = new Float64Array(H * H);
      for (let row = 0; row < rows * H; row += H)
        for (let i = 0; i < H; i++) for (let j = 0; j < H; j++) gradient[i * H + j] += v[row + i] * weighed[row + j];
      const step = 1e-5;
      const differences = R.map((_, i) => {
        const moved = (by: number) => valueAt(R.map((value, j) => (i === j ? value + by : value)));
        return (moved(step) - moved(-step)) / (2 * step);
      });
      assert.ok(valueAt(R) > 0.1);
      assertClose(gradient, differences, 1e-8, '∂Ω/∂R');
    });

  it('of an orthogonal R and linear units it is nothing: no length changes', () => {
    const [c, s] = [Math.cos(1), Math.sin(1)];
    const delta = Float64Array.of(1, 2, 3, 4, -1, 0.5);
    const window = { steps: 3, batch: 1, hiddenSize: 2, lengths: Int32Array.of(3), truncation: 0 } as const;
    const g = through(Float64Array.of(c, -s, s, c), delta, 2);
    assert.ok(weighForOmega(g, delta, { ...window, direction: 'forward' }, 1) < 1e-30);
    assert.ok(g.every((value) => Math.abs(value) < 1e-15));
  });
});
