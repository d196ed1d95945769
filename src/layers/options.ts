/** What can be chosen for a layer of some kind besides what every layer has: its kind lists it, and everything that offers, checks or keeps it reads that list. */
import type { KeysOf } from '../messages';
import { UserError } from '../userError';

export type OptionValue = number | boolean | string;

/** By name; a layer has just those that its kind lists. */
export type LayerOptions = Readonly<Record<string, OptionValue>>;

interface Offered {
  /** In files, behind `backflow.model.` in the settings, behind a layer's label, and, in words with hyphens, of the command line. */
  readonly name: string;
  /** What it does, for the command line's help. */
  readonly help: KeysOf<'option'>;
}

export interface SwitchOption extends Offered {
  readonly type: 'switch';
  readonly default: boolean;
}

export interface NumberOption extends Offered {
  readonly type: 'number';
  readonly default: number;
  readonly min: number;
  readonly max: number;
  readonly isWhole: boolean;
}

export interface ChoiceOption extends Offered {
  readonly type: 'choice';
  readonly default: string;
  readonly choices: readonly string[];
}

export type OptionDescription = SwitchOption | NumberOption | ChoiceOption;

/** The value, of whatever was read somewhere; throws a UserError that says what is allowed. */
export function checkOption(option: OptionDescription, value: unknown): OptionValue {
  const { name } = option;
  switch (option.type) {
    case 'switch':
      if (typeof value === 'boolean') return value;
      throw new UserError('error.option.notSwitch', name, inWords(value));
    case 'number': {
      const { min, max, isWhole } = option;
      if (typeof value === 'number' && value >= min && value <= max && (!isWhole || Number.isInteger(value)))
        return value;
      throw isWhole
        ? new UserError('error.setting.notWholeNumberInRange', name, inWords(value), min, max)
        : new UserError('error.option.notNumber', name, inWords(value), min, max);
    }
    case 'choice': {
      const found = option.choices.find((choice) => choice === value);
      if (found !== undefined) return found;
      throw new UserError('error.option.notChoice', name, inWords(value), option.choices.join(', '));
    }
  }
}

/** The value that a text stands for: `true`, `4`, `rotary`. Throws a UserError as `checkOption`. */
export function optionOfText(option: OptionDescription, text: string): OptionValue {
  switch (option.type) {
    case 'switch':
      return checkOption(option, text === 'true' ? true : text === 'false' ? false : text);
    case 'number':
      return checkOption(option, text.trim() === '' ? text : Number(text));
    case 'choice':
      return checkOption(option, text);
  }
}

/** What can be offered to choose from, as texts; of a number what it is by default. */
export function choicesOf(option: OptionDescription): readonly string[] {
  switch (option.type) {
    case 'switch':
      return ['true', 'false'];
    case 'number':
      return [String(option.default)];
    case 'choice':
      return option.choices;
  }
}

function isByName(given: unknown): boolean {
  return typeof given === 'object' && given !== null && !Array.isArray(given);
}

function inWords(value: unknown): string {
  if (value === undefined) return 'missing';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/**
 * All of the listed options: those that are given, checked, and the others as they are by default. What else is given is another kind's. Throws a UserError for
 * what was read from a file and is no list of options by name, whatever its type says.
 */
export function filledOptions(options: readonly OptionDescription[], given: LayerOptions): LayerOptions {
  if (!isByName(given)) throw new UserError('error.option.notByName', inWords(given));
  return Object.fromEntries(
    options.map((option) => [
      option.name,
      Object.hasOwn(given, option.name) ? checkOption(option, given[option.name]) : option.default,
    ]),
  );
}

/** Those that are not as they are by default: "positive", "heads 4". */
export function optionsInWords(options: readonly OptionDescription[], chosen: LayerOptions): string[] {
  return options.flatMap(({ name, type, default: usual }) => {
    if (!Object.hasOwn(chosen, name) || chosen[name] === usual) return [];
    return type === 'switch' ? name : `${name} ${String(chosen[name])}`;
  });
}

export function areSameOptions(one: LayerOptions, other: LayerOptions): boolean {
  const names = Object.keys(one);
  return names.length === Object.keys(other).length && names.every((name) => one[name] === other[name]);
}

/** What most layers have. */
export const noOptions: LayerOptions = {};

/** Options of one kind, as the code of the kind reads them: they were checked where they entered. */
export function numberOption(options: LayerOptions, name: string): number {
  const value = options[name];
  if (typeof value !== 'number') throw new Error(`no number ${name} among the options`);
  return value;
}

export function isOptionOn(options: LayerOptions, name: string): boolean {
  return options[name] === true;
}
