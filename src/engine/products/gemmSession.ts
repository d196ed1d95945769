/** Products as graphs that are one Gemm, run by what ONNX Runtime's sessions themselves call: a result is there when the call returns. */
import { flushSubnormals, Tensor, type InferenceSession } from '../onnxRuntime';
import { binding, initOrt } from '../onnxRuntimeBinding';
import { GraphBuilder } from '../../formats/onnx/graphBuilder';
import { dataType, encodeModel } from '../../formats/onnx/messages';

type Session = InstanceType<(typeof binding)['InferenceSession']>;

/** out = a · b, either of them transposed if its flag is 1; `bias`, if there is one, is added to every row. */
export interface Gemm {
  readonly transA: number;
  readonly transB: number;
  readonly bias?: boolean;
  readonly type: typeof dataType.float | typeof dataType.double;
}

export interface GemmOperands {
  readonly a: Tensor;
  readonly b: Tensor;
  readonly bias?: Tensor;
}

interface Uncopied {
  readonly session: Session;
  readonly exception: string;
}

/** Elements of a result from which copying it, and collecting the copy, takes longer than an exception without a stack trace (10 µs). */
const minUncopied = 8192;

/**
 * onnxruntime-node writes an output into the memory that it is given, and then copies it into an array that it allocates and nobody asked for. With a large output
 * that takes as long as the product. It goes through a graph's outputs in their order, after the run, and throws at one that is not a tensor: so the graph of a
 * large product has an empty sequence as its first output, and the exception means that the result is where it belongs. (`findings/onnxruntime-node-output-copy.sh`)
 */
export class GemmSession {
  private plain: Session | null = null;
  /** Null where that exception does not come; undefined until a large product asks. */
  private uncopied: Uncopied | null | undefined;

  /** Each graph is made when a product first needs it: most models need few of them, and to make one takes milliseconds. */
  constructor(
    private readonly gemm: Gemm,
    private readonly threads: number,
  ) {}

  /** Writes into `out`. */
  run({ a, b, bias }: GemmOperands, out: Tensor): void {
    const feeds = bias ? { a, b, bias } : { a, b };
    const uncopied = out.size < minUncopied ? null : this.uncopiedSession();
    if (uncopied) runUncopied(uncopied, feeds, out);
    else (this.plain ??= sessionOf(gemmModel(this.gemm, false), this.threads)).run(feeds, { out }, {});
  }

  private uncopiedSession(): Uncopied | null {
    if (this.uncopied !== undefined) return this.uncopied;
    const session = sessionOf(gemmModel(this.gemm, true), this.threads);
    const exception = exceptionOf(session, this.gemm);
    return (this.uncopied = exception === null ? null : { session, exception });
  }
}

function runUncopied({ session, exception }: Uncopied, feeds: Record<string, Tensor>, out: Tensor): void {
  // Collecting the calls of an exception that nobody reads takes as long as throwing it.
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    session.run(feeds, { first: null, out }, {});
  } catch (thrown) {
    if (!(thrown instanceof Error) || thrown.message !== exception) throw thrown;
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** What a run of the graph with a sequence says after it has written its result; null if it says nothing, or has not written it. */
function exceptionOf(session: Session, { bias, type }: Gemm): string | null {
  const tensor = (value: number, dims: number[]) =>
    type === dataType.double
      ? new Tensor('float64', Float64Array.of(value), dims)
      : new Tensor('float32', Float32Array.of(value), dims);
  const [a, b, out] = [tensor(2, [1, 1]), tensor(3, [1, 1]), tensor(0, [1, 1])];
  try {
    session.run(bias ? { a, b, bias: tensor(4, [1]) } : { a, b }, { first: null, out }, {});
  } catch (thrown) {
    return thrown instanceof Error && out.data[0] === (bias ? 10 : 6) ? thrown.message : null;
  }
  return null;
}

function sessionOf(model: Uint8Array, threads: number): Session {
  initOrt();
  const session = new binding.InferenceSession();
  // A copy: the bytes may lie in a larger buffer, or in one that is shared.
  const { buffer, byteLength } = Uint8Array.from(model);
  session.loadModel(buffer, 0, byteLength, sessionOptions(threads));
  return session;
}

/** Threads sleep while they wait for work: those that spin take the processor from everyone else. */
function sessionOptions(threads: number): InferenceSession.SessionOptions {
  return {
    executionProviders: ['cpu'],
    executionMode: 'sequential',
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    logSeverityLevel: 3,
    extra: { session: { ...flushSubnormals, intra_op: { allow_spinning: '0' } } },
  };
}

/** @param hasSequence its first output is an empty sequence */
function gemmModel({ transA, transB, bias = false, type }: Gemm, hasSequence: boolean): Uint8Array {
  const graph = new GraphBuilder();
  const operands = ['a', 'b'];
  graph.input('a', type, ['a0', 'a1']);
  graph.input('b', type, ['b0', 'b1']);
  if (bias) operands.push(graph.input('bias', type, ['n']));
  if (hasSequence) {
    graph.node('SequenceEmpty', [], { dtype: type }, 'first');
    graph.sequenceOutput('first', type);
  }
  graph.node('Gemm', operands, { transA, transB }, 'out');
  graph.output('out', type, ['m', 'n']);
  return encodeModel({
    irVersion: 8,
    graph: graph.build('product'),
    opsetImport: [{ domain: '', version: 18 }],
    metadataProps: [],
  });
}
