/** The units as tables: what each did over the probe, and every value of the unit map. */
import { unitMapOf, type Frame } from '../../../src/protocol/frame';
import type { Texts } from '../../shared/texts';
import type { UnitStatistics } from './units/statistics';
import type { Cell, ExportedTable } from '../../shared/exporting/exported';

export function unitTables(
  frame: Frame,
  { left, right, variance, halfLife, isZero }: UnitStatistics,
  texts: Texts,
): ExportedTable[] {
  const { unitMap, tokens } = frame.header;
  const { units } = unitMap;
  const { quantity, place } = texts.mapOf(frame.header);
  const name = `${quantity}, ${place}`;
  return [
    {
      id: 'unit-statistics',
      title: texts.get('panel.table.units', name),
      columns: [
        'unit',
        'saturated left [share of steps]',
        'saturated right [share of steps]',
        'variance',
        'half-life [tokens]',
        'zero at every step',
      ],
      *rows(): Iterable<Cell[]> {
        for (let u = 0; u < units; u++)
          yield [
            u,
            left?.[u] ?? null,
            right?.[u] ?? null,
            variance[u],
            halfLife?.[u] ?? null,
            isZero[u] ? 'yes' : 'no',
          ];
      },
    },
    {
      id: 'unit-values',
      title: texts.get('panel.table.unitValues', name),
      columns: ['step', 'token', ...Array.from({ length: units }, (_, u) => `unit ${u}`)],
      *rows(): Iterable<Cell[]> {
        const values = unitMapOf(frame);
        for (let t = 0; t < tokens.length; t++) yield [t, tokens[t], ...values.subarray(t * units, (t + 1) * units)];
      },
    },
  ];
}
