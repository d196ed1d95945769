/** Parts of a logit from integrated gradients: against sums, closed forms and finite differences. */
import { strict as assert } from 'node:assert';
import { gaussLegendre } from '../../../../src/core/analysis/gaussLegendre';
import { gradientTimesInput, integratedGradients } from '../../../../src/core/float64/float64Score';
import { readInFloat64 } from '../../../../src/core/float64/float64Trace';
import { plainStack, uniformModel, type StackConfig } from '../../../../src/core/model/config';
import type { GeneralModel } from '../../../../src/core/model/generalModel';
import { generalModelOf } from '../../../../src/core/model/plainModel';
import { randomModel } from '../../support/models';

const noPause = () => Promise.resolve();
const [V, tokens] = [7, 24];

function randomOne(part: Partial<StackConfig>, seed: number): { model: GeneralModel; inputs: Int32Array } {
  const config = uniformModel({
    ...plainStack,
    cell: 'rnn',
    activation: 'tanh',
    layers: 1,
    hiddenSize: 12,
    vocabularySize: V,
    ...part,
  });
  const { parameters, ids } = randomModel(config, seed, tokens);
  return { model: generalModelOf(config, parameters), inputs: Int32Array.from(ids) };
}

const sum = (values: Float64Array) => values.reduce((total, value) => total + value, 0);

describe('Gauss–Legendre nodes', () => {
  it('integrate x^k over [0, 1] exactly for every k below twice their number', () => {
    for (const n of [1, 2, 5, 50]) {
      const nodes = gaussLegendre(n);
      for (let k = 0; k < 2 * n; k++) {
        const integral = nodes.reduce((total, { at, weight }) => total + weight * at ** k, 0);
        assert.ok(Math.abs(integral - 1 / (k + 1)) < 1e-13, `n ${n}, k ${k}: ${integral}`);
      }
    }
  });
});

