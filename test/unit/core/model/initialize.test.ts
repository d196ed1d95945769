/** What a model's parameters are at the start. */
import { strict as assert } from 'node:assert';
import { createHash } from 'node:crypto';
import { plainStack, uniformModel, type ModelConfig, type StackConfig } from '../../../../src/core/model/config';
import { checkInitialization, initialize, type InitializationSettings } from '../../../../src/core/model/initialize';
import { randomOrthogonal } from '../../../../src/core/model/orthogonal';
import type { Parameters } from '../../../../src/core/model/parameters';
import { Random } from '../../../../src/core/model/random';
import { lengthOf as norm } from '../../../../src/core/numeric';
import { UserError } from '../../../../src/userError';
import { assertNear } from '../../../reference/compare';

const names = ['pytorch', 'xavier', 'orthogonal', 'identity', 'gaussian'] as const;
const stack: StackConfig = {
  ...plainStack,
  cell: 'lstm',
  activation: 'tanh',
  layers: 2,
  hiddenSize: 24,
  vocabularySize: 40,
};
const lstm = uniformModel(stack);
const oneLayer: StackConfig = {
  ...plainStack,
  cell: 'rnn',
  activation: 'relu',
  layers: 1,
  hiddenSize: 400,
  vocabularySize: 5,
};
const rnn = uniformModel(oneLayer);
const plain: InitializationSettings = { initialization: 'pytorch', initScale: 1, forgetBias: null };

const made = (config: ModelConfig, settings: Partial<InitializationSettings>, seed = 1): Parameters =>
  initialize(config, Random.fromSeed(seed), { ...plain, ...settings });

/** The [H, H] blocks of every layer's R, gate by gate. */
function recurrentBlocks(parameters: Parameters, { layers: [{ hiddenSize }] }: ModelConfig): Float32Array[] {
  const size = hiddenSize * hiddenSize;
  return parameters.layers
    .flat()
    .flatMap(({ R }) =>
      Array.from({ length: R.length / size }, (_, gate) => R.subarray(gate * size, (gate + 1) * size)),
    );
}

/** A x for a square row-major A. */
function times(matrix: ArrayLike<number>, x: Float64Array): Float64Array {
  return x.map((_, row) => {
    let sum = 0;
    for (let column = 0; column < x.length; column++) sum += matrix[row * x.length + column] * x[column];
    return sum;
  });
}

function largest(values: Float32Array): number {
  return values.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
}

function gaussianVector(size: number, seed: number): Float64Array {
  const random = Random.fromSeed(seed);
  return Float64Array.from({ length: size }, () => random.normal());
}

const length = (x: Float64Array) => Math.sqrt(x.reduce((sum, value) => sum + value * value, 0));

