// `import style from './x.css?text'`: a style, with what it imports, as text in a program.
import { build } from 'esbuild';
import { resolve } from 'node:path';

const name = 'css-text';

/** @param {import('esbuild').BuildOptions} options of the style's own bundle */
export function cssText(options) {
  return {
    name,
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /\.css\?text$/ }, ({ path, resolveDir }) => ({
        path: resolve(resolveDir, path.replace('?text', '')),
        namespace: name,
      }));
      onLoad({ filter: /.*/, namespace: name }, async ({ path }) => {
        const made = await build({
          ...options,
          entryPoints: [path],
          bundle: true,
          write: false,
          sourcemap: false,
          metafile: true,
        });
        return {
          contents: made.outputFiles[0].text,
          loader: 'text',
          watchFiles: Object.keys(made.metafile.inputs).map((input) => resolve(options.absWorkingDir, input)),
        };
      });
    },
  };
}
