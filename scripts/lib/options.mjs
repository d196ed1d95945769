// The options of the project's own commands: read by Node's parser, and refused in one sentence.
import { parseArgs } from 'node:util';
import { SetupError } from './say.mjs';

/**
 * What was asked for; null where it was --help, which is then printed. Throws a SetupError of one sentence for options that are unknown or lack a value.
 * @param {{ command: string, usage: string, options: import('node:util').ParseArgsConfig['options'], args?: string[], allowPositionals?: boolean }} of `command` as a person types it
 */
export function readOptions({ command, usage, options, args = process.argv.slice(2), allowPositionals = false }) {
  let read;
  try {
    read = parseArgs({ args, options: { ...options, help: { type: 'boolean', short: 'h' } }, allowPositionals });
  } catch (error) {
    // Node goes on with advice on arguments that begin with a dash.
    const [sentence] = error.message.split(/\. |\n/, 1);
    throw new SetupError(`${sentence.replace(/\.$/, '')}; ${command} -- --help lists what there is.`);
  }
  if (!read.values.help) return { ...read.values, positionals: read.positionals };
  process.stdout.write(`${usage}\n`);
  return null;
}

/** A whole number; throws a SetupError that names the option. */
export function wholeNumber(option, text, { min = 1, max = Number.MAX_SAFE_INTEGER } = {}) {
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= min && number <= max) return number;
  const range = max === Number.MAX_SAFE_INTEGER ? `from ${min} on` : `from ${min} to ${max}`;
  throw new SetupError(`--${option} is "${text}"; it must be a whole number ${range}.`);
}

/** Throws a SetupError that names what there is where `name` is none of it. */
export function oneOf(what, name, names) {
  if (names.includes(name)) return;
  throw new SetupError(`There is no ${what} "${name}"; there are ${names.map((each) => `"${each}"`).join(', ')}.`);
}
