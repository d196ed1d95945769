/** The functions inside the kernels, each to 2 units in the last place of the exact value, and the output layer. */
import { strict as assert } from 'node:assert';
import { Random } from '../../../src/core/model/random';
import { enableRelaxedSimd } from '../../../src/engine/relaxedSimd';
import type { Simd } from '../../../src/kernels/program';
import { crossEntropy, crossEntropyGradient, softmax } from '../../reference/network';
import { assertClose, assertNear } from '../../reference/compare';
import { at, Bench, kinds, normals } from '../support/kernelArrays';

enableRelaxedSimd();

/** Distance in units in the last place of a float32 as large as `expected`. */
function ulps(actual: number, expected: number): number {
  const exponent = Math.max(-126, Math.floor(Math.log2(Math.abs(expected))));
  return Math.abs(actual - expected) / 2 ** (exponent - 23);
}

/** Arguments of every size, both signs. */
function argumentsUpTo(largest: number): Float32Array {
  const random = Random.fromSeed(21);
  const near = Array.from({ length: 40_000 }, () => random.between(-largest, largest));
  const small = Array.from(
    { length: 8000 },
    () => 2 ** random.between(-30, Math.log2(largest)) * (random.uniform() < 0.5 ? -1 : 1),
  );
  return Float32Array.from([0, -0, largest, -largest, ...near, ...small]);
}

/** One step of a recurrence from the zero state with R = 0: activations of `x`, and what else the step leaves. */
function oneStep(
  simd: Simd,
  cell: 'rnn' | 'lstm',
  x: Float32Array,
): { readonly a: Float32Array; readonly hidden: Float32Array } {
  const H = x.length;
  const bench = new Bench(simd, 1 << 24);
  const a = bench.floats(cell === 'rnn' ? x : [...x, ...x, ...x, ...x]);
  const [hidden, cellState] = [bench.zeros(2 * H), bench.zeros(2 * H)];
  // One unit at a time would need panels of one column each: with many "streams" of one unit R is one number.
  const panel = bench.zeros(8);
  const counts = bench.ints([0, 0, 0, 0, 0, 0]);
  if (cell === 'rnn') bench.kernels.rnnForward(1, H, 1, 0, H, 0, 0, at(panel), 0, 1, at(a), at(hidden), at(counts));
  else bench.kernels.lstmForward(1, H, 1, 0, H, 0, 0, at(panel), at(a), at(hidden), at(cellState), at(counts));
  return { a, hidden: hidden.subarray(H) };
}

for (const simd of kinds) {
  describe(`functions in the kernels, ${simd} SIMD`, () => {
    it('tanh', () => {
      const x = argumentsUpTo(30);
      const { hidden } = oneStep(simd, 'rnn', x);
      let worst = 0;
      x.forEach((value, k) => (worst = Math.max(worst, ulps(hidden[k], Math.tanh(value)))));
      assert.ok(worst <= 2, `${worst} units`);
    });

    it('the logistic function', () => {
      const x = argumentsUpTo(80);
      const gates = new Float32Array(4 * x.length);
      for (let k = 0; k < x.length; k++) gates.fill(x[k], 4 * k, 4 * k + 4);
      const bench = new Bench(simd, 1 << 24);
      const [a, hidden, cellState, panel] = [
        bench.floats(gates),
        bench.zeros(2 * x.length),
        bench.zeros(2 * x.length),
        bench.zeros(32),
      ];
      bench.kernels.lstmForward(
        1,
        x.length,
        1,
        0,
        x.length,
        0,
        0,
        at(panel),
        at(a),
        at(hidden),
        at(cellState),
        at(bench.ints([0, 0, 0, 0, 0, 0])),
      );
      let worst = 0;
      x.forEach((value, k) => (worst = Math.max(worst, ulps(a[4 * k], 1 / (1 + Math.exp(-value))))));
      assert.ok(worst <= 2, `${worst} units`);
    });

    it('1 − tanh² of a saturated cell keeps its digits', () => {
      // With H = 1: ∂L/∂c = ∂L/∂h ⊙ o ⊙ (1 − tanh² c).
      for (const c of [0.001, 0.5, 3, 8, 12, 20, 40]) {
        const bench = new Bench(simd);
        const [gates, before, after] = [bench.floats([0.25, 0.5, 0.75, 0.125]), bench.floats([0]), bench.floats([c])];
        const [dh, dc, dcTotal, da] = [bench.floats([1]), bench.zeros(1), bench.zeros(1), bench.zeros(4)];
        bench.kernels.lstmStepBack(1, 1, at(gates), at(before), at(after), at(dh), at(dc), at(dcTotal), at(da));
        assertNear(dcTotal[0], 0.5 / Math.cosh(after[0]) ** 2, 5e-7, `at c = ${c}`);
      }
    });
  });

  describe(`the output layer, ${simd} SIMD`, () => {
    it('softmax, log-probabilities and the loss gradient, for vocabularies of any size', () => {
      const random = Random.fromSeed(5);
      for (const V of [1, 2, 3, 4, 5, 7, 8, 65, 1003]) {
        const rows = 6;
        const x = normals(random, rows * V, 4);
        const bench = new Bench(simd);
        const targets = bench.ints(Array.from({ length: rows }, (_, row) => (row === 2 ? -1 : (7 * row) % V)));
        const [p, logP, gradient] = [bench.floats(x), bench.zeros(rows), bench.zeros(rows * V)];
        bench.kernels.softmax(rows, V, at(p), at(targets), at(logP));
        bench.kernels.lossGradient(rows, V, at(p), at(targets), 0.125, at(gradient));
        targets.forEach((target, row) => {
          const score = x.subarray(row * V, (row + 1) * V);
          assertClose(p.subarray(row * V, (row + 1) * V), softmax(score), 1e-6, `probabilities, V = ${V}`);
          assertNear(logP[row], target < 0 ? 0 : -crossEntropy(score, target), 3e-7, `ln p, V = ${V}`);
          const expected =
            target < 0 ? new Float64Array(V) : crossEntropyGradient(score, target).map((value) => 0.125 * value);
          assertClose(gradient.subarray(row * V, (row + 1) * V), expected, 2e-5, `gradient, V = ${V}`);
        });
        assert.ok(bench.guarded);
      }
    });

    it('a sure prediction keeps its digits', () => {
      const bench = new Bench(simd);
      const [x, logP, targets] = [bench.floats([0, -20, -30]), bench.zeros(1), bench.ints([0])];
      bench.kernels.softmax(1, 3, at(x), at(targets), at(logP));
      assertNear(logP[0], -Math.log1p(Math.exp(-20) + Math.exp(-30)), 1e-6, 'ln p');
      assertNear(x[1], Math.exp(-20), 1e-6, 'p');
    });

    it('what is not a number does not hide', () => {
      const bench = new Bench(simd);
      const [x, logP, targets] = [bench.floats([0, NaN, 1, 2, 3]), bench.zeros(1), bench.ints([0])];
      bench.kernels.softmax(1, 5, at(x), at(targets), at(logP));
      assert.ok(Number.isNaN(logP[0]) && x.every(Number.isNaN));
    });
  });
}
