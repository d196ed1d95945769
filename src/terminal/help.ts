/** The texts of --help. */
import { widthOf } from './glyphs';
import { say } from './language';
import { commands, type CommandName } from './options';

export function generalHelp(): string {
  const list = Object.entries(commands).flatMap(([, { usage, summary }]) => [...usage.map((line) => `  ${line}`), `      ${say(summary)}`]);
  return [
    say('Backflow trains recurrent language models on texts and shows how gradients flow back through time.'),
    '',
    ...list,
    '',
    say('backflow COMMAND --help lists the options of a command; backflow --version prints the version.'),
    say('Exit status: 0 success, 1 failure, 2 wrong usage. Colors follow NO_COLOR, FORCE_COLOR and COLORTERM.'),
    '',
  ].join('\n');
}

export function commandHelp(name: CommandName): string {
  const { usage, summary, options, notes } = commands[name];
  const rows = Object.entries(options).map(([option, { value, help, args = [] }]) => [`--${option}${value === undefined ? '' : ` ${value}`}`, say(help, ...args)]);
  const first = `${say('Usage:')} `;
  const width = Math.max(...rows.map(([left]) => left.length)) + 2;
  return [
    ...usage.map((line, i) => `${i === 0 ? first : ' '.repeat(widthOf(first))}${line}`),
    '',
    say(summary),
    '',
    ...rows.map(([left, help]) => `  ${left.padEnd(width)}${help}`),
    '',
    ...notes.map((note) => say(note)),
    '',
  ].join('\n');
}
