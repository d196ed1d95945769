/** What generated text is drawn with, whatever the model. */
import type { Vocabulary } from '../../core/corpus/vocabulary';
import type { Random } from '../../core/model/random';
import type { SamplingSettings } from '../../core/sampling';
import type { UserError } from '../../userError';

/** How a text is drawn. */
export interface Drawing extends SamplingSettings {
  readonly random: Random;
}

export interface TokenSampler {
  /** What is drawn from now on is of the model as it is now, however it is trained on. */
  takeWeights(): void;
  /**
   * Begins a text, with the state zero: reads the prompt. A model of sequences reads it as the beginning of one; for another an empty
   * prompt is the beginning of a line. Rejects with a UserError for settings out of range and symbols the model does not know.
   */
  begin(prompt: string, drawing: Drawing): Promise<void>;
  /** The next token's id; null at the end of a sequence. Rejects with a UserError where the prediction is not finite. */
  next(): Promise<number | null>;
  /** What is to be said of the text that was drawn since it began. */
  readonly notices: readonly UserError[];
}

/** Ids that stand for no text, and are never drawn. */
export function excludedFrom({ specials: { sos, unknown, mask } }: Vocabulary): ReadonlySet<number> {
  return new Set([sos, unknown, mask].filter((id) => id !== null));
}

/** What is read before the first token is drawn; never empty. Throws a UserError for symbols the model does not know. */
export function beginningOf(vocabulary: Vocabulary, prompt: string): readonly number[] {
  const { sos } = vocabulary.specials;
  const ids = Array.from(vocabulary.encodePrompt(prompt));
  if (sos !== null) return [sos, ...ids];
  return ids.length === 0 ? [lineStart(vocabulary)] : ids;
}

/** The token before a line; a text without lines begins after a space, or anywhere. */
function lineStart({ symbols, firstKnown }: Vocabulary): number {
  return ['\n', '\r\n', ' '].map((symbol) => symbols.indexOf(symbol)).find((id) => id >= 0) ?? firstKnown;
}
