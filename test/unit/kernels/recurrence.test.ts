/** The recurrences against float64, in every way they are called: odd sizes, both directions, padding, truncation, parts, both kinds of SIMD. */
import { strict as assert } from 'node:assert';
import { enableRelaxedSimd } from '../../../src/engine/relaxedSimd';
import { createThreadPool } from '../../../src/engine/threads/threadPool';
import { referenceRecurrence, type RecurrenceCase, type RecurrenceResult } from '../../reference/recurrence';
import { assertClose } from '../../reference/compare';
import { randomProblem, runKernels, type KernelResult, type Shape } from '../support/recurrence';

enableRelaxedSimd();

const cells = [
  { cell: 'rnn', activation: 'tanh' },
  { cell: 'rnn', activation: 'relu' },
  { cell: 'lstm', activation: 'tanh' },
  { cell: 'gru', activation: 'tanh' },
] as const;
const kinds = ['relaxed', 'plain'] as const;
const tolerance = 2e-5;

function assertAgrees(problem: RecurrenceCase, actual: KernelResult, expected: RecurrenceResult): void {
  const { cell, T, B, H, lengths, reverse } = problem;
  const width = problem.R.length / H;
  /** States after the steps: without the row that was given. */
  const after = (states: Float32Array) => (reverse ? states.subarray(0, T * B * H) : states.subarray(B * H));
  assertClose(after(actual.hidden), expected.states.h, tolerance, 'h');
  if (cell === 'lstm') assertClose(after(actual.cellState), expected.states.c, tolerance, 'c');
  if (cell !== 'rnn') {
    // At padding nobody reads the gates.
    const gates = actual.gates.map((value, k) =>
      Math.floor(k / width / B) < lengths[Math.floor(k / width) % B] ? value : 0,
    );
    assertClose(gates, expected.gates, tolerance, 'gates');
  }
  assertClose(actual.dh, expected.dh, tolerance, '∂L/∂h');
  assertClose(actual.da, expected.da, tolerance, '∂L/∂a');
  if (cell === 'gru') assertClose(actual.daRecurrent, expected.daRecurrent, tolerance, '∂L/∂a as R sees it');
  assertClose(actual.dhCarried, expected.beforeGradient.h, tolerance, '∂L/∂h before the first step');
  assertClose(actual.squares.subarray(0, T), expected.squares, tolerance, 'squares of ∂L/∂h');
  if (cell === 'lstm') {
    assertClose(actual.dc, expected.beforeGradient.c, tolerance, '∂L/∂c before the first step');
    assertClose(actual.squares.subarray(T), expected.cellSquares, tolerance, 'squares of ∂L/∂c');
  }
}

describe('recurrence kernels agree with float64', () => {
  for (const { cell, activation } of cells) {
    for (const simd of kinds) {
      it(`${cell} ${activation}, ${simd} SIMD: odd sizes, both directions`, () => {
        for (const H of [1, 3, 5, 7, 33]) {
          for (const B of [1, 2, 5, 13]) {
            for (const reverse of [false, true]) {
              const problem = randomProblem({ cell, activation, T: 6, B, H, reverse, truncate: 0 }, 100 * H + B);
              const expected = referenceRecurrence(problem);
              for (const isStepwise of [false, true])
                assertAgrees(problem, runKernels(problem, { simd, isStepwise }), expected);
            }
          }
        }
      });

      it(`${cell} ${activation}, ${simd} SIMD: streams of different lengths, truncation`, () => {
        for (const reverse of [false, true]) {
          for (const truncate of [0, 1, 3, 4]) {
            for (const lengths of [undefined, [8, 3, 0, 1, 7]]) {
              const shape: Shape = { cell, activation, T: 8, B: 5, H: 6, reverse, truncate };
              const problem = randomProblem(lengths ? { ...shape, lengths } : shape, 7 + truncate);
              const expected = referenceRecurrence(problem);
              for (const isStepwise of [false, true])
                assertAgrees(problem, runKernels(problem, { simd, isStepwise }), expected);
            }
          }
        }
      });
    }
  }
});

