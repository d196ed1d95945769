/** What explains the horizon: models whose cause is so by construction, and models in which no one thing is. */
import { strict as assert } from 'node:assert';
import { perTargetInFloat64 } from '../../../../src/core/float64/float64PerTarget';
import { readInFloat64, type Float64Trace } from '../../../../src/core/float64/float64Trace';
import { horizonCause } from '../../../../src/core/spectra/horizonCause';
import { horizonParts } from '../../../../src/core/spectra/horizonParts';
import { plainStack, uniformModel, type GivenStack, type ModelConfig } from '../../../../src/core/model/config';
import { initialize } from '../../../../src/core/model/initialize';
import { randomOrthogonal } from '../../../../src/core/model/orthogonal';
import { Parameters } from '../../../../src/core/model/parameters';
import { generalModelOf } from '../../../../src/core/model/plainModel';
import { Random } from '../../../../src/core/model/random';
import { kindOf } from '../../../../src/layers/catalog';
import { assertNear } from '../../../reference/compare';
import { mambaModel, modelOf, readIds, vectors } from './support';

const [V, T] = [3, 160];
const target = T - 1;
const vanishing = -3;

/** A text of three symbols through a model whose parameters `fill` sets; all begin as zeros but the output layer's. */
function read(
  given: Partial<GivenStack> & Pick<GivenStack, 'cell'>,
  fill: (parameters: Parameters, config: ModelConfig) => void,
): Float64Trace {
  const config = uniformModel({
    ...plainStack,
    activation: 'tanh',
    layers: 1,
    hiddenSize: 8,
    vocabularySize: V,
    ...given,
  });
  const parameters = new Parameters(config);
  parameters.output.W.forEach((_, i, W) => (W[i] = Math.sin(1 + i)));
  fill(parameters, config);
  const ids = Int32Array.from({ length: T + 1 }, (_, t) => (t * t + 1) % V);
  return readInFloat64(generalModelOf(config, parameters), ids.slice(0, T), ids.slice(1));
}

/** R = g Q, Q orthogonal, in every block. */
function setOrthogonal({ layers }: Parameters, H: number, gain: number): void {
  for (const directions of layers)
    for (const { R } of directions) {
      const Q = randomOrthogonal(H, Random.fromSeed(3));
      for (let i = 0; i < R.length; i++) R[i] = gain * Q[i % (H * H)];
    }
}

/** The biases of a gate. */
function setBias({ layers }: Parameters, gate: number, H: number, value: number): void {
  for (const directions of layers) for (const { Wb } of directions) Wb.fill(value, gate * H, (gate + 1) * H);
}

/** The smallest lag at which factor^lag is below a thousandth. */
const horizonFor = (factor: number): number => Math.floor(Math.log(1e-3) / Math.log(factor)) + 1;

