/** How a tokenizer.json cuts a text into the pieces that its model reads (`pre_tokenizer`). */
import type { Aligned } from './aligned';
import { bytesWritten } from './byteLevel';
import { TokenizerRefusal, type Fields } from './fields';
import { inverted, matchesOf, split, splitBehaviors, type SplitBehavior } from './matches';
import { fromOniguruma } from './oniguruma';
import { patternOf } from './patternField';
import { punctuation } from './youngerCharacters';

/** Cuts a piece, which is not empty, into pieces; empty ones are left out. */
export type PreTokenizer = (piece: Aligned) => Aligned[];

/** Throws a TokenizerRefusal for one that cannot be followed. */
export function preTokenizerOf(fields: Fields): PreTokenizer {
  switch (fields.type) {
    case 'Whitespace':
      return cutOf(words(), 'Removed', true);
    case 'WhitespaceSplit':
      return cutOf(spaces(), 'Removed');
    case 'BertPreTokenizer':
      return inSequence([cutOf(spaces(), 'Removed'), cutOf(punctuation(), 'Isolated')]);
    case 'Punctuation':
      return cutOf(punctuation(), fields.oneOf('behavior', splitBehaviors, 'Isolated'));
    case 'Digits':
      return cutOf(/\p{N}/gu, fields.boolean('individual_digits', false) ? 'Isolated' : 'Contiguous');
    case 'CharDelimiterSplit':
      return cutOf(characterPattern(fields, 'delimiter'), 'Removed');
    case 'Split':
      return cutOf(patternOf(fields), fields.oneOf('behavior', splitBehaviors), fields.boolean('invert', false));
    case 'Metaspace':
      return metaspaceOf(fields);
    case 'ByteLevel':
      return byteLevelOf(fields);
    case 'FixedLength':
      return cutOf(new RegExp(`[^]{1,${fields.integer('length', 1, 5)}}`, 'gu'), 'Isolated');
    case 'Sequence':
      return inSequence(fields.list('pretokenizers').map(preTokenizerOf));
    default:
      throw new TokenizerRefusal(fields.part, `"type": ${JSON.stringify(fields.type)}`);
  }
}

/** Runs of word characters of Unicode (UTS 18), and runs of what is neither they nor spaces. */
function words(): RegExp {
  return /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]+|[^\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}\p{White_Space}]+/gu;
}

function spaces(): RegExp {
  return /\p{White_Space}/gu;
}

function inSequence(all: readonly PreTokenizer[]): PreTokenizer {
  return (piece) => all.reduce<Aligned[]>((pieces, preTokenizer) => pieces.flatMap(preTokenizer), [piece]);
}

function cutOf(pattern: RegExp, behavior: SplitBehavior, invert = false): PreTokenizer {
  return (piece) => {
    const stretches = matchesOf(piece.text, pattern);
    return split(invert ? inverted(stretches) : stretches, behavior)
      .filter(({ from, to }) => from < to)
      .map(({ from, to }) => piece.slice(from, to));
  };
}

/** A field that holds one character. */
function characterOf(fields: Fields, key: string): string {
  const text = fields.string(key);
  return Array.from(text).length === 1 ? text : fields.refuse(key);
}

function characterPattern(fields: Fields, key: string): RegExp {
  return new RegExp(`[\\u{${(characterOf(fields, key).codePointAt(0) ?? 0).toString(16)}}]`, 'gu');
}

function metaspaceOf(fields: Fields): PreTokenizer {
  const mark = characterOf(fields, 'replacement');
  const isSplit = fields.boolean('split', true);
  const scheme = prependSchemeOf(fields);
  const cut = cutOf(characterPattern(fields, 'replacement'), 'MergedWithNext');
  return (piece) => {
    const marked = piece.mapped((character) => (character === ' ' ? mark : character));
    const isPrefixed =
      !marked.text.startsWith(mark) && (scheme === 'always' || (scheme === 'first' && piece.origin === 0));
    const prefixed = isPrefixed ? marked.prepended(mark) : marked;
    return isSplit ? cut(prefixed) : [prefixed];
  };
}

/** Older files say it by `add_prefix_space`. */
export function prependSchemeOf(fields: Fields): 'always' | 'first' | 'never' {
  const scheme = fields.oneOf('prepend_scheme', ['always', 'first', 'never'], 'always');
  if (fields.boolean('add_prefix_space', true)) return scheme;
  return fields.get('prepend_scheme') === undefined || scheme === 'never' ? 'never' : fields.refuse('add_prefix_space');
}

/** https://github.com/openai/gpt-2/blob/master/src/encoder.py */
const byteLevelWords = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

function byteLevelOf(fields: Fields): PreTokenizer {
  const hasPrefix = fields.boolean('add_prefix_space');
  const pattern = fields.boolean('use_regex', true) ? fromOniguruma(byteLevelWords) : null;
  const cut = pattern && cutOf(pattern, 'Isolated');
  return (piece) => {
    const prefixed = hasPrefix && !piece.text.startsWith(' ') ? piece.prepended(' ') : piece;
    return (cut?.(prefixed) ?? [prefixed]).map((part) => part.mapped(bytesWritten));
  };
}
