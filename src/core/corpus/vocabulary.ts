/** Symbols and their ids: what tokens a model knows. */
import { UserError } from '../../userError';
import { makeIds, type Ids } from './ids';
import { knowingReader, type TokenReader } from './tokenReader';
import {
  byteOf,
  codePointOf,
  isForeign,
  isTokenizer,
  lineEnds,
  symbolsOf,
  type ReadUnit,
} from '../../tokens/tokenUnit';
import { tokenizerOf } from '../../tokens/tokenizers';

/** Ids of the symbols that stand for no text; null where a vocabulary has none. */
export interface Specials {
  /** Before the first token of a sequence. */
  readonly sos: number | null;
  /** After its last. */
  readonly eos: number | null;
  /** In place of a symbol that the vocabulary lacks. */
  readonly unknown: number | null;
  /** In place of a token that is to be predicted. */
  readonly mask: number | null;
}

export type SpecialName = keyof Specials;

export const noSpecials: Specials = { sos: null, eos: null, unknown: null, mask: null };

/** How they are shown, in the order of their ids. A text with these characters is never mistaken for one. */
export const specialSymbols: Readonly<Record<SpecialName, string>> = {
  sos: '<sos>',
  eos: '<eos>',
  unknown: '<unk>',
  mask: '<mask>',
};

/** What stands in a text for a token that is none of its symbols. */
const replacement = '\ufffd';

export class Vocabulary {
  /** Id by a token's key (tokenReader.ts), −1 where there is none; none of a larger key. */
  private readonly idByKey: Int32Array;
  private readonly reader: TokenReader;
  /** Symbols that a text can yield, in the order of their ids. */
  private readonly known: readonly string[];
  private readonly specialIds: ReadonlySet<number>;
  /** The first id that is no special. */
  readonly firstKnown: number;

  /**
   * @param symbols in the order of their ids
   * @param isOfOthers a model of another tool: a symbol that is no token of this unit stays, though no text yields it
   * @param lineEnd id of the symbol that a line end is read as, in a vocabulary that has no line end itself; null where there is none
   * Throws a UserError unless every other symbol is one token of this unit, and none comes twice.
   */
  constructor(
    readonly symbols: readonly string[],
    readonly unit: ReadUnit = 'codePoint',
    readonly specials: Specials = noSpecials,
    readonly isOfOthers = false,
    readonly lineEnd: number | null = null,
  ) {
    this.specialIds = new Set(Object.values(specials).filter((id) => id !== null));
    const isReadable = (symbol: string, id: number) =>
      !this.specialIds.has(id) && (!isOfOthers || isToken(symbol, unit));
    const ids = Array.from(symbols.keys()).filter((id) => isReadable(symbols[id], id));
    this.firstKnown = ids.at(0) ?? 0;
    this.known = [...ids.map((id) => symbols[id]), ...(lineEnd === null ? [] : lineEndsOf(unit))];
    this.reader = knowingReader(unit, this.known);
    if (isTokenizer(unit)) {
      // Its reader gives ids, also the unknown token's.
      this.idByKey = Int32Array.from(symbols.keys());
      return;
    }
    const seen = new Set<string>();
    const keys = this.known.map((symbol, i) => {
      if (i >= ids.length) return keyIn(symbol, i, unit);
      if (seen.has(symbol)) throw new UserError('error.vocabulary.symbolTwice', symbol);
      seen.add(symbol);
      return keyOf(symbol, ids[i], i, unit);
    });
    this.idByKey = new Int32Array(1 + keys.reduce((largest, key) => Math.max(largest, key), -1)).fill(-1);
    keys.forEach((key, i) => (this.idByKey[key] = i < ids.length ? ids[i] : (lineEnd ?? -1)));
  }

  get size(): number {
    return this.symbols.length;
  }

  /**
   * Ids of a text's tokens. A symbol the vocabulary lacks becomes the unknown token; without one, throws a UserError that lists
   * such symbols.
   */
  encode(text: string): Ids {
    const keys = new Int32Array(this.reader.max(text, true));
    const { tokens } = this.reader.read(text, keys, true);
    const ids = makeIds(tokens, this.size);
    this.toIds(keys, tokens, ids, 0, text);
    return ids;
  }

  /** A reader for `toIds`. */
  newReader(): TokenReader {
    return knowingReader(this.unit, this.known);
  }

  /** Writes the ids of `tokens` keys into `ids` from `start` on; `text`, which they were read from, is for the sentence of `encode`. */
  toIds(keys: Int32Array, tokens: number, ids: Ids, start: number, text: string): void {
    const { idByKey } = this;
    const unknown = this.specials.unknown ?? -1;
    let isMissing = false;
    for (let i = 0; i < tokens; i++) {
      const key = keys[i];
      const known = key < 0 || key >= idByKey.length ? -1 : idByKey[key];
      const id = known < 0 ? unknown : known;
      if (id < 0) isMissing = true;
      ids[start + i] = id;
    }
    if (isMissing) throw this.unknownSymbols(text);
  }

