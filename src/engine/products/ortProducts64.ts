/** Large products in float64 on ONNX Runtime's CPU provider: graphs of one Gemm, run by the library's synchronized sessions, since what is inspected is read at once. */
import { flushSubnormals, Tensor } from '../onnxRuntime';
import { binding, initOrt } from '../onnxRuntimeBinding';
import type { LargeProducts, Transposed } from '../../core/float64/matrixProduct';
import { GraphBuilder } from '../../formats/onnx/graphBuilder';
import { dataType, encodeModel } from '../../formats/onnx/messages';

type Session = InstanceType<(typeof binding)['InferenceSession']>;

/** Multiply-adds from which other threads are worth waking. */
const minForThreads = 1.5e7;

export class OrtProducts64 implements LargeProducts {
  /** On one thread, and on several. */
  private readonly alone: Readonly<Record<Transposed, Session>>;
  private readonly sessions: Readonly<Record<Transposed, Session>>;

  constructor(threads: number) {
    initOrt();
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
    (m * n * k < minForThreads ? this.alone : this.sessions)[transposed].run(
      feeds,
      { out: new Tensor('float64', out, [m, n]) },
      {},
    );
  }
}

function sessionsOf(threads: number): Readonly<Record<Transposed, Session>> {
  return {
    none: sessionOf({ transA: 0, transB: 0 }, threads),
    a: sessionOf({ transA: 1, transB: 0 }, threads),
    b: sessionOf({ transA: 0, transB: 1 }, threads),
  };
}

function sessionOf(forms: { transA: number; transB: number }, threads: number): Session {
  const graph = new GraphBuilder();
  graph.input('a', dataType.double, ['a0', 'a1']);
  graph.input('b', dataType.double, ['b0', 'b1']);
  graph.node('Gemm', ['a', 'b'], forms, 'out');
  graph.output('out', dataType.double, ['m', 'n']);
  const bytes = encodeModel({
    irVersion: 8,
    graph: graph.build('product64'),
    opsetImport: [{ domain: '', version: 18 }],
    metadataProps: [],
  });
  const session = new binding.InferenceSession();
  // A copy: the bytes may lie in a larger buffer, or in one that is shared.
  const { buffer, byteLength } = Uint8Array.from(bytes);
  session.loadModel(buffer, 0, byteLength, {
    executionProviders: ['cpu'],
    executionMode: 'sequential',
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    logSeverityLevel: 3,
    extra: { session: { ...flushSubnormals, intra_op: { allow_spinning: '0' } } },
  });
  return session;
}
