/** Symbols of a corpus and their ids. A symbol is one Unicode code point; ids follow the order of code points. */
import { UserError } from '../userError';

const codePoints = 0x110000;

export class Vocabulary {
  /** Id by code point, −1 where there is none. */
  private readonly ids = new Int32Array(codePoints).fill(-1);

  /** Throws a UserError unless every symbol is one code point and none comes twice. */
  constructor(readonly symbols: readonly string[]) {
    symbols.forEach((symbol, id) => {
      const codePoint = symbol.codePointAt(0);
      if (codePoint === undefined || symbol.length !== String.fromCodePoint(codePoint).length) {
        throw new UserError('Symbol {0} of the vocabulary is “{1}”; each symbol must be one character.', id, symbol);
      }
      if (this.ids[codePoint] >= 0) throw new UserError('The vocabulary has the symbol “{0}” twice.', symbol);
      this.ids[codePoint] = id;
    });
  }

  /** The sorted set of a text's code points. */
  static of(text: string): Vocabulary {
    const seen = new Uint8Array(codePoints);
    for (let i = 0; i < text.length; i++) {
      const codePoint = text.codePointAt(i) ?? 0;
      seen[codePoint] = 1;
      if (codePoint > 0xffff) i++;
    }
    const symbols: string[] = [];
    for (let codePoint = 0; codePoint < codePoints; codePoint++) if (seen[codePoint] === 1) symbols.push(String.fromCodePoint(codePoint));
    return new Vocabulary(symbols);
  }

  get size(): number {
    return this.symbols.length;
  }

  /** Ids of a text's code points; throws a UserError that lists the symbols the vocabulary lacks. */
  encode(text: string): Int32Array {
    const ids = new Int32Array(text.length);
    const unknown = new Set<number>();
    let count = 0;
    for (let i = 0; i < text.length; i++) {
      const codePoint = text.codePointAt(i) ?? 0;
      if (codePoint > 0xffff) i++;
      const id = this.ids[codePoint];
      if (id < 0) unknown.add(codePoint);
      ids[count++] = id;
    }
    if (unknown.size > 0) throw unknownSymbols(unknown);
    return ids.subarray(0, count);
  }

  decode(ids: Iterable<number>): string {
    let text = '';
    for (const id of ids) text += this.symbols[id];
    return text;
  }
}

function unknownSymbols(codePoints: ReadonlySet<number>): UserError {
  const shown = [...codePoints].slice(0, 5).map((codePoint) => {
    const hex = codePoint.toString(16).toUpperCase().padStart(4, '0');
    return codePoint > 0x20 ? `“${String.fromCodePoint(codePoint)}” (U+${hex})` : `U+${hex}`;
  });
  const list = shown.join(', ') + (codePoints.size > shown.length ? ' …' : '');
  return new UserError('The model does not know {0}: the text it was trained on has no such symbol.', list);
}
