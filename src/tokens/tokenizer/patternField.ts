/** The `pattern` of a Split or Replace: a text, or a regular expression of Oniguruma. */
import { TokenizerRefusal, shown, type Fields } from './fields';
import { fromOniguruma } from './oniguruma';

/** Throws a TokenizerRefusal for a regular expression that JavaScript's cannot stand for. */
export function patternOf(fields: Fields): RegExp {
  const pattern = fields.object('pattern');
  const [text, source] = [pattern.get('String'), pattern.get('Regex')];
  if (typeof text === 'string') return new RegExp(text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&'), 'gu');
  if (typeof source !== 'string') return fields.refuse('pattern');
  const made = fromOniguruma(source);
  if (made) return made;
  throw new TokenizerRefusal(fields.part, shown('Regex', source));
}