describe('recurrence kernels in parts', () => {
  const arrays = ['gates', 'hidden', 'cellState', 'dh', 'dhCarried', 'dc', 'da', 'daRecurrent', 'counts'] as const;

  for (const { cell, activation } of cells) {
    it(`${cell} ${activation}: the same bits however the streams are shared, with and without threads`, () => {
      const pool = createThreadPool(3);
      for (const simd of kinds) {
        const problem = randomProblem(
          {
            cell,
            activation,
            T: 5,
            B: 13,
            H: 36,
            reverse: false,
            truncate: 0,
            lengths: [5, 5, 2, 5, 5, 4, 5, 5, 5, 1, 5, 5, 5],
          },
          3,
        );
        for (const isStepwise of [false, true]) {
          const whole = runKernels(problem, { simd, isStepwise });
          const splits = [[1, 12], [2, 4, 7], [3, 5, 5], [6, 7], Array<number>(13).fill(1)];
          for (const split of splits) {
            let first = 0;
            const parts = split.map((count) => ({ first: (first += count) - count, count }));
            const shared = [runKernels(problem, { simd, isStepwise, parts })];
            if (split.length <= pool.size) shared.push(runKernels(problem, { simd, isStepwise, parts, pool }));
            for (const actual of shared)
              for (const name of arrays)
                assert.deepEqual(actual[name], whole[name], `${name}, ${simd}, ${split.join(' + ')}`);
          }
        }
      }
      pool.end();
    });
  }
});

describe('gradients below the normal numbers', () => {
  const least = 2 ** -126;
  const gradients = { rnn: ['dh', 'da'], lstm: ['dh', 'da', 'dc'], gru: ['dh', 'da', 'daRecurrent'] } as const;

  for (const { cell, activation } of cells) {
    it(`${cell} ${activation}: are zero, however small the gradient from above; NaN stays`, () => {
      for (const simd of kinds) {
        for (const isStepwise of [false, true]) {
          for (const H of [8, 7]) {
            const random = randomProblem({ cell, activation, T: 5, B: 3, H, reverse: false, truncate: 0 }, 6);
            for (const scale of [1e-36, 1e-38, 1e-40]) {
              const scaled = (values: Float64Array) => values.map((value) => Math.fround(scale * value));
              const { h, c } = random.after;
              const problem = { ...random, above: scaled(random.above), after: { h: scaled(h), c: scaled(c) } };
              const result = runKernels(problem, { simd, isStepwise });
              for (const name of gradients[cell])
                for (const value of result[name])
                  assert.ok(value === 0 || Math.abs(value) >= least, `${name} has ${value}, from above ${scale}`);
            }
            const unknown = { ...random, above: random.above.map(() => NaN) };
            assert.ok(runKernels(unknown, { simd, isStepwise }).da.some(Number.isNaN), 'NaN');
          }
        }
      }
    });
  }
});

describe('saturation counts', () => {
  it('are those of the activations, padding left out', () => {
    for (const { cell, activation } of cells) {
      const shape: Shape = { cell, activation, T: 7, B: 3, H: 21, reverse: true, truncate: 0, lengths: [7, 2, 5] };
      const random = randomProblem(shape, 12);
      const problem = { ...random, fromInput: random.fromInput.map((value) => Math.fround(12 * value)) };
      const { gates, hidden, counts } = runKernels(problem);
      const { T, B, H } = problem;
      const width = problem.R.length / H;
      const rows = Array.from({ length: T * B }, (_, row) => row).filter(
        (row) => Math.floor(row / B) < problem.lengths[row % B],
      );
      const count = (test: (value: number) => boolean, from: Float32Array, stride: number, offset: number) =>
        rows.reduce(
          (sum, row) => sum + from.subarray(row * stride + offset, row * stride + offset + H).filter(test).length,
          0,
        );
      const expected = { rnn: [0], lstm: [0, 1, 2], gru: [0, 1] }[cell].flatMap((gate) => {
        if (cell !== 'rnn')
          return [
            count((value) => value < Math.fround(0.1), gates, width, gate * H),
            count((value) => value > Math.fround(0.9), gates, width, gate * H),
          ];
        return [
          activation === 'relu'
            ? count((value) => value === 0, hidden, H, 0)
            : count((value) => Math.abs(value) > Math.fround(0.95), hidden, H, 0),
        ];
      });
      assert.deepEqual(counts.slice(0, expected.length), expected, cell);
      assert.ok(expected.every((value) => value > 0));
    }
  });

  it('of tanh begin at |h| = 0.95, where tanh(1.8318) is', () => {
    const shape: Shape = { cell: 'rnn', activation: 'tanh', T: 1, B: 1, H: 6, reverse: false, truncate: 0 };
    const random = randomProblem(shape, 1);
    // The slope 1 − h² is 0.0975 at h = 0.95.
    const problem = {
      ...random,
      R: random.R.map(() => 0),
      fromInput: Float64Array.of(1.8317, 1.8319, -1.8317, -1.8319, 0, 12),
    };
    assert.equal(runKernels(problem).counts[0], 3);
  });
});
