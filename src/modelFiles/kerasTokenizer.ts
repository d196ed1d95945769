/**
 * A Keras `Tokenizer` as `to_json()` writes it, in the form of a tokenizer.json: lowercase, cut at its filtered characters, and every word looked up; or
 * every character. Its ids begin at 1, and 0 is padding. Words beyond `num_words` it does not give out.
 */
import { UserError } from '../userError';
import { inShort, isRecord, paddingNames } from './symbolList';

type Json = Readonly<Record<string, unknown>>;

/** Null for what is none. Throws a UserError for one whose words are not cut at single characters. */
export function tokenizerOfKeras(parsed: Json, file: string): Json | null {
  const { class_name: name, config } = parsed;
  if (name !== 'Tokenizer' || !isRecord(config)) return null;
  const index = wordIndexOf(config['word_index']);
  if (!index) return null;
  const most = typeof config['num_words'] === 'number' ? config['num_words'] : Infinity;
  const words = Object.entries(index).filter(([, id]) => id < most);
  const padding = paddingNames.find((each) => !(each in index)) ?? '';
  const unknown = config['oov_token'];
  const isOfCharacters = config['char_level'] === true;
  return {
    normalizer: config['lower'] === false ? null : { type: 'Lowercase' },
    pre_tokenizer: isOfCharacters
      ? { type: 'Split', pattern: { String: '' }, behavior: 'Isolated', invert: false }
      : { type: 'Split', pattern: { Regex: `[${separatorsOf(config, file)}]+` }, behavior: 'Removed', invert: false },
    model: {
      type: 'WordLevel',
      vocab: Object.fromEntries([[padding, 0], ...words]),
      ...(typeof unknown === 'string' && { unk_token: unknown }),
    },
  };
}

/** A text of JSON, as it is written; null for what is none. */
function wordIndexOf(value: unknown): Readonly<Record<string, number>> | null {
  if (typeof value !== 'string') return null;
  try {
    const parsed: unknown = JSON.parse(value);
    if (!isRecord(parsed) || !Object.values(parsed).every((id) => Number.isInteger(id))) return null;
    return parsed as Readonly<Record<string, number>>;
  } catch {
    return null;
  }
}

/** The characters that it takes out, and the one that it cuts at, for a regular expression's class. */
function separatorsOf({ filters, split }: Json, file: string): string {
  const separator = split ?? ' ';
  if (typeof separator !== 'string' || Array.from(separator).length !== 1)
    throw new UserError('error.vocabularyFile.kerasSplit', file, inShort(separator));
  const all = Array.from(`${typeof filters === 'string' ? filters : ''}${separator}`);
  return Array.from(new Set(all), (character) =>
    /[a-zA-Z0-9]/.test(character) ? character : `\\x{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  ).join('');
}
