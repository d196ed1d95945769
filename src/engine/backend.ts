/** Chooses who computes the forward pass and the large products. */
import { availableParallelism } from 'node:os';
import { kernelProducts, type Products } from '../core/backward/products';
import type { ModelConfig } from '../core/model/config';
import { KernelForward } from '../core/model/kernelForward';
import type { Parameters } from '../core/model/parameters';
import type { Forward } from '../core/model/tape';
import type { BackendName } from '../protocol/settings';

export interface Backend {
  readonly name: BackendName;
  readonly forward: Forward;
  readonly products: Products;
}

export interface BackendRequest {
  readonly backend: BackendName;
  readonly threads: number | null;
}

/** More threads than this do not pay for models of this kind. */
const mostThreads = 8;
/** Hidden size from which more than one thread pays. */
const smallestForThreads = 256;

/** Sets up the chosen backend, or the kernels where ONNX Runtime cannot be loaded; `name` says which it is. */
export async function createBackend(config: ModelConfig, parameters: Parameters, largestBatch: number, request: BackendRequest): Promise<Backend> {
  if (request.backend === 'ort') {
    const ort = await loadOrt();
    if (ort) {
      const threads = request.threads ?? defaultThreads(config);
      const forward = await ort.OrtForward.create(config, parameters, threads);
      return { name: 'ort', forward, products: await ort.OrtProducts.create(threads) };
    }
  }
  return { name: 'wasm', forward: new KernelForward(config, parameters, largestBatch), products: kernelProducts };
}

/** Undefined where there is no binary for this system or it does not load. */
async function loadOrt(): Promise<typeof import('./forward/ortForward') | undefined> {
  try {
    return await import('./forward/ortForward');
  } catch {
    return undefined;
  }
}

/**
 * One thread where the products are small: measured, a second one then costs twice the processor time for no speed. Else all cores
 * of a small machine, with one left free for the editor where there are more than two.
 */
function defaultThreads({ hiddenSize }: ModelConfig): number {
  if (hiddenSize < smallestForThreads) return 1;
  const cores = availableParallelism();
  return Math.min(cores > 2 ? cores - 1 : cores, mostThreads);
}
