/** What is known of attention without computing it, and reference numbers of a model whose weights any language can repeat. */
import { strict as assert } from 'node:assert';
import { addArrival, arrivals, type Arrivals } from '../../../../src/core/analysis/arrivals';
import { float64Arithmetic, log10Of } from '../../../../src/core/float64/arithmetic';
import { sublayers } from '../../../../src/core/layers/attention';
import { attentionContributions } from '../../../../src/core/layers/attention/contributions';
import { float64Attention } from '../../../../src/core/layers/attention/float64Attention';
import type { Float64MixerLayer } from '../../../../src/core/layers/float64Mixer';
import { lengthOf } from '../../../../src/core/numeric';
import { assertClose, assertNear } from '../../../reference/compare';
import { attentionParameters, loadAttentionCase } from '../../../reference/attentionVectors';
import { AttentionModel } from '../../support/attentionModel';

const { float64: mha } = sublayers.mha;
const headNorms = float64Attention.headNorms!.bind(float64Attention);

const formula = (p: number, length: number, size = 0.5) =>
  Float64Array.from({ length }, (_, k) => size * Math.sin(1 + 0.7 * p + 1.3 * k));

/** x + mha(x), d = 4, two heads. */
const D = 4;
const parameters = {
  Wqkv: formula(3, 3 * D * D),
  bqkv: formula(4, 3 * D),
  Wo: formula(5, D * D),
  bo: formula(6, D),
};
const layer: Float64MixerLayer = {
  input: D,
  hidden: D,
  options: { heads: 2, positions: 'none', context: 256, biases: true },
  layer: 0,
  layers: 1,
  below: [],
  parameters,
};

function rowsAt(T: number, given: readonly { t: number; row: Float64Array; scale: number }[]): Arrivals<Float64Array> {
  const made = arrivals(float64Arithmetic, T, D);
  for (const { t, row, scale } of given) {
    made.isReached[t] = 1;
    addArrival(float64Arithmetic, made, t, row, 0, D, scale);
  }
  return made;
}

function normAt({ values, logScales }: Arrivals<Float64Array>, t: number): number {
  return logScales[t] === -Infinity ? -Infinity : log10Of(lengthOf(values, t * D, D), logScales[t]);
}

