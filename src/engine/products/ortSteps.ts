/** The products of a recurrence's steps on ONNX Runtime. Its tensors are made once and used for every window. */
import { Tensor } from '../onnxRuntime';
import type { StepProducts } from '../../core/products';
import type { GemmSession } from './gemmSession';
import { Staging } from './staging';

interface Block {
  readonly data: Float32Array;
  readonly tensor: Tensor;
}

export class OrtSteps implements StepProducts {
  private readonly staging = new Staging();
  private a: Tensor | null = null;
  private out: Block | null = null;
  /** Of each array that has been read the blocks; of copies there is one. */
  private readonly blocks = new Map<Float32Array, Tensor[]>();

  /** @param session whose graph is the product  @param m, @param n and @param k as in `Products.steps` */
  constructor(
    private readonly session: GemmSession,
    private readonly m: number,
    private readonly n: number,
    private readonly k: number,
  ) {}

  load(a: Float32Array): void {
    const { m, k } = this;
    this.a = new Tensor('float32', this.staging.read('a', a, m * k), [m, k]);
  }

  run(out: Float32Array, b: Float32Array, block: number): void {
    if (!this.a) throw new Error('The left-hand matrix has not been loaded');
    const result = this.resultFor(out);
    this.session.run({ a: this.a, b: this.blockOf(b, block) }, result.tensor);
    this.staging.write(out, result.data);
  }

  private blockOf(b: Float32Array, block: number): Tensor {
    const { n, k } = this;
    const data = this.staging.read('b', b.subarray(block * n * k, (block + 1) * n * k), n * k);
    let tensors = this.blocks.get(b);
    if (!tensors) this.blocks.set(b, (tensors = []));
    return (tensors[data.buffer === b.buffer ? block : 0] ??= new Tensor('float32', data, [n, k]));
  }

  private resultFor(out: Float32Array): Block {
    const { m, n } = this;
    const data = this.staging.room('out', out, m * n);
    if (this.out?.data.buffer !== data.buffer || this.out.data.byteOffset !== data.byteOffset)
      this.out = { data, tensor: new Tensor('float32', data, [m, n]) };
    return this.out;
  }
}
