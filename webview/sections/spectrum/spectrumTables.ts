/** A spectrum as tables. */
import type { SpectrumReport, StateSpectrum } from '../../../src/protocol/spectrum';
import type { ExportedTable } from '../../shared/exporting/exported';
import type { Texts } from '../../shared/texts';

export function spectrumTables(
  { tokens, matrices }: SpectrumReport,
  state: StateSpectrum,
  texts: Texts,
): ExportedTable[] {
  const { lyapunov, finiteTime, jacobian, byLag } = state;
  const K = lyapunov.length;
  const tables: ExportedTable[] = [
    {
      id: 'lyapunov-exponents',
      title: texts.get('panel.spectrum.exponentsOf'),
      columns: ['direction', 'exponent [nats/token]'],
      rows: () => Array.from(lyapunov, (exponent, i) => [i + 1, exponent]),
    },
    {
      id: 'exponents-along-text',
      title: texts.get('panel.spectrum.finiteTimeOf'),
      columns: ['first step', 'direction', 'exponent [nats/token]'],
      rows: () =>
        Array.from(finiteTime.exponents, (exponent, i) => [finiteTime.from[Math.floor(i / K)], (i % K) + 1, exponent]),
    },
  ];
  if (jacobian) {
    const { steps, largest, median, smallest } = jacobian;
    const width = largest.length / steps.length;
    tables.push({
      id: 'singular-values',
      title: texts.get('panel.spectrum.singularOf'),
      columns: [
        'step',
        'token',
        'median',
        'smallest',
        ...Array.from({ length: width }, (_, i) => `singular value ${i + 1}`),
      ],
      rows: () =>
        Array.from(steps, (t, i) => [
          t,
          tokens[t],
          median[i],
          smallest[i],
          ...largest.subarray(i * width, (i + 1) * width),
        ]),
    });
  }
  if (byLag) {
    const { lags, largest, effectiveRank, carried } = byLag;
    tables.push({
      id: 'directions-by-lag',
      title: texts.get('panel.spectrum.directionsOf'),
      columns: ['lag', 'directions over 1 %', 'effective rank', 'ln of the largest singular value'],
      rows: () => Array.from(lags, (lag, i) => [lag, carried[i], effectiveRank[i], largest[i]]),
    });
  }
  if (matrices.length > 0)
    tables.push({
      id: 'recurrent-matrices',
      title: texts.get('panel.spectrum.matrices'),
      columns: ['matrix', 'spectral radius', 'norm'],
      rows: () => matrices.map(({ name, spectralRadius, spectralNorm }) => [name, spectralRadius, spectralNorm]),
    });
  return tables;
}