describe('attention, known answers', () => {
  it('has the reference numbers of 201 tokens', () => {
    const V = 5;
    const T = 201;
    const tokens: number[] = [];
    for (let s = 1; tokens.length <= T;) {
      s = (75 * s + 74) % 65537;
      tokens.push(s % V);
    }
    const [embedding, W, b] = [formula(0, V * D, 1), formula(1, V * D), formula(2, V)];
    const x = new Float64Array(T * D);
    for (let t = 0; t < T; t++) x.set(embedding.subarray(tokens[t] * D, (tokens[t] + 1) * D), t * D);
    const trace = mha.forward(layer, x, T);
    const y = trace.output.map((value, i) => value + x[i]);
    const losses = Array.from({ length: T }, (_, t) => {
      const logits = Array.from({ length: V }, (__, v) =>
        y.subarray(t * D, (t + 1) * D).reduce((sum, value, i) => sum + value * W[v * D + i], b[v]),
      );
      const sum = logits.reduce((all, logit) => all + Math.exp(logit), 0);
      return { loss: Math.log(sum) - logits[tokens[t + 1]], errors: logits.map((logit) => Math.exp(logit) / sum) };
    });
    assertNear(losses.reduce((sum, { loss }) => sum + loss, 0) / T, 2.3765929266439, 1e-13, 'mean loss');
    const { loss, errors } = losses[T - 1];
    assertNear(loss, 1.5228226344296, 1e-13, 'loss of the target');
    errors[tokens[T]] -= 1;
    const row = Float64Array.from({ length: D }, (_, i) => errors.reduce((sum, e, v) => sum + e * W[v * D + i], 0));
    const above = rowsAt(T, [{ t: T - 1, row, scale: 0 }]);
    const below = arrivals(float64Arithmetic, T, D);
    mha.flow(layer, trace, above, below);
    addArrival(float64Arithmetic, below, T - 1, row, 0, D, 0);
    const expected = {
      0: 1.11992227256,
      1: 4.66888106213e-3,
      10: 4.66888106213e-3,
      50: 1.07129296452e-2,
      200: 8.79155448476e-3,
    };
    for (const [lag, norm] of Object.entries(expected))
      assertNear(10 ** normAt(below, T - 1 - Number(lag)), norm, 1e-11, `lag ${lag}`);
  });

  it('with W_Q = 0 looks at all steps alike: weights 1/(τ + 1), and a gradient through the values that is level in the lag and falls as 1/(τ + 1)', () => {
    const T = 60;
    const Wqkv = parameters.Wqkv.slice().fill(0, 0, D * D);
    const bqkv = parameters.bqkv.slice().fill(0, 0, D);
    const uniform = { ...layer, parameters: { ...parameters, Wqkv, bqkv } };
    const trace = mha.forward(uniform, formula(9, T * D), T);
    trace.weights.forEach((a) => {
      for (let target = 0; target < T; target++)
        for (let t = 0; t < T; t++)
          assert.ok(Math.abs(a[target * T + t] - (t <= target ? 1 / (target + 1) : 0)) < 1e-16);
    });
    const levels = [19, 59].map((target) => {
      const below = arrivals(float64Arithmetic, T, D);
      mha.flow(uniform, trace, rowsAt(T, [{ t: target, row: formula(12, D), scale: 0 }]), below);
      for (let t = 1; t <= target; t++) assertNear(normAt(below, t), normAt(below, 0), 1e-12, `step ${t}`, true);
      for (let t = target + 1; t < T; t++) assert.equal(below.isReached[t], 0);
      return 10 ** normAt(below, 0);
    });
    assertNear(levels[0] / levels[1], 3, 1e-12, 'ratio of 1/20 to 1/60');
  });

  it('in one layer, reaches no other step at the top boundary; with all sublayers zero, none at any, and the same at all for τ', () => {
    const given = loadAttentionCase('two-no-norm');
    const zero = new Map(
      [...attentionParameters(given)].map(([name, values]) => [
        name,
        /Wo|bo|W2|b2/.test(name) ? values.map(() => 0) : values,
      ]),
    );
    const [inputs, targets] = [given.inputs[1], given.targets[1]];
    const target = 4;
    const model = new AttentionModel(given, zero);
    const [lowest, middle, top] = model.flow(model.read(inputs, targets), target, targets[target]);
    assert.equal(lowest[target], top[target]);
    assert.equal(middle[target], top[target]);
    for (let t = 0; t < target; t++) {
      assert.equal(lowest[t], -Infinity);
      assert.equal(middle[t], -Infinity);
      assert.equal(top[t], -Infinity, 'zero, as what has lost it on its way');
    }
  });

  it('gives its output as a sum over heads and steps', () => {
    const T = 40;
    const trace = mha.forward(layer, formula(9, T * D), T);
    for (const target of [0, 17, 39]) {
      const direction = formula(20 + target, D);
      const { heads, bias } = attentionContributions(layer, trace, target, direction);
      const sum = heads.reduce((all, shares) => all + shares.reduce((of, share) => of + share, 0), bias);
      const whole = direction.reduce((all, w, i) => all + w * trace.output[target * D + i], 0);
      assertNear(sum, whole, 1e-12, `target ${target}`);
      for (const shares of heads) assert.ok(shares.subarray(target + 1).every((share) => share === 0));
    }
  });

  it('adds what arrives at steps of scales that no float64 holds together', () => {
    const T = 9;
    const trace = mha.forward(layer, formula(9, T * D), T);
    const near = { t: 7, row: formula(30, D), scale: -4000 };
    const flowOf = (given: Parameters<typeof rowsAt>[1]) => {
      const below = arrivals(float64Arithmetic, T, D);
      mha.flow(layer, trace, rowsAt(T, given), below);
      return below;
    };
    const both = flowOf([near, { t: 3, row: formula(31, D), scale: 0 }]);
    const alone = flowOf([near]);
    const large = flowOf([{ t: 3, row: formula(31, D), scale: 0 }]);
    for (let t = 0; t < T; t++) {
      const expected = t <= 3 ? large : alone;
      assertNear(normAt(both, t), normAt(expected, t), 1e-12, `step ${t}`, true);
    }
    assert.ok(normAt(alone, 5) < -1700);
    const norms = headNorms(layer, trace, rowsAt(T, [near]));
    assert.ok(norms.values.every((ofHead) => ofHead[5] < -1700 && Number.isNaN(ofHead[8])));
  });

  it('has of every head the gradients by keys and values that central differences give', () => {
    const T = 7;
    const x = formula(9, T * D);
    const row = formula(12, D);
    const target = 5;
    const trace = mha.forward(layer, x, T);
    const { keys, values } = headNorms(layer, trace, rowsAt(T, [{ t: target, row, scale: 0 }]));
    // A bias for one step alone is what a key or value is moved by: through x it cannot be, so the head's own equations are written again.
    const loss = (qkv: Float64Array) => {
      const y = new Float64Array(D);
      for (let head = 0; head < 2; head++) {
        const at = (t: number, part: number, i: number) => qkv[t * 3 * D + part * D + head * 2 + i];
        const scores = Array.from(
          { length: target + 1 },
          (_, t) => (at(target, 0, 0) * at(t, 1, 0) + at(target, 0, 1) * at(t, 1, 1)) / Math.SQRT2,
        );
        const sum = scores.reduce((all, score) => all + Math.exp(score), 0);
        for (let i = 0; i < 2; i++)
          y[head * 2 + i] = scores.reduce((all, score, t) => all + (Math.exp(score) / sum) * at(t, 2, i), 0);
      }
      let found = 0;
      for (let i = 0; i < D; i++) for (let j = 0; j < D; j++) found += row[i] * parameters.Wo[i * D + j] * y[j];
      return found;
    };
    const step = 1e-5;
    const slopes = trace.qkv.map((_, index) => {
      const moved = (by: number) => loss(trace.qkv.map((value, i) => (i === index ? value + by : value)));
      return (moved(step) - moved(-step)) / (2 * step);
    });
    for (let head = 0; head < 2; head++)
      [keys, values].forEach((norms, part) => {
        const expected = Array.from({ length: target + 1 }, (_, t) =>
          lengthOf(slopes, t * 3 * D + (part + 1) * D + head * 2, 2),
        );
        assertClose(
          Array.from(norms[head].subarray(0, target + 1), (norm) => 10 ** norm),
          expected,
          1e-8,
          `head ${head}`,
        );
      });
  });
});
