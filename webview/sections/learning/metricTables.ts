/** What is kept of a run's metrics, as tables; long runs are thinned, each step's extremes kept. */
import type { LossUnit } from '../../../src/protocol/run';
import type { Metrics } from '../../shared/charts/metrics';
import type { Series } from '../../shared/charts/series';
import type { Texts } from '../../shared/texts';
import type { Cell, ExportedTable } from '../../shared/exporting/exported';

const lossColumns = { nats: 'loss [nats/token]', squaredError: 'loss [mean squared error]', none: 'loss' } as const;

export function metricTables(metrics: Metrics, unit: LossUnit, texts: Texts): ExportedTable[] {
  const lossColumn = lossColumns[unit ?? 'none'];
  const table = (id: string, title: string, column: string, series: Series): ExportedTable => ({
    id,
    title,
    columns: ['training step', column],
    rows: () => series.points.map(({ x, y }): Cell[] => [x, y]),
  });
  const tables = [
    table(
      'loss-training',
      `${texts.get('panel.loss.title')}, ${texts.get('panel.loss.training')}`,
      lossColumn,
      metrics.loss,
    ),
    table(
      'loss-validation',
      `${texts.get('panel.loss.title')}, ${texts.get('panel.loss.validation')}`,
      lossColumn,
      metrics.validation,
    ),
    table(
      'norm-before',
      `${texts.get('panel.norm.title')}, ${texts.get('panel.norm.before')}`,
      'gradient norm before clipping',
      metrics.normBefore,
    ),
    table(
      'norm-after',
      `${texts.get('panel.norm.title')}, ${texts.get('panel.norm.after')}`,
      'gradient norm after clipping',
      metrics.normAfter,
    ),
  ];
  // A recording, or a run without validation, has none.
  return tables.filter(({ id }) => id !== 'loss-validation' || metrics.validation.points.length > 0);
}
