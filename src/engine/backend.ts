/** Chooses the backend of the large products, and on how many threads. */
import { totalmem } from 'node:os';
import { useLargeProducts, type LargeProducts } from '../core/float64/matrixProduct';
import { useThreads } from '../core/float64/workspace';
import { KernelProducts } from '../core/kernelProducts';
import { isMixer, type ModelConfig } from '../core/model/config';
import { layoutOf } from '../core/model/parameters';
import type { Products } from '../core/products';
import { Arena } from '../kernels/arena';
import type { ThreadPool } from '../kernels/threadPool';
import { kindOf } from '../layers/catalog';
import type { BackendName } from '../protocol/settings';
import { MixedProducts, minForSteps } from './products/mixedProducts';
import type * as ortProducts from './products/ortProducts';
import type * as ortProducts64 from './products/ortProducts64';
import { takesSharedMemory } from './products/staging';
import { createThreadPool } from './threads/threadPool';

export type Make<T> = (arena: Arena, products: Products) => T;

export interface Backend {
  readonly name: BackendName;
  /**
   * Makes what `make` makes in an arena of just the size it asks for. It is called twice, first to be measured: then every array it
   * gets is empty. The kernels of an arena for `streams` streams run on several threads where that pays.
   * Throws ArenaTooLarge or another RangeError where the memory is not to be had.
   * @param isWide so large a model that the products of a single stream are shared among the threads
   */
  build<T>(streams: number, make: Make<T>, isWide?: boolean): T;
  /** In how many shares a batch of so many streams is trained. It follows from the model and the batch alone: sums over shares have other last bits. */
  shares(batch: number): number;
  /** As `build`, for one share of a batch: `streams` of its streams, on the threads of a share. */
  buildShare<T>(batch: number, streams: number, make: Make<T>): T;
  /** What a share's own thread is to be told; null where there is one thread for all shares. */
  readonly shareThread: ShareThread | null;
}

export interface ShareThread {
  /** Of each share. */
  readonly threads: number;
  /** See `stepWorkOf`. */
  readonly stepWork: number;
}

export interface BackendRequest {
  readonly backend: BackendName;
  /** Null: as many as pay. */
  readonly threads: number | null;
}

/** Made once: inspection in float64 has no backend of its own. */
let large: LargeProducts | null = null;

/** More threads than this do not pay for models of this kind. */
const maxThreads = 8;
/** Multiply-adds of one step of the recurrence from which a second thread pays: below, it costs twice the processor for little speed. */
const minStepWork = 2e6;

/** Shares of a batch in training, where it is shared out. */
const sharesOfBatch = 2;
/** Streams of a batch from which it is: with fewer, the products of a share are too small. */
const minStreamsToShare = 16;

/**
 * Sets up the chosen backend, or the kernels where ONNX Runtime cannot be loaded; `name` says which it is.
 * @param cores that may be used  @param stepWork multiply-adds of one step, see `stepWorkOf`; Infinity where only large products count
 * @param windowWork of layers that do not go step by step, see `windowWorkOf`
 */
export async function createBackend(
  { backend, threads: wanted }: BackendRequest,
  cores: number,
  stepWork: number,
  windowWork = 0,
): Promise<Backend> {
  const work = Math.max(stepWork, windowWork);
  const threads = wanted ?? (work < minStepWork ? 1 : Math.min(cores, maxThreads));
  const ort = backend === 'ort' ? await loadOrt() : undefined;
  const products = ort && new ort.OrtProducts(threads);
  // A text that is looked at is many steps at once, whatever a step of training is.
  const threadsOfLooks = wanted ?? Math.min(cores, maxThreads);
  if (ort) useLargeProducts((large ??= new ort.OrtProducts64(threadsOfLooks)));
  if (threadsOfLooks > 1) useThreads(() => createThreadPool(threadsOfLooks));
  const whole = new Builder(products, threads, stepWork, 1);
  const isShared = products !== undefined && work >= minStepWork && Number.isFinite(work);
  const threadsOfShare = Math.max(1, Math.floor(threads / sharesOfBatch));
  const ofShare = isShared ? await createShareBuilder(threadsOfShare, stepWork, sharesOfBatch) : whole;
  const shares = (batch: number) => (isShared && batch >= minStreamsToShare ? sharesOfBatch : 1);
  return {
    name: products ? 'ort' : 'wasm',
    build: (streams, make, isWide) => whole.build(streams, make, isWide),
    shares,
    buildShare: (batch, streams, make) => (shares(batch) > 1 ? ofShare : whole).build(streams, make),
    shareThread: threads > 1 ? { threads: threadsOfShare, stepWork } : null,
  };
}

/** What builds the network of a share on ONNX Runtime; one of `shares` in this process. Throws where the library cannot be loaded. */
export async function createShareBuilder(threads: number, stepWork: number, shares: number): Promise<Builder> {
  const { OrtProducts } = await import('./products/ortProducts');
  return new Builder(new OrtProducts(threads), threads, stepWork, shares);
}

/** Makes arenas, whose large products are `large` or, where there are none, the kernels'. */
export class Builder {
  private pool: ThreadPool | null = null;
  /** Where the products of the steps would have to be copied out of shared memory and back, that takes more than the pool gains. */
  private readonly wouldCopy: boolean;

  constructor(
    private readonly large: Products | undefined,
    private readonly threads: number,
    stepWork: number,
    private readonly shares: number,
  ) {
    this.wouldCopy = large !== undefined && stepWork >= minForSteps && !takesSharedMemory;
  }

  build<T>(streams: number, make: Make<T>, isWide = false): T {
    const productsIn = (arena: Arena) => {
      const kernels = new KernelProducts(arena);
      return this.large ? new MixedProducts(kernels, this.large) : kernels;
    };
    return Arena.build((arena) => make(arena, productsIn(arena)), {
      pool: this.poolFor(streams, isWide),
      maxBytes: machineBytes() / this.shares,
    });
  }

  private poolFor(streams: number, isWide: boolean): ThreadPool | null {
    const { threads, wouldCopy } = this;
    return threads > 1 && (isWide || (streams > 1 && !wouldCopy)) ? (this.pool ??= createThreadPool(threads)) : null;
  }
}

/** Bytes of memory of this machine, or of the part of it that this process may use. */
export function machineBytes(): number {
  const allowed = process.constrainedMemory();
  return allowed > 0 ? Math.min(allowed, totalmem()) : totalmem();
}

/** Multiply-adds of one step of the largest layer's recurrence for all streams. */
export function stepWorkOf({ layers }: ModelConfig, streams: number): number {
  return streams * Math.max(...layers.map(({ cell, hiddenSize: H }) => kindOf(cell).gates.length * H * H));
}

/** Multiply-adds of one token in all layers that compute a window at once, for all streams: as many as they have parameters. */
export function windowWorkOf(config: ModelConfig, streams: number): number {
  const mixers = config.layers.map(isMixer);
  const own = layoutOf(config).entries.filter(({ layer }) => layer >= 0 && mixers[layer]);
  return streams * own.reduce((sum, { length }) => sum + length, 0);
}

/** Undefined where there is no binary for this system or it does not load. */
async function loadOrt(): Promise<(typeof ortProducts & typeof ortProducts64) | undefined> {
  try {
    return { ...(await import('./products/ortProducts')), ...(await import('./products/ortProducts64')) };
  } catch {
    return undefined;
  }
}
