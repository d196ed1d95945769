/** Chooses the backend of the large products, and on how many threads. */
import { totalmem } from 'node:os';
import { useLargeProducts, type LargeProducts } from '../core/float64/matrixProduct';
import { KernelProducts } from '../core/kernelProducts';
import { isMixer, type ModelConfig } from '../core/model/config';
import { layoutOf } from '../core/model/parameters';
import type { Products } from '../core/products';
import { Arena } from '../kernels/arena';
import type { ThreadPool } from '../kernels/threadPool';
import { kindOf } from '../layers/catalog';
import type { BackendName } from '../protocol/settings';
import { MixedProducts, minForSteps } from './products/mixedProducts';
import { takesSharedMemory } from './products/staging';
import { createThreadPool } from './threads/threadPool';

export interface Backend {
  readonly name: BackendName;
  /**
   * Makes what `make` makes in an arena of just the size it asks for. It is called twice, first to be measured: then every array it
   * gets is empty. The kernels of an arena for `streams` streams run on several threads where that pays.
   * Throws ArenaTooLarge or another RangeError where the memory is not to be had.
   * @param isWide so large a model that the products of a single stream are shared among the threads
   */
  build<T>(streams: number, make: (arena: Arena, products: Products) => T, isWide?: boolean): T;
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
  const isSmall = Math.max(stepWork, windowWork) < minStepWork;
  const threads = wanted ?? (isSmall ? 1 : Math.min(cores, maxThreads));
  const ort = backend === 'ort' ? await loadOrt() : undefined;
  const products = ort && (await ort.OrtProducts.create(threads, false));
  if (ort) useLargeProducts((large ??= new ort.OrtProducts64(threads)));
  // Where the products of the steps would have to be copied out of shared memory and back, that takes more than the pool gains.
  const wouldCopy = products !== undefined && stepWork >= minForSteps && !takesSharedMemory;
  let pool: ThreadPool | null = null;
  const poolFor = (streams: number, isWide: boolean) =>
    threads > 1 && (isWide || (streams > 1 && !wouldCopy)) ? (pool ??= createThreadPool(threads)) : null;
  return {
    name: products ? 'ort' : 'wasm',
    build: (streams, make, isWide = false) => {
      const productsIn = (arena: Arena) => {
        const kernels = new KernelProducts(arena);
        return products ? new MixedProducts(kernels, products) : kernels;
      };
      return Arena.build((arena) => make(arena, productsIn(arena)), {
        pool: poolFor(streams, isWide),
        maxBytes: machineBytes(),
      });
    },
  };
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
async function loadOrt(): Promise<
  (typeof import('./products/ortProducts') & typeof import('./products/ortProducts64')) | undefined
> {
  try {
    return { ...(await import('./products/ortProducts')), ...(await import('./products/ortProducts64')) };
  } catch {
    return undefined;
  }
}
