// Style is left to the compiler and the reader; what is enforced here is correctness and the direction of dependencies
// (docs/architecture.md): editor → protocol ← engine → modelFiles → core → kernels, modelFiles → formats, and editor → pageContract ← webview,
// pageContract → protocol; layers, terms and tokens are leaves that others read. What the page's sections know is in .dependency-cruiser.mjs.
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
  pageContract: ['protocol', 'layers', 'terms'],
  engine: ['protocol', 'modelFiles', 'formats', 'core', 'kernels', 'layers', 'terms', 'tokens'],
  editor: ['protocol', 'pageContract', 'layers', 'terms', 'tokens'],
  terminal: ['protocol', 'engine', 'layers', 'terms'],
};

const allFolders = Object.keys(folders);
/** They run in a browser too. */
const pure = ['formats', 'core', 'modelFiles', 'protocol', 'pageContract', 'kernels', 'layers', 'terms', 'tokens'];
/** What the page may import. */
const ofThePage = ['pageContract', 'protocol', 'layers', 'terms'];
/** The link to the engine, of which the page and its contract know only the data: what the engine makes and the page draws. */
const engineLink = {
  group: ['**/protocol/engine', '**/protocol/rpc'],
  message: 'The page knows no engine: what both use is in the other files of src/protocol.',
};

const filesOf = (names) => names.flatMap((name) => [`**/${name}/*`, `**/${name}/**`]);

/** @param part a folder inside it that may import more  @param more of the folders of src */
function boundary(folder, part = '', more = []) {
  const allowed = [...folders[folder], ...more];
  const forbidden = allFolders.filter((other) => other !== folder && !allowed.includes(other));
  const patterns = [
    {
      group: [...filesOf(forbidden), '**/webview/**'],
      message: `src/${folder}${part} may import only: ${allowed.join(', ') || 'nothing else of src'}.`,
    },
  ];
  const paths = [];
  if (folder === 'pageContract') patterns.push(engineLink);
  if (folder !== 'editor')
    paths.push({ name: 'vscode', message: 'Only src/editor and src/extension.ts know the editor.' });
  if (pure.includes(folder)) {
    patterns.push({ regex: '^node:', message: `src/${folder} is pure: no files, no processes.` });
    paths.push({ name: 'onnxruntime-node', message: 'The forward backends are in src/engine.' });
  }
  if (folder === 'engine')
    paths.push({
      name: 'onnxruntime-node',
      message: 'Import it from onnxRuntime.ts, which keeps it from sending anything.',
    });
  return {
    files: [`src/${folder}${part}/**/*.ts`],
    rules: { 'no-restricted-imports': ['error', { paths, patterns }] },
  };
}

/** typescript-eslint's strict, type-checked rules. */
const strict = [
  'await-thenable',
  'ban-ts-comment',
  'no-array-constructor',
  'no-array-delete',
  'no-base-to-string',
  'no-deprecated',
  'no-duplicate-enum-values',
  'no-duplicate-type-constituents',
  'no-dynamic-delete',
  'no-empty-object-type',
  'no-explicit-any',
  'no-extra-non-null-assertion',
  'no-extraneous-class',
  'no-floating-promises',
  'no-for-in-array',
  'no-generated-empty-object-type',
  'no-implied-eval',
  'no-meaningless-void-operator',
  'no-misused-new',
  'no-misused-promises',
  'no-misused-spread',
  'no-mixed-enums',
  'no-namespace',
  'no-non-null-asserted-nullish-coalescing',
  'no-non-null-asserted-optional-chain',
  'no-non-null-assertion',
  'no-redundant-type-constituents',
  'no-require-imports',
  'no-this-alias',
  'no-unnecessary-boolean-literal-compare',
  'no-unnecessary-template-expression',
  'no-unnecessary-type-arguments',
  'no-unnecessary-type-assertion',
  'no-unnecessary-type-constraint',
  'no-unnecessary-type-conversion',
  'no-unnecessary-type-parameters',
  'no-unsafe-argument',
  'no-unsafe-assignment',
  'no-unsafe-call',
  'no-unsafe-declaration-merging',
  'no-unsafe-enum-assignment',
  'no-unsafe-enum-comparison',
  'no-unsafe-function-type',
  'no-unsafe-member-access',
  'no-unsafe-return',
  'no-unsafe-unary-minus',
  'no-unused-expressions',
  'no-unused-vars',
  'no-useless-constructor',
  'no-useless-default-assignment',
  'no-wrapper-object-types',
  'only-throw-error',
  'prefer-as-const',
  'prefer-literal-enum-member',
  'prefer-namespace-keyword',
  'prefer-promise-reject-errors',
  'prefer-reduce-type-parameter',
  'prefer-return-this-type',
  'related-getter-setter-pairs',
  'require-await',
  'restrict-plus-operands',
  'return-await',
  'triple-slash-reference',
  'unbound-method',
  'unified-signatures',
  'use-unknown-in-catch-callback-variable',
];