describe('integrated gradients', () => {
  const kinds: [string, Partial<StackConfig>][] = [
    ['a vanilla RNN', { cell: 'rnn', activation: 'tanh' }],
    [
      'a vanilla RNN of two layers and two directions',
      { cell: 'rnn', activation: 'tanh', layers: 2, bidirectional: true },
    ],
    ['an LSTM of two layers', { cell: 'lstm', layers: 2 }],
    ['a GRU with an embedding', { cell: 'gru', embeddingSize: 5 }],
    ['a tied LSTM', { cell: 'lstm', embeddingSize: 12, tied: true }],
  ];
  for (const [name, part] of kinds) {
    it(`of ${name} sum to S(x) − S(0), to 1e-10`, async () => {
      for (const seed of [1, 2, 3]) {
        const { model, inputs } = randomOne(part, seed);
        for (const step of [0, 17, tokens - 1]) {
          const { parts, whole, baseline } = await integratedGradients(model, inputs, seed, step, 16, noPause);
          assert.ok(
            Math.abs(sum(parts) - (whole - baseline)) < 1e-10,
            `step ${step}: ${sum(parts)} for ${whole - baseline}`,
          );
        }
      }
    });

    it(`of ${name}: each token’s gradient × input is the slope of the logit when that input alone grows`, () => {
      const { model, inputs } = randomOne({ ...part }, 5);
      const step = tokens - 3;
      const { parts } = gradientTimesInput(model, inputs, 2, step);
      const h = 1e-4;
      for (const k of [0, step - 1, step]) {
        const slope =
          (scoreWith(model, inputs, k, 1 + h, 2, step) - scoreWith(model, inputs, k, 1 - h, 2, step)) / (2 * h);
        assert.ok(
          Math.abs(parts[k] - slope) < 1e-7 * Math.max(1, Math.abs(slope)),
          `token ${k}: ${parts[k]}, differences give ${slope}`,
        );
      }
    });
  }

  it('of a model whose units flip along the path are complete too, where 50 nodes alone are not', async () => {
    const { model: small, inputs } = randomOne({ cell: 'gru' }, 8);
    const large = (M: ArrayLike<number>) => Float64Array.from(M, (w) => 7 * w);
    const model = {
      ...small,
      layers: small.layers.map((layer) => ({
        ...layer,
        directions: layer.directions.map((d) => ({ ...d, W: large(d.W), R: large(d.R) })),
      })),
    };
    const gapWith = async (stretches: number) => {
      const { parts, whole, baseline } = await integratedGradients(model, inputs, 2, 12, stretches, noPause);
      return Math.abs(sum(parts) - (whole - baseline));
    };
    const [alone, halved] = [await gapWith(1), await gapWith(16)];
    assert.ok(alone > 1e-9, `50 nodes alone miss ${alone}`);
    assert.ok(halved < 1e-10, `halved they miss ${halved}`);
  });

  it('of a linear recurrence are what each token adds, w·R^(t−k)·W x_k, as is gradient × input', async () => {
    const { model: nonlinear, inputs } = randomOne({ cell: 'rnn', activation: 'tanh' }, 4);
    const [layer] = nonlinear.layers;
    const [direction] = layer.directions;
    const affine = [{ name: 'affine', alpha: 1, beta: 0 } as const];
    const model = { ...nonlinear, layers: [{ ...layer, directions: [{ ...direction, activations: affine }] }] };
    const [H, step, symbol] = [12, 20, 3];
    const integrated = await integratedGradients(model, inputs, symbol, step, 16, noPause);
    const first = gradientTimesInput(model, inputs, symbol, step);
    for (let k = 0; k <= step; k++) {
      let state = Float64Array.from({ length: H }, (_, u) => direction.W[u * V + inputs[k]]);
      for (let t = k; t < step; t++)
        state = state.map((_, u) => state.reduce((total, value, j) => total + direction.R[u * H + j] * value, 0));
      const expected = state.reduce((total, value, u) => total + model.output.W[symbol * H + u] * value, 0);
      assert.ok(Math.abs(integrated.parts[k] - expected) < 1e-12);
      assert.ok(Math.abs(first.parts[k] - expected) < 1e-12);
    }
    assert.ok(
      integrated.parts.subarray(step + 1).every((part) => part === 0),
      'later tokens have no part',
    );
  });

  it('agree with a midpoint sum of many more nodes', async () => {
    const { model, inputs } = randomOne({ cell: 'gru' }, 6);
    const step = 12;
    const { parts } = await integratedGradients(model, inputs, 1, step, 16, noPause);
    const nodes = 1500;
    const midpoint = new Float64Array(tokens);
    for (let i = 0; i < nodes; i++) {
      const at = (i + 0.5) / nodes;
      const [layer] = model.layers;
      const scaled = {
        ...model,
        layers: [
          { ...layer, directions: layer.directions.map((d) => ({ ...d, W: Float64Array.from(d.W, (w) => w * at) })) },
        ],
      };
      // Its own gradient × input is that of inputs already scaled by `at`.
      gradientTimesInput(scaled, inputs, 1, step).parts.forEach((part, k) => (midpoint[k] += part / at / nodes));
    }
    parts.forEach((part, k) => assert.ok(Math.abs(part - midpoint[k]) < 1e-5, `token ${k}: ${part}, ${midpoint[k]}`));
  });
});

/** The logit when token k's input is multiplied by a factor: a symbol of its own with scaled weights takes its place. */
function scoreWith(
  model: GeneralModel,
  inputs: Int32Array,
  k: number,
  factor: number,
  symbol: number,
  step: number,
): number {
  const V2 = V + 1;
  const own = inputs.slice();
  own[k] = V;
  const widened = (M: ArrayLike<number>, rows: number) =>
    Float64Array.from({ length: rows * V2 }, (_, i) =>
      i % V2 === V ? factor * M[Math.floor(i / V2) * V + inputs[k]] : M[Math.floor(i / V2) * V + (i % V2)],
    );
  const [first, ...above] = model.layers;
  const E = model.embedding ? model.embedding.length / V : 0;
  const changed: GeneralModel = model.embedding
    ? {
        ...model,
        embedding: Float64Array.from({ length: V2 * E }, (_, i) =>
          i < V * E ? model.embedding![i] : factor * model.embedding![inputs[k] * E + (i - V * E)],
        ),
      }
    : {
        ...model,
        layers: [
          {
            ...first,
            inputSize: V2,
            directions: first.directions.map((d) => ({ ...d, W: widened(d.W, d.Wb.length) })),
          },
          ...above,
        ],
      };
  const trace = readInFloat64(
    {
      ...changed,
      vocabularySize: V2,
      output: {
        W: Float64Array.from({ length: (V2 * model.output.W.length) / V }, (_, i) => model.output.W[i] ?? 0),
        b: new Float64Array(V2),
      },
    },
    own,
    own.map(() => 0),
  );
  const width = model.output.W.length / V;
  return trace.top
    .subarray(step * width, (step + 1) * width)
    .reduce((total, value, i) => total + value * model.output.W[symbol * width + i], 0);
}
