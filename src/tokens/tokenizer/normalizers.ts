/** What a tokenizer.json does to a text before cutting it (`normalizer`). */
import { isWhiteSpace, type Aligned } from './aligned';
import { bytesWritten } from './byteLevel';
import { TokenizerRefusal, type Fields } from './fields';
import { matchesOf } from './matches';
import { patternOf } from './patternField';
import { normalized } from './unicodeForms';
import { isYoungerAccent, isYoungerFormat, isYoungerMark } from './youngerCharacters';

export type Normalizer = (text: Aligned) => Aligned;

/** Throws a TokenizerRefusal for one that cannot be followed. */
export function normalizerOf(fields: Fields): Normalizer {
  switch (fields.type) {
    case 'NFC':
    case 'NFD':
    case 'NFKC':
    case 'NFKD': {
      const form = fields.type;
      return (text) => normalized(text, form);
    }
    case 'Lowercase':
      return lowercase;
    case 'StripAccents':
      return (text) =>
        text.mapped((character) => (/^\p{M}$/u.test(character) && !isYoungerMark(character) ? '' : character));
    case 'Strip':
      return stripOf(fields.boolean('strip_left'), fields.boolean('strip_right'));
    case 'Replace':
      return replaceOf(patternOf(fields), fields.string('content'));
    case 'Prepend': {
      const prefix = fields.string('prepend');
      return (text) => text.prepended(prefix);
    }
    case 'ByteLevel':
      return (text) => text.mapped(bytesWritten);
    case 'Nmt':
      return (text) => text.mapped(asNmt);
    case 'BertNormalizer':
      return bertOf(fields);
    case 'Sequence':
      return inSequence(fields.list('normalizers').map(normalizerOf));
    default:
      throw new TokenizerRefusal(fields.part, `"type": ${JSON.stringify(fields.type)}`);
  }
}

function inSequence(all: readonly Normalizer[]): Normalizer {
  return (text) => all.reduce((changed, normalizer) => normalizer(changed), text);
}

/** Code point by code point: a Σ at the end of a word becomes σ too. */
function lowercase(text: Aligned): Aligned {
  return text.mapped((character) => character.toLowerCase());
}

function stripOf(left: boolean, right: boolean): Normalizer {
  return (aligned) => {
    const { text } = aligned;
    let [from, to] = [0, text.length];
    while (left && from < to && isWhiteSpace(text[from])) from += 1;
    while (right && to > from && isWhiteSpace(text[to - 1])) to -= 1;
    return aligned.replaced([aligned.kept(from, to)]);
  };
}

function replaceOf(pattern: RegExp, content: string): Normalizer {
  return (aligned) =>
    aligned.replaced(
      matchesOf(aligned.text, pattern).map(({ from, to, isMatch }) =>
        isMatch ? { text: content, from, to } : aligned.kept(from, to),
      ),
    );
}

/** Of the library for machine translation: no control characters, and many spaces as one kind. */
function asNmt(character: string): string {
  const codePoint = character.codePointAt(0) ?? 0;
  if (codePoint > 0 && /^[\x01-\x08\x0b\x0e-\x1f\x7f\x8f\x9f]$/.test(character)) return '';
  return /^[\t\n\f\r\u1680\u200b-\u200f\u2028\u2029\u2581\ufeff\ufffd]$/.test(character) ? ' ' : character;
}

/** Of Unicode's blocks of ideographs, those that BERT knows. */
function isChinese(character: string): boolean {
  return /^[\u4e00-\u9fff\u3400-\u4dbf\u{20000}-\u{2a6df}\u{2a700}-\u{2b73f}\u{2b740}-\u{2b81f}\u{2b920}-\u{2ceaf}\uf900-\ufaff\u{2f800}-\u{2fa1f}]$/u.test(
    character,
  );
}

function bertOf(fields: Fields): Normalizer {
  const isLower = fields.boolean('lowercase');
  const steps: Normalizer[] = [];
  if (fields.boolean('clean_text')) steps.push((text) => text.mapped(cleaned));
  if (fields.boolean('handle_chinese_chars'))
    steps.push((text) => text.mapped((character) => (isChinese(character) ? ` ${character} ` : character)));
  if (fields.boolean('strip_accents', isLower))
    steps.push(
      (text) => normalized(text, 'NFD'),
      (text) =>
        text.mapped((character) => (/^\p{Mn}$/u.test(character) && !isYoungerAccent(character) ? '' : character)),
    );
  if (isLower) steps.push(lowercase);
  return inSequence(steps);
}

function cleaned(character: string): string {
  if (/^[\t\n\r]$/.test(character)) return ' ';
  if (/^[\0\ufffd\p{Cc}\p{Cf}\p{Co}]$/u.test(character) && !isYoungerFormat(character)) return '';
  return isWhiteSpace(character) ? ' ' : character;
}
