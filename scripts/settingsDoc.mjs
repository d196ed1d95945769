// Writes docs/settings.md, every setting and color with its default and limits, from package.json and package.nls.json.
//   npm run settings [-- FILE]      FILE is docs/settings.md of this project unless given
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (name) => JSON.parse(readFileSync(join(root, name), 'utf8'));
const { contributes } = read('package.json');
const sentences = read('package.nls.json');

const head = `# Settings

Every setting, its default, and what it accepts. Every name begins with \`backflow.\`; search the settings editor for *backflow* to see the same
descriptions. [glossary.md](glossary.md) explains the words, and [cli.md](cli.md) has the options of the command line.

A run keeps the settings of model, text and training that it was started with; a change applies to the next run. The last group applies at once.
“Empty” is \`null\` in \`settings.json\`.

\`npm run settings\` writes this page from \`package.json\` and \`package.nls.json\`; do not edit it by hand.
`;

writeFileSync(
  process.argv[2] ?? join(root, 'docs/settings.md'),
  [head, ...contributes.configuration.map(settingsTable), colorsTable(contributes.colors)].join('\n'),
);

function settingsTable({ title, properties }) {
  const rows = Object.entries(properties)
    .sort(([, a], [, b]) => a.order - b.order)
    .map(([name, setting]) => [
      `\`${name.replace(/^backflow\./, '')}\``,
      shown(setting.default),
      valuesOf(setting),
      text(setting.markdownDescription),
    ]);
  return section(text(title), ['setting', 'default', 'values', 'what it does'], rows);
}

/** VS Code's keys for `workbench.colorCustomizations`. */
function colorsTable(colors) {
  const rows = colors.map(({ id, description, defaults }) => [
    `\`${id}\``,
    `\`${defaults.dark}\``,
    `\`${defaults.light}\``,
    text(description),
  ]);
  return section(
    'Colors',
    ['color', 'dark', 'light', 'what it paints'],
    rows,
    'Change them under `workbench.colorCustomizations`.\n\n',
  );
}

function section(title, columns, rows, before = '') {
  const line = (cells) => `| ${cells.join(' | ')} |\n`;
  return `## ${title}\n\n${before}${line(columns)}${line(columns.map(() => '---'))}${rows.map(line).join('')}`;
}

/** `%key%` in the words of package.nls.json; a pipe would end the cell of a table. */
function text(reference) {
  const sentence = sentences[reference.slice(1, -1)];
  if (sentence === undefined) throw new Error(`package.nls.json lacks ${reference}.`);
  return sentence.replaceAll('|', '\\|');
}

function shown(value) {
  if (value === '') return 'nothing';
  if (value === null) return 'empty';
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  return `\`${value}\``;
}

function valuesOf({ type, enum: names, markdownEnumDescriptions: descriptions, ...limits }) {
  if (names)
    return names
      .map((name, i) => `\`${name}\`${descriptions ? `: ${text(descriptions[i])}` : ''}`)
      .join(descriptions ? '<br>' : ', ');
  const types = [type].flat();
  if (types.includes('boolean')) return 'on, off';
  if (types.includes('string')) return limits.pattern ? 'kinds and sizes, or nothing' : 'a path';
  return [
    types.includes('integer') ? 'a whole number' : 'a number',
    rangeOf(limits),
    ...(types.includes('null') ? ['or empty'] : []),
  ]
    .filter(Boolean)
    .join(' ');
}

function rangeOf({ minimum, exclusiveMinimum, maximum, exclusiveMaximum }) {
  const grouped = (value) => value.toLocaleString('en-US').replace('-', '−');
  if (minimum !== undefined && maximum !== undefined) return `from ${grouped(minimum)} to ${grouped(maximum)}`;
  const bounds = { '≥': minimum, '>': exclusiveMinimum, '≤': maximum, '<': exclusiveMaximum };
  return Object.entries(bounds)
    .filter(([, bound]) => bound !== undefined)
    .map(([sign, bound]) => `${sign} ${grouped(bound)}`)
    .join(' and ');
}
