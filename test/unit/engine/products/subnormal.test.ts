/** Gradients that vanish pass through float32's subnormal numbers, which make products several times slower unless they are flushed. */
import { strict as assert } from 'node:assert';
import { arch } from 'node:process';
import { OrtProducts } from '../../../../src/engine/products/ortProducts';

const m = 64;
const n = 64;
const k = 64;

describe('products on ONNX Runtime', () => {
  for (const threads of [1, 2]) {
    it(`take subnormal operands for zero where that is a setting of the processor, on ${threads} thread(s)`, async () => {
      const products = new OrtProducts(threads);
      const a = new Float32Array(new Uint32Array(m * k).fill(0x00_40_00_00).buffer);
      const b = new Float32Array(k * n).fill(2 ** 33);
      const out = new Float32Array(m * n);
      await products.multiply(out, a, b, m, n, k);
      // ONNX Runtime has the setting on x64 only; other processors multiply subnormal numbers at full speed.
      assert.deepEqual(new Set(out), new Set([arch === 'x64' ? 0 : k * 2 ** (33 - 127)]));
      // Normal numbers are as they were.
      await products.multiply(out, new Float32Array(m * k).fill(2 ** -126), b, m, n, k);
      assert.deepEqual(new Set(out), new Set([k * 2 ** (33 - 126)]));
    });
  }
});
