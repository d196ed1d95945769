/**
 * Vocabularies that come with models of other tools: a JSON array (id = index) or object (symbol → id), a tokenizer.json of Hugging Face,
 * or what exporters leave in a model's metadata.
 */
import { UserError } from '../userError';
import { codePointOf, type ReadUnit } from '../tokens/tokenUnit';
import { noSpecials, Vocabulary } from '../core/corpus/vocabulary';
import { vocabularyOfTokenizer } from './tokenizerFile';
import { parseVocabulary } from './vocabularyFormat';

export interface FoundVocabulary {
  readonly vocabulary: Vocabulary;
  readonly notices: readonly UserError[];
}

/** Names that stand for a symbol which the vocabulary lacks. */
const unknownNames = ['<unk>', '[UNK]', '<UNK>', '<unknown>', '<oov>', '<|unk|>', '[unk]'];
/** Under these keys models keep their vocabulary. */
const metadataKeys = [
  'vocabulary',
  'vocab',
  'itos',
  'stoi',
  'char_to_idx',
  'char2idx',
  'chars',
  'symbols',
  'idx_to_char',
];

/** @param text of the file  @param size V, of the model  Throws a UserError for what is no vocabulary of this size. */
export function vocabularyOfFile(text: string, size: number, file: string): FoundVocabulary {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new UserError('error.vocabularyFile.notJson', file);
  }
  if (isRecord(parsed) && isRecord(parsed['model'])) return vocabularyOfTokenizer(parsed, size, file);
  return vocabularyOfSymbols(symbolsOf(parsed, file), size, file);
}

/** Of a model's metadata; null where there is none. */
export function vocabularyOfMetadata(
  metadata: ReadonlyMap<string, string>,
  size: number,
  file: string,
): FoundVocabulary | null {
  const own = ownVocabulary(metadata);
  if (own?.size === size) return { vocabulary: own, notices: [] };
  for (const key of metadataKeys) {
    const text = metadata.get(key);
    if (text === undefined) continue;
    const found = parsedSymbols(text, file);
    if (found?.length === size) return vocabularyOfSymbols(found, size, file);
  }
  return null;
}

/** As Backflow writes it beside weights; null where that is not what stands there. */
function ownVocabulary(metadata: ReadonlyMap<string, string>): Vocabulary | null {
  try {
    const parsed = (key: string): unknown => JSON.parse(metadata.get(key) ?? '');
    return parseVocabulary({ symbols: parsed('vocabulary'), tokens: parsed('tokens') });
  } catch {
    return null;
  }
}

/** The text's own code points, sorted, where there are as many as the model knows. Throws a UserError otherwise. */
export function vocabularyOfText(text: string | null, size: number, file: string): FoundVocabulary {
  if (text === null) throw new UserError('error.vocabularyFile.needed', file, size).needing('vocabulary');
  const symbols = Array.from(new Set(text)).sort((a, b) => (a.codePointAt(0) ?? 0) - (b.codePointAt(0) ?? 0));
  if (symbols.length !== size) {
    throw new UserError('error.vocabularyFile.neededForText', file, symbols.length, size).needing('vocabulary');
  }
  const notice = new UserError('notice.vocabulary.charactersOfText', size);
  return { vocabulary: new Vocabulary(symbols), notices: [notice] };
}

/** JSON, or a plain list of characters. */
function parsedSymbols(text: string, file: string): readonly string[] | null {
  try {
    return symbolsOf(JSON.parse(text), file);
  } catch {
    return Array.from(text);
  }
}

/** Symbols in the order of their ids. Throws a UserError. */
function symbolsOf(parsed: unknown, file: string): string[] {
  if (Array.isArray(parsed)) {
    const wrong = parsed.findIndex((symbol) => typeof symbol !== 'string');
    if (wrong >= 0) throw new UserError('error.vocabularyFile.entryNotText', file, wrong);
    return parsed as string[];
  }
  if (!isRecord(parsed)) throw new UserError('error.vocabularyFile.notVocabulary', file);
  const entries = Object.entries(parsed);
  // Some tools write id → symbol.
  if (entries.length > 0 && entries.every(([key, value]) => /^\d+$/.test(key) && typeof value === 'string')) {
    return inOrder(
      entries.map(([key, value]) => [String(value), Number(key)]),
      file,
    );
  }
  return inOrder(
    entries.map(([symbol, id]) => [symbol, id]),
    file,
  );
}

function inOrder(entries: readonly (readonly [string, unknown])[], file: string): string[] {
  const symbols = new Array<string | undefined>(entries.length).fill(undefined);
  for (const [symbol, id] of entries) {
    if (typeof id !== 'number' || !Number.isInteger(id) || id < 0)
      throw new UserError('error.vocabularyFile.idInvalid', file, symbol, JSON.stringify(id));
    if (id >= symbols.length)
      throw new UserError('error.vocabularyFile.idOutOfRange', symbol, id, file, symbols.length);
    if (symbols[id] !== undefined) throw new UserError('error.vocabularyFile.idTwice', file, id, symbols[id], symbol);
    symbols[id] = symbol;
  }
  return symbols as string[];
}

function vocabularyOfSymbols(symbols: readonly string[], size: number, file: string): FoundVocabulary {
  if (symbols.length !== size) throw new UserError('error.vocabularyFile.wrongSize', size, file, symbols.length);
  const conventional = symbols.findIndex((symbol) => unknownNames.includes(symbol));
  const unknownId = conventional < 0 ? null : conventional;
  const notices = unknownId === null ? [] : [new UserError('notice.vocabulary.unknownToken', symbols[unknownId])];
  return {
    vocabulary: new Vocabulary(symbols, unitOf(symbols), { ...noSpecials, unknown: unknownId }, true),
    notices,
  };
}

/** Characters, unless there are words among the symbols; names in brackets are neither. */
function unitOf(symbols: readonly string[]): ReadUnit {
  const plain = symbols.filter((symbol) => symbol !== '' && !isBracketed(symbol));
  if (plain.every((symbol) => codePointOf(symbol) >= 0)) return 'codePoint';
  const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });
  if (plain.every((symbol) => Array.from(graphemes.segment(symbol)).length === 1)) return 'grapheme';
  return plain.includes(' ') ? 'word' : 'whitespace';
}

function isBracketed(symbol: string): boolean {
  return /^(<.+>|\[.+\])$/u.test(symbol);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
