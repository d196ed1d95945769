/** Chooses who computes the large products, and on how many threads. */
import { KernelProducts } from '../core/kernelProducts';
import type { Products } from '../core/products';
import { Arena } from '../kernels/arena';
import type { BackendName } from '../protocol/settings';
import { createCrew } from './threads/crew';

export interface Backend {
  readonly name: BackendName;
  /**
   * Makes what `make` makes in an arena of just the size it asks for. It is called twice, first to be measured: then every array it
   * gets is empty. The kernels of an arena for `streams` streams run on several threads where that pays.
   * Throws RangeError where the memory is not to be had.
   */
  build<T>(streams: number, make: (arena: Arena, products: Products) => T): T;
}

export interface BackendRequest {
  readonly backend: BackendName;
  /** Null: as many as there are cores to be used. */
  readonly threads: number | null;
}

/** More threads than this do not pay for models of this kind. */
const mostThreads = 8;
/** Streams from which the recurrence is spread over threads: a step of fewer is too short to be shared. */
const smallestStreams = 8;

/** Sets up the chosen backend, or the kernels where ONNX Runtime cannot be loaded; `name` says which it is. */
export async function createBackend({ backend, threads: wanted }: BackendRequest, cores: number): Promise<Backend> {
  const threads = wanted ?? Math.min(cores, mostThreads);
  const ort = backend === 'ort' ? await loadOrt() : undefined;
  const products = ort && (await ort.OrtProducts.create(threads, false));
  const crew = threads > 1 ? createCrew(threads) : null;
  return {
    name: products ? 'ort' : 'wasm',
    build: (streams, make) => Arena.build((arena) => make(arena, products ?? new KernelProducts(arena)), { crew: streams >= smallestStreams ? crew : null }),
  };
}

/** Undefined where there is no binary for this system or it does not load. */
async function loadOrt(): Promise<typeof import('./products/ortProducts') | undefined> {
  try {
    return await import('./products/ortProducts');
  } catch {
    return undefined;
  }
}
