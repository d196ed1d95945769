/** What is at the marked place, in words. */
import type { DirectionsByLag, SpectrumReport, StateSpectrum } from '../../../src/protocol/spectrum';
import { visibleSymbol } from '../../shared/symbols';
import type { Texts } from '../../shared/texts';
import { exponentsByStep } from './alongText';

/** Exponents that are written out. */
const written = 3;

export function stepReadout(
  { tokens, target }: SpectrumReport,
  state: StateSpectrum,
  step: number,
  texts: Texts,
): string {
  const { numbers } = texts;
  const { jacobian, byLag, direction, size } = state;
  const parts = [`“${visibleSymbol(tokens[step] ?? '')}”`];
  const exponents = exponentsByStep(state, tokens.length, written).map((row) =>
    row[step] === -Infinity ? numbers.short(row[step]) : numbers.decimals(row[step], 3),
  );
  parts.push(texts.get('panel.spectrum.atSpeed', exponents.join(', ')));
  if (jacobian) {
    const i = jacobian.steps.indexOf(step);
    const width = jacobian.largest.length / jacobian.steps.length;
    const values = [jacobian.largest[i * width], jacobian.median[i], jacobian.smallest[i]];
    parts.push(texts.get('panel.spectrum.atValues', ...values.map((value) => numbers.short(value))));
  }
  if (byLag) parts.push(...lagReadout(byLag, size, direction === 'forward' ? target - step : step - target, texts));
  return parts.join(' · ');
}

/** What of a lag still reaches the target. */
function lagReadout(byLag: DirectionsByLag, size: number, lag: number, texts: Texts): string[] {
  const { numbers } = texts;
  const i = nearestLag(byLag.lags, lag);
  if (i < 0 || !Number.isFinite(byLag.carried[i])) return [];
  const [back, directions] = [texts.tokens(byLag.lags[i]), numbers.integer(size)];
  if (byLag.carried[i] === 0) return [texts.get('panel.spectrum.atLagNone', back, directions)];
  const rank = numbers.short(byLag.effectiveRank[i]);
  return [texts.get('panel.spectrum.atLag', back, numbers.integer(byLag.carried[i]), directions, rank)];
}

/** Of those that were computed; −1 at the target and beyond it. */
function nearestLag(lags: Int32Array, wanted: number): number {
  if (wanted < 1) return -1;
  return lags.reduce((best, lag, i) => (Math.abs(lag - wanted) < Math.abs(lags[best] - wanted) ? i : best), 0);
}

export function directionReadout({ lyapunov }: StateSpectrum, direction: number, texts: Texts): string {
  const { numbers } = texts;
  const exponent = lyapunov[direction];
  return texts.get(
    'panel.spectrum.atDirection',
    numbers.integer(direction + 1),
    numbers.integer(lyapunov.length),
    exponent === -Infinity ? numbers.short(exponent) : numbers.decimals(exponent, 3),
    exponent === -Infinity ? numbers.short(0) : numbers.fromLog10(exponent / Math.LN10),
  );
}
