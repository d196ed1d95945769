/** Character classes, escapes and properties of Oniguruma's regular expressions as JavaScript's. */
import { NotWritable, type Source } from './onigurumaSource';

/** `\w` inside a class; outside some numbers belong to it too. */
export const wordCharacters = '\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}';

/** One character, for a pattern with the flag u. */
export function literal(character: string): string {
  return /^[\^$\\.*+?()[\]{}|/]$/.test(character) ? `\\${character}` : character;
}

const controls: Readonly<Record<string, string>> = {
  t: '\t',
  n: '\n',
  r: '\r',
  f: '\f',
  v: '\v',
  a: '\x07',
  e: '\x1b',
};

/** Behind a backslash: what stands for one character. Throws NotWritable for any other letter or digit. */
export function escapedCharacter(source: Source): string {
  const hex = source.takeMatch(/x\{[0-9A-Fa-f]{1,6}\}|x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}/y);
  if (hex) {
    const codePoint = parseInt(hex[0].replace(/[xu{}]/g, ''), 16);
    // From 80 on two hexadecimal digits are a byte, not a character.
    if (
      codePoint > 0x10ffff ||
      (codePoint >= 0xd800 && codePoint < 0xe000) ||
      (/^x[^{]/.test(hex[0]) && codePoint > 0x7f)
    )
      throw new NotWritable();
    return String.fromCodePoint(codePoint);
  }
  const character = source.next();
  if (Object.hasOwn(controls, character)) return controls[character];
  if (/^[A-Za-z0-9]$/.test(character) || character > '\x7f') throw new NotWritable();
  return character;
}

const categories =
  /^(?:L|Lu|Ll|Lt|Lm|Lo|M|Mn|Mc|Me|N|Nd|Nl|No|P|Pc|Pd|Ps|Pe|Pi|Pf|Po|S|Sm|Sc|Sk|So|Z|Zs|Zl|Zp|Cc|Cf|Co)$/;
/** Names of properties that JavaScript does not have, or has in another sense. */
const properties: Readonly<Record<string, string>> = {
  alpha: '\\p{Alphabetic}',
  alphabetic: '\\p{Alphabetic}',
  alnum: '\\p{Alphabetic}\\p{Nd}',
  digit: '\\p{Nd}',
  lower: '\\p{Lowercase}',
  lowercase: '\\p{Lowercase}',
  upper: '\\p{Uppercase}',
  uppercase: '\\p{Uppercase}',
  space: '\\p{White_Space}',
  whitespace: '\\p{White_Space}',
  xdigit: '0-9A-Fa-f',
  cntrl: '\\p{Cc}',
  letter: '\\p{L}',
  mark: '\\p{M}',
  number: '\\p{N}',
  punctuation: '\\p{P}',
  symbol: '\\p{S}',
  separator: '\\p{Z}',
};
/** Scripts of texts that are read here, by the names both know. */
const scripts =
  /^(?:Arabic|Armenian|Bengali|Bopomofo|Cyrillic|Devanagari|Ethiopic|Georgian|Greek|Gujarati|Gurmukhi|Han|Hangul|Hebrew|Hiragana|Katakana|Khmer|Lao|Latin|Mongolian|Myanmar|Tamil|Telugu|Thai|Tibetan)$/;

/** `p{…}` or `P{…}`, as what may stand in a class. Throws NotWritable for a name that is not known. */
export function propertyOf(source: Source): { readonly text: string; readonly isNegated: boolean } {
  const found = source.takeMatch(/([pP])\{(\^?)([A-Za-z_ -]+)\}/y);
  if (!found) throw new NotWritable();
  const [, letter, hat, name] = found;
  const isNegated = (letter === 'P') !== (hat === '^');
  if (categories.test(name)) return { text: `\\p{${name}}`, isNegated };
  if (scripts.test(name)) return { text: `\\p{Script=${name}}`, isNegated };
  const key = name.toLowerCase().replace(/[_ -]/g, '');
  if (!Object.hasOwn(properties, key)) throw new NotWritable();
  return { text: properties[key], isNegated };
}

/** Inside a class; complements are there where Unicode has a property for them. */
const setsInside: Readonly<Record<string, string>> = {
  s: '\\p{White_Space}',
  S: '\\P{White_Space}',
  d: '\\p{Nd}',
  D: '\\P{Nd}',
  w: wordCharacters,
  h: '0-9A-Fa-f',
};

/** From `[` to its `]`. Throws NotWritable for intersections and other forms that are rare. */
export function classOf(source: Source): { readonly atom: string; readonly hasLetters: boolean } {
  source.take('[');
  const isNegated = source.take('^');
  const { text, hasLetters } = membersOf(source);
  return { atom: `[${isNegated ? '^' : ''}${text}]`, hasLetters };
}

/** To the `]`, which is passed. */
function membersOf(source: Source): { text: string; hasLetters: boolean } {
  const parts: string[] = [];
  let hasLetters = false;
  while (!source.take(']')) {
    const member = memberOf(source);
    hasLetters ||= member.hasLetters;
    if (member.character === null || !source.isNext('-')) {
      parts.push(member.text);
      continue;
    }
    source.take('-');
    if (source.isNext(']')) {
      parts.push(member.text, '\\-');
      continue;
    }
    const last = memberOf(source);
    if (last.character === null || last.character < member.character) throw new NotWritable();
    hasLetters ||= /[\p{L}\p{M}]/u.test(last.character) || last.character > '\x7f' || member.character < 'A';
    parts.push(`${member.text}-${last.text}`);
  }
  if (parts.length === 0) throw new NotWritable();
  return { text: parts.join(''), hasLetters };
}

/** @returns `character` null for what stands for many */
function memberOf(source: Source): { text: string; character: string | null; hasLetters: boolean } {
  if (source.isNext('&&')) throw new NotWritable();
  const posix = source.takeMatch(/\[:(\^?)([a-z]+):\]/y);
  if (posix) {
    const [, hat, name] = posix;
    const isKnown = hat === '' && /^(?:alpha|alnum|digit|lower|upper|space|xdigit|cntrl|word)$/.test(name);
    if (!isKnown) throw new NotWritable();
    return { text: name === 'word' ? wordCharacters : properties[name], character: null, hasLetters: true };
  }
  if (source.take('[')) {
    if (source.isNext('^')) throw new NotWritable();
    return { ...membersOf(source), character: null };
  }
  const next = source.next();
  if (next !== '\\') {
    // A hyphen that is neither at the beginning nor at the end means what its place makes it.
    if (next === '-' && !source.isNext(']') && source.before(2) !== '[-' && source.before(2) !== '^-')
      throw new NotWritable();
    return { text: inClass(next), character: next, hasLetters: isLetter(next) };
  }
  const name = source.peek();
  if (Object.hasOwn(setsInside, name)) {
    source.next();
    return { text: setsInside[name], character: null, hasLetters: name === 'w' || name === 'h' };
  }
  if (name === 'p' || name === 'P') {
    const { text, isNegated } = propertyOf(source);
    // The complement of several properties is no member of a class.
    const isOne = /^\\p\{[^}]*\}$/.test(text);
    if (isNegated && !isOne) throw new NotWritable();
    return { text: isNegated ? text.replace('\\p', '\\P') : text, character: null, hasLetters: true };
  }
  if (name === 'b') throw new NotWritable();
  const character = escapedCharacter(source);
  return { text: inClass(character), character, hasLetters: isLetter(character) };
}

function isLetter(character: string): boolean {
  return /^[\p{L}\p{M}]$/u.test(character) || character > '\x7f';
}

function inClass(character: string): string {
  return character === '-' ? '\\-' : literal(character);
}
