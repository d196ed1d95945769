/** The flow as tables: every step of every layer, and what it comes to. */
import { seriesOf, type Frame } from '../../../src/protocol/frame';
import { gainAt, type FlowRow } from '../../shared/flowRows';
import type { Texts } from '../../shared/texts';
import type { Cell, ExportedTable } from '../../shared/exporting/exported';

export function flowTables(frame: Frame, rows: readonly FlowRow[], texts: Texts): ExportedTable[] {
  const { tokens, target, regions } = frame.header;
  return [
    {
      id: 'flow-steps',
      title: texts.get('panel.table.flowSteps'),
      columns: [
        'step',
        'token',
        'lag',
        'loss [nats]',
        'layer',
        'direction',
        'state',
        'log10 gradient relative to target',
        'gain',
        'state norm',
      ],
      *rows(): Iterable<Cell[]> {
        const loss = seriesOf(frame, 'loss');
        for (let t = 0; t < tokens.length; t++) {
          for (const row of rows) {
            const size = seriesOf(frame, 'norm', row.layer, row.direction, row.state)?.[t] ?? null;
            yield [
              t,
              tokens[t],
              target - t,
              loss?.[t] ?? null,
              row.layer + 1,
              row.direction,
              row.state,
              row.relative[t],
              gainAt(row, t, target),
              size,
            ];
          }
        }
      },
    },
    {
      id: 'flow-summary',
      title: texts.get('panel.table.flowSummary'),
      columns: ['layer', 'direction', 'state', 'target step', 'horizon [tokens]', 'slope [nats/token]'],
      rows: () =>
        rows.map(({ layer, direction, state, summary }): Cell[] => [
          layer + 1,
          direction,
          state,
          target,
          summary.horizon,
          summary.slope,
        ]),
    },
    {
      id: 'flow-regions',
      title: texts.get('panel.table.flowRegions'),
      columns: ['layer', 'direction', 'state', 'kind', 'first step', 'last step'],
      rows: () =>
        regions.map(({ layer, direction, state, kind, from, to }): Cell[] => [
          layer + 1,
          direction,
          state,
          kind,
          from,
          to,
        ]),
    },
  ];
}
