// What only the graph of all files shows: that no file reaches itself by what it imports, not even by a type, and what the page's sections know
// (docs/architecture.md). What a folder of src may import of another is in oxlint.config.mjs.
export default {
  forbidden: [
    {
      name: 'no-cycle',
      severity: 'error',
      comment: 'Move what the files share into one that imports neither.',
      from: {},
      to: { circular: true },
    },
    {
      name: 'sections-by-themselves',
      severity: 'error',
      comment: 'A section knows itself and webview/shared.',
      from: { path: '^webview/sections/([^/]+)/' },
      to: { path: '^webview/', pathNot: '^webview/(shared|sections/$1)/' },
    },
    {
      name: 'shared-knows-no-section',
      severity: 'error',
      comment: 'What sections share knows none of them, and not the page.',
      from: { path: '^webview/shared/' },
      to: { path: '^webview/', pathNot: '^webview/shared/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^src/kernels/assembly/' },
    // With imports of types, which are gone in what is compiled.
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
  },
};
