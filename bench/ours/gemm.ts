/** What ONNX Runtime's matrix product reaches here: the limit that training is held against. */
import { GraphBuilder } from '../../src/formats/onnx/graphBuilder';
import { dataType, encodeModel } from '../../src/formats/onnx/messages';
import { InferenceSession, Tensor } from '../../src/engine/onnxRuntime';

const rounds = 5;
const millisecondsOfRound = 60;

/** Floating-point operations per second of out[m, n] = a[m, k] · b[k, n], the best of some rounds. Waiting threads spin, which is fastest. */
export async function gemmSpeed([m, n, k]: readonly [number, number, number], threads: number): Promise<number> {
  const options = {
    executionProviders: ['cpu'],
    executionMode: 'sequential',
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
  } as const;
  const session = await InferenceSession.create(productModel(), options);
  const feeds = { a: filled(m, k), b: filled(k, n) };
  const fetches = { out: filled(m, n) };
  const run = async (times: number) => {
    const start = performance.now();
    for (let i = 0; i < times; i++) await session.run(feeds, fetches);
    return (performance.now() - start) / times;
  };
  await run(3);
  const times = Math.max(3, Math.ceil(millisecondsOfRound / (await run(3))));
  let best = Infinity;
  for (let round = 0; round < rounds; round++) best = Math.min(best, await run(times));
  await session.release();
  return (2 * m * n * k) / (best / 1000);
}

function filled(rows: number, columns: number): Tensor {
  return new Tensor(
    'float32',
    Float32Array.from({ length: rows * columns }, (_, i) => (i % 7) / 7 - 0.4),
    [rows, columns],
  );
}

function productModel(): Uint8Array {
  const graph = new GraphBuilder();
  graph.input('a', dataType.float, ['m', 'k']);
  graph.input('b', dataType.float, ['k', 'n']);
  graph.node('Gemm', ['a', 'b'], {}, 'out');
  graph.output('out', dataType.float, ['m', 'n']);
  return encodeModel({
    irVersion: 8,
    graph: graph.build('product'),
    opsetImport: [{ domain: '', version: 18 }],
    metadataProps: [],
  });
}
