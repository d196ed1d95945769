// An esbuild plugin: an import of './NAME.plain.wasm' or './NAME.relaxed.wasm' is compiled from assembly/NAME.ts beside the importing
// file, without or with relaxed SIMD, and bundled as bytes; './NAME.….shared.wasm' is the same for a memory that threads share. What was compiled
// is kept (.vscode-test/kernels), named by all that it was made from: most changes leave the kernels as they are.
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { cacheFolder, hashOf } from './stamps.mjs';

const options = [
  '-O3',
  '--noAssert',
  '--enable',
  'simd',
  '--runtime',
  'stub',
  '--importMemory',
  '--initialMemory',
  '1',
  '--maximumMemory',
  '65536',
  '--memoryBase',
  '64',
];

/** @param names whether the modules carry the functions' names, for profiles */
export function assemblyScript(root, { names = false } = {}) {
  const compiled = new Map();
  const compileOnce = (source, simd) => {
    const key = `${source} ${simd}`;
    if (!compiled.has(key)) compiled.set(key, compileUnlessKept(root, source, simd, names));
    return compiled.get(key);
  };
  return {
    name: 'assemblyscript',
    setup(build) {
      build.onResolve({ filter: /\.wasm$/ }, ({ importer, path }) => {
        const [name, simd, shared] = basename(path, '.wasm').split('.');
        return {
          path: join(dirname(importer), basename(path)),
          namespace: 'assemblyscript',
          pluginData: { source: join(dirname(importer), 'assembly', `${name}.ts`), simd, shared },
        };
      });
      build.onLoad({ filter: /.*/, namespace: 'assemblyscript' }, async ({ pluginData: { source, simd, shared } }) => {
        const binary = await compileOnce(relative(root, source), simd);
        return { contents: shared ? forSharedMemory(binary) : binary, loader: 'binary', watchFiles: [source] };
      });
    },
  };
}

async function compileUnlessKept(root, source, simd, names) {
  const made = hashOf([dirname(source), 'scripts/lib/assemblyScript.mjs', 'node_modules/assemblyscript/package.json']);
  const kept = join(cacheFolder, 'kernels', `${basename(source, '.ts')}.${simd}${names ? '.names' : ''}.${made}.wasm`);
  if (existsSync(kept)) return readFileSync(kept);
  const binary = await compile(root, source, simd, names);
  mkdirSync(dirname(kept), { recursive: true });
  const unfinished = `${kept}.${process.pid}`;
  writeFileSync(unfinished, binary);
  renameSync(unfinished, kept);
  return binary;
}

async function compile(root, source, simd, names) {
  // The compiler takes a second to load.
  const { default: asc } = await import('assemblyscript/asc');
  let binary;
  const features = simd === 'relaxed' ? ['--enable', 'relaxed-simd'] : [];
  const { error, stderr } = await asc.main(
    [source, '--baseDir', root, '--outFile', 'kernel.wasm', ...options, ...features, ...(names ? ['--debug'] : [])],
    {
      writeFile: (name, contents) => {
        if (name.endsWith('.wasm')) binary = contents;
      },
    },
  );
  if (error) throw new Error(`${source} does not compile:\n${stderr.toString()}`);
  return binary;
}

/**
 * The same module with its memory imported as shared. That is all the difference, since the kernels have no atomic
 * instructions; to compile once more would take as long again. (WebAssembly 3.0, 5.3.9: limits with a maximum begin with 1, shared ones with 3.)
 */
function forSharedMemory(binary) {
  const memoryImport = Buffer.from('\x03env\x06memory\x02\x01', 'latin1');
  const at = Buffer.from(binary).indexOf(memoryImport);
  if (at < 0) throw new Error('The kernels do not import their memory as expected.');
  const shared = Uint8Array.from(binary);
  shared[at + memoryImport.length - 1] = 3;
  return shared;
}
