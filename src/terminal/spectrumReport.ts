/** The spectrum of the carried state, as JSON and in words. */
import { causeInWords, type HorizonCause, type SpectrumReport, type StateSpectrum } from '../protocol/spectrum';
import { localize, localizeMessage } from './language';
import { counted, significant } from './numbers';

/** Exponents that are written out for a person. */
const maxWritten = 8;

/** Null where there is no carried state of so many numbers; the sentence is among the notices. Of a stack of two directions the backward one is apart. */
export function spectrumJson({ states, matrices, cause }: SpectrumReport): object | null {
  const [forward, backward] = states as readonly [StateSpectrum?, StateSpectrum?];
  if (!forward) return null;
  return {
    ...stateJson(forward),
    spectralRadius: Object.fromEntries(matrices.map(({ name, spectralRadius }) => [name, spectralRadius])),
    spectralNorm: Object.fromEntries(matrices.map(({ name, spectralNorm }) => [name, spectralNorm])),
    horizonCause: cause && causeJson(cause),
    ...(backward && { backward: stateJson(backward) }),
  };
}

function causeJson({ name, layer, horizon, share, left, fall }: HorizonCause): object {
  return { cause: name, layer, horizon, share, log10Alone: left / Math.LN10, log10: fall / Math.LN10 };
}

function stateJson({ lyapunov, jacobian }: StateSpectrum): object {
  return { lyapunov: Array.from(lyapunov), jacobian: jacobian && rowsOf(jacobian) };
}

function rowsOf({ steps, largest }: NonNullable<StateSpectrum['jacobian']>): number[][] {
  const width = largest.length / steps.length;
  return Array.from(steps, (_, i) => Array.from(largest.subarray(i * width, (i + 1) * width)));
}

export function spectrumInWords(report: SpectrumReport): string[] {
  const cause = causeInWords(report, {
    layer: (layer) => localize('layer.number', layer + 1),
    tokens: (count) => counted(count, 'token'),
    size: (ln) => significant(Math.exp(ln)),
    percent: (part) => String(Math.round(100 * part)),
  });
  return [
    ...(cause ? [localizeMessage(cause)] : []),
    ...report.states.flatMap(stateInWords),
    ...report.notices.map(localizeMessage),
    ...report.matrices.map(({ name, spectralRadius, spectralNorm }) =>
      localize('report.spectrumMatrix', name, numberOr(spectralRadius), numberOr(spectralNorm)),
    ),
  ];
}

function stateInWords({ direction, size, lyapunov, jacobian }: StateSpectrum): string[] {
  const which = direction === 'backward' ? localize('report.spectrumBackward') : '';
  if (lyapunov.some(Number.isNaN)) return [localize('report.spectrumNotFinite', size, which)];
  const written = Array.from(lyapunov.subarray(0, maxWritten), exponent);
  const exponents = `${written.join(', ')}${lyapunov.length > maxWritten ? ', …' : ''}`;
  const lines = [localize('report.spectrum', size, which, exponents)];
  if (!jacobian) return lines;
  const width = jacobian.largest.length / jacobian.steps.length;
  const largest = jacobian.largest.filter((_, i) => i % width === 0);
  const [least, most] = [Math.min(...largest), Math.max(...largest)];
  const middle = [jacobian.median, jacobian.smallest].map((values) => significant(medianOf(values)));
  return [...lines, localize('report.spectrumStep', significant(least), significant(most), ...middle)];
}

function exponent(value: number): string {
  return value === -Infinity ? '−∞' : significant(value).replace('-', '−');
}

function numberOr(value: number | null): string {
  return value === null ? '?' : significant(value);
}

function medianOf(values: Float64Array): number {
  return values.toSorted()[values.length >> 1];
}
