import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import ts from 'typescript';
import {
  cellNames,
  defaultCell,
  isCellName,
  kindOf,
  layerOptions,
  stateNamed,
  unitMapNamed,
  type CellName,
} from '../../../src/layers/catalog';
import { inEnglish } from '../../../src/messages';
import { parse, parseIf, sourcesOf } from '../support/parsedSources';

/** What a kind is called: by us, by a person, by ONNX and by PyTorch. */
const names: ReadonlySet<string> = new Set(
  cellNames
    .map(kindOf)
    .flatMap(({ name, label, title, onnx, torch }) =>
      [name, label, inEnglish({ key: title, args: [] }), onnx?.operator, torch?.module].filter(
        (each) => each !== undefined,
      ),
    ),
);

interface CellSetting {
  readonly enum: readonly string[];
  readonly default: string;
  readonly markdownEnumDescriptions: readonly string[];
}

/** The catalog, the list of the kinds' code, and that of the graphs of those without an operator. */
const registries = [
  'src/layers/catalog.ts',
  'src/core/layers/registry.ts',
  'src/modelFiles/onnx/layers/registry.ts',
  'src/modelFiles/onnx/mixerGraphs.ts',
  'src/modelFiles/torch/mixerWeights.ts',
];

/** What bears a kind's name, a file or a folder, is that kind's own. */
function isOfOneKind(path: string): boolean {
  return path.split('/').some((part) => names.has(part.replace(/\.ts$/, '')));
}

/** Where a source has a kind's name as a value or a type: a string of its own (a sentence that mentions it is none), or the name of a property. */
function placesIn(source: ts.SourceFile): string[] {
  const places: string[] = [];
  const visit = (node: ts.Node): void => {
    const isString = ts.isStringLiteralLike(node) && names.has(node.text);
    const isProperty = ts.isIdentifier(node) && names.has(node.text) && isPropertyName(node);
    if (isString || isProperty) {
      const { line } = source.getLineAndCharacterOfPosition(node.getStart(source));
      places.push(`${source.fileName}:${line + 1} ${node.getText(source)}`);
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
  return (
    (ts.isPropertyAssignment(parent) || ts.isPropertySignature(parent) || ts.isMethodDeclaration(parent)) &&
    parent.name === node
  );
}

/** Whether a text holds a kind's name at all, in a sentence or else. */
function mentionsKind(text: string): boolean {
  return [...names].some((name) => text.includes(name));
}

describe('the kinds of layer', () => {
  it('are named by the catalog and by their own files alone', () => {
    const sources = [...sourcesOf('src'), ...sourcesOf('webview')].filter(
      (path) => !registries.includes(path) && !isOfOneKind(path),
    );
    assert.ok(sources.length > 200, 'the sources were found');
    assert.deepEqual(
      sources.flatMap((path) => {
        const source = parseIf(path, mentionsKind);
        return source ? placesIn(source) : [];
      }),
      [],
    );
  });

  it('are those of the setting, in its order, each with a description in every language', () => {
    const { contributes } = JSON.parse(readFileSync('package.json', 'utf8')) as {
      contributes: { configuration: readonly { properties: Readonly<Record<string, CellSetting | undefined>> }[] };
    };
    const setting = contributes.configuration
      .map(({ properties }) => properties['backflow.model.cell'])
      .find((found) => found !== undefined);
    assert.ok(setting);
    assert.deepEqual(setting.enum, cellNames);
    assert.equal(setting.default, defaultCell);
    assert.equal(setting.markdownEnumDescriptions.length, cellNames.length);
    for (const file of ['package.nls.json', 'package.nls.ko.json']) {
      const texts = JSON.parse(readFileSync(file, 'utf8')) as Readonly<Record<string, string | undefined>>;
      for (const name of cellNames) assert.ok(texts[`setting.model.cell.${name}`], `${name} in ${file}`);
    }
  });

  it('mean the same by a state or a unit map of one name, but for its range and its letter', () => {
    for (const kind of cellNames.map(kindOf)) {
      for (const map of kind.unitMaps)
        assert.deepEqual(
          { ...unitMapNamed(map.name), range: null, of: null, symbol: null },
          { ...map, range: null, of: null, symbol: null },
          `${kind.name} ${map.name}`,
        );
      for (const state of kind.states) assert.deepEqual(stateNamed(state.name), state, `${kind.name} ${state.name}`);
    }
  });

  it('have a setting for each of their options, with its default and what it allows', () => {
    const { contributes } = JSON.parse(readFileSync('package.json', 'utf8')) as {
      contributes: {
        configuration: readonly {
          properties: Readonly<
            Record<string, { type: string; default: unknown; minimum?: number; maximum?: number; enum?: string[] }>
          >;
        }[];
      };
    };
    const properties = Object.assign({}, ...contributes.configuration.map((each) => each.properties)) as Readonly<
      Record<string, (typeof contributes.configuration)[number]['properties'][string] | undefined>
    >;
    for (const option of layerOptions) {
      const setting = properties[`backflow.model.${option.name}`];
      assert.ok(setting, option.name);
      assert.equal(setting.default, option.default, option.name);
      if (option.type === 'switch') assert.equal(setting.type, 'boolean');
      if (option.type === 'number') assert.deepEqual([setting.minimum, setting.maximum], [option.min, option.max]);
      if (option.type === 'choice') assert.deepEqual(setting.enum, option.choices);
    }
  });

  it('refuse a name that is none of theirs, in a sentence with the choices', () => {
    for (const name of ['LSTM', 'transformer', '', 'constructor', '__proto__']) {
      assert.equal(isCellName(name), false, name);
      assert.throws(() => kindOf(name as CellName), {
        name: 'UserError',
        message: `The cell “${name}” is unknown; choose one of ${cellNames.join(', ')}.`,
      });
    }
  });

  it('are found however they are named', () => {
    const [name] = cellNames;
    const operator = cellNames.map((cell) => kindOf(cell).onnx?.operator).find((each) => each !== undefined);
    const ways = [
      `if (cell === '${name}') go();`,
      `switch (cell) { case '${name}': break; }`,
      `const gates = { ${name}: 1 };`,
      `type Cell = '${name}' | 'other';`,
      `gates.${name}`,
      `x = \`${name}\`;`,
      `f({ ${name} });`,
      `x = "${name}";`,
    ];
    const placesOf = (text: string) => placesIn(parse('source.ts', text));
    for (const way of ways) assert.equal(placesOf(way).length, 1, way);
    assert.equal(placesOf(`node = { opType: '${operator}' };`).length, 1);
    assert.deepEqual(placesOf(`// '${name}'\nx = 'An ${name} in a sentence.'; y = ${name}Forward;`), []);
  });
});
