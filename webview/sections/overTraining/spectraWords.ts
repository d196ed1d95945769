/** What the spectrum came to at a training step, in words and as a table. */
import type { SpectrumSample } from '../../../src/protocol/overTraining';
import type { ExportedTable } from '../../shared/exporting/exported';
import type { Texts } from '../../shared/texts';

export function spectrumText({ step, exponent, radius, norm, saturated }: SpectrumSample, texts: Texts): string {
  const { numbers } = texts;
  const parts = [
    texts.get(
      'panel.overTraining.exponentAt',
      numbers.integer(step),
      Number.isFinite(exponent) ? numbers.decimals(exponent, 3) : numbers.short(exponent),
    ),
  ];
  if (radius !== null && norm !== null)
    parts.push(texts.get('panel.overTraining.radiusAt', numbers.short(radius), numbers.short(norm)));
  if (saturated !== null) parts.push(texts.get('panel.overTraining.saturatedAt', numbers.percent(saturated, 1)));
  return parts.join(', ');
}

export function spectraTable(spectra: readonly SpectrumSample[], texts: Texts): ExportedTable {
  return {
    id: 'spectra-over-training',
    title: texts.get('panel.overTraining.spectraOf'),
    columns: ['training step', 'largest exponent [nats/token]', 'spectral radius', 'norm', 'saturated'],
    rows: () => spectra.map(({ step, exponent, radius, norm, saturated }) => [step, exponent, radius, norm, saturated]),
  };
}
