/** Products by ONNX Runtime beside sums in float64: results small enough that the library may copy them, and those that it is kept from copying. */
import { strict as assert } from 'node:assert';
import { Random } from '../../../../src/core/model/random';
import { GemmSession } from '../../../../src/engine/products/gemmSession';
import { Tensor } from '../../../../src/engine/onnxRuntime';
import { dataType } from '../../../../src/formats/onnx/messages';

const k = 5;
const sizes = [
  [3, 7],
  [300, 200],
] as const;

describe('a Gemm on ONNX Runtime', () => {
  for (const [m, n] of sizes)
    for (const [transA, transB] of [
      [0, 0],
      [0, 1],
      [1, 0],
    ] as const)
      for (const hasBias of [false, true])
        it(`writes ${m} × ${n} into the memory it is given, a ${transA}, b ${transB}, bias ${hasBias}`, () => {
          const random = Random.fromSeed(m + transA + 2 * transB);
          const draw = (length: number) => Float32Array.from({ length }, () => random.uniform() - 0.5);
          const [a, b, bias] = [draw(m * k), draw(k * n), draw(n)];
          const out = new Float32Array(m * n).fill(NaN);
          const session = new GemmSession({ transA, transB, bias: hasBias, type: dataType.float }, 1);
          const tensor = (data: Float32Array, dims: number[]) => new Tensor('float32', data, dims);
          for (let run = 0; run < 2; run++) {
            out.fill(NaN);
            session.run(
              {
                a: tensor(a, transA ? [k, m] : [m, k]),
                b: tensor(b, transB ? [n, k] : [k, n]),
                ...(hasBias && { bias: tensor(bias, [n]) }),
              },
              tensor(out, [m, n]),
            );
            for (let i = 0; i < m; i++)
              for (let j = 0; j < n; j++) {
                let sum = hasBias ? bias[j] : 0;
                for (let l = 0; l < k; l++)
                  sum += (transA ? a[l * m + i] : a[i * k + l]) * (transB ? b[j * k + l] : b[l * n + j]);
                assert.ok(Math.abs(out[i * n + j] - sum) < 1e-6, `element ${i}, ${j}: ${out[i * n + j]}, not ${sum}`);
              }
          }
        });

  it('throws what a run throws, also of a large result', () => {
    const session = new GemmSession({ transA: 0, transB: 0, type: dataType.double }, 1);
    const tensor = (rows: number, columns: number) =>
      new Tensor('float64', new Float64Array(rows * columns), [rows, columns]);
    for (const size of [4, 400])
      assert.throws(
        () => session.run({ a: tensor(size, 3), b: tensor(2, size) }, tensor(size, size)),
        /dimension|Gemm|mismatch/i,
      );
  });
});