describe('initialization', () => {
  for (const initialization of names) {
    it(`${initialization}: the same seed gives the same bits, another seed others`, () => {
      const [first, again, other] = [1, 1, 2].map(
        (seed) => made(lstm, { initialization, initScale: 1.5, forgetBias: 1 }, seed).values,
      );
      assert.deepEqual(first, again);
      assert.notDeepEqual(first, other);
      assert.ok(first.every(Number.isFinite));
    });
  }

  it('pytorch: every parameter uniform in ±1/√H, and the same bits as ever', () => {
    const { values } = made(lstm, { initScale: 3 });
    const bound = 1 / Math.sqrt(24);
    assert.ok(largest(values) <= bound && largest(values) > 0.999 * bound);
    assertNear(norm(values) ** 2 / values.length, bound ** 2 / 3, 0.05, 'variance');
    const random = Random.fromSeed(1);
    assert.deepEqual(
      values,
      Float32Array.from(values, () => random.between(-bound, bound)),
      'in the order of the layout; the scale is not used',
    );
    const bytes = new Uint8Array(values.buffer);
    assert.equal(
      createHash('sha256').update(bytes).digest('hex'),
      'eb279133ac913cf14f2384193e15ae3b90ad1da1a4c5438ef81de00ce49f687f',
    );
  });

  it('all others: input and output weights are Xavier’s, gate by gate; biases are zero', () => {
    for (const initialization of names.slice(1)) {
      const { layers, output } = made(lstm, { initialization, initScale: 2 });
      const gates = Array.from({ length: 4 }, (_, gate) =>
        layers[0][0].W.subarray(gate * 24 * 40, (gate + 1) * 24 * 40),
      );
      for (const matrix of [...gates, output.W]) {
        const bound = Math.sqrt(6 / (24 + 40));
        assert.ok(largest(matrix) <= bound && largest(matrix) > 0.99 * bound, initialization);
        assertNear(norm(matrix) ** 2 / matrix.length, bound ** 2 / 3, 0.1, 'variance');
      }
      assert.ok(largest(layers[1][0].W) <= Math.sqrt(6 / 48));
      for (const { Wb, Rb } of layers.flat()) assert.ok([...Wb, ...Rb].every((bias) => bias === 0));
      assert.ok(output.b.every((bias) => bias === 0));
    }
  });

  it('xavier: recurrent matrices uniform in ±scale √(6 / 2H)', () => {
    for (const block of recurrentBlocks(made(lstm, { initialization: 'xavier', initScale: 0.5 }), lstm)) {
      const bound = 0.5 * Math.sqrt(6 / 48);
      assert.ok(largest(block) <= bound && largest(block) > 0.99 * bound);
    }
  });

  it('orthogonal: every gate’s R Rᵀ = scale² I to 1e-6', () => {
    for (const cell of ['rnn', 'gru', 'lstm'] as const) {
      const config = uniformModel({ ...stack, cell });
      const blocks = recurrentBlocks(made(config, { initialization: 'orthogonal', initScale: 1.5 }), config);
      assert.equal(blocks.length, 2 * { rnn: 1, gru: 3, lstm: 4 }[cell]);
      for (const block of blocks) assertOrthogonal(block, 24, 1.5, 1e-6);
      assert.notDeepEqual(blocks[0], blocks[1]);
    }
    const { R } = made(rnn, { initialization: 'orthogonal' }).layers[0][0];
    assertOrthogonal(R, 400, 1, 1e-6);
  });

  it('orthogonal: neither the sign of the diagonal nor that of the determinant is preferred', () => {
    const random = Random.fromSeed(5);
    let [positiveCorner, rotations] = [0, 0];
    const count = 400;
    for (let i = 0; i < count; i++) {
      const q = randomOrthogonal(2, random);
      assertOrthogonal(q, 2, 1, 1e-12);
      if (q[3] > 0) positiveCorner++;
      if (q[0] * q[3] - q[1] * q[2] > 0) rotations++;
    }
    // Four standard deviations of a fair coin.
    for (const seen of [positiveCorner, rotations])
      assert.ok(Math.abs(seen - count / 2) < 2 * Math.sqrt(count), `${seen} of ${count}`);
  });

  it('orthogonal: the linear recurrence h ← R h grows by exactly the scale each step', () => {
    const { R } = made(uniformModel({ ...oneLayer, hiddenSize: 32 }), { initialization: 'orthogonal', initScale: 0.9 })
      .layers[0][0];
    let h = gaussianVector(32, 3);
    const start = length(h);
    for (let t = 0; t < 50; t++) h = times(R, h);
    assertNear(length(h), 0.9 ** 50 * start, 1e-5, 'length after 50 steps');
  });

  it('identity: R is the scale on the diagonal of every gate, and nothing else', () => {
    for (const block of recurrentBlocks(made(lstm, { initialization: 'identity', initScale: 0.7 }), lstm)) {
      block.forEach((entry, i) => assert.equal(entry, i % 25 === 0 ? Math.fround(0.7) : 0));
    }
  });

  it('gaussian: entries of variance scale² / H, and a spectral radius of about the scale at H = 400', () => {
    const gain = 1.5;
    const { R } = made(rnn, { initialization: 'gaussian', initScale: gain }).layers[0][0];
    const mean = R.reduce((sum, entry) => sum + entry, 0) / R.length;
    assert.ok(Math.abs(mean) < (4 * gain) / Math.sqrt(400) / 400, `mean ${mean}`);
    assertNear(norm(R) ** 2 / R.length, gain ** 2 / 400, 0.02, 'variance');
    // The growth of ‖Rᵏ x‖ per step tends to the spectral radius, also where the leading eigenvalues are a complex pair.
    let x = gaussianVector(400, 3);
    let growth = 0;
    const [skipped, steps] = [100, 400];
    for (let k = 0; k < skipped + steps; k++) {
      x = times(R, x);
      const size = length(x);
      x = x.map((value) => value / size);
      if (k >= skipped) growth += Math.log(size);
    }
    assertNear(Math.exp(growth / steps), gain, 0.08, 'spectral radius');
  });

  it('forget-gate bias: the two biases sum to it, in the forget gate only, whatever the initialization', () => {
    for (const initialization of names) {
      const without = made(lstm, { initialization });
      const { layers, output } = made(lstm, { initialization, forgetBias: 1.5 });
      layers.forEach(([{ W, R, Wb, Rb }], l) => {
        for (let i = 0; i < Wb.length; i++) {
          // Gates in ONNX order i o f c.
          if (Math.floor(i / 24) === 2) assert.equal(Wb[i] + Rb[i], 1.5);
          else assert.deepEqual([Wb[i], Rb[i]], [without.layers[l][0].Wb[i], without.layers[l][0].Rb[i]]);
        }
        assert.deepEqual([W, R], [without.layers[l][0].W, without.layers[l][0].R]);
      });
      assert.deepEqual(output.b, without.output.b);
    }
    const gru = uniformModel({ ...stack, cell: 'gru' });
    assert.deepEqual(made(gru, { forgetBias: 1.5 }).values, made(gru, {}).values, 'a GRU has no forget gate');
  });

  it('refuses what cannot be used, with a sentence', () => {
    const refused = (settings: Partial<InitializationSettings>, sentence: RegExp) =>
      assert.throws(
        () => checkInitialization({ ...plain, ...settings }),
        (error: unknown) => error instanceof UserError && sentence.test(error.message),
      );
    for (const initialization of names) checkInitialization({ ...plain, initialization });
    refused(
      { initialization: 'zeros' as 'xavier' },
      /“zeros” is unknown; choose pytorch, xavier, orthogonal, identity or gaussian/,
    );
    for (const gain of [0, -1, NaN, Infinity]) refused({ initScale: gain }, /scale is/);
    refused({ forgetBias: NaN }, /forget-gate bias is NaN/);
  });
});

