/** Graphs whose scores are of classes, not of the next token. */
import { UserError } from '../../../userError';
import type { GraphLanguageModel } from './recognize';

/** Symbols that a language model may read and never predict: padding, the beginning of a text, a mask. */
const maxSpecials = 4;

/** That it is no language model; null where it may be one: it then has a score for about every token that it reads. */
export function classesOf({
  use: { way },
  vocabularySize: scores,
  readSymbols,
}: Pick<GraphLanguageModel, 'use' | 'vocabularySize' | 'readSymbols'>): UserError | null {
  if (readSymbols === null || scores >= readSymbols) return null;
  if (readSymbols - scores <= maxSpecials && scores > readSymbols / 2) return null;
  return way === 'prefixes'
    ? new UserError('error.graph.classesOfText', scores, readSymbols)
    : new UserError('error.graph.classesOfTokens', scores, readSymbols);
}
