/**
 * Symbols in the order of their ids, from the JSON that people keep beside a model: an array (id = index), an object symbol → id or id → symbol, with ids
 * from 0, or from 1 where 0 is padding; or an object that holds one of these a level down, such as {"stoi": …, "itos": …}.
 */
import { UserError } from '../userError';

/** What stands for id 0 where the file leaves it to padding. */
export const paddingNames = ['<pad>', '<padding>', '<0>'];
/** Under these names a text is a list of characters, not just a text. */
const namesOfTexts = ['vocabulary', 'vocab', 'itos', 'chars', 'symbols', 'alphabet', 'characters'];

/** @param size V, of the model  @param file for the sentences  Throws a UserError for what is no vocabulary; another number of symbols than V is left to the caller. */
export function symbolsOf(parsed: unknown, size: number, file: string): string[] {
  return isRecord(parsed) &&
    Object.entries(parsed).some(([name, value]) => isNested(value) || isListOfCharacters(name, value))
    ? symbolsInside(parsed, size, file)
    : plainSymbols(parsed, size, file);
}

function isListOfCharacters(name: string, value: unknown): value is string {
  return typeof value === 'string' && namesOfTexts.includes(name);
}

export function isNested(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

function plainSymbols(parsed: unknown, size: number, file: string): string[] {
  if (Array.isArray(parsed)) {
    const wrong = parsed.findIndex((symbol) => typeof symbol !== 'string');
    if (wrong >= 0) throw new UserError('error.vocabularyFile.entryNotText', file, wrong);
    return parsed as string[];
  }
  if (!isRecord(parsed)) throw new UserError('error.vocabularyFile.notVocabulary', file);
  const entries = Object.entries(parsed);
  const isIdToSymbol = entries.length > 0 && entries.every(([id, symbol]) => isId(id) && typeof symbol === 'string');
  return inOrder(isIdToSymbol ? entries.map(([id, symbol]) => [String(symbol), Number(id)]) : entries, size, file);
}

function isId(key: string): boolean {
  return /^\d+$/.test(key);
}

/** Of several the one of the model's size; Throws a UserError where two of this size differ. */
function symbolsInside(parsed: Readonly<Record<string, unknown>>, size: number, file: string): string[] {
  const found: { readonly name: string; readonly symbols: string[] }[] = [];
  let refusal = new UserError('error.vocabularyFile.notVocabulary', file);
  let refused = 0;
  for (const [name, value] of Object.entries(parsed)) {
    try {
      if (isNested(value)) found.push({ name, symbols: plainSymbols(value, size, file) });
      else if (isListOfCharacters(name, value)) found.push({ name, symbols: Array.from(value) });
    } catch (thrown) {
      if (!(thrown instanceof UserError)) throw thrown;
      // What is wrong with the largest is what is wrong with the vocabulary.
      const entries = Object.keys(value as object).length;
      if (entries > refused) [refusal, refused] = [thrown, entries];
    }
  }
  const fitting = found.filter(({ symbols }) => symbols.length === size);
  const [first, other] = [
    fitting.at(0),
    fitting.find(({ symbols }) => symbols.some((symbol, id) => symbol !== fitting[0].symbols[id])),
  ];
  if (first && other) throw new UserError('error.vocabularyFile.severalInside', file, first.name, other.name);
  const chosen = first ?? found.toSorted((a, b) => b.symbols.length - a.symbols.length).at(0);
  if (!chosen || chosen.symbols.length === 0 || (!first && refused > chosen.symbols.length)) throw refusal;
  return chosen.symbols;
}

/** @param entries symbol and id  Throws a UserError unless the ids are those below the number of symbols, or, in a model of one symbol more, 1 and on. */
export function inOrder(entries: readonly (readonly [string, unknown])[], size: number, file: string): string[] {
  const ids = entries.map(([symbol, id]) => {
    if (typeof id !== 'number' || !Number.isInteger(id) || id < 0)
      throw new UserError('error.vocabularyFile.idInvalid', file, symbol, inShort(id));
    return id;
  });
  const n = entries.length;
  const isFromOne = n > 0 && ids.every((id) => id >= 1 && id <= n) && new Set(ids).size === n;
  if (isFromOne && size !== n + 1) throw new UserError('error.vocabularyFile.idsFromOne', file, n, n + 1, size);
  const symbols = new Array<string | undefined>(n + Number(isFromOne)).fill(undefined);
  if (isFromOne) symbols[0] = paddingNames.find((name) => entries.every(([symbol]) => symbol !== name)) ?? '';
  entries.forEach(([symbol], i) => {
    const id = ids[i];
    if (id >= symbols.length)
      throw new UserError('error.vocabularyFile.idOutOfRange', symbol, id, file, symbols.length);
    if (symbols[id] !== undefined) throw new UserError('error.vocabularyFile.idTwice', file, id, symbols[id], symbol);
    symbols[id] = symbol;
  });
  return symbols as string[];
}

const maxShown = 40;

/** A value of a file in a sentence: of what holds other values only that it does. */
export function inShort(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? '[]' : '[…]';
  if (isRecord(value)) return Object.keys(value).length === 0 ? '{}' : '{…}';
  const text = JSON.stringify(value ?? null);
  return text.length <= maxShown ? text : `${text.slice(0, maxShown)}…`;
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
