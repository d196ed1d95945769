/** How a vocabulary is kept in a checkpoint's metadata: its symbols as a JSON array, and beside it what its tokens are. */
import { isTokenizer, namedUnits, type ReadUnit } from '../tokens/tokenUnit';
import { noSpecials, Vocabulary, type Specials } from '../core/corpus/vocabulary';
import { keptTokenizer } from './tokenizerFile';

/** Both parsed from JSON. */
export interface VocabularyFields {
  /** Strings; id = index. */
  readonly symbols: unknown;
  /** `unit`, for a tokenizer.json `tokenizer` too, and the ids of the specials, null where there is none. Undefined in older files: code points, no specials. */
  readonly tokens: unknown;
}

export function formatVocabulary({ symbols, unit, specials, isOfOthers, lineEnd }: Vocabulary): {
  symbols: string;
  tokens: string;
} {
  return {
    symbols: JSON.stringify(symbols),
    tokens: JSON.stringify({
      ...(isTokenizer(unit) ? { unit: 'tokenizer', tokenizer: unit } : { unit }),
      ...specials,
      ...(isOfOthers && { isOfOthers }),
      ...(lineEnd !== null && { lineEnd }),
    }),
  };
}

/** Null where the fields are no vocabulary. Throws a UserError for symbols that are wrong. */
export function parseVocabulary({ symbols, tokens }: VocabularyFields): Vocabulary | null {
  if (!Array.isArray(symbols) || !symbols.every((symbol) => typeof symbol === 'string')) return null;
  if (tokens === undefined) return new Vocabulary(symbols);
  if (typeof tokens !== 'object' || tokens === null) return null;
  const fields = tokens as Readonly<Record<string, unknown>>;
  const unit = parseUnit(fields, symbols);
  const specials = parseSpecials(fields, symbols.length);
  const lineEnd = fields['lineEnd'] ?? null;
  if (unit === 'numbers' && symbols.length > 0) return null;
  if (!unit || !specials || !(lineEnd === null || isIndex(lineEnd, symbols.length))) return null;
  return new Vocabulary(symbols, unit, specials, fields['isOfOthers'] === true, lineEnd);
}

function isIndex(value: unknown, length: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < length;
}

/** Null where there is none, or its tokens are not these symbols. */
function parseUnit(fields: Readonly<Record<string, unknown>>, symbols: readonly string[]): ReadUnit | null {
  const { unit, tokenizer } = fields;
  if (unit !== 'tokenizer') return namedUnits.find((name) => name === unit) ?? null;
  return keptTokenizer(tokenizer, symbols);
}

/** Null unless the specials have ids, each its own; in a vocabulary of Backflow's own they are the first. */
function parseSpecials(fields: Readonly<Record<string, unknown>>, size: number): Specials | null {
  const specials: Record<keyof Specials, number | null> = { ...noSpecials };
  for (const name of ['sos', 'eos', 'unknown', 'mask'] as const) {
    const id = fields[name] ?? null;
    if (id !== null && typeof id !== 'number') return null;
    specials[name] = id;
  }
  const ids = Object.values(specials).filter((id) => id !== null);
  if (fields['isOfOthers'] !== true && ids.some((id) => id >= ids.length)) return null;
  return new Set(ids).size === ids.length && ids.every((id) => isIndex(id, size)) ? specials : null;
}
