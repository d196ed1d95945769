/** The large products on ONNX Runtime's CPU provider: graphs of one Gemm. */
import { flushSubnormals, InferenceSession, Tensor } from '../onnxRuntime';
import { GraphBuilder } from '../../formats/onnx/graphBuilder';
import { dataType, encodeModel } from '../../formats/onnx/messages';
import type { Products, StepProducts } from '../../core/products';
import { OrtSteps } from './ortSteps';
import { Staging } from './staging';

interface Gemm {
  readonly transA: number;
  readonly transB: number;
  readonly bias: boolean;
}

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
    /** Of a recurrence's small steps. */
    private readonly smallStep: InferenceSession,
  ) {}

  /** @param spin threads wait for work by spinning: faster, but they take the processor from everyone else */
  static async create(threads: number, spin: boolean): Promise<OrtProducts> {
    const session = (gemm: Gemm, count = threads) =>
      InferenceSession.create(gemmModel(gemm), sessionOptions(count, spin));
    const unbiased = { transA: 0, transB: 1, bias: false };
    return new OrtProducts(
      await session({ transA: 0, transB: 0, bias: false }),
      await session({ transA: 1, transB: 0, bias: false }),
      await session({ transA: 0, transB: 1, bias: true }),
      await session(unbiased),
      await session(unbiased, 1),
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
    return new OrtSteps(m * n * k < minForThreads ? this.smallStep : this.unbiased, m, n, k);
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

function sessionOptions(threads: number, spin: boolean): InferenceSession.SessionOptions {
  return {
    executionProviders: ['cpu'],
    executionMode: 'sequential',
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    logSeverityLevel: 3,
    extra: { session: { ...flushSubnormals, intra_op: { allow_spinning: spin ? '1' : '0' } } },
  };
}

function gemmModel({ transA, transB, bias }: Gemm): Uint8Array {
  const graph = new GraphBuilder();
  const operands = ['a', 'b'];
  graph.input('a', dataType.float, ['a0', 'a1']);
  graph.input('b', dataType.float, ['b0', 'b1']);
  if (bias) operands.push(graph.input('bias', dataType.float, ['n']));
  graph.node('Gemm', operands, { transA, transB }, 'out');
  graph.output('out', dataType.float, ['m', 'n']);
  return encodeModel({
    irVersion: 8,
    graph: graph.build('product'),
    opsetImport: [{ domain: '', version: 18 }],
    metadataProps: [],
  });
}
