/** One step backward for many rows of gradients, and Adam, against float64. */
import { strict as assert } from 'node:assert';
import { Random } from '../../../src/core/model/random';
import { enableRelaxedSimd } from '../../../src/engine/relaxedSimd';
import { referenceCell } from '../../reference/cells';
import { assertClose } from '../../reference/compare';
import type { ReferenceCellName, ReferenceLayer } from '../../reference/model';
import { at, Bench, kinds, normals, oddSizes } from '../support/kernelArrays';

enableRelaxedSimd();

const identity = (size: number) => Float64Array.from({ length: size * size }, (_, k) => Number(k % (size + 1) === 0));

/** A layer whose x is the pre-activation, so that ∂L/∂Wb of a step is what W's side sees, and ∂L/∂Rb what R's side sees. */
function layerOf(width: number, R: Float64Array, Rb: Float64Array): ReferenceLayer {
  return { W: identity(width), R, Wb: new Float64Array(width), Rb };
}

for (const simd of kinds) {
  describe(`one step backward for many rows, ${simd} SIMD`, () => {
    for (const [name, activation, gates] of [
      ['rnn', 'tanh', 1],
      ['rnn', 'relu', 1],
      ['lstm', 'tanh', 4],
      ['gru', 'tanh', 3],
    ] as const) {
      it(`${name} ${activation}`, () => {
        for (const H of oddSizes) for (const rows of [1, 3, 8, 17]) check(name, activation, gates, H, rows);
      });
    }

    function check(
      name: ReferenceCellName,
      activation: 'tanh' | 'relu',
      gateCount: number,
      H: number,
      rows: number,
    ): void {
      const random = Random.fromSeed(31 * H + rows);
      const width = gateCount * H;
      const layer = layerOf(width, normals(random, width * H, 0.7 / Math.sqrt(H)), normals(random, width, 0.3));
      const cell = referenceCell(name, activation);
      const step = cell.forward(layer, normals(random, width), {
        h: normals(random, H, 0.5),
        c: normals(random, H, 0.8),
      });
      const [dh, dc] = [normals(random, rows * H), normals(random, rows * H)];

      const bench = new Bench(simd);
      const flat = bench.floats(step.gates.flatMap((gate) => [...gate]));
      const q = bench.floats(name === 'gru' ? recurrentCandidate(layer, step.before.h) : []);
      const states = [step.before.h, step.after.h, step.before.c, step.after.c].map((values) => bench.floats(values));
      const [hiddenBefore, hiddenAfter, cellBefore, cellAfter] = states.map((array) => at(array));
      const [dhArray, dcArray, dcTotal] = [bench.floats(dh), bench.floats(dc), bench.zeros(rows * H)];
      const [da, daRecurrent, previous] = [bench.zeros(rows * width), bench.zeros(rows * width), bench.zeros(rows * H)];
      const { kernels } = bench;
      if (name === 'rnn') kernels.rnnStepBack(rows, H, Number(activation === 'relu'), hiddenAfter, at(dhArray), at(da));
      else if (name === 'lstm')
        kernels.lstmStepBack(rows, H, at(flat), cellBefore, cellAfter, at(dhArray), at(dcArray), at(dcTotal), at(da));
      else
        kernels.gruStepBack(rows, H, at(flat), at(q), hiddenBefore, at(dhArray), at(da), at(daRecurrent), at(previous));

      for (let row = 0; row < rows; row++) {
        const of = (array: Float32Array, size: number) => array.subarray(row * size, (row + 1) * size);
        const gradient: ReferenceLayer = {
          W: new Float64Array(width * width),
          R: new Float64Array(width * H),
          Wb: new Float64Array(width),
          Rb: new Float64Array(width),
        };
        const after = { h: dh.slice(row * H, (row + 1) * H), c: dc.slice(row * H, (row + 1) * H) };
        const back = cell.backward(layer, step, after, gradient);
        const what = `H ${H}, row ${row} of ${rows}`;
        assertClose(of(da, width), gradient.Wb, 1e-5, `∂L/∂a, ${what}`);
        if (name === 'lstm') {
          assertClose(of(dcTotal, H), back.totalCell, 1e-5, `∂L/∂c, ${what}`);
          assertClose(of(dcArray, H), back.before.c, 1e-5, `∂L/∂c before, ${what}`);
        }
        if (name === 'gru') {
          assertClose(of(daRecurrent, width), gradient.Rb, 1e-5, `∂L/∂a as R sees it, ${what}`);
          assertClose(
            of(previous, H),
            after.h.map((value, u) => value * step.gates[0][u]),
            1e-5,
            `through z, ${what}`,
          );
        }
      }
      assert.ok(bench.guarded);
    }
  });

  describe(`Adam in the kernels, ${simd} SIMD`, () => {
    it('follows its equations for as many steps as one likes', () => {
      const random = Random.fromSeed(9);
      const [beta1, beta2, epsilon, learningRate, weightDecay, kept] = [0.9, 0.999, 1e-8, 0.003, 0.02, 0.9995];
      for (const n of oddSizes) {
        const bench = new Bench(simd);
        const theta = normals(random, n);
        const [m, v] = [new Float64Array(n), new Float64Array(n)];
        const [values, gradient, first, second] = [bench.floats(theta), bench.zeros(n), bench.zeros(n), bench.zeros(n)];
        for (let step = 1; step <= 30; step++) {
          const g = normals(random, n, 2 ** -step);
          gradient.set(g);
          const [rate, correction] = [learningRate / (1 - beta1 ** step), Math.sqrt(1 - beta2 ** step)];
          bench.kernels.adamStep(
            n,
            at(values),
            at(gradient),
            at(first),
            at(second),
            beta1,
            beta2,
            rate,
            correction,
            epsilon,
            weightDecay,
            kept,
          );
          for (let k = 0; k < n; k++) {
            const whole = g[k] + weightDecay * theta[k];
            m[k] = beta1 * m[k] + (1 - beta1) * whole;
            v[k] = beta2 * v[k] + (1 - beta2) * whole * whole;
            theta[k] = kept * theta[k] - (rate * m[k]) / (Math.sqrt(v[k]) / correction + epsilon);
          }
        }
        assertClose(values, theta, 3e-6, 'θ');
        assertClose(first, m, 1e-5, 'm');
        assertClose(second, v, 1e-5, 'v');
        assert.ok(bench.guarded);
      }
    });
  });
}

/** q = R_h h + Rb_h. */
function recurrentCandidate({ R, Rb }: ReferenceLayer, h: Float64Array): Float64Array {
  const H = h.length;
  return h.map((_, u) => h.reduce((sum, value, l) => sum + R[(2 * H + u) * H + l] * value, Rb[2 * H + u]));
}
