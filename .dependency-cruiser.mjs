// No file reaches itself by what it imports, not even by a type (docs/architecture.md). What a room may import of another is in eslint.config.mjs.
export default {
  forbidden: [
    { name: 'no-cycle', severity: 'error', comment: 'Move what the files share into one that imports neither.', from: {}, to: { circular: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^src/kernels/assembly/' },
    // With imports of types, which are gone in what is compiled.
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
  },
};
