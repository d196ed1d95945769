// What the page's sections know (docs/architecture.md). What a folder of src may import of another, and that no file reaches itself, is in
// oxlint.config.mjs.
export default {
  forbidden: [
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
    doNotFollow: { path: ['node_modules', '^src/'] },
    // With imports of types, which are gone in what is compiled.
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
  },
};
