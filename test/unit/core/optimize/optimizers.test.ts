/** Optimizers, clipping and schedules beside PyTorch's own (test/vectors/optimizers.py), and what they refuse. */
import { strict as assert } from 'node:assert';
import { readFileSync } from 'node:fs';
import { checkClipping, clip } from '../../../../src/core/optimize/clip';
import { Arena } from '../../../../src/kernels/arena';
import { checkOptimizer, optimizerOf } from '../../../../src/core/optimize/registry';
import type { OptimizerSettings } from '../../../../src/core/optimize/optimizer';
import { checkSchedule, learningRateAt, type ScheduleSettings } from '../../../../src/core/optimize/schedule';
import { UserError } from '../../../../src/userError';
import { lengthOf as norm } from '../../../../src/core/numeric';
import { assertClose, assertNear } from '../../../reference/compare';

interface Vectors {
  readonly parameters: readonly number[];
  readonly gradients: readonly (readonly number[])[];
  readonly cases: readonly (OptimizerSettings & {
    readonly learningRate: number;
    readonly steps: readonly (readonly number[])[];
  })[];
  readonly clipByValue: readonly {
    readonly maximum: number;
    readonly gradient: readonly number[];
    readonly fraction: number;
  }[];
  readonly clipBoth: {
    readonly clipValue: number;
    readonly clipNorm: number;
    readonly before: number;
    readonly after: number;
    readonly gradient: readonly number[];
  };
  readonly schedules: readonly (Partial<ScheduleSettings> & { readonly rates: readonly number[] })[];
}

// npm and mocha run at the project's root.
const vectors = JSON.parse(readFileSync('test/vectors/data/optimizers.json', 'utf8')) as Vectors;
const constant: ScheduleSettings = {
  learningRate: 0.3,
  steps: 100,
  schedule: 'constant',
  warmupSteps: 0,
  finalFraction: 0,
  decaySteps: 10,
  decayFactor: 0.5,
};
const refusal = (sentence: RegExp) => (error: unknown) => error instanceof UserError && sentence.test(error.message);

describe('optimizers: three steps within 1e-6 of PyTorch', () => {
  for (const { steps, learningRate, ...settings } of vectors.cases) {
    const { optimizer, momentum, nesterov, weightDecay } = settings;
    const decay = weightDecay === null ? 'PyTorch’s own weight decay' : `weight decay ${weightDecay}`;
    it(`${optimizer}, momentum ${momentum}${nesterov ? ' (Nesterov)' : ''}, ${decay}`, () => {
      checkOptimizer(settings);
      const { length } = vectors.parameters;
      const { made, values, gradient } = Arena.build((arena) => ({
        made: optimizerOf(settings, length, arena),
        values: arena.floats(length),
        gradient: arena.floats(length),
      }));
      values.set(vectors.parameters);
      steps.forEach((expected, step) => {
        gradient.set(vectors.gradients[step]);
        made.step(values, gradient, learningRate);
        assertClose(values, expected, 1e-6, `parameters after step ${step + 1}`);
      });
      assert.equal(made.count, 3);
    });
  }

  it('refuse what cannot be used, with a sentence', () => {
    const sgd: OptimizerSettings = { optimizer: 'sgd', momentum: 0, nesterov: false, weightDecay: null };
    checkOptimizer(sgd);
    assert.throws(
      () => checkOptimizer({ ...sgd, optimizer: 'lion' as 'sgd' }),
      refusal(/“lion” is unknown; choose sgd, rmsprop, adagrad, adam or adamw/),
    );
    for (const momentum of [-0.1, 1, NaN])
      assert.throws(() => checkOptimizer({ ...sgd, momentum }), refusal(/momentum is (-0.1|1|NaN);/));
    assert.throws(
      () => checkOptimizer({ ...sgd, nesterov: true }),
      refusal(/Nesterov’s momentum needs a momentum above 0/),
    );
    for (const weightDecay of [-1, Infinity, NaN])
      assert.throws(() => checkOptimizer({ ...sgd, weightDecay }), refusal(/weight decay is/));
  });
});

