/** What one token of a text is, and how it is written. */
import { numberSpans } from './numbers';
import { segmentsOf } from './segments';
import type { TokenizerDefinition } from './tokenizer/tokenizer';
import { tokenizerOf } from './tokenizers';

/** A Unicode code point, a grapheme cluster, a word (and what stands between words), or a byte of UTF-8. */
export type TokenUnit = 'codePoint' | 'grapheme' | 'word' | 'byte';

export const tokenUnits: readonly TokenUnit[] = ['codePoint', 'grapheme', 'word', 'byte'];

/**
 * How other tools' models read words, spaces aside: what stands between spaces, or runs of letters and digits and runs of other marks
 * (the pre-tokenizers WhitespaceSplit and Whitespace of Hugging Face); or what stands between spaces, and the line ends, as `line.split() + ["<eos>"]`
 * has it.
 */
export type ForeignUnit = 'whitespace' | 'wordOrPunctuation' | 'wordOrLineEnd';

/** Steps of sequences of numbers, which have no symbols: numbers.ts. */
export type NumberUnit = 'numbers';

/** Every way in which a text can be read; an object is a tokenizer.json. */
export type ReadUnit = TokenUnit | ForeignUnit | NumberUnit | TokenizerDefinition;

/** Spaces and word characters are Unicode's (UTS 18), as there, not those of JavaScript's `\s` and `\w`. */
const foreignPatterns: Readonly<Record<ForeignUnit, RegExp>> = {
  whitespace: /\P{White_Space}+/gu,
  wordOrLineEnd: /\r\n?|\n|\P{White_Space}+/gu,
  wordOrPunctuation:
    /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]+|[^\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}\p{White_Space}]+/gu,
};

/** Those that have a name. */
export const namedUnits: readonly (TokenUnit | ForeignUnit | NumberUnit)[] = [
  ...tokenUnits,
  'whitespace',
  'wordOrPunctuation',
  'wordOrLineEnd',
  'numbers',
];

/** Everything that can be a line end's token in some unit. */
export const lineEnds: readonly string[] = ['\n', '\r\n', '\r'];

export function isForeign(unit: ReadUnit): unit is ForeignUnit {
  return typeof unit === 'string' && Object.hasOwn(foreignPatterns, unit);
}

export function isTokenizer(unit: ReadUnit): unit is TokenizerDefinition {
  return typeof unit === 'object';
}

/** Whether they cut every text the same; a tokenizer that has crossed a link is another object. */
export function isSameUnit(a: ReadUnit, b: ReadUnit): boolean {
  return a === b || (isTokenizer(a) && isTokenizer(b) && JSON.stringify(a) === JSON.stringify(b));
}

/** The words of a text for another tool's model. */
export function foreignWords(text: string, unit: ForeignUnit): string[] {
  return text.match(foreignPatterns[unit]) ?? [];
}

/** Where they stand, in UTF-16 units. */
export function* foreignSpans(text: string, unit: ForeignUnit): Generator<{ start: number; end: number }> {
  for (const { index, 0: word } of text.matchAll(foreignPatterns[unit]))
    yield { start: index, end: index + word.length };
}

/** The symbols of a text's tokens, in order; of a tokenizer.json, where it has none, what stands there. */
export function symbolsOf(text: string, unit: ReadUnit): Iterable<string> {
  if (isTokenizer(unit)) {
    const tokenizer = tokenizerOf(unit);
    const { ids, starts, ends } = tokenizer.encode(text);
    return ids.map((id, i) => (id < 0 ? text.slice(starts[i], ends[i]) : tokenizer.symbols[id]));
  }
  switch (unit) {
    case 'codePoint':
      return text;
    case 'byte':
      return Array.from(bytesOf(text), byteSymbol);
    case 'grapheme':
    case 'word':
      return segmentsOf(text, unit);
    case 'numbers':
      return Array.from(numberSpans(text), ({ start, end }) => text.slice(start, end));
    default:
      return foreignWords(text, unit);
  }
}

/**
 * Bytes of any file as text: those that are no UTF-8 are lone surrogates, U+DC80 to U+DCFF, as Python's `surrogateescape` has them. No UTF-8 has
 * those, so that nothing is lost.
 */
export function escapedByte(byte: number): string {
  return String.fromCharCode(0xdc00 | byte);
}

/** The byte that a code point stands for as `escapedByte` writes it; −1 for others. */
export function byteOfEscape(codePoint: number): number {
  return codePoint >= 0xdc80 && codePoint <= 0xdcff ? codePoint & 0xff : -1;
}

/** The bytes of a text: UTF-8 (RFC 3629), and escaped bytes as they are. A lone surrogate that escapes no byte gives three bytes. */
export function* bytesOf(text: string): Generator<number> {
  for (const character of text) {
    const codePoint = character.codePointAt(0) ?? 0;
    const escaped = byteOfEscape(codePoint);
    if (escaped >= 0) {
      yield escaped;
    } else if (codePoint < 0x80) {
      yield codePoint;
    } else {
      const further = byteCount(codePoint) - 1;
      yield ((0xff00 >> (further + 1)) & 0xff) | (codePoint >> (6 * further));
      for (let shift = 6 * (further - 1); shift >= 0; shift -= 6) yield 0x80 | ((codePoint >> shift) & 0x3f);
    }
  }
}

/** How many bytes `bytesOf` gives of a code point. */
export function byteCount(codePoint: number): number {
  if (codePoint < 0x80 || byteOfEscape(codePoint) >= 0) return 1;
  return codePoint < 0x800 ? 2 : codePoint < 0x10000 ? 3 : 4;
}

/** An ASCII character as itself, any other byte as `\xNN`. */
export function byteSymbol(byte: number): string {
  return byte < 0x80 ? String.fromCharCode(byte) : `\\x${byte.toString(16).toUpperCase()}`;
}

/** The byte that `byteSymbol` writes so; −1 if there is none. */
export function byteOf(symbol: string): number {
  if (symbol.length === 1) return symbol.charCodeAt(0) < 0x80 ? symbol.charCodeAt(0) : -1;
  return /^\\x[89A-F][0-9A-F]$/.test(symbol) ? parseInt(symbol.slice(2), 16) : -1;
}

/** The symbol's only code point; −1 if it has none, or more. */
export function codePointOf(symbol: string): number {
  const codePoint = symbol.codePointAt(0) ?? -1;
  return codePoint >= 0 && symbol.length === String.fromCodePoint(codePoint).length ? codePoint : -1;
}
