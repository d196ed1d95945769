/** What is kept of a run's metrics, as tables; long runs are thinned, each step's extremes kept. */
import type { Metrics } from '../../shared/charts/metrics';
import type { Series } from '../../shared/charts/series';
import type { Texts } from '../../shared/texts';
import type { Cell, ExportedTable } from '../../shared/exporting/exported';

export function metricTables(metrics: Metrics, texts: Texts): ExportedTable[] {
  const table = (id: string, title: string, column: string, series: Series): ExportedTable => ({
    id,
    title,
    columns: ['training step', column],
    rows: () => series.points.map(({ x, y }): Cell[] => [x, y]),
  });
  return [
    table('loss-training', `${texts.get('lossTitle')}, ${texts.get('lossTraining')}`, 'loss [nats/token]', metrics.loss),
    table('loss-validation', `${texts.get('lossTitle')}, ${texts.get('lossValidation')}`, 'loss [nats/token]', metrics.validation),
    table('norm-before', `${texts.get('normTitle')}, ${texts.get('normBefore')}`, 'gradient norm before clipping', metrics.normBefore),
    table('norm-after', `${texts.get('normTitle')}, ${texts.get('normAfter')}`, 'gradient norm after clipping', metrics.normAfter),
  ];
}