describe('clipping', () => {
  const { arena, clipped } = Arena.build((made) => ({
    arena: made,
    clipped: made.floats(vectors.gradients[0].length),
  }));
  const gradient = () => {
    clipped.set(vectors.gradients[0]);
    return clipped;
  };

  it('by value is PyTorch’s, and says which fraction of the entries it cut', () => {
    for (const { maximum, gradient: expected, fraction } of vectors.clipByValue) {
      const { clippedFraction } = clip(gradient(), { clipValue: maximum, clipNorm: null }, arena.kernels);
      assert.equal(clippedFraction, fraction);
      assertClose(clipped, expected, 1e-7, `gradient cut at ${maximum}`);
    }
  });

  it('by value and then by norm; the norm before is that of the gradient as it came', () => {
    const { clipValue, clipNorm, ...expected } = vectors.clipBoth;
    const { before, after, clippedFraction } = clip(gradient(), { clipValue, clipNorm }, arena.kernels);
    assertClose(clipped, expected.gradient, 1e-6, 'gradient');
    assertNear(before, expected.before, 1e-6, 'norm before');
    assertNear(after, expected.after, 1e-6, 'norm after');
    assert.equal(clippedFraction, vectors.gradients[0].filter((g) => Math.abs(g) > clipValue).length / clipped.length);
  });

  it('by value alone measures the norm again; without limits only measures', () => {
    const byValue = clip(gradient(), { clipValue: 0.05, clipNorm: null }, arena.kernels);
    assert.ok(byValue.after < byValue.before);
    assertNear(byValue.after, norm(clipped), 1e-12, 'norm of what is left');
    const measured = clip(gradient(), { clipValue: null, clipNorm: null }, arena.kernels);
    assert.deepEqual(clipped, Float32Array.from(vectors.gradients[0]));
    assertNear(measured.before, norm(clipped), 1e-12, 'norm');
    assert.deepEqual(measured, { before: measured.before, after: measured.before, clippedFraction: 0 });
  });

  it('does not hide a gradient that is not finite', () => {
    for (const entry of [Infinity, -Infinity, NaN]) {
      gradient()[1] = entry;
      assert.ok(!Number.isFinite(clip(clipped, { clipValue: 1, clipNorm: 1 }, arena.kernels).before));
    }
  });

  it('refuses limits that are not positive', () => {
    assert.throws(() => checkClipping({ clipNorm: 0, clipValue: null }), refusal(/clipping norm is 0/));
    assert.throws(() => checkClipping({ clipNorm: null, clipValue: NaN }), refusal(/clipping value is NaN/));
  });
});

describe('schedules of the learning rate', () => {
  for (const { rates, ...given } of vectors.schedules) {
    it(`${given.schedule} after ${given.warmupSteps} steps of warm-up is PyTorch’s at every step`, () => {
      const settings = { ...constant, ...given };
      checkSchedule(settings);
      assertClose(
        rates.map((_, done) => learningRateAt(settings, done)),
        rates,
        1e-12,
        'learning rates',
      );
    });
  }

  it('without a warm-up, constant is the very number that was given', () => {
    for (const done of [0, 1, 99, 1e6]) assert.equal(learningRateAt(constant, done), 0.3);
  });

  it('the warm-up begins above 0 and reaches the learning rate with its last step', () => {
    const rates = [0, 1, 2, 3, 4].map((done) => learningRateAt({ ...constant, learningRate: 1, warmupSteps: 4 }, done));
    assert.deepEqual(rates, [0.25, 0.5, 0.75, 1, 1]);
  });

  it('the cosine is at half-way in the middle, falls to its final fraction, and stays there', () => {
    const settings: ScheduleSettings = {
      ...constant,
      learningRate: 1,
      schedule: 'cosine',
      warmupSteps: 20,
      finalFraction: 0.2,
    };
    assert.equal(learningRateAt(settings, 20), 1);
    assertNear(learningRateAt(settings, 60), 0.6, 1e-12, 'in the middle');
    for (const done of [100, 101, 1e6]) assertNear(learningRateAt(settings, done), 0.2, 1e-12, `after ${done} steps`);
    // A run that is all warm-up.
    assert.equal(learningRateAt({ ...settings, warmupSteps: 100 }, 99), 1);
  });

  it('refuse what cannot be used, with a sentence', () => {
    assert.throws(
      () => checkSchedule({ ...constant, schedule: 'cosine', steps: null }),
      refusal(/cosine schedule .* needs a number of steps/),
    );
    assert.throws(() => checkSchedule({ ...constant, schedule: 'linear' as 'step' }), refusal(/“linear” is unknown/));
    for (const learningRate of [0, -1, NaN, Infinity])
      assert.throws(() => checkSchedule({ ...constant, learningRate }), refusal(/learning rate is/));
    assert.throws(
      () => checkSchedule({ ...constant, warmupSteps: -1 }),
      refusal(/number of warm-up steps is -1; it must be a whole number from 0/),
    );
    assert.throws(() => checkSchedule({ ...constant, decaySteps: 0 }), refusal(/steps between two decays is 0/));
    assert.throws(() => checkSchedule({ ...constant, decayFactor: 1.5 }), refusal(/decay factor .* is 1.5/));
    assert.throws(() => checkSchedule({ ...constant, finalFraction: -0.1 }), refusal(/final fraction .* is -0.1/));
  });
});
