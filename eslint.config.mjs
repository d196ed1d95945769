// Style is left to the compiler and the reader; what is enforced here is correctness and the direction of dependencies
// (docs/architecture.md): editor → protocol ← engine → modelFiles → core → kernels, modelFiles → formats, and webview → protocol; layers, terms and
// tokens are leaves that others read. That there are no cycles, and what the page's sections know, is in .dependency-cruiser.mjs.
import tseslint from 'typescript-eslint';

/** The folders of src, and what each may import from the others. */
const folders = {
  kernels: [],
  tokens: [],
  layers: [],
  terms: [],
  formats: [],
  core: ['kernels', 'layers', 'terms', 'tokens'],
  modelFiles: ['core', 'formats', 'layers', 'terms', 'tokens'],
  protocol: ['layers', 'terms', 'tokens'],
  engine: ['protocol', 'modelFiles', 'formats', 'core', 'kernels', 'layers', 'terms', 'tokens'],
  editor: ['protocol', 'layers', 'terms', 'tokens'],
  terminal: ['protocol', 'engine', 'layers', 'terms'],
};

const allFolders = Object.keys(folders);
/** They run in a browser too. */
const pure = ['formats', 'core', 'modelFiles', 'protocol', 'kernels', 'layers', 'terms', 'tokens'];
/** What the page may import. */
const ofThePage = ['protocol', 'layers', 'terms'];

const filesOf = (names) => names.flatMap((name) => [`**/${name}/*`, `**/${name}/**`]);

function boundary(folder) {
  const forbidden = allFolders.filter((other) => other !== folder && !folders[folder].includes(other));
  const patterns = [
    { group: [...filesOf(forbidden), '**/webview/**'], message: `src/${folder} may import only: ${folders[folder].join(', ') || 'nothing else of src'}.` },
  ];
  const paths = [];
  if (folder !== 'editor') paths.push({ name: 'vscode', message: 'Only src/editor and src/extension.ts know the editor.' });
  if (pure.includes(folder)) {
    patterns.push({ regex: '^node:', message: `src/${folder} is pure: no files, no processes.` });
    paths.push({ name: 'onnxruntime-node', message: 'The forward backends are in src/engine.' });
  }
  if (folder === 'engine') paths.push({ name: 'onnxruntime-node', message: 'Import it from onnxRuntime.ts, which keeps it from sending anything.' });
  return { files: [`src/${folder}/**/*.ts`], rules: { 'no-restricted-imports': ['error', { paths, patterns }] } };
}

export default tseslint.config(
  { ignores: ['dist/', 'out/', 'node_modules/', '.vscode-test/', '.backflow/', 'coverage/', 'src/kernels/assembly/'] },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      eqeqeq: 'error',
      'no-console': 'error',
      'prefer-const': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-unnecessary-condition': ['error', { allowConstantLoopConditions: true }],
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      // Interfaces of the protocol use `null` for "nothing asked" and functions returning void as calls.
      '@typescript-eslint/no-invalid-void-type': 'off',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
    },
  },
  ...allFolders.map(boundary),
  { files: ['src/userError.ts'], rules: { 'no-restricted-imports': ['error', { patterns: [{ regex: '.', message: 'All folders may import it, so it imports none.' }] }] } },
  {
    files: ['webview/**/*.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          paths: ['vscode', 'onnxruntime-node'],
          patterns: [
            { group: filesOf(allFolders.filter((name) => !ofThePage.includes(name)).map((name) => `src/${name}`)), message: `The page may import only: ${ofThePage.join(', ')}.` },
            { regex: '^node:', message: 'The page runs in a browser.' },
          ],
        },
      ],
    },
  },
  // Mocha's `it` and `before` take async functions, and tests index what they have just checked.
  { files: ['test/**/*.ts'], rules: { '@typescript-eslint/no-non-null-assertion': 'off', '@typescript-eslint/no-floating-promises': 'error' } },
  { files: ['bench/**', 'src/cli.ts', 'src/terminal/**'], rules: { 'no-console': 'off' } },
);
