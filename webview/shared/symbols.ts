/** Tokens as marks one can see: spaces and line ends too, and nothing that turns the writing direction of what follows. */

const marks: ReadonlyMap<string, string> = new Map([
  ['\n', '⏎'],
  ['\r\n', '⏎'],
  ['\t', '→'],
  [' ', '·'],
  ['\r', '␍'],
  ['\u00a0', '⍽'],
  ['\u3000', '□'],
]);

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

/** Text in a sentence: line ends and tabs as marks, spaces as they are, bytes as the characters that they make. */
export function visibleText(symbols: readonly string[]): string {
  return withCharacters(symbols)
    .map((symbol) => (symbol === ' ' ? ' ' : visibleSymbol(symbol)))
    .join('');
}

/** Bytes that together are a character in UTF-8 as that character; others stay. */
function withCharacters(symbols: readonly string[]): string[] {
  const shown: string[] = [];
  for (let i = 0; i < symbols.length;) {
    let bytes = 1;
    while (
      bytes < 4 &&
      byteOf(symbols[i]) >= 0xc0 &&
      byteOf(symbols[i + bytes]) >= 0x80 &&
      byteOf(symbols[i + bytes]) < 0xc0
    )
      bytes++;
    const character = bytes > 1 ? new TextDecoder().decode(Uint8Array.from(symbols.slice(i, i + bytes), byteOf)) : '';
    const isOne = character !== '' && !character.includes('\ufffd');
    shown.push(...(isOne ? [character] : symbols.slice(i, i + bytes)));
    i += bytes;
  }
  return shown;
}

/** Of a byte beyond ASCII, which is written \xNN; −1 for other symbols. */
function byteOf(symbol: string | undefined): number {
  return symbol !== undefined && /^\\x[89A-F][0-9A-F]$/.test(symbol) ? parseInt(symbol.slice(2), 16) : -1;
}

/** Text that stands for itself, spaces too, and the marks in it. */
export function visiblePieces(text: string): { text: string; isMark: boolean }[] {
  const pieces: { text: string; isMark: boolean }[] = [];
  for (const { segment } of new Intl.Segmenter('en').segment(text)) {
    const isMark = segment !== ' ' && isMarked(segment);
    const shown = isMark ? visibleSymbol(segment) : segment;
    const last = pieces.at(-1);
    if (last?.isMark === isMark) last.text += shown;
    else pieces.push({ text: shown, isMark });
  }
  return pieces;
}

/** Whether a mark was put in the symbol's place, which is drawn fainter. */
export function isMarked(symbol: string): boolean {
  return visibleSymbol(symbol) !== symbol;
}
