/** What the units did: a heatmap of unit × time of the hidden state or a gate, with its own scale beside it. */
import { unitMapOf, type Frame } from '../../../src/protocol/frame';
import { shareMap, signedMap, type ColorMap } from '../../shared/colors/maps';
import type { Texts } from '../../shared/texts';
import type { Theme } from '../../shared/theme';
import { isGate, quantityOf } from './units/statistics';
import { HeatmapFigure } from '../../shared/figures/heatmapFigure';

/** About how high the map is, CSS pixels. */
const height = 230;

export class UnitMapFigure {
  readonly map: HeatmapFigure;
  /** Row i shows unit order[i]; null as they are. */
  private order: Uint32Array | null = null;

  constructor(texts: Texts, changed: () => void) {
    const { numbers } = texts;
    this.map = new HeatmapFigure({
      name: 'units',
      height,
      rowName: (row) => texts.get('panel.units.unit', numbers.integer(this.unitOf(row))),
      valueName: (value) =>
        Number.isInteger(value) ? numbers.integer(value) : numbers.decimals(value, Math.abs(value) < 0.1 ? 2 : 1),
      changed,
    });
  }

  unitOf(row: number): number {
    return this.order ? this.order[row] : row;
  }

  rowOf(unit: number): number {
    return this.order ? this.order.indexOf(unit) : unit;
  }

  /** After a frame or a change of theme. `bounded`: values cannot pass ±1. */
  show(frame: Frame, theme: Theme, bounded: boolean, order: Uint32Array | null): void {
    const { unitMap, tokens } = frame.header;
    const values = unitMapOf(frame);
    const gate = isGate(quantityOf(frame.header));
    this.order = order;
    const map: ColorMap = gate ? shareMap(theme.kind) : signedMap(theme.kind, bounded ? 1 : roundLimit(values));
    this.map.show(
      { values, rows: unitMap.units, columns: tokens.length, rowStride: 1, columnStride: unitMap.units },
      map,
      gate ? 0.5 : 0,
      order,
    );
  }
}

/** The largest absolute value, rounded up to 1, 2 or 5 times a power of ten, so that the scale rarely changes. */
function roundLimit(values: Float32Array): number {
  let largest = 0;
  for (const value of values) {
    const size = Math.abs(value);
    if (size > largest && size < Number.POSITIVE_INFINITY) largest = size;
  }
  if (largest === 0) return 1;
  const power = 10 ** Math.floor(Math.log10(largest));
  return ([1, 2, 5].find((factor) => factor * power >= largest) ?? 10) * power;
}
