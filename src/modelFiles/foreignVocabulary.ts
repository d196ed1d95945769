/**
 * Vocabularies that come with models of other tools: the symbols as JSON (symbolList.ts), a tokenizer.json of Hugging Face (tokenizerFile.ts), or what
 * exporters leave in a model's metadata.
 */
import { UserError } from '../userError';
import { byteSymbol, codePointOf, lineEnds, type ReadUnit } from '../tokens/tokenUnit';
import { noSpecials, Vocabulary } from '../core/corpus/vocabulary';
import { tokenizerOfKeras } from './kerasTokenizer';
import { isNested, isRecord, symbolsOf } from './symbolList';
import { vocabularyOfTokenizer } from './tokenizerFile';
import { parseVocabulary } from './vocabularyFormat';

export interface FoundVocabulary {
  readonly vocabulary: Vocabulary;
  readonly notices: readonly UserError[];
}

/** Names that stand for a symbol which the vocabulary lacks. */
const unknownNames = ['<unk>', '[UNK]', '<UNK>', '<unknown>', '<oov>', '<|unk|>', '[unk]'];
/** Names that stand for a line's end, those that say so first. */
const lineEndNames = ['<eol>', '<nl>', '<newline>', '<eos>', '<EOS>', '[EOS]', '</s>'];
/** Under these keys models keep their vocabulary. */
export const metadataKeys: readonly string[] = [
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
  if (isRecord(parsed)) {
    const ofKeras = tokenizerOfKeras(parsed, file);
    if (ofKeras) return vocabularyOfTokenizer(ofKeras, size, file);
    // Other files have a model too, such as its sizes beside the symbols.
    const { model } = parsed;
    if (isRecord(model) && isNested(model['vocab'])) return vocabularyOfTokenizer(parsed, size, file);
  }
  return vocabularyOfSymbols(symbolsOf(parsed, size, file), size, file);
}

/** Before this, in the metadata of a checkpoint, stands the place of what has the form of a vocabulary though it is called something else. */
export const placePrefix = 'vocabulary in ';

/** Under this the name of what a checkpoint has in the place of a vocabulary, and is none that is read. */
export const unreadKey = 'vocabulary that is not read';

/** Of a model's metadata; null where there is none. Throws a UserError where it has several that differ: which one the model was trained with, nothing says. */
export function vocabularyOfMetadata(
  metadata: ReadonlyMap<string, string>,
  size: number,
  file: string,
): FoundVocabulary | null {
  const own = ownVocabulary(metadata);
  if (own?.size === size) return { vocabulary: own, notices: [] };
  const found = symbolsOfMetadata(metadata, size, file);
  if (found.length === 0) return null;
  const [first] = found;
  const other = found.find(({ symbols }) => symbols.some((symbol, id) => symbol !== first.symbols[id]));
  if (other)
    throw new UserError('error.vocabularyFile.severalInside', file, first.place, other.place).needing('vocabulary');
  const { vocabulary, notices } = vocabularyOfSymbols(first.symbols, size, file);
  return first.isNamed
    ? { vocabulary, notices }
    : { vocabulary, notices: [new UserError('notice.vocabulary.place', file, first.place), ...notices] };
}

/** Whether it has one, or several that differ. */
export function hasVocabularyOf(metadata: ReadonlyMap<string, string>, size: number, file: string): boolean {
  return ownVocabulary(metadata)?.size === size || symbolsOfMetadata(metadata, size, file).length > 0;
}

interface FoundSymbols {
  readonly place: string;
  readonly symbols: readonly string[];
  /** By its key. */
  readonly isNamed: boolean;
}

/** Those of a model's size: under the usual keys, or else under any. */
function symbolsOfMetadata(metadata: ReadonlyMap<string, string>, size: number, file: string): FoundSymbols[] {
  const found = Array.from(metadata, ([key, text]): FoundSymbols | null => {
    const isNamed = metadataKeys.includes(key);
    if (!isNamed && !key.startsWith(placePrefix)) return null;
    const symbols = parsedSymbols(text, size, file) ?? (isNamed ? Array.from(text) : []);
    return { place: isNamed ? key : key.slice(placePrefix.length), symbols, isNamed };
  }).filter((each) => each !== null);
  const exact = found.filter(({ symbols }) => symbols.length === size);
  const named = exact.filter(({ isNamed }) => isNamed);
  if (named.length > 0) return inOrderOfKeys(named);
  const rounded = found.filter(({ symbols, isNamed }) => isNamed && isRoundedUp(symbols.length, size));
  return rounded.length > 0 ? inOrderOfKeys(rounded) : exact;
}

