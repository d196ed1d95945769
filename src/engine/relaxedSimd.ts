/** Relaxed SIMD where it is there but not yet switched on. */
import { setFlagsFromString } from 'node:v8';
import { supportedSimd } from '../kernels/program';

/**
 * Node 20 (V8 11.3) is one version of V8 older than the one that shipped relaxed SIMD: it is complete there, behind a flag, and makes
 * products about twice as fast. To be called before anything is compiled.
 */
export function enableRelaxedSimd(): void {
  if (supportedSimd() === 'plain' && process.versions.v8.startsWith('11.'))
    setFlagsFromString('--experimental-wasm-relaxed-simd');
}
