/** The sentences over the figures: what explains the horizon, how fast the slowest direction fades, and how many still reach the target. */
import { causeInWords, type SpectrumReport, type StateSpectrum } from '../../../src/protocol/spectrum';
import type { Texts } from '../../shared/texts';

/** Lag at which directions are counted in the sentence, or the farthest. */
const toldLag = 50;

export function spectrumVerdict(report: SpectrumReport, state: StateSpectrum | undefined, texts: Texts): string {
  return [causeSentence(report, texts), ...(state ? [speedSentence(state, texts), lagSentence(state, texts)] : [])]
    .filter((sentence) => sentence !== '')
    .join(' ');
}

function causeSentence(report: SpectrumReport, texts: Texts): string {
  const { numbers } = texts;
  const found = causeInWords(report, {
    layer: (layer) => texts.layer(layer, 'forward'),
    tokens: (count) => texts.tokens(count),
    size: (ln) => (ln === -Infinity ? numbers.short(0) : numbers.fromLog10(ln / Math.LN10)),
    percent: (part) => numbers.integer(100 * part),
  });
  return found ? texts.get(found.key, ...found.args) : '';
}

function speedSentence({ lyapunov, size }: StateSpectrum, texts: Texts): string {
  const { numbers } = texts;
  const largest = lyapunov.at(0);
  if (largest === undefined || Number.isNaN(largest)) return '';
  const directions = numbers.integer(size);
  if (largest === -Infinity) return texts.get('panel.spectrum.lost', directions);
  const words = [directions, numbers.fromLog10(largest / Math.LN10), numbers.decimals(largest, 3)] as const;
  const tokens = texts.tokens(Math.max(1, Math.round(Math.LN2 / Math.abs(largest))));
  return largest > 0
    ? texts.get('panel.spectrum.grows', ...words, tokens)
    : texts.get('panel.spectrum.fades', ...words, tokens);
}

function lagSentence({ byLag, size }: StateSpectrum, texts: Texts): string {
  if (!byLag) return '';
  const { lags, carried } = byLag;
  const beyond = lags.findIndex((lag) => lag >= toldLag);
  const i = beyond < 0 ? lags.length - 1 : beyond;
  if (!Number.isFinite(carried[i])) return '';
  const { numbers } = texts;
  return texts.get(
    'panel.spectrum.directionsSaid',
    numbers.integer(carried[i]),
    numbers.integer(size),
    texts.tokens(lags[i]),
  );
}
