/** Text in Markdown: nothing of a corpus may act as markup, an icon, a link or HTML in a hover. */

/** Marks for characters that cannot be seen. */
const marks: Readonly<Record<string, string>> = {
  ' ': '␣',
  '\n': '⏎',
  '\r': '␍',
  '\t': '⇥',
  '\u00a0': '⍽',
  '\u3000': '□',
};

/** What belongs to the character before it: marks, joiners, and the tags of flags. */
const joined = /^[\p{M}\p{Join_Control}\u{e0020}-\u{e007f}]$/u;

/** A symbol, or some, as one can read them: whitespace as marks, other invisible characters by their numbers. */
export function visibleSymbol(symbol: string): string {
  return Array.from(symbol, (character, index) =>
    index > 0 && joined.test(character) ? character : visibleCharacter(character),
  ).join('');
}

function visibleCharacter(symbol: string): string {
  const mark = marks[symbol];
  if (mark) return mark;
  if (/^[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{Zs}]$/u.test(symbol)) {
    return `U+${(symbol.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
  }
  // A combining mark needs something to stand on.
  return /^\p{M}$/u.test(symbol) ? `◌${symbol}` : symbol;
}

/** Every character of `text` as itself. */
export function escapeMarkdown(text: string): string {
  return text.replace(/[!-/:-@[-`{-~]/g, '\\$&');
}

/** Every symbol of `text`, made visible and escaped. */
export function markdownSymbols(text: string): string {
  return escapeMarkdown(visibleSymbol(text));
}
