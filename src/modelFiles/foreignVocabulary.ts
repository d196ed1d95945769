/**
 * Vocabularies that come with models of other tools: the symbols as JSON (symbolList.ts), a tokenizer.json of Hugging Face with a character- or word-level model, or what exporters leave in a model's metadata.
 */
import { UserError } from '../userError';
import { byteSymbol, codePointOf, lineEnds, type ReadUnit } from '../tokens/tokenUnit';
import { noSpecials, Vocabulary } from '../core/corpus/vocabulary';
import { inOrder, inShort, isRecord, symbolsOf } from './symbolList';
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
  return vocabularyOfSymbols(symbolsOf(parsed, size, file), size, file, null, null);
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
    const found = parsedSymbols(text, size, file);
    if (found?.length === size) return vocabularyOfSymbols(found, size, file, null, null);
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

/** JSON, or a plain list of characters. */
function parsedSymbols(text: string, size: number, file: string): readonly string[] | null {
  try {
    return symbolsOf(JSON.parse(text), size, file);
  } catch {
    return Array.from(text);
  }
}

/** @param unknown the unknown symbol's id where the file says so  @param unit where the file says so */
function vocabularyOfSymbols(
  symbols: readonly string[],
  size: number,
  file: string,
  unknown: number | null,
  unit: ReadUnit | null,
): FoundVocabulary {
  if (symbols.length !== size) throw new UserError('error.vocabularyFile.wrongSize', size, file, symbols.length);
  const conventional = symbols.findIndex((symbol) => unknownNames.includes(symbol));
  const unknownId = unknown ?? (conventional < 0 ? null : conventional);
  const notices = unknownId === null ? [] : [new UserError('notice.vocabulary.unknownToken', symbols[unknownId])];
  const ownUnit = unit ?? unitOf(symbols);
  // A tokenizer says itself what it does with line ends.
  const lineEnd = unit === null ? lineEndOf(symbols) : null;
  if (lineEnd !== null) notices.push(new UserError('notice.vocabulary.lineEnds', symbols[lineEnd]));
  return {
    vocabulary: new Vocabulary(
      symbols,
      ownUnit === 'whitespace' && lineEnd !== null ? 'wordOrLineEnd' : ownUnit,
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

/** https://huggingface.co/docs/tokenizers: model, pre_tokenizer, normalizer, added_tokens. */
function vocabularyOfTokenizer(
  tokenizer: Readonly<Record<string, unknown>>,
  size: number,
  file: string,
): FoundVocabulary {
  const model = tokenizer['model'] as Readonly<Record<string, unknown>>;
  const type = typeof model['type'] === 'string' ? model['type'] : 'BPE';
  const merges = model['merges'];
  const isCharacterBpe = type === 'BPE' && Array.isArray(merges) && merges.length === 0;
  if (type !== 'WordLevel' && !isCharacterBpe) throw new UserError('error.tokenizer.kind', file, type);
  if (isGiven(tokenizer['normalizer']))
    throw new UserError('error.tokenizer.normalizer', file, typeOf(tokenizer['normalizer']));
  if (!isRecord(model['vocab'])) throw new UserError('error.tokenizer.noVocabulary', file);
  const ids = new Map<string, unknown>(Object.entries(model['vocab']));
  const added = Array.isArray(tokenizer['added_tokens']) ? (tokenizer['added_tokens'] as unknown[]) : [];
  for (const token of added)
    if (isRecord(token) && typeof token['content'] === 'string') ids.set(token['content'], token['id']);
  const symbols = inOrder(Array.from(ids), size, file);
  const unknown = typeof model['unk_token'] === 'string' ? symbols.indexOf(model['unk_token']) : -1;
  return vocabularyOfSymbols(
    symbols,
    size,
    file,
    unknown < 0 ? null : unknown,
    unitOfPreTokenizer(tokenizer['pre_tokenizer'], isCharacterBpe, symbols, file),
  );
}

function unitOfPreTokenizer(pre: unknown, isCharacters: boolean, symbols: readonly string[], file: string): ReadUnit {
  if (isCharacters) return 'codePoint';
  if (!isGiven(pre)) {
    const unit = unitOf(symbols);
    if (unit === 'codePoint') return unit;
    throw new UserError('error.tokenizer.noPreTokenizer', file);
  }
  const type = typeOf(pre);
  if (type === 'WhitespaceSplit') return 'whitespace';
  if (type === 'Whitespace') return 'wordOrPunctuation';
  const parts = isRecord(pre) && Array.isArray(pre['pretokenizers']) ? (pre['pretokenizers'] as unknown[]) : [];
  if (type === 'Sequence' && parts.length === 1) return unitOfPreTokenizer(parts[0], false, symbols, file);
  if (type === 'Split' && isRecord(pre) && isEveryCharacter(pre)) return 'codePoint';
  throw new UserError('error.tokenizer.preTokenizer', file, type);
}

/** A Split at "" or at every character. */
function isEveryCharacter({ pattern, behavior }: Readonly<Record<string, unknown>>): boolean {
  if (!isRecord(pattern) || behavior === 'Removed') return false;
  return (
    pattern['String'] === '' ||
    ['', '.', '(?s).', '[\\s\\S]', '(?s:.)', '.|\\n', '(.|\\n)'].includes(String(pattern['Regex']))
  );
}

function isGiven(part: unknown): boolean {
  return part !== null && part !== undefined;
}

function typeOf(part: unknown): string {
  return isRecord(part) && typeof part['type'] === 'string' ? part['type'] : inShort(part);
}
