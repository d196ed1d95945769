/** Large products in float64 on ONNX Runtime's CPU provider, whose results are read at once. */
import { Tensor } from '../onnxRuntime';
import type { LargeProducts, Transposed } from '../../core/float64/matrixProduct';
import { dataType } from '../../formats/onnx/messages';
import { GemmSession } from './gemmSession';

/** Multiply-adds from which other threads are worth waking. */
const minForThreads = 1.5e7;

export class OrtProducts64 implements LargeProducts {
  /** On one thread, and on several. */
  private readonly alone: Sessions;
  private readonly sessions: Sessions;

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
    bias?: Float64Array,
  ): void {
    const feeds = {
      a: new Tensor('float64', a, transposed === 'a' ? [k, m] : [m, k]),
      b: new Tensor('float64', b, transposed === 'b' ? [n, k] : [k, n]),
      ...(bias && { bias: new Tensor('float64', bias, [n]) }),
    };
    const sessions = (m * n * k < minForThreads ? this.alone : this.sessions)[bias ? 'withBias' : 'withoutBias'];
    sessions[transposed].run(feeds, new Tensor('float64', out, [m, n]));
  }
}

type Sessions = Readonly<Record<'withBias' | 'withoutBias', Readonly<Record<Transposed, GemmSession>>>>;

function sessionsOf(threads: number): Sessions {
  const of = (bias: boolean) => {
    const common = { bias, type: dataType.double };
    return {
      none: new GemmSession({ transA: 0, transB: 0, ...common }, threads),
      a: new GemmSession({ transA: 1, transB: 0, ...common }, threads),
      b: new GemmSession({ transA: 0, transB: 1, ...common }, threads),
    };
  };
  return { withBias: of(true), withoutBias: of(false) };
}
