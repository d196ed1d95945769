// Bundles the programs with esbuild: the extension, the engine, the process of ONNX Runtime, the command line, the page with its styles and the renderer of
// notebooks; and what the extension loads when it needs it.
//   node scripts/build.mjs [--tests] [--bench] [--verdicts] [--watch]
import { build, context } from 'esbuild';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { assemblyScript } from './lib/assemblyScript.mjs';
import { cssText } from './lib/cssText.mjs';
import { pageTexts } from './lib/pageTexts.mjs';
import { partsOf } from './lib/testParts.mjs';
import { threadProgram } from './lib/threadProgram.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

/** ONNX Runtime's version is known also where the library is not installed. */
const runtimeVersion = {
  name: 'runtime-version',
  setup({ onResolve }) {
    onResolve({ filter: /^onnxruntime-node\/package\.json$/ }, ({ path }) => ({
      path: join(root, 'node_modules', path),
    }));
  },
};

/** Host, engine and command line: CommonJS for Node; the native runtime and the editor's module stay outside. */
const node = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  external: ['vscode', 'onnxruntime-node'],
  plugins: [assemblyScript(root), threadProgram, runtimeVersion],
  minifyWhitespace: true,
  sourcemap: true,
  logLevel: 'warning',
  // h5wasm asks where it lies, and needs it in a browser only.
  logOverride: { 'empty-import-meta': 'silent' },
};

const page = {
  absWorkingDir: root,
  bundle: true,
  platform: 'browser',
  target: 'chrome120',
  format: 'iife',
  sourcemap: true,
  minify: true,
  logLevel: 'warning',
};

/** What the editor loads into a notebook's page: one module, with its style and its sentences inside. */
const notebookProgram = {
  ...page,
  entryPoints: { notebook: 'webview/notebook/renderer.ts' },
  format: 'esm',
  plugins: [cssText(page), pageTexts],
  outdir: 'dist/webview',
};

/** The page and its style have one name. */
const pageParts = [
  { in: 'webview/main.ts', out: 'page' },
  { in: 'webview/page.css', out: 'page' },
  { in: 'webview/model.css', out: 'model' },
];

/** What a program imports by `import()` alone is a file of its own, so that starting the program does not cost reading that. */
function apart(filter, path) {
  return {
    name: path,
    setup({ onResolve }) {
      onResolve({ filter }, ({ kind }) => (kind === 'dynamic-import' ? { path, external: true } : null));
    },
  };
}

const tokenizersApart = apart(/\/tokenizer\/tokenizer$/, './tokenizers.js');
const hdf5Apart = apart(/\/libraryReader$/, './hdf5.js');

const programs = [
  {
    ...node,
    entryPoints: { extension: 'src/extension.ts' },
    plugins: [...node.plugins, tokenizersApart],
    outdir: 'dist',
  },
  {
    ...node,
    entryPoints: {
      engine: 'src/engine/main.ts',
      runtime: 'src/engine/runtime/main.ts',
      tokenizers: 'src/tokens/tokenizer/tokenizer.ts',
      hdf5: 'src/engine/model/hdf5/libraryReader.ts',
    },
    plugins: [...node.plugins, hdf5Apart],
    outdir: 'dist',
  },
  {
    ...node,
    entryPoints: { cli: 'src/cli.ts' },
    plugins: [...node.plugins, hdf5Apart],
    outdir: 'dist',
    banner: { js: '#!/usr/bin/env node' },
  },
  { ...page, entryPoints: pageParts, outdir: 'dist/webview' },
  notebookProgram,
];

/** Loaded as they are by what runs outside the product. */
const outside = ['mocha', 'playwright-core', '@vscode/test-electron', 'esbuild', 'typescript'];

/** The folders of tests that run in one process each, or in as many as they have parts. */
const testFolders = ['unit', 'engine', 'webview', 'package', 'soak', 'editor/host', 'editor/window', 'editor/default'];

/** All test files of a folder, or of a part of it, become one bundle, so that what they test is bundled and loaded once: out/test/FOLDER/PART.test.js. */
function testPrograms() {
  return testFolders.flatMap((folder) => {
    const place = join(root, 'test', folder);
    const allFiles = readdirSync(place, { recursive: true })
      .map((name) => name.replaceAll('\\', '/'))
      .filter((name) => name.endsWith('.test.ts'))
      .sort();
    return partsOf(folder, allFiles).map(({ part, files }) => {
      const imports = [join(root, 'test/support/english.ts'), ...files.map((name) => `./${name}`)];
      const contents = imports.map((path) => `import ${JSON.stringify(path)};`).join('\n');
      return {
        ...node,
        stdin: { contents, resolveDir: place, sourcefile: `${part}.test.ts` },
        outfile: `out/test/${folder}/${part}.test.js`,
        external: [...node.external, ...outside],
      };
    });
  });
}

/** What the editor calls, which runs the tests beside it. */
const hostProgram = {
  ...node,
  entryPoints: ['test/editor/host/index.ts'],
  outfile: 'out/test/editor/host/index.js',
  external: [...node.external, 'mocha'],
};

/** The programs that measure (bench/README.md). */
const benchPrograms = {
  ...node,
  plugins: [assemblyScript(root, { names: true }), threadProgram, runtimeVersion],
  entryPoints: {
    ours: 'bench/ours/main.ts',
    'page/main': 'bench/page/main.ts',
    'editor/host': 'bench/editor/host.ts',
    'editor/window': 'bench/editor/window.ts',
  },
  outdir: 'out/bench',
  external: [...node.external, ...outside],
};

/** What is tried by `npm run verdicts`. */
const verdictsProgram = { ...node, entryPoints: ['test/verdicts/main.ts'], outfile: 'out/verdicts/main.js' };

/** The folders of the packages of which something went into the programs; scripts/notices.mjs reads them. */
function packagesIn(made) {
  const inputs = made
    .flatMap(({ value }) => Object.values(value.metafile.outputs))
    .flatMap((output) => Object.entries(output.inputs));
  const folders = inputs
    .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
    .map(([path]) => /^.*node_modules\/(@[^/]+\/)?[^/]+/.exec(path)?.[0]);
  return [...new Set(folders.filter((folder) => folder !== undefined))].sort();
}

const all = [
  ...programs,
  ...(process.argv.includes('--tests') ? [...testPrograms(), hostProgram] : []),
  ...(process.argv.includes('--bench') ? [benchPrograms] : []),
  ...(process.argv.includes('--verdicts') ? [verdictsProgram] : []),
];
mkdirSync(join(root, 'dist'), { recursive: true });
if (process.argv.includes('--watch')) {
  for (const options of all) await (await context(options)).watch();
} else {
  // esbuild has reported what is wrong, with the place; its exception would repeat it.
  const made = await Promise.allSettled(all.map((options) => build({ ...options, metafile: true })));
  if (made.some(({ status }) => status === 'rejected')) process.exit(1);
  writeFileSync(join(root, 'dist/contents.json'), JSON.stringify(packagesIn(made.slice(0, programs.length))));
}
