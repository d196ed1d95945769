// An esbuild plugin: an import of './NAME.thread' is the text of NAME.ts beside the importing file, bundled as a program of its own for
// a worker thread. So it is inside whatever bundle starts it, and needs no file at run time.
import { build as bundle } from 'esbuild';
import { basename, dirname, join } from 'node:path';

export const threadProgram = {
  name: 'thread-program',
  setup({ onResolve, onLoad, initialOptions: { platform, target, external, plugins } }) {
    onResolve({ filter: /\.thread$/ }, ({ importer, path }) => ({
      path: join(dirname(importer), `${basename(path, '.thread')}.ts`),
      namespace: 'thread-program',
    }));
    onLoad({ filter: /.*/, namespace: 'thread-program' }, async ({ path }) => {
      const { outputFiles, metafile } = await bundle({
        entryPoints: [path],
        bundle: true,
        platform,
        target,
        format: 'cjs',
        minify: true,
        external,
        // A thread may start further ones.
        plugins,
        write: false,
        metafile: true,
      });
      return { contents: outputFiles[0].text, loader: 'text', watchFiles: Object.keys(metafile.inputs) };
    });
  },
};
