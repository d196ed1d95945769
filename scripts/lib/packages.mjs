// What goes into the package for each platform.
import { resolve } from 'node:path';
import { root } from './stamps.mjs';

const runtime = 'node_modules/onnxruntime-node/bin/napi-v6';

/**
 * Platform, as the Marketplace names it → the native files of ONNX Runtime for it. On Windows without DirectML and the shader
 * compiler, which only its graphics provider loads; on macOS without the second copy of the library under its long name.
 */
export const natives = {
  'linux-x64': natively('linux/x64', 'onnxruntime_binding.node', 'libonnxruntime.so.1'),
  'linux-arm64': natively('linux/arm64', 'onnxruntime_binding.node', 'libonnxruntime.so.1'),
  'win32-x64': natively('win32/x64', 'onnxruntime_binding.node', 'onnxruntime.dll'),
  'win32-arm64': natively('win32/arm64', 'onnxruntime_binding.node', 'onnxruntime.dll'),
  'darwin-arm64': natively('darwin/arm64', 'onnxruntime_binding.node', 'libonnxruntime.1.dylib'),
};

/** For every platform without a package of its own (Intel macOS, Alpine Linux, …): the kernels compute everything. */
export const universal = 'universal';

export const platforms = [...Object.keys(natives), universal];

function natively(folder, ...files) {
  return files.map((file) => `${runtime}/${folder}/${file}`);
}

/** The lines that a platform's package adds to `.vscodeignore`'s allow-list. */
export function allowedFor(platform) {
  if (platform === universal) return [];
  const runtimeFiles = [
    'node_modules/onnxruntime-node/package.json',
    'node_modules/onnxruntime-node/dist/**/*.js',
    'node_modules/onnxruntime-common/package.json',
    'node_modules/onnxruntime-common/dist/cjs/package.json',
    'node_modules/onnxruntime-common/dist/cjs/**/*.js',
  ];
  return [...runtimeFiles, ...natives[platform]].map((path) => `!${path}`);
}

/** Absolute path of a platform's package. */
export function packagePath(folder, platform, version) {
  return resolve(root, folder, `backflow-${platform}-${version}.vsix`);
}
