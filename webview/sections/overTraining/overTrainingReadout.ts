/** What is known of one training step, in words: how far the gradient reached, how large it was, and the spectrum that was sampled last. */
import { nearest } from '../../shared/charts/lineChart';
import type { Metrics } from '../../shared/charts/metrics';
import type { Texts } from '../../shared/texts';
import type { OverTraining } from './overTraining';
import type { Place } from './overTrainingFigure';
import { reachInWords } from './overTrainingVerdict';
import { spectrumText } from './spectraWords';

/** @param lag also the gradient there; null for the step alone  @param vanishing the threshold of the horizons, a power of ten */
export function overTrainingReadout(
  { step, lag }: Place,
  { rows, metrics, vanishing }: { readonly rows: OverTraining; readonly metrics: Metrics; readonly vanishing: number },
  texts: Texts,
): string {
  const row = rows.rows[rows.nearest(step)];
  const sample = rows.spectra.findLast((each) => each.step <= step);
  return [
    gradientAt(row, lag, texts),
    texts.get('panel.overTraining.reach', reachInWords(row, vanishing, texts)),
    ...normAt(metrics, step, texts),
    ...(sample ? [spectrumText(sample, texts)] : []),
  ].join(' · ');
}

function gradientAt({ step, relative }: OverTraining['rows'][number], lag: number | null, texts: Texts): string {
  const name = texts.numbers.integer(step);
  if (lag === null) return texts.get('panel.header.step', name);
  const value = relative.at(lag);
  return value === undefined
    ? texts.get('panel.overTraining.atNone', name, texts.tokens(lag))
    : texts.get('panel.overTraining.at', name, texts.tokens(lag), texts.relative(value));
}

/** Of the training gradient. */
function normAt({ normBefore, normAfter }: Metrics, step: number, texts: Texts): string[] {
  const { numbers } = texts;
  const before = nearest(normBefore.points, step);
  const after = nearest(normAfter.points, step);
  if (!before || !after) return [];
  const isClipped = after.x === before.x && after.y < before.y * (1 - 1e-6);
  return [
    isClipped
      ? texts.get('panel.overTraining.normClipped', numbers.short(before.y), numbers.short(after.y))
      : texts.get('panel.overTraining.norm', numbers.short(before.y)),
  ];
}
