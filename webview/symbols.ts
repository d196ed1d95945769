/** Tokens as marks one can see: spaces and line ends too, and nothing that turns the writing direction of what follows. */

const marks: ReadonlyMap<string, string> = new Map([['\n', '⏎'], ['\r\n', '⏎'], ['\t', '→'], [' ', '·'], ['\r', '␍'], ['\u00a0', '⍽'], ['\u3000', '□']]);

/** A token in its column. */
export function visibleSymbol(symbol: string): string {
  const mark = marks.get(symbol);
  if (mark !== undefined) return mark;
  // What stands between two words can be several spaces.
  if (symbol.length > 1 && symbol.trim() === '') return Array.from(symbol, visibleSymbol).join('');
  const code = symbol.codePointAt(0) ?? 0;
  if (code < 0x20) return String.fromCodePoint(0x2400 + code);
  if (code === 0x7f) return '␡';
  if (/^\p{M}/u.test(symbol)) return '◌' + symbol;
  if (/^[\p{Cf}\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u.test(symbol)) return '␣';
  return symbol;
}

/** Text in a sentence: line ends and tabs as marks, spaces as they are. */
export function visibleText(symbols: readonly string[]): string {
  return symbols.map((symbol) => (symbol === ' ' ? ' ' : visibleSymbol(symbol))).join('');
}

/** Whether a mark was put in the symbol's place, which is drawn fainter. */
export function isMarked(symbol: string): boolean {
  return visibleSymbol(symbol) !== symbol;
}
