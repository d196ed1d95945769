/** ONNX Runtime's products in float64, beside plain loops. */
import { strict as assert } from 'node:assert';
import { Random } from '../../../../src/core/model/random';
import type { Transposed } from '../../../../src/core/float64/matrixProduct';
import { OrtProducts64 } from '../../../../src/engine/products/ortProducts64';

describe('products in float64 on ONNX Runtime', () => {
  const [m, n, k] = [9, 7, 13];
  const random = Random.fromSeed(4);
  const a = Float64Array.from({ length: m * k }, () => random.between(-1, 1));
  const b = Float64Array.from({ length: k * n }, () => random.between(-1, 1));
  const products = new OrtProducts64(1);

  const given = Float64Array.from({ length: n }, () => random.between(-1, 1));

  for (const [transposed, bias] of [
    ['none', undefined],
    ['a', undefined],
    ['b', undefined],
    ['b', given],
  ] satisfies [Transposed, Float64Array | undefined][])
    it(`transposed: ${transposed}${bias ? ', with a bias' : ''}`, () => {
      const out = new Float64Array(m * n).fill(3);
      products.multiply(out, a, b, m, n, k, transposed, bias);
      for (let i = 0; i < m; i++)
        for (let j = 0; j < n; j++) {
          let sum = bias?.[j] ?? 0;
          for (let l = 0; l < k; l++)
            sum +=
              (transposed === 'a' ? a[l * m + i] : a[i * k + l]) * (transposed === 'b' ? b[j * k + l] : b[l * n + j]);
          assert.ok(Math.abs(out[i * n + j] - sum) < 1e-14, `${i}, ${j}`);
        }
    });
});
