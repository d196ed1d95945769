/** The flow as tables: every step of every layer, and what it comes to. */
import { seriesOf, type Frame } from '../../../src/protocol/frame';
import { gainAt, type FlowRow } from '../../shared/flowRows';
import type { Texts } from '../../shared/texts';
import type { Cell, ExportedTable } from '../../shared/exporting/exported';

export function flowTables(frame: Frame, rows: readonly FlowRow[], texts: Texts): ExportedTable[] {
  const { tokens, target, regions, graph } = frame.header;
  // In graph mode a lane is a tensor, which has a name.
  const laneColumns = graph ? ['tensor', 'role'] : ['layer', 'direction', 'state'];
  const laneCells = ({ layer, direction, state }: Pick<FlowRow, 'layer' | 'direction' | 'state'>): Cell[] => {
    const series = graph?.series[layer];
    return series ? [series.name, series.role] : [layer + 1, direction, state];
  };
  const rowCells = (row: FlowRow): Cell[] =>
    row.kind === 'input'
      ? [row.naming === 'output' ? 'output' : row.layer + 1, row.direction, 'input']
      : laneCells(row);
  return [
    {
      id: 'flow-steps',
      title: texts.get('panel.table.flowSteps'),
      columns: [
        'step',
        'token',
        'lag',
        frame.header.isOfNumbers === true ? 'squared error' : 'loss [nats]',
        ...laneColumns,
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
              ...rowCells(row),
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
      columns: [...laneColumns, 'target step', 'horizon [tokens]', 'slope [nats/token]', 'level [log10]'],
      rows: () =>
        rows.map((row): Cell[] => {
          const { horizon, slope, level } = row.summary;
          // Of a level series a horizon would say nothing.
          const numbers = level ? [null, level.slope, level.log10] : [horizon, slope, null];
          return [...rowCells(row), target, ...numbers];
        }),
    },
    {
      id: 'flow-regions',
      title: texts.get('panel.table.flowRegions'),
      columns: [...laneColumns, 'kind', 'first step', 'last step'],
      rows: () => regions.map((region): Cell[] => [...laneCells(region), region.kind, region.from, region.to]),
    },
  ];
}
