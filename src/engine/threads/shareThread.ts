/** The program of a thread that computes a share of every training step. It is bundled as text. */
import { parentPort, workerData } from 'node:worker_threads';
import { createShareBuilder } from '../backend';
import { enableRelaxedSimd } from '../relaxedSimd';
import { Board, type BoardSizes } from '../train/board';
import { networkOf, Share, type BatchSettings, type ShareOrder } from '../train/share';
import type { StreamRange } from '../../kernels/threadPool';
import type { Simd } from '../../kernels/program';

export interface ShareThreadData {
  /** What `onnxruntime-node` is looked for from. */
  readonly program: string;
  readonly simd: Simd;
  readonly threads: number;
  readonly stepWork: number;
  readonly settings: BatchSettings;
  readonly sizes: BoardSizes;
  readonly memory: SharedArrayBuffer;
  readonly streams: StreamRange;
  readonly index: number;
}

/** After the start, and after every order: what went wrong, or null. */
export interface ShareAnswer {
  readonly error: string | null;
}

async function makeShare(data: ShareThreadData): Promise<Share> {
  const { simd, threads, stepWork, settings, sizes, memory, streams, index } = data;
  // It is switched on for all threads at once: not where the others are without it.
  if (simd === 'relaxed') enableRelaxedSimd();
  const builder = await createShareBuilder(threads, stepWork, sizes.shares);
  const network = builder.build(streams.count, (arena, products) => {
    if (arena.simd !== simd) throw new Error(`The kernels' SIMD is ${arena.simd} here, ${simd} there`);
    return networkOf(arena, products, settings, streams.count);
  });
  return new Share(network, streams, new Board(sizes, memory), index);
}

async function answer(work: () => Promise<void>): Promise<void> {
  let error: string | null = null;
  try {
    await work();
  } catch (thrown) {
    error = String(thrown);
  }
  parentPort?.postMessage({ error } satisfies ShareAnswer);
}

void answer(async () => {
  const share = await makeShare(workerData as ShareThreadData);
  parentPort?.on('message', (order: ShareOrder) => void answer(() => share.run(order)));
});
