/** The large products on ONNX Runtime's CPU provider: graphs of one Gemm. */
import { InferenceSession, Tensor } from '../onnxRuntime';
import { dataType } from '../../formats/onnx/messages';
import type { Products, StepProducts } from '../../core/products';
import { gemmModel, gemmOptions, gemmSession, type GemmSession } from './gemmSession';
import { OrtSteps } from './ortSteps';
import { Staging } from './staging';

/** Arrays by the names that the graph has for them, with their shapes. */
type Operands = Record<string, [Float32Array, number[]]>;

/** Multiply-adds of one step from which a second thread is worth waking. */
const minForThreads = 8e6;

export class OrtProducts implements Products {
  private readonly staging = new Staging();

  private constructor(
    private readonly plain: InferenceSession,
    private readonly transposed: InferenceSession,
    private readonly biased: InferenceSession,
    private readonly unbiased: InferenceSession,
    /** Of a recurrence's steps, and of its small ones: so many that they do not wait for the event loop. */
    private readonly step: GemmSession,
    private readonly smallStep: GemmSession,
  ) {}

  static async create(threads: number): Promise<OrtProducts> {
    const type = dataType.float;
    const session = (transA: number, transB: number, bias = false) =>
      InferenceSession.create(gemmModel({ transA, transB, bias, type }), gemmOptions(threads));
    const step = { transA: 0, transB: 1, type };
    return new OrtProducts(
      await session(0, 0),
      await session(1, 0),
      await session(0, 1, true),
      await session(0, 1),
      gemmSession(step, threads),
      gemmSession(step, 1),
    );
  }

  multiply(out: Float32Array, a: Float32Array, b: Float32Array, m: number, n: number, k: number): Promise<void> {
    return this.run(this.plain, out, [m, n], { a: [a, [m, k]], b: [b, [k, n]] });
  }

  isLarge(): boolean {
    return false;
  }

  transposedMultiply(
    out: Float32Array,
    a: Float32Array,
    b: Float32Array,
    m: number,
    n: number,
    k: number,
  ): Promise<void> {
    return this.run(this.transposed, out, [m, n], { a: [a, [k, m]], b: [b, [k, n]] });
  }

  affine(
    out: Float32Array,
    a: Float32Array,
    b: Float32Array,
    bias: Float32Array | null,
    m: number,
    n: number,
    k: number,
  ): Promise<void> {
    const operands: Operands = { a: [a, [m, k]], b: [b, [n, k]] };
    return bias
      ? this.run(this.biased, out, [m, n], { ...operands, bias: [bias, [n]] })
      : this.run(this.unbiased, out, [m, n], operands);
  }

  steps(m: number, n: number, k: number): StepProducts {
    return new OrtSteps(m * n * k < minForThreads ? this.smallStep : this.step, m, n, k);
  }

  private async run(session: InferenceSession, out: Float32Array, shape: number[], operands: Operands): Promise<void> {
    const { staging } = this;
    const feeds = Object.fromEntries(
      Object.entries(operands).map(([name, [data, dims]]) => [
        name,
        new Tensor('float32', staging.read(name, data, sizeOf(dims)), dims),
      ]),
    );
    const result = staging.room('out', out, sizeOf(shape));
    await session.run(feeds, { out: new Tensor('float32', result, shape) });
    staging.write(out, result);
  }
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}
