import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { cellNames } from '../../../src/layers/catalogue';

const names: ReadonlySet<string> = new Set(cellNames);
/** The catalogue, and the list of the kinds' code. */
const registries = ['src/layers/catalogue.ts', 'src/core/layers/registry.ts'];

/** What bears a kind's name, a file or a folder, is that kind's own. */
function isOfOneKind(path: string): boolean {
  return path.split('/').some((part) => names.has(part.replace(/\.ts$/, '')));
}

/** Where a source has a kind's name as a value or a type: a string of its own, or the name of a property. */
function placesOf(path: string, text: string): string[] {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const places: string[] = [];
  const visit = (node: ts.Node): void => {
    const isString = ts.isStringLiteralLike(node) && names.has(node.text);
    const isProperty = ts.isIdentifier(node) && names.has(node.text) && isPropertyName(node);
    if (isString || isProperty) {
      const { line } = source.getLineAndCharacterOfPosition(node.getStart(source));
      places.push(`${path}:${line + 1} ${node.getText(source)}`);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return places;
}

function isPropertyName(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.name === node;
  if (ts.isShorthandPropertyAssignment(parent)) return true;
  return (ts.isPropertyAssignment(parent) || ts.isPropertySignature(parent) || ts.isMethodDeclaration(parent)) && parent.name === node;
}

function sourcesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name).replaceAll('\\', '/'))
    .filter((path) => path.endsWith('.ts'));
}

describe('the kinds of layer', () => {
  it('are named by the catalogue and by their own files alone', () => {
    const sources = [...sourcesOf('src'), ...sourcesOf('webview')].filter((path) => !registries.includes(path) && !isOfOneKind(path));
    assert.ok(sources.length > 200, 'the sources were found');
    assert.deepEqual(sources.flatMap((path) => placesOf(path, readFileSync(path, 'utf8'))), []);
  });

  it('are found however they are named', () => {
    const [name] = cellNames;
    const ways = [`if (cell === '${name}') go();`, `switch (cell) { case '${name}': break; }`, `const gates = { ${name}: 1 };`, `type Cell = '${name}' | 'other';`, `gates.${name}`, `x = \`${name}\`;`, `f({ ${name} });`, `x = "${name}";`];
    for (const way of ways) assert.equal(placesOf('source.ts', way).length, 1, way);
    assert.deepEqual(placesOf('source.ts', `// '${name}'\nx = 'An ${name} in a sentence.'; y = ${name}Forward;`), []);
  });
});
