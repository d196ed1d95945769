/** The tables of l10n/ and their uses: the same keys in both languages, each used, each with as many arguments as it has places. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import ts from 'typescript';
import { formatTemplate } from '../../src/messages';
import { parseIf, sourcesOf } from './support/parsedSources';

type Table = Readonly<Record<string, string>>;

// npm and mocha run at the project's root.
const readTable = (path: string) => JSON.parse(readFileSync(path, 'utf8')) as Table;
const tables = ['bundle.l10n', 'terminal'].map((name) => ({
  name,
  english: readTable(`l10n/${name}.json`),
  korean: readTable(`l10n/${name}.ko.json`),
}));
const english: Table = Object.fromEntries(tables.flatMap((table) => Object.entries(table.english)));

/** The numbers of a template's places, each once; a translation may use them in another order. */
function places(text: string): number[] {
  return [...new Set(Array.from(text.matchAll(/\{(\d+)(?: [^{}|]+\|[^{}|]+)?\}/g), ([, index]) => Number(index)))].sort(
    (a, b) => a - b,
  );
}

interface Use {
  readonly key: string;
  readonly place: string;
  /** The number of arguments; undefined where they are not beside the key. */
  readonly given: number | undefined;
}

/** Whether a text may hold a literal that is a key. */
function mentionsKey(text: string): boolean {
  return Array.from(text.matchAll(/['"`]([a-z]\w*(?:\.\w+)+)['"`]/g)).some(([, key]) => Object.hasOwn(english, key));
}

/** Every word that stands as it is among the arguments beside a key: a person reads it in no language but this. */
function wordsAmongArguments(folder: string): string[] {
  const found: string[] = [];
  const visitArgument = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node)) {
      if (/\p{L}{2,}/u.test(node.text)) found.push(node.text);
    } else if (ts.isConditionalExpression(node)) [node.whenTrue, node.whenFalse].forEach(visitArgument);
    else if (ts.isBinaryExpression(node)) [node.left, node.right].forEach(visitArgument);
  };
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) || ts.isNewExpression(node)) {
      const given = node.arguments ?? [];
      const isSentence = given
        .slice(0, 1)
        .some((key) => ts.isStringLiteralLike(key) && Object.hasOwn(english, key.text));
      if (isSentence) given.slice(1).forEach(visitArgument);
    }
    ts.forEachChild(node, visit);
  };
  for (const path of sourcesOf(folder)) {
    const source = parseIf(path, mentionsKey);
    if (source) visit(source);
  }
  return found;
}

/** Every literal that is a key. */
function usesIn(folder: string): Use[] {
  return sourcesOf(folder).flatMap((path) => {
    const source = parseIf(path, mentionsKey);
    const uses: Use[] = [];
    const visit = (node: ts.Node): void => {
      if (ts.isStringLiteralLike(node) && Object.hasOwn(english, node.text)) {
        uses.push({
          key: node.text,
          place: `${path}:${node.getSourceFile().getLineAndCharacterOfPosition(node.getStart()).line + 1}`,
          given: givenBeside(node),
        });
      }
      ts.forEachChild(node, visit);
    };
    if (source) visit(source);
    return uses;
  });
}

/** The arguments behind a key in a call, or in the `args` beside it. */
function givenBeside(literal: ts.Node): number | undefined {
  let node = literal;
  while (ts.isConditionalExpression(node.parent) && node.parent.condition !== node) node = node.parent;
  const { parent } = node;
  if ((ts.isCallExpression(parent) || ts.isNewExpression(parent)) && parent.arguments?.[0] === node) {
    const fillsPlaces = ['localize', 'get', 'segments', 'UserError'].some(
      (name) => parent.expression.getText().split('.').at(-1) === name,
    );
    return fillsPlaces ? counted(parent.arguments.slice(1)) : undefined;
  }
  if (!ts.isPropertyAssignment(parent) || !ts.isObjectLiteralExpression(parent.parent)) return undefined;
  const args = parent.parent.properties.find((each) => ts.isPropertyAssignment(each) && each.name.getText() === 'args');
  return args && ts.isPropertyAssignment(args) && ts.isArrayLiteralExpression(args.initializer)
    ? counted(args.initializer.elements)
    : undefined;
}

function counted(given: readonly ts.Expression[]): number | undefined {
  return given.some(ts.isSpreadElement) ? undefined : given.length;
}

