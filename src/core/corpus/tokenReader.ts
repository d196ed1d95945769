/**
 * Reads texts token by token, as integers: a token's *key* is its code point, its byte, or, for graphemes and words, the index of
 * its symbol; of a tokenizer.json, the token's id. Long texts come in pieces, and a token may begin in one and end in the next.
 */
import { segmentsOfStretch, stretchEnd, type SegmentUnit } from '../../tokens/segments';
import type { Tokenizer } from '../../tokens/tokenizer/tokenizer';
import { tokenizerOf } from '../../tokens/tokenizers';
import {
  byteOfEscape,
  byteSymbol,
  foreignWords,
  isTokenizer,
  type ForeignUnit,
  type ReadUnit,
} from '../../tokens/tokenUnit';

export interface TokenReader {
  /** The most tokens that `read` can find in a text. */
  max(text: string, isWhole: boolean): number;
  /**
   * Writes the keys of the tokens of `text`, −1 for a symbol that is not known. `isWhole` says that nothing follows it.
   * Returns how many there are, and how many UTF-16 units they take: what is left must be given again, before what follows.
   */
  read(text: string, keys: Int32Array, isWhole: boolean): { readonly tokens: number; readonly consumed: number };
  symbol(key: number): string;
}

/** A reader that learns the symbols of graphemes and words as it meets them; those of a tokenizer.json are known. */
export function learningReader(unit: ReadUnit): TokenReader {
  return readerOf(unit, new Map(), true);
}

/** A reader for which the key of a grapheme or word is its index in `symbols`, and others are not known. */
export function knowingReader(unit: ReadUnit, symbols: readonly string[]): TokenReader {
  return readerOf(unit, new Map(symbols.map((symbol, key) => [symbol, key])), false);
}

function readerOf(unit: ReadUnit, known: Map<string, number>, learns: boolean): TokenReader {
  if (isTokenizer(unit)) return new TokenizerReader(tokenizerOf(unit));
  switch (unit) {
    case 'codePoint':
      return new CodePointReader();
    case 'byte':
      return new ByteReader();
    case 'grapheme':
    case 'word':
      return new SegmentReader(unit, known, learns);
    case 'numbers':
      return noSymbols;
    default:
      return new ForeignReader(unit, known);
  }
}

class CodePointReader implements TokenReader {
  max(text: string): number {
    return text.length;
  }

  read(text: string, keys: Int32Array): { tokens: number; consumed: number } {
    let tokens = 0;
    for (let i = 0; i < text.length; i++) {
      let key = text.charCodeAt(i);
      if (key >= 0xd800 && key < 0xdc00) {
        key = text.codePointAt(i) ?? key;
        // Half of a pair by itself is a symbol too.
        if (key > 0xffff) i++;
      }
      keys[tokens++] = key;
    }
    return { tokens, consumed: text.length };
  }

  symbol(key: number): string {
    return String.fromCodePoint(key);
  }
}

/** UTF-8 (RFC 3629), and bytes that are none (`escapedByte`). */
class ByteReader implements TokenReader {
  max(text: string): number {
    return 3 * text.length;
  }

  read(text: string, keys: Int32Array): { tokens: number; consumed: number } {
    let tokens = 0;
    for (let i = 0; i < text.length; i++) {
      const codePoint = text.codePointAt(i) ?? 0;
      if (codePoint < 0x80) {
        keys[tokens++] = codePoint;
        continue;
      }
      const escaped = byteOfEscape(codePoint);
      if (escaped >= 0) {
        keys[tokens++] = escaped;
        continue;
      }
      if (codePoint < 0x800) {
        keys[tokens++] = 0xc0 | (codePoint >> 6);
      } else if (codePoint < 0x10000) {
        keys[tokens++] = 0xe0 | (codePoint >> 12);
        keys[tokens++] = 0x80 | ((codePoint >> 6) & 0x3f);
      } else {
        i++;
        keys[tokens++] = 0xf0 | (codePoint >> 18);
        keys[tokens++] = 0x80 | ((codePoint >> 12) & 0x3f);
        keys[tokens++] = 0x80 | ((codePoint >> 6) & 0x3f);
      }
      keys[tokens++] = 0x80 | (codePoint & 0x3f);
    }
    return { tokens, consumed: text.length };
  }

