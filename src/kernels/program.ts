/**
 * The kernels' machine code. Relaxed SIMD has the fused multiply-add, which doubles the speed of products, but not every WebAssembly
 * has it; its last bits differ from plain SIMD's. Threads need a module that takes shared memory, and ONNX Runtime (on Node 20) refuses
 * tensors over such memory: therefore both kinds of each.
 */
import plain from './kernels.plain.wasm';
import plainShared from './kernels.plain.shared.wasm';
import relaxed from './kernels.relaxed.wasm';
import relaxedShared from './kernels.relaxed.shared.wasm';

export type Simd = 'relaxed' | 'plain';

const binaries = { relaxed: { own: relaxed, shared: relaxedShared }, plain: { own: plain, shared: plainShared } };
const modules = new Map<Uint8Array, WebAssembly.Module>();
/** Asked until it is so, since it can be switched on: to ask means to read the whole module. */
let hasRelaxed = false;

/** The better of what this process can run. */
export function supportedSimd(): Simd {
  hasRelaxed ||= WebAssembly.validate(relaxed);
  return hasRelaxed ? 'relaxed' : 'plain';
}

/** Compiled once. Throws WebAssembly.CompileError where the process cannot run it. */
export function kernelModule(simd: Simd, memory: 'own' | 'shared'): WebAssembly.Module {
  const binary = binaries[simd][memory];
  let module = modules.get(binary);
  if (!module) modules.set(binary, (module = new WebAssembly.Module(binary)));
  return module;
}
