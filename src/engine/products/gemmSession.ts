/** Sessions of graphs that are one Gemm, run by what ONNX Runtime's sessions themselves call: a result is there when the call returns. */
import { flushSubnormals, type InferenceSession } from '../onnxRuntime';
import { binding, initOrt } from '../onnxRuntimeBinding';
import { GraphBuilder } from '../../formats/onnx/graphBuilder';
import { dataType, encodeModel } from '../../formats/onnx/messages';

export type GemmSession = InstanceType<(typeof binding)['InferenceSession']>;

/** out = a · b, either of them transposed if its flag is 1; `bias`, if there is one, is added to every row. */
export interface Gemm {
  readonly transA: number;
  readonly transB: number;
  readonly bias?: boolean;
  readonly type: typeof dataType.float | typeof dataType.double;
}

/** Its inputs are `a`, `b` and `bias`, its output `out`. */
export function gemmModel({ transA, transB, bias = false, type }: Gemm): Uint8Array {
  const graph = new GraphBuilder();
  const operands = ['a', 'b'];
  graph.input('a', type, ['a0', 'a1']);
  graph.input('b', type, ['b0', 'b1']);
  if (bias) operands.push(graph.input('bias', type, ['n']));
  graph.node('Gemm', operands, { transA, transB }, 'out');
  graph.output('out', type, ['m', 'n']);
  return encodeModel({
    irVersion: 8,
    graph: graph.build('product'),
    opsetImport: [{ domain: '', version: 18 }],
    metadataProps: [],
  });
}

/** Threads sleep while they wait for work: those that spin take the processor from everyone else. */
export function gemmOptions(threads: number): InferenceSession.SessionOptions {
  return {
    executionProviders: ['cpu'],
    executionMode: 'sequential',
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    logSeverityLevel: 3,
    extra: { session: { ...flushSubnormals, intra_op: { allow_spinning: '0' } } },
  };
}

export function gemmSession(gemm: Gemm, threads: number): GemmSession {
  initOrt();
  const session = new binding.InferenceSession();
  // A copy: the bytes may lie in a larger buffer, or in one that is shared.
  const { buffer, byteLength } = Uint8Array.from(gemmModel(gemm));
  session.loadModel(buffer, 0, byteLength, gemmOptions(threads));
  return session;
}
