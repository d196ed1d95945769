/** Products on ONNX Runtime beside what else its thread has to do. */
import { strict as assert } from 'node:assert';
import { OrtProducts } from '../../../../src/engine/products/ortProducts';

describe('products that follow each other', () => {
  it('let messages in between, again and again', async () => {
    const products = new OrtProducts(1);
    const [a, out] = [new Float32Array(64).fill(1), new Float32Array(64)];
    let turns = 0;
    let isOver = false;
    const count = (): void => {
      turns++;
      if (!isOver) setImmediate(count);
    };
    setImmediate(count);
    // However long a product takes here: what is waited for is that messages come in more than once, as they do before the first.
    for (let i = 0; turns < 3; i++) {
      await products.multiply(out, a, a, 8, 8, 8);
      assert.ok(i < 1_000_000, `${turns} turns`);
    }
    isOver = true;
    assert.equal(out[0], 8);
  });

  it('leave stack traces as they were, behind a large result too', async () => {
    const before = Error.stackTraceLimit;
    const size = 128;
    const out = new Float32Array(size * size);
    const a = new Float32Array(size * size).fill(1);
    await new OrtProducts(1).multiply(out, a, a, size, size, size);
    assert.equal(out.at(-1), size);
    assert.equal(Error.stackTraceLimit, before);
    assert.ok((new Error('here').stack ?? '').includes('\n    at '));
  });
});
