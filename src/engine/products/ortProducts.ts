/** The large products on ONNX Runtime's CPU provider: graphs of one Gemm. */
import { setImmediate } from 'node:timers/promises';
import { Tensor } from '../onnxRuntime';
import { dataType } from '../../formats/onnx/messages';
import type { Products, StepProducts } from '../../core/products';
import { GemmSession } from './gemmSession';
import { OrtSteps } from './ortSteps';
import { Staging } from './staging';

/** An array with its shape. */
type Operand = readonly [Float32Array, number[]];

interface Operands {
  readonly a: Operand;
  readonly b: Operand;
  readonly bias?: Operand;
}

/** Multiply-adds of one step from which a second thread is worth waking. */
const minForThreads = 8e6;

/** Milliseconds that messages wait at most while products follow each other: a turn of the event loop before each takes as long as a small product. */
const slice = 4;

export class OrtProducts implements Products {
  private readonly staging = new Staging();
  /** When messages were handled last. */
  private handled = -Infinity;

  private readonly plain: GemmSession;
  private readonly transposed: GemmSession;
  private readonly biased: GemmSession;
  private readonly unbiased: GemmSession;
  /** Of a recurrence's small steps. */
  private readonly smallStep: GemmSession;

  constructor(threads: number) {
    const session = (transA: number, transB: number, bias = false, count = threads) =>
      new GemmSession({ transA, transB, bias, type: dataType.float }, count);
    this.plain = session(0, 0);
    this.transposed = session(1, 0);
    this.biased = session(0, 1, true);
    this.unbiased = session(0, 1);
    this.smallStep = threads === 1 ? this.unbiased : session(0, 1, false, 1);
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
    return new OrtSteps(m * n * k < minForThreads ? this.smallStep : this.unbiased, m, n, k);
  }

  private async run(session: GemmSession, out: Float32Array, shape: number[], operands: Operands): Promise<void> {
    // Who waits for an answer meanwhile gets it before a large product, not after it.
    if (performance.now() - this.handled >= slice) {
      await setImmediate();
      this.handled = performance.now();
    }
    const { staging } = this;
    const tensor = (name: keyof Operands, [data, dims]: Operand) =>
      new Tensor('float32', staging.read(name, data, sizeOf(dims)), dims);
    const { a, b, bias } = operands;
    const result = staging.room('out', out, sizeOf(shape));
    session.run(
      { a: tensor('a', a), b: tensor('b', b), ...(bias && { bias: tensor('bias', bias) }) },
      new Tensor('float32', result, shape),
    );
    staging.write(out, result);
  }
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}
