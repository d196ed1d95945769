/** What one token of a text is, and how it is written. */
import { segmentsOf } from './segments';

export type TokenUnit = 'codePoint' | 'grapheme' | 'word' | 'byte';

export const tokenUnits: readonly TokenUnit[] = ['codePoint', 'grapheme', 'word', 'byte'];

/** The symbols of a text's tokens, in order. */
export function symbolsOf(text: string, unit: TokenUnit): Iterable<string> {
  switch (unit) {
    case 'codePoint':
      return text;
    case 'byte':
      return Array.from(new TextEncoder().encode(text), byteSymbol);
    case 'grapheme':
    case 'word':
      return segmentsOf(text, unit);
  }
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
