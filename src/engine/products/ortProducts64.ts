/** Large products in float64 on ONNX Runtime's CPU provider, whose results are read at once. */
import { Tensor } from '../onnxRuntime';
import type { LargeProducts, Transposed } from '../../core/float64/matrixProduct';
import { dataType } from '../../formats/onnx/messages';
import { GemmSession } from './gemmSession';

/** Multiply-adds from which other threads are worth waking. */
const minForThreads = 1.5e7;

export class OrtProducts64 implements LargeProducts {
  /** On one thread, and on several. */
  private readonly alone: Readonly<Record<Transposed, GemmSession>>;
  private readonly sessions: Readonly<Record<Transposed, GemmSession>>;

  constructor(threads: number) {
    this.alone = sessionsOf(1);
    this.sessions = threads === 1 ? this.alone : sessionsOf(threads);
  }

  multiply(
    out: Float64Array,
    a: Float64Array,
    b: Float64Array,
    m: number,
    n: number,
    k: number,
    transposed: Transposed,
  ): void {
    const feeds = {
      a: new Tensor('float64', a, transposed === 'a' ? [k, m] : [m, k]),
      b: new Tensor('float64', b, transposed === 'b' ? [n, k] : [k, n]),
    };
    (m * n * k < minForThreads ? this.alone : this.sessions)[transposed].run(feeds, new Tensor('float64', out, [m, n]));
  }
}

function sessionsOf(threads: number): Readonly<Record<Transposed, GemmSession>> {
  const type = dataType.double;
  return {
    none: new GemmSession({ transA: 0, transB: 0, type }, threads),
    a: new GemmSession({ transA: 1, transB: 0, type }, threads),
    b: new GemmSession({ transA: 0, transB: 1, type }, threads),
  };
}
