/**
 * Regular expressions of Oniguruma, in the Ruby syntax in which Hugging Face's tokenizers read them, as JavaScript's. Only what is known to match the
 * same is written; https://github.com/kkos/oniguruma/blob/master/doc/RE.
 */
import { classOf, escapedCharacter, literal, propertyOf, wordCharacters } from './onigurumaClass';
import { NotWritable, Source } from './onigurumaSource';

/** What a group inherits: `i` folds letters, `m` lets the dot match line feeds. */
interface Flags {
  readonly ignoresCase: boolean;
  readonly dotMatchesAll: boolean;
}

/** With the flags g and u; null where JavaScript has nothing like it, or it is not known here. */
export function fromOniguruma(source: string): RegExp | null {
  try {
    const written = new Writer(source).whole();
    return new RegExp(written, 'gu');
  } catch (thrown) {
    if (thrown instanceof NotWritable || thrown instanceof SyntaxError) return null;
    throw thrown;
  }
}

const word = `[${wordCharacters}\\u00b2\\u00b3\\u00b9\\u00bc-\\u00be]`;
const boundary = `(?:(?<=${word})(?!${word})|(?<!${word})(?=${word}))`;
const notBoundary = `(?:(?<=${word})(?=${word})|(?<!${word})(?!${word}))`;

/** What stands for nothing of the text. */
const anchors: Readonly<Record<string, string>> = {
  A: '(?<![^])',
  z: '(?![^])',
  Z: '(?=\\n?(?![^]))',
  b: boundary,
  B: notBoundary,
};

/** Of escapes that stand for one of many characters. */
const sets: Readonly<Record<string, string>> = {
  s: '\\p{White_Space}',
  S: '\\P{White_Space}',
  d: '\\p{Nd}',
  D: '\\P{Nd}',
  w: word,
  W: word.replace('[', '[^'),
  h: '[0-9A-Fa-f]',
  H: '[^0-9A-Fa-f]',
};

class Writer {
  private readonly source: Source;
  private atomicGroups = 0;
  private lookbehinds = 0;

  constructor(source: string) {
    this.source = new Source(source);
  }

  whole(): string {
    const written = this.alternatives(this.leadingFlags({ ignoresCase: false, dotMatchesAll: false }));
    if (!this.source.isAtEnd) throw new NotWritable();
    return written;
  }

  private alternatives(flags: Flags): string {
    const all = [this.sequence(flags)];
    while (this.source.take('|')) all.push(this.sequence(flags));
    return all.join('|');
  }

  private sequence(flags: Flags): string {
    let written = '';
    /** The last letter, where case is ignored: some pairs of letters fold to one. */
    let before = '';
    while (!this.source.isAtEnd && !this.source.isNext('|') && !this.source.isNext(')')) {
      const { atom, isAnchor, character } = this.atom(flags);
      if (flags.ignoresCase && foldsToOne.has(before + character.toLowerCase())) throw new NotWritable();
      before = character.toLowerCase();
      written += this.quantified(atom, isAnchor);
    }
    return written;
  }

  private atom(flags: Flags): { atom: string; isAnchor: boolean; character: string } {
    const { source } = this;
    const one = (atom: string, character = '') => ({ atom, isAnchor: false, character });
    const anchor = (atom: string) => ({ atom, isAnchor: true, character: '' });
    if (source.isNext('[')) {
      const written = classOf(source);
      if (flags.ignoresCase && written.hasLetters) throw new NotWritable();
      return one(written.atom);
    }
    const next = source.next();
    switch (next) {
      case '.':
        return one(flags.dotMatchesAll ? '[^]' : '[^\\n]');
      case '^':
        return anchor('(?:(?<![^])|(?<=\\n)(?=[^]))');
      case '$':
        return anchor('(?=\\n|(?![^]))');
      case '(':
        return this.group(flags);
      case '\\':
        return this.escape(flags);
      case '*':
      case '+':
      case '?':
        throw new NotWritable();
      default:
        return one(flags.ignoresCase ? folded(next) : literal(next), next);
    }
  }

  private escape(flags: Flags): { atom: string; isAnchor: boolean; character: string } {
    const { source } = this;
    const name = source.peek();
    const hasOwn = (table: Readonly<Record<string, string>>) => Object.hasOwn(table, name);
    if (hasOwn(anchors)) {
      source.next();
      return { atom: anchors[name], isAnchor: true, character: '' };
    }
    if (hasOwn(sets)) {
      source.next();
      return { atom: sets[name], isAnchor: false, character: '' };
    }
    if (name === 'p' || name === 'P') {
      if (flags.ignoresCase) throw new NotWritable();
      const { text, isNegated } = propertyOf(source);
      return { atom: `[${isNegated ? '^' : ''}${text}]`, isAnchor: false, character: '' };
    }
    const character = escapedCharacter(source);
    return { atom: flags.ignoresCase ? folded(character) : literal(character), isAnchor: false, character };
  }

