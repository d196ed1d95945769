// An esbuild plugin: an import of './NAME.wasm' is compiled from assembly/NAME.ts beside the importing file, and bundled as bytes.
import { basename, dirname, join, relative } from 'node:path';
import asc from 'assemblyscript/asc';

const options = ['-O3', '--noAssert', '--enable', 'simd', '--runtime', 'stub', '--importMemory', '--initialMemory', '1'];

export function assemblyScript(root) {
  const compiled = new Map();
  return {
    name: 'assemblyscript',
    setup(build) {
      build.onResolve({ filter: /\.wasm$/ }, ({ importer, path }) => ({
        path: join(dirname(importer), 'assembly', `${basename(path, '.wasm')}.ts`),
        namespace: 'assemblyscript',
      }));
      build.onLoad({ filter: /.*/, namespace: 'assemblyscript' }, async ({ path }) => {
        if (!compiled.has(path)) compiled.set(path, compile(root, relative(root, path)));
        return { contents: await compiled.get(path), loader: 'binary', watchFiles: [path] };
      });
    },
  };
}

async function compile(root, source) {
  let binary;
  const { error, stderr } = await asc.main([source, '--baseDir', root, '--outFile', 'kernel.wasm', ...options], {
    writeFile: (name, contents) => {
      if (name.endsWith('.wasm')) binary = contents;
    },
  });
  if (error) throw new Error(`${source} does not compile:\n${stderr.toString()}`);
  return binary;
}
