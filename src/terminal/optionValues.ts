/** The values of options: read as what they are meant to be, and refused in a sentence where they are not. */
import { localize } from './language';
import { UsageError, type GivenOptions } from './options';

/** The most that is allowed; `none` is null. */
export function limit(given: GivenOptions, option: string, fallback: number | null): number | null {
  return isNone(given, option) ? null : (positive(given, option, localize('value.orNone')) ?? fallback);
}

export function isNone(given: GivenOptions, option: string): boolean {
  return given.values.get(option) === 'none';
}

export function text(given: GivenOptions, option: string): string | undefined {
  const value = given.values.get(option);
  if (value === '') throw new UsageError(localize('usage.pathEmpty', option));
  return value;
}

export function choice<T extends string>(given: GivenOptions, option: string, choices: readonly T[], fallback: T): T {
  const value = given.values.get(option);
  if (value === undefined) return fallback;
  const found = choices.find((name) => name === value);
  if (found === undefined) throw wrong(option, value, localize('value.oneOf', choices.join(', ')));
  return found;
}

export function integer(given: GivenOptions, option: string, min: number, max: number, also = ''): number | undefined {
  return number(
    given,
    option,
    (x) => Number.isInteger(x) && x >= min && x <= max,
    localize('value.wholeNumberInRange', min, max, also),
  );
}

export function positive(given: GivenOptions, option: string, also = ''): number | undefined {
  return number(given, option, (x) => x > 0, localize('value.numberAboveZero', also));
}

export function number(
  given: GivenOptions,
  option: string,
  allowed: (x: number) => boolean,
  what: string,
): number | undefined {
  const value = given.values.get(option);
  if (value === undefined) return undefined;
  const parsed = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(value) ? Number(value) : NaN;
  if (!Number.isFinite(parsed) || !allowed(parsed)) throw wrong(option, value, what);
  return parsed;
}

function wrong(option: string, value: string, allowed: string): UsageError {
  return new UsageError(localize('usage.valueInvalid', option, JSON.stringify(value), allowed));
}
