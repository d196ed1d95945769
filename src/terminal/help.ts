/** The texts of --help. */
import { widthOf } from './glyphs';
import { localize } from './language';
import { commands, type CommandName } from './options';

export function generalHelp(): string {
  const list = Object.entries(commands).flatMap(([, { usage, summary }]) => [
    ...usage.map((line) => `  ${line}`),
    `      ${localize(summary)}`,
  ]);
  return [localize('help.about'), '', ...list, '', localize('help.commands'), localize('help.exitStatus'), ''].join(
    '\n',
  );
}

export function commandHelp(name: CommandName): string {
  const { usage, summary, options, notes } = commands[name];
  const rows = Object.entries(options).map(([option, { value, help, args = [] }]) => [
    `--${option}${value === undefined ? '' : ` ${value}`}`,
    localize(help, ...args),
  ]);
  const first = `${localize('help.usage')} `;
  const width = Math.max(...rows.map(([left]) => left.length)) + 2;
  return [
    ...usage.map((line, i) => `${i === 0 ? first : ' '.repeat(widthOf(first))}${line}`),
    '',
    localize(summary),
    '',
    ...rows.map(([left, help]) => `  ${left.padEnd(width)}${help}`),
    '',
    ...notes.map((note) => localize(note)),
    '',
  ].join('\n');
}