  /**
   * Ids of a text that something is to follow: without the tokens that a tokenizer.json puts behind every text. Throws a UserError as `encode` does.
   */
  encodePrompt(text: string): Ids {
    const ids = this.encode(text);
    return isTokenizer(this.unit) ? ids.subarray(0, ids.length - tokenizerOf(this.unit).template.behind.length) : ids;
  }

  /** The text of some tokens; nothing for a sequence's beginning and end, “�” for an unknown or masked token. */
  decode(ids: Iterable<number>): string {
    const { sos, eos } = this.specials;
    const shown = Array.from(ids).filter((id) => id !== sos && id !== eos);
    if (this.unit === 'byte') return this.decodeBytes(shown);
    if (isTokenizer(this.unit)) return tokenizerOf(this.unit).decode(shown);
    const separator = isForeign(this.unit) ? ' ' : '';
    let text = '';
    let isAtStart = true;
    for (const id of shown) {
      const isLineEnd = id === this.lineEnd;
      if (!isAtStart && !isLineEnd) text += separator;
      text += isLineEnd ? '\n' : this.specialIds.has(id) ? replacement : this.symbols[id];
      isAtStart = isLineEnd;
    }
    return text;
  }

  /**
   * The text of some tokens behind another: a tokenizer.json may write a word with a space before it, but for the first.
   * @param before null where they begin a text
   */
  decodeBehind(before: number | null, ids: readonly number[]): string {
    const alone = this.decode(ids);
    if (before === null || !isTokenizer(this.unit)) return alone;
    const [start, whole] = [this.decode([before]), this.decode([before, ...ids])];
    return whole.startsWith(start) ? whole.slice(start.length) : alone;
  }

  /** Bytes that are no UTF-8 become “�” too. */
  private decodeBytes(ids: readonly number[]): string {
    const replacementBytes = [0xef, 0xbf, 0xbd];
    const bytes = ids.flatMap((id) => (this.specialIds.has(id) ? replacementBytes : [byteOf(this.symbols[id])]));
    return new TextDecoder('utf-8', { ignoreBOM: true }).decode(Uint8Array.from(bytes));
  }

  private unknownSymbols(text: string): UserError {
    const known = new Set(this.known);
    const unknown = new Set<string>();
    for (const symbol of symbolsOf(text, this.unit)) if (!known.has(symbol)) unknown.add(symbol);
    const list = Array.from(unknown).slice(0, 5).map(describe).join(', ') + (unknown.size > 5 ? ' …' : '');
    // What an editor does not show, and a person cannot guess.
    if (text.includes('\r\n') && (unknown.has('\r') || unknown.has('\r\n')))
      return new UserError('error.vocabulary.crlf', list);
    if (unknown.has('\r')) return new UserError('error.vocabulary.cr', list);
    return new UserError('error.vocabulary.symbolUnknown', list);
  }
}

/** Of a model of numbers, which has no symbols. */
export function vocabularyOfNumbers(): Vocabulary {
  return new Vocabulary([], 'numbers');
}

/** The line ends that are one token each; of code points "\r\n" is two, and the first is none. */
function lineEndsOf(unit: ReadUnit): readonly string[] {
  return unit === 'codePoint' ? ['\n'] : unit === 'byte' ? [] : lineEnds;
}

/** `index` among the symbols that are no specials. Throws a UserError for what is no symbol of this unit. */
function keyOf(symbol: string, id: number, index: number, unit: ReadUnit): number {
  const key = isToken(symbol, unit) ? keyIn(symbol, index, unit) : -1;
  if (key >= 0) return key;
  if (unit === 'codePoint') throw new UserError('error.vocabulary.symbolNotOneCharacter', id, symbol);
  throw new UserError(
    'error.vocabulary.symbolNotOneToken',
    id,
    symbol,
    isTokenizer(unit) ? { key: 'quantity.tokenizer', args: [] } : unit,
  );
}

/** Whether a text can yield it. */
function isToken(symbol: string, unit: ReadUnit): boolean {
  return keyIn(symbol, 0, unit) >= 0;
}

function keyIn(symbol: string, index: number, unit: ReadUnit): number {
  return unit === 'codePoint' ? codePointOf(symbol) : unit === 'byte' ? byteOf(symbol) : symbol === '' ? -1 : index;
}

function describe(symbol: string): string {
  if (symbol === '\r\n') return 'U+000D U+000A';
  const codePoint = codePointOf(symbol);
  if (codePoint < 0) return `“${symbol}”`;
  const hex = codePoint.toString(16).toUpperCase().padStart(4, '0');
  return codePoint > 0x20 ? `“${symbol}” (U+${hex})` : `U+${hex}`;
}