function inOrderOfKeys(found: readonly FoundSymbols[]): FoundSymbols[] {
  return found.toSorted((a, b) => metadataKeys.indexOf(a.place) - metadataKeys.indexOf(b.place));
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

/** As `vocabularyOfText`, of a model that has none in its metadata. What stands there and is not read is said. */
export function vocabularyBeside(
  metadata: ReadonlyMap<string, string>,
  text: string | null,
  size: number,
  file: string,
): FoundVocabulary {
  const { vocabulary, notices } = vocabularyOfText(text, size, file);
  const unread = metadata.get(unreadKey);
  return unread === undefined
    ? { vocabulary, notices }
    : { vocabulary, notices: [new UserError('notice.vocabulary.unread', file, unread), ...notices] };
}

/** The text's own code points, sorted, where there are as many as the model knows; of a model of 256 symbols else the bytes. Throws a UserError otherwise. */
export function vocabularyOfText(text: string | null, size: number, file: string): FoundVocabulary {
  const symbols = Array.from(new Set(text)).sort((a, b) => (a.codePointAt(0) ?? 0) - (b.codePointAt(0) ?? 0));
  if (text !== null && symbols.length === size) {
    const notice = new UserError('notice.vocabulary.charactersOfText', size);
    return { vocabulary: new Vocabulary(symbols), notices: [notice] };
  }
  if (size === byteCount)
    return { vocabulary: vocabularyOfBytes(), notices: [new UserError('notice.vocabulary.bytes')] };
  throw (
    text === null
      ? new UserError('error.vocabularyFile.needed', file, size)
      : new UserError('error.vocabularyFile.neededForText', file, symbols.length, size)
  ).needing('vocabulary');
}

const byteCount = 256;

/** The 256 bytes, id = byte. */
export function vocabularyOfBytes(): Vocabulary {
  return new Vocabulary(
    Array.from({ length: byteCount }, (_, byte) => byteSymbol(byte)),
    'byte',
    noSpecials,
    true,
  );
}

/** Of a model whose tokens are said to be bytes. @param own what its file has, if it has one  Throws a UserError where they cannot be. */
export function vocabularyAsBytes(own: Vocabulary | null, size: number, file: string): Vocabulary {
  if (own?.unit === 'byte') return own;
  if (own && !own.isOfOthers) throw new UserError('error.vocabulary.ownNotBytes', file);
  if (size !== byteCount) throw new UserError('error.vocabulary.notBytes', file, size);
  return vocabularyOfBytes();
}

/** Of JSON; null of what is none, or no vocabulary, as a plain list of characters. */
function parsedSymbols(text: string, size: number, file: string): readonly string[] | null {
  try {
    return symbolsOf(JSON.parse(text), size, file);
  } catch {
    return null;
  }
}

/** Numbers that people round their vocabularies up to a multiple of: processors like them. */
const roundings = [8, 16, 32, 64, 128, 256];

/** Whether a model of `size` symbols is one of `given` of them, rounded up. */
function isRoundedUp(given: number, size: number): boolean {
  return given > 0 && given < size && roundings.some((multiple) => Math.ceil(given / multiple) * multiple === size);
}

function vocabularyOfSymbols(given: readonly string[], size: number, file: string): FoundVocabulary {
  const padding = isRoundedUp(given.length, size)
    ? Array.from({ length: size - given.length }, (_, i) => `<padding ${given.length + i}>`)
    : [];
  const symbols = [...given, ...padding];
  if (symbols.length !== size) throw new UserError('error.vocabularyFile.wrongSize', size, file, symbols.length);
  const conventional = symbols.findIndex((symbol) => unknownNames.includes(symbol));
  const unknownId = conventional < 0 ? null : conventional;
  const notices = unknownId === null ? [] : [new UserError('notice.vocabulary.unknownToken', symbols[unknownId])];
  if (padding.length > 0) notices.push(new UserError('notice.vocabulary.padded', size, file, given.length));
  const unit = unitOf(symbols);
  const lineEnd = lineEndOf(symbols);
  if (lineEnd !== null) notices.push(new UserError('notice.vocabulary.lineEnds', symbols[lineEnd]));
  return {
    vocabulary: new Vocabulary(
      symbols,
      unit === 'whitespace' && lineEnd !== null ? 'wordOrLineEnd' : unit,
      { ...noSpecials, unknown: unknownId },
      true,
      lineEnd,
    ),
    notices,
  };
}

/** Id of the symbol that stands for a line's end, where the vocabulary has no line end itself; else null. */
function lineEndOf(symbols: readonly string[]): number | null {
  if (symbols.some((symbol) => lineEnds.includes(symbol))) return null;
  const name = lineEndNames.find((each) => symbols.includes(each));
  return name === undefined ? null : symbols.indexOf(name);
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