describe('what explains the horizon', () => {
  const H = 8;

  it('a linear recurrence R = 0.8 Q: the matrix, all of it, after as many tokens as 0.8^k needs', async () => {
    // Relu units that are all active: R is a scaled permutation, and all it reads is positive.
    const trace = read({ cell: 'rnn', activation: 'relu' }, ({ layers: [[{ W, R }]] }) => {
      W.fill(0.3);
      for (let u = 0; u < H; u++) R[u * H + ((u + 3) % H)] = 0.8;
    });
    const cause = await horizonCause(trace, target, vanishing);
    assert.ok(cause);
    assert.equal(cause.name, 'matrix');
    assert.equal(cause.horizon, horizonFor(0.8));
    assertNear(cause.share, 1, 1e-12, 'share', true);
    assertNear(cause.left, cause.horizon * Math.log(Math.fround(0.8)), 1e-9, 'left', true);
    assertNear(cause.fall, cause.left, 1e-9, 'fall', true);
  });

  it('R = Q and a bias that drives tanh beyond 0.95: saturation', async () => {
    const trace = read({ cell: 'rnn' }, (parameters) => {
      setOrthogonal(parameters, H, 1);
      setBias(parameters, 0, H, 6);
    });
    const cause = await horizonCause(trace, target, vanishing);
    assert.equal(cause?.name, 'saturation');
    assertNear(cause.share, 1, 1e-9, 'share', true);
  });

  it('R = Q and units at about tanh 1, none of them saturated: the slope of the activation, and not saturation', async () => {
    const trace = read({ cell: 'rnn' }, ({ layers: [[{ Wb, R }]] }) => {
      // A reflection that keeps h = tanh(1) (1, −1, …): every unit stays where its slope is 1 − tanh² 1 = 0.42.
      const h = Math.tanh(1);
      for (let u = 0; u < H; u++) {
        R[u * H + u] = 1;
        Wb[u] = (u % 2 === 0 ? 1 : -1) * (1 - h);
      }
    });
    const cause = await horizonCause(trace, target, vanishing);
    assert.equal(cause?.name, 'slope');
    assert.equal(cause.horizon, horizonFor(1 - Math.tanh(1) ** 2));
    assertNear(cause.share, 1, 1e-5, 'share', true);
    assert.equal(cause.saturatedShare, 0);
  });

  it('R = 0.7 Q with slopes of 0.7, each half of it: none', async () => {
    const h = Math.sqrt(0.3);
    const trace = read({ cell: 'rnn' }, ({ layers: [[{ Wb, R }]] }) => {
      for (let u = 0; u < H; u++) {
        R[u * H + u] = 0.7;
        Wb[u] = Math.atanh(h) - 0.7 * h;
      }
    });
    const parts = await horizonParts(trace, target, vanishing);
    assert.ok(parts?.through === 'matrix');
    assertNear(parts.slopes / parts.fall, 0.5, 1e-2, 'slopes', true);
    assertNear(parts.matrix / parts.fall, 0.5, 1e-2, 'matrix', true);
    assert.equal(await horizonCause(trace, target, vanishing), null);
  });

  it('a relu layer that is dead at a step: saturation, and nothing is left', async () => {
    const trace = read({ cell: 'rnn', activation: 'relu' }, ({ layers: [[{ W, R, Wb }]] }) => {
      for (let u = 0; u < H; u++) R[u * H + u] = 1;
      Wb.fill(0.1);
      // One symbol shuts all of them.
      for (let u = 0; u < H; u++) W[u * V] = -1000;
    });
    // The text has 1 and 2 alone, so that nothing is dead yet.
    assert.equal(await horizonCause(trace, target, vanishing), null);
    const dead = readInFloat64(
      trace.model,
      Int32Array.from({ length: 20 }, (_, t) => (t === 12 ? 0 : 1)),
      Int32Array.from({ length: 20 }, () => 1),
    );
    const cause = await horizonCause(dead, 19, vanishing);
    assert.equal(cause?.name, 'saturation');
    assert.equal(cause.horizon, 19 - 11);
    assert.equal(cause.fall, -Infinity);
    assert.equal(cause.share, 1);
  });

  for (const [cell, gate, kept] of [
    ['lstm', 2, (b: number) => 1 / (1 + Math.exp(-b))],
    ['gru', 0, (b: number) => 1 / (1 + Math.exp(-b))],
    ['minGRU', 0, (b: number) => 1 / (1 + Math.exp(b))],
  ] as const)
    for (const bias of [-1, 0.5, 1])
      it(`${cell}, no recurrent weights, a gate held by a bias of ${bias}: a chosen decay, σ(b)^k`, async () => {
        const trace = read({ cell }, (parameters) => {
          setBias(parameters, gate, H, bias);
          if (cell === 'lstm') setBias(parameters, 1, H, 1);
        });
        const cause = await horizonCause(trace, target, vanishing);
        assert.equal(cause?.name, 'decay');
        assert.equal(cause.horizon, horizonFor(kept(bias)));
        assertNear(cause.left, cause.horizon * Math.log(kept(bias)), 1e-6, 'left', true);
        assertNear(cause.fall, cause.left, 1e-9, 'fall', true);
        assertNear(cause.share, 1, 1e-9, 'share', true);
      });

  it('the forget gate held at σ(b) for 50 steps, as quantities.md has it', async () => {
    for (const [bias, left] of [
      [0, 8.9e-16],
      [1, 1.6e-7],
      [2, 1.75e-3],
    ] as const) {
      const trace = read({ cell: 'lstm' }, (parameters) => {
        setBias(parameters, 2, H, bias);
        setBias(parameters, 1, H, 1);
      });
      // Just above what is left after 50 steps: the horizon then stands there.
      const cause = await horizonCause(trace, target, Math.log10(left * 1.05));
      assert.equal(cause?.horizon, 50);
      assertNear(Math.exp(cause.left) / left, 1, 2e-2, `b = ${bias}`, true);
    }
  });

  it('an LSTM whose recurrent weights carry the gradient as far as its forget gates: a fall of that size alone decides nothing', async () => {
    let isChance = 0;
    for (let seed = 1; seed <= 12; seed++) {
      const trace = read({ cell: 'lstm', hiddenSize: 16 }, (parameters) => {
        const random = Random.fromSeed(seed);
        for (const { R, W } of parameters.layers[0]) {
          R.forEach((_, i) => (R[i] = 0.5 * random.normal()));
          W.forEach((_, i) => (W[i] = 0.5 * random.normal()));
        }
      });
      const parts = await horizonParts(trace, target, vanishing);
      if (parts?.through !== 'gates') continue;
      if (parts.arrived > 0.8 && parts.arrived < 1.25) continue;
      const ratio = parts.kept / parts.fall;
      if (ratio > 0.8 && ratio < 1.25) isChance++;
      assert.equal(await horizonCause(trace, target, vanishing), null, `seed ${seed}`);
    }
    assert.ok(isChance > 0, 'some of them fall as far by chance');
  });

  it('24 layers of LSTM without a residual connection: depth; with one: not', async () => {
    for (const residual of [false, true]) {
      const config = { cell: 'lstm', layers: 24, residual, embeddingSize: H } as const;
      const trace = read(config, (parameters, made) => {
        parameters.values.set(initialize(made, Random.fromSeed(2)).values);
      });
      const cause = await horizonCause(trace, target, vanishing);
      assert.equal(cause?.name === 'depth', !residual, JSON.stringify(cause));
    }
  });

  it('without a horizon there is nothing to explain: R = Q linear, and one that doubles every step', async () => {
    for (const gain of [1, 2]) {
      const trace = read({ cell: 'rnn', activation: 'relu' }, ({ layers: [[{ W, R }]] }) => {
        W.fill(1e-30);
        for (let u = 0; u < H; u++) R[u * H + ((u + 3) % H)] = gain;
      });
      assert.equal(await horizonCause(trace, target, vanishing), null);
    }
  });
});