describe('normal numbers', () => {
  it('have mean 0, variance 1, the normal distribution’s tails, and no state but the generator’s', () => {
    const random = Random.fromSeed(11);
    const numbers = Float64Array.from({ length: 100_000 }, () => random.normal());
    const mean = (f: (x: number) => number) => numbers.reduce((sum, x) => sum + f(x), 0) / numbers.length;
    assert.ok(Math.abs(mean((x) => x)) < 0.013);
    assertNear(
      mean((x) => x * x),
      1,
      0.02,
      'variance',
    );
    assertNear(
      mean((x) => x ** 4),
      3,
      0.06,
      'fourth moment',
    );
    assertNear(
      mean((x) => Number(Math.abs(x) > 2)),
      0.0455,
      0.06,
      'beyond two deviations',
    );
    const twin = Random.fromState(random.state);
    assert.equal(twin.normal(), random.normal());
  });
});

/** Rows of `matrix` [size, size] are orthogonal, each of length `gain`. */
function assertOrthogonal(matrix: ArrayLike<number>, size: number, gain: number, tolerance: number): void {
  for (let a = 0; a < size; a++) {
    for (let b = 0; b <= a; b++) {
      let sum = 0;
      for (let i = 0; i < size; i++) sum += matrix[a * size + i] * matrix[b * size + i];
      const expected = a === b ? gain * gain : 0;
      assert.ok(Math.abs(sum - expected) < tolerance * gain * gain, `rows ${a} and ${b}: ${sum}`);
    }
  }
}
