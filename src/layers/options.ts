/** What a kind lets a person choose beside its sizes: described once, so that settings, command line, files and pages read it from there. */
import type { KeysOf } from '../messages';
import { UserError } from '../userError';

export type OptionValue = boolean | number | string;
/** By name. Those of a `LayerConfig` hold every option of its kind. */
export type LayerOptions = Readonly<Record<string, OptionValue>>;

export interface OptionDescription {
  /** In settings, on the command line and in files. */
  readonly name: string;
  readonly label: KeysOf<'option'>;
  /** What it does, in a sentence. */
  readonly sentence: KeysOf<'option'>;
  readonly default: OptionValue;
  /** Its values one by one, or the whole numbers between two, both included. */
  readonly allowed: readonly OptionValue[] | { readonly minimum: number; readonly maximum: number };
}

/** What most layers have. */
export const noOptions: LayerOptions = {};

/**
 * All options of a kind, in the order of its description, the defaults filled in. Throws a UserError for one that the kind has not, and for a value that is not
 * allowed.
 * @param kind for the sentences
 */
export function completeOptions(
  kind: { readonly label: string; readonly options?: readonly OptionDescription[] },
  given: LayerOptions | undefined,
): LayerOptions {
  const described = kind.options ?? [];
  const values = given ?? noOptions;
  const unknown = Object.keys(values).find((name) => !described.some((option) => option.name === name));
  if (unknown !== undefined) throw new UserError('error.setting.optionUnknown', unknown, kind.label);
  if (described.length === 0) return noOptions;
  return Object.fromEntries(
    described.map((option) => {
      const value = Object.hasOwn(values, option.name) ? values[option.name] : option.default;
      if (!isAllowed(option, value))
        throw new UserError('error.setting.optionValue', option.name, String(value), kind.label, allowedIn(option));
      return [option.name, value];
    }),
  );
}

function isAllowed({ allowed }: OptionDescription, value: OptionValue): boolean {
  if ('minimum' in allowed)
    return typeof value === 'number' && Number.isInteger(value) && value >= allowed.minimum && value <= allowed.maximum;
  return allowed.includes(value);
}

function allowedIn({ allowed }: OptionDescription): string {
  return 'minimum' in allowed ? `${allowed.minimum}–${allowed.maximum}` : allowed.join(', ');
}

/** Options of one kind, as the code of the kind reads them: checked where they entered. */
export function numberOption(options: LayerOptions, name: string): number {
  const value = options[name];
  if (typeof value !== 'number') throw new Error(`no number ${name} among the options`);
  return value;
}

export function isOptionOn(options: LayerOptions, name: string): boolean {
  return options[name] === true;
}