describe('parts of the fall, beside the flow that PyTorch’s vectors hold right', () => {
  for (const each of [
    ...vectors.cases.map((of) => ({ name: of.name, model: modelOf(of) })),
    { name: 'mamba', model: mambaModel() },
  ])
    it(`${each.name}: the walk through the top layer is the per-target gradient’s; parts add up`, async () => {
      const trace = readIds(each.model);
      const top = trace.layers.length - 1;
      const last = trace.steps - 1;
      const { norms } = await perTargetInFloat64(trace, last);
      const { states } = kindOf(trace.layers[top].cell);
      // The state that carries the gradient farthest: c of (h, c), the scan's of Mamba.
      const log10 = norms[top][0][trace.layers[top].directions.length > 0 ? states.length - 1 : 0];
      for (const threshold of [-0.05, -0.3, -1]) {
        const parts = await horizonParts(trace, last, threshold);
        const horizon = log10.toReversed().findIndex((value) => value - log10[last] < threshold);
        if (!parts) continue;
        assert.equal(parts.horizon, horizon);
        assertNear(parts.fall, (log10[last - horizon] - log10[last]) * Math.LN10, 1e-9, 'fall', true);
        if (parts.through === 'matrix') {
          assertNear(parts.slopes + parts.matrix, parts.fall, 1e-9, 'sum', true);
          assert.ok(parts.saturated <= 0 && parts.saturated >= parts.slopes - 1e-12, 'saturated units are some of all');
        }
      }
    });
});
