/** How far the gradient reached at the first step that is kept and at the last, in a sentence. */
import type { Texts } from '../../shared/texts';
import type { OverTrainingRow } from './overTraining';

/** @param rows at least one, in order of training steps */
export function overTrainingVerdict(rows: readonly OverTrainingRow[], texts: Texts): string {
  const [first, last] = [rows[0], rows[rows.length - 1]];
  const { numbers } = texts;
  return first === last
    ? texts.get('panel.overTraining.sentenceOnce', numbers.integer(last.step), reachInWords(last, texts))
    : texts.get(
        'panel.overTraining.sentence',
        reachInWords(first, texts),
        numbers.integer(first.step),
        reachInWords(last, texts),
        numbers.integer(last.step),
      );
}

export function reachInWords({ horizon }: OverTrainingRow, texts: Texts): string {
  return Number.isNaN(horizon) ? texts.get('panel.overTraining.reachAll') : texts.tokens(horizon);
}