describe('the messages', () => {
  let uses: readonly Use[];
  before(() => {
    uses = [...usesIn('src'), ...usesIn('webview')];
  });

  for (const { name, english: ours, korean } of tables) {
    it(`${name}: have the same keys in both languages, sorted`, () => {
      assert.deepEqual(Object.keys(korean), Object.keys(ours));
      assert.deepEqual(Object.keys(ours), Object.keys(ours).sort());
    });

    it(`${name}: have the same places in both languages, numbered without a gap`, () => {
      for (const [key, text] of Object.entries(ours)) {
        assert.deepEqual(places(korean[key]), places(text), key);
        assert.deepEqual(
          places(text),
          Array.from(places(text), (_, i) => i),
          key,
        );
      }
    });

    it(`${name}: have keys of two parts or more, none of which is the beginning of another`, () => {
      const subjects = new Set(
        Object.keys(ours).flatMap((key) => key.split('.').map((_, i, parts) => parts.slice(0, i).join('.'))),
      );
      for (const key of Object.keys(ours)) {
        assert.match(key, /^[a-z][A-Za-z0-9]*(\.[a-z][A-Za-z0-9]*)+$/);
        assert.ok(!subjects.has(key), key);
      }
    });
  }

  it('are in one table each: those that only the terminal uses in its own', () => {
    const [ofAll, ofTerminal] = tables.map((table) => Object.keys(table.english));
    const elsewhere = new Set(uses.filter(({ place }) => !place.startsWith('src/terminal/')).map(({ key }) => key));
    assert.deepEqual(
      ofTerminal.filter((key) => ofAll.includes(key) || elsewhere.has(key)),
      [],
    );
    assert.deepEqual(
      ofAll.filter((key) => !elsewhere.has(key)),
      [],
    );
  });

  it('are all used', () => {
    const used = new Set(uses.map(({ key }) => key));
    assert.deepEqual(
      Object.keys(english).filter((key) => !used.has(key)),
      [],
    );
  });

  it('are used with as many arguments as they have places', () => {
    const known = uses.filter(({ given }) => given !== undefined);
    assert.ok(known.length > 500, `${known.length} places were found`);
    assert.deepEqual(
      known.filter(({ key, given }) => places(english[key]).length !== given),
      [],
    );
  });

  it('have no English words for arguments, but messages', () => {
    assert.deepEqual(
      wordsAmongArguments('src'),
      ['None', 'F16, BF16, F32, F64', 'n_inner', 'activation_function', 'gelu, gelu_new', 'GPT-2', 'Mamba-2'],
      'names that are the same in every language',
    );
  });

  it('can have messages as arguments', () => {
    assert.equal(
      formatTemplate('{1}, {0}', [1, { key: 'state.cell', args: [2] }], ({ key, args }) => `${key} ${args.length}`),
      'state.cell 1, 1',
    );
    assert.equal(formatTemplate('{0} {2}', ['{1}', 'x'], String), '{1} {2}', 'an argument is no template');
  });

  it('say one of something in the singular', () => {
    const sentence = (count: number | string) => formatTemplate('Read {0 token|tokens}.', [count], String);
    assert.deepEqual([1, '1', 0, 2, '1,000'].map(sentence), [
      'Read 1 token.',
      'Read 1 token.',
      'Read 0 tokens.',
      'Read 2 tokens.',
      'Read 1,000 tokens.',
    ]);
    // A number and a plural beside it would be wrong for 1.
    const plurals =
      /\{\d\} (tokens|steps|symbols|units|characters|bytes|parameters|streams|targets|layers|scores|numbers|inputs)\b(?!\/)/;
    const wrong = Object.entries(english).filter(([key, text]) => plurals.test(text) && !key.endsWith('.many'));
    assert.deepEqual(wrong, []);
  });

  it('of the manifest are in both languages', () => {
    const used = [...readFileSync('package.json', 'utf8').matchAll(/"%([\w.]+)%"/g)].map(([, key]) => key).sort();
    assert.ok(used.length > 50);
    assert.deepEqual(Object.keys(readTable('package.nls.json')).sort(), [...new Set(used)]);
    assert.deepEqual(Object.keys(readTable('package.nls.ko.json')).sort(), [...new Set(used)]);
  });
});