  private group(flags: Flags): { atom: string; isAnchor: boolean; character: string } {
    const { source } = this;
    const inside = (open: string, isAnchor = false, within = flags) => {
      const written = `${open}${this.alternatives(this.leadingFlags(within))})`;
      if (!source.take(')')) throw new NotWritable();
      return { atom: written, isAnchor, character: '' };
    };
    if (source.take('?=')) return inside('(?=', true);
    if (source.take('?!')) return inside('(?!', true);
    if (source.take('?<=') || source.take('?<!')) {
      this.lookbehinds += 1;
      const written = inside(source.before(1) === '=' ? '(?<=' : '(?<!', true);
      this.lookbehinds -= 1;
      return written;
    }
    if (source.take('?>')) {
      const { atom } = inside('(?:');
      return { atom: this.atomic(atom), isAnchor: false, character: '' };
    }
    const flagged = source.takeMatch(/\?([im]*)(?:-([im]+))?:/y);
    if (flagged) return inside('(?:', false, changed(flags, flagged[1], flagged[2]));
    // A group with a name is one all the same: nothing refers to it.
    if (!source.takeMatch(/\?<[A-Za-z_]\w*>/y) && source.isNext('?')) throw new NotWritable();
    return inside('(?:');
  }

  /** `(?i)` at the beginning: elsewhere it takes alternatives along in a way of its own. */
  private leadingFlags(flags: Flags): Flags {
    const found = this.source.takeMatch(/\(\?([im]*)(?:-([im]+))?\)/y);
    return found ? changed(flags, found[1], found[2]) : flags;
  }

  private quantified(atom: string, isAnchor: boolean): string {
    const { source } = this;
    const simple = source.takeMatch(/[*+?]/y)?.[0];
    const interval = simple === undefined ? source.takeMatch(/\{(\d*)(,?)(\d*)\}/y) : null;
    if (simple === undefined && !interval) return atom;
    if (isAnchor) throw new NotWritable();
    if (interval) {
      const [text, low, comma, high] = interval;
      if (low === '' && high === '') return `${atom}${Array.from(text, literal).join('')}`;
      if (Number(low) > 1000 || Number(high) > 1000 || (high !== '' && Number(low) > Number(high)))
        throw new NotWritable();
      // Another quantifier behind it has meanings of its own.
      const isLazy = comma !== '' && source.take('?');
      if (source.takeMatch(/[*+?]/y)) throw new NotWritable();
      return `${atom}{${low || '0'}${comma}${high}}${isLazy ? '?' : ''}`;
    }
    const isPossessive = source.take('+');
    const isLazy = !isPossessive && source.take('?');
    if (source.takeMatch(/[*+?]|\{\d*,?\d*\}/y)) throw new NotWritable();
    return isPossessive ? this.atomic(`${atom}${simple}`) : `${atom}${simple}${isLazy ? '?' : ''}`;
  }

  /** What has matched is not tried another way: a lookahead never is. */
  private atomic(written: string): string {
    if (this.lookbehinds > 0) throw new NotWritable();
    const name = `atomic${++this.atomicGroups}`;
    return `(?:(?=(?<${name}>${written}))\\k<${name}>)`;
  }
}

function changed(flags: Flags, on = '', off = ''): Flags {
  const { ignoresCase, dotMatchesAll } = flags;
  return {
    ignoresCase: (ignoresCase || on.includes('i')) && !off.includes('i'),
    dotMatchesAll: (dotMatchesAll || on.includes('m')) && !off.includes('m'),
  };
}

/** Pairs of letters for which Unicode has a letter that folds to them, as ß. */
const foldsToOne = new Set(['ss', 'ff', 'fi', 'fl', 'st']);
/** Letters of ASCII that others fold to: K of Kelvin, ſ. */
const otherCases: Readonly<Record<string, string>> = { k: '\\u212a', s: '\\u017f' };

/** A character in either case; only letters of ASCII are known here. */
function folded(character: string): string {
  const lower = character.toLowerCase();
  if (/^[a-z]$/.test(lower)) return `[${lower}${lower.toUpperCase()}${otherCases[lower] ?? ''}]`;
  if (/^[\p{Cased}\p{M}\p{Case_Ignorable}]$/u.test(character) && character > '\x7f') throw new NotWritable();
  return literal(character);
}