  symbol(key: number): string {
    return byteSymbol(key);
  }
}

/** Stretches up to this length are remembered with their keys: finding segments takes far longer than looking them up. */
const maxRememberedLength = 32;
const maxRemembered = 100_000;

class SegmentReader implements TokenReader {
  private readonly symbols: string[];
  private readonly remembered = new Map<string, readonly number[]>();

  constructor(
    private readonly unit: SegmentUnit,
    private readonly known: Map<string, number>,
    private readonly learns: boolean,
  ) {
    this.symbols = [...known.keys()];
  }

  max(text: string): number {
    return text.length;
  }

  read(text: string, keys: Int32Array, isWhole: boolean): { tokens: number; consumed: number } {
    let tokens = 0;
    let start = 0;
    while (start < text.length) {
      const end = stretchEnd(text, start, isWhole);
      if (end === start) break;
      const stretch = text.slice(start, end);
      if (stretch.length <= maxRememberedLength) {
        for (const key of this.keysOf(stretch)) keys[tokens++] = key;
        start = end;
      } else {
        for (const segment of segmentsOfStretch(stretch, this.unit)) {
          keys[tokens++] = this.keyOf(segment);
          start += segment.length;
        }
      }
    }
    return { tokens, consumed: start };
  }

  symbol(key: number): string {
    return this.symbols[key];
  }

  private keysOf(stretch: string): readonly number[] {
    const remembered = this.remembered.get(stretch);
    if (remembered) return remembered;
    const keys = segmentsOfStretch(stretch, this.unit).map((segment) => this.keyOf(segment));
    if (this.remembered.size < maxRemembered) this.remembered.set(detached(stretch), keys);
    return keys;
  }

  private keyOf(segment: string): number {
    const key = this.known.get(segment);
    if (key !== undefined) return key;
    if (!this.learns) return -1;
    const symbol = detached(segment);
    this.known.set(symbol, this.symbols.length);
    return this.symbols.push(symbol) - 1;
  }
}

/** Numbers are read by `NumberCorpusReader`. */
const noSymbols: TokenReader = {
  max: () => 0,
  read: () => {
    throw new Error('numbers have no symbols');
  },
  symbol: () => '',
};

/** Of a text that comes as a whole. */
class ForeignReader implements TokenReader {
  private readonly symbols: string[];

  constructor(
    private readonly unit: ForeignUnit,
    private readonly known: ReadonlyMap<string, number>,
  ) {
    this.symbols = [...known.keys()];
  }

  max(text: string): number {
    return text.length;
  }

  read(text: string, keys: Int32Array): { tokens: number; consumed: number } {
    const words = foreignWords(text, this.unit);
    words.forEach((word, i) => (keys[i] = this.known.get(word) ?? -1));
    return { tokens: words.length, consumed: text.length };
  }

  symbol(key: number): string {
    return this.symbols[key];
  }
}

/** A text must come as a whole: where it could be cut depends on the tokenizer. */
class TokenizerReader implements TokenReader {
  private found: { readonly text: string; readonly ids: readonly number[] } = { text: '', ids: [] };

  constructor(private readonly tokenizer: Tokenizer) {}

  /** They are counted by finding them. */
  max(text: string, isWhole: boolean): number {
    return isWhole ? this.idsOf(text).length : 0;
  }

  read(text: string, keys: Int32Array, isWhole: boolean): { tokens: number; consumed: number } {
    if (!isWhole) return { tokens: 0, consumed: 0 };
    const ids = this.idsOf(text);
    keys.set(ids);
    return { tokens: ids.length, consumed: text.length };
  }

  private idsOf(text: string): readonly number[] {
    if (text !== this.found.text) this.found = { text, ids: this.tokenizer.encode(text).ids };
    return this.found.ids;
  }

  symbol(key: number): string {
    return this.tokenizer.symbols[key];
  }
}

/** The same string with characters of its own: a slice would keep the whole text it is of in memory. */
function detached(slice: string): string {
  return Array.from(slice).join('');
}
