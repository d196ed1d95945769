/** How far the gradient reached at the first step that is kept and at the last, and of which target, in sentences. */
import { isNotFinite, isZeroAtTarget } from '../../shared/reach';
import type { Texts } from '../../shared/texts';
import { visibleText } from '../../shared/symbols';
import type { OverTraining, OverTrainingRow } from './overTraining';

/** Most symbols of the text that are quoted up to the target. */
const quoteLength = 24;

/** @param rows at least one, in order of training steps  @param vanishing the threshold of the horizons, a power of ten */
export function overTrainingVerdict(rows: readonly OverTrainingRow[], vanishing: number, texts: Texts): string {
  const [first, last] = [rows[0], rows[rows.length - 1]];
  const { numbers } = texts;
  return first === last
    ? texts.get('panel.overTraining.sentenceOnce', numbers.integer(last.step), reachInWords(last, vanishing, texts))
    : texts.get(
        'panel.overTraining.sentence',
        reachInWords(first, vanishing, texts),
        numbers.integer(first.step),
        reachInWords(last, vanishing, texts),
        numbers.integer(last.step),
      );
}

/** “37 tokens”. The whole text is reached only where the gradient is known to be over the threshold at all of it. */
export function reachInWords(row: OverTrainingRow, vanishing: number, texts: Texts): string {
  const { horizon, relative } = row;
  if (isNotFinite(row, 0)) return texts.get('panel.overTraining.reachNotFinite');
  if (isZeroAtTarget(row, 0)) return texts.get('panel.overTraining.reachZero');
  if (!Number.isNaN(horizon)) return texts.tokens(horizon);
  // What is level has no horizon, on whichever side of the threshold it lies.
  return relative.some((r) => r < vanishing)
    ? texts.get('panel.overTraining.reachLevel')
    : texts.get('panel.overTraining.reachAll');
}

/** Which target every step shows: the end of a quotation. Empty where that is not known. */
export function targetInWords({ of, hasOwnTexts, rows }: OverTraining, texts: Texts): string {
  if (hasOwnTexts && rows.length > 0) return texts.get('panel.overTraining.ofOwnTexts');
  if (!of) return '';
  const from = Math.max(0, of.target + 1 - quoteLength);
  const quoted = visibleText(of.tokens.slice(from, of.target + 1));
  return texts.get('panel.overTraining.ofTarget', (from > 0 ? '…' : '') + quoted, texts.tokens(of.target));
}
