/** The text that a model reads which has learned sequences by themselves: a line or a paragraph, without the line end that ends it. */
import { SequenceCutter } from '../../core/corpus/sequenceCutter';
import type { Vocabulary } from '../../core/corpus/vocabulary';
import { UserError } from '../../userError';

export interface SequenceText {
  readonly text: string;
  /** Where it begins in the whole, in UTF-16 units. */
  readonly start: number;
}

/** The text itself for a model that reads on and on, and where nothing ends a line, and of numbers, whose sequences are told from comments where they are read. Throws a UserError for several sequences: they have no step in common. */
export function oneSequence(text: string, { symbols, specials, isOfOthers }: Vocabulary): SequenceText {
  const whole = { text, start: 0 };
  if (isOfOthers || specials.eos === null || !text.includes('\n')) return whole;
  // Only a paragraph has line ends in it.
  const split = symbols.includes('\n') || symbols.includes('\r\n') ? 'paragraphs' : 'lines';
  const sequences: string[] = [];
  const cutter = new SequenceCutter(split, (sequence) => sequences.push(sequence));
  cutter.add(text);
  cutter.end();
  const [first, second] = sequences as readonly (string | undefined)[];
  if (first === undefined) return whole;
  if (second !== undefined)
    throw new UserError(
      split === 'lines' ? 'error.inspect.severalLines' : 'error.inspect.severalParagraphs',
      sequences.length,
    );
  return { text: first, start: text.indexOf(first) };
}
