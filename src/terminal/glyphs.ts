/** How a token looks in a terminal, and how many columns it takes. */
import { eastAsianWidth } from 'get-east-asian-width';

/** A token as it can be shown anywhere: nothing that moves the cursor, joins its neighbors or changes their direction. */
export function glyphOf(symbol: string): string {
  return Array.from(symbol, visible).join('');
}

function visible(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (character === '\n') return '⏎';
  if (character === '\t') return '⇥';
  if (code < 0x20) return String.fromCharCode(0x2400 + code);
  if (/\p{Zs}/u.test(character)) return code === 0x3000 ? character : ' ';
  // What combines with the letter before it is shown on a circle of its own.
  if (combining.test(character)) return `◌${character}`;
  // A byte that is no UTF-8.
  if (code >= 0xdc80 && code <= 0xdcff) return `\\x${(code & 0xff).toString(16).toUpperCase()}`;
  if (/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/u.test(character)) return '�';
  return character;
}

/** Marks, and the vowels and final consonants of decomposed Hangul: they take no column of their own. */
const combining = /^[\p{Mn}\p{Me}\u1160-\u11ff]$/u;

/** Columns of a glyph: two for wide East Asian characters and emoji. */
export function widthOf(glyph: string): number {
  let width = 0;
  for (const character of glyph) {
    if (!combining.test(character)) width += eastAsianWidth(character.codePointAt(0) ?? 0);
  }
  return width;
}

/** Text for a terminal, without what would control it: line breaks and tabs stay. */
export function harmless(text: string): string {
  return text.replace(/\p{Cc}/gu, (character) =>
    character === '\n' || character === '\t' ? character : glyphOf(character),
  );
}