export default {
  plugins: ['typescript', 'import'],
  categories: { correctness: 'off' },
  ignorePatterns: [
    'dist/',
    'out/',
    'node_modules/',
    '.vscode-test/',
    '.backflow/',
    'coverage/',
    'src/kernels/assembly/',
  ],
  overrides: [
    {
      files: ['**/*.ts'],
      rules: {
        ...Object.fromEntries(strict.map((rule) => [`typescript/${rule}`, 'error'])),
        // A file's types are imported as it is, so that the rule against cycles sees it.
        'typescript/consistent-type-imports': ['error', { disallowTypeAnnotations: true }],
        eqeqeq: 'error',
        'no-console': 'error',
        'no-var': 'error',
        'prefer-const': 'error',
        'prefer-rest-params': 'error',
        'prefer-spread': 'error',
        'typescript/restrict-template-expressions': ['error', { allowNumber: true }],
        'typescript/no-unnecessary-condition': ['error', { allowConstantLoopConditions: true }],
        'typescript/explicit-module-boundary-types': 'error',
        // Arrow functions may return what a call returns, even nothing.
        'typescript/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
        'typescript/return-await': ['error', 'error-handling-correctness-only'],
      },
    },
    // No file reaches itself by what it imports, not even by a type. What files share that need each other moves into one that imports neither.
    {
      files: ['src/**', 'webview/**', 'test/**', 'bench/**'],
      rules: { 'import/no-cycle': ['error', { ignoreTypes: false }] },
    },
    ...allFolders.map((folder) => boundary(folder)),
    // It runs the graphs that files hold, node by node.
    boundary('core', '/graph', ['formats']),
    {
      files: ['src/messages.ts'],
      rules: {
        'no-restricted-imports': [
          'error',
          { patterns: [{ group: ['*', '!../l10n/*'], message: 'All folders may import it, so it imports none.' }] },
        ],
      },
    },
    {
      files: ['src/userError.ts'],
      rules: {
        'no-restricted-imports': [
          'error',
          { patterns: [{ group: ['*', '!./messages'], message: 'All folders may import it, so it imports none.' }] },
        ],
      },
    },
    {
      files: ['webview/**/*.ts'],
      rules: {
        'no-restricted-imports': [
          'error',
          {
            paths: ['vscode', 'onnxruntime-node'],
            patterns: [
              {
                group: filesOf(allFolders.filter((name) => !ofThePage.includes(name)).map((name) => `src/${name}`)),
                message: `The page may import only: ${ofThePage.join(', ')}.`,
              },
              engineLink,
              { regex: '^node:', message: 'The page runs in a browser.' },
            ],
          },
        ],
      },
    },
    // Tests index what they have just checked.
    { files: ['test/**/*.ts'], rules: { 'typescript/no-non-null-assertion': 'off' } },
    // What no compiler sees.
    {
      files: ['**/*.mjs', '**/*.js', '**/*.cjs'],
      env: { node: true, browser: true, es2024: true },
      rules: { 'no-undef': 'error', 'no-unused-vars': 'error' },
    },
    { files: ['bench/**', 'src/cli.ts', 'src/terminal/**'], rules: { 'no-console': 'off' } },
  ],
};
