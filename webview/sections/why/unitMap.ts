/** What the units did: a heatmap of unit × time of the hidden state or a gate, with its own scale beside it. */
import { unitMapOf, type Frame } from '../../../src/protocol/frame';
import { logarithmicMap, shareMap, signedMap, type ColorMap } from '../../shared/colors/maps';
import { powerOfTen } from '../../../src/terms/numberFormat';
import type { Texts } from '../../shared/texts';
import type { Theme } from '../../shared/theme';
import { isPositive, isShare, quantityOf } from './units/statistics';
import { HeatmapFigure } from '../../shared/figures/heatmapFigure';

/** About how high the map is, CSS pixels. */
const height = 230;

export class UnitMapFigure {
  readonly map: HeatmapFigure;
  /** Row i shows unit order[i]; null as they are. */
  private order: Uint32Array | null = null;
  /** Whether the scale's values are powers of ten. */
  private isLogarithmic = false;

  constructor(texts: Texts, changed: () => void) {
    const { numbers } = texts;
    this.map = new HeatmapFigure({
      name: 'units',
      height,
      rowName: (row) => texts.get('panel.units.unit', numbers.integer(this.unitOf(row))),
      valueName: (value) =>
        this.isLogarithmic
          ? powerOfTen(value)
          : Number.isInteger(value)
            ? numbers.integer(value)
            : numbers.decimals(value, Math.abs(value) < 0.1 ? 2 : 1),
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
    const quantity = quantityOf(frame.header);
    this.order = order;
    this.isLogarithmic = isPositive(quantity);
    const values = this.isLogarithmic ? unitMapOf(frame).map(Math.log10) : unitMapOf(frame);
    const map = this.isLogarithmic
      ? powersMap(values, theme)
      : isShare(quantity)
        ? shareMap(theme.kind)
        : signedMap(theme.kind, bounded ? 1 : roundLimit(values));
    this.map.show(
      { values, rows: unitMap.units, columns: tokens.length, rowStride: 1, columnStride: unitMap.units },
      map,
      (map.low + map.high) / 2,
      order,
    );
  }
}

/** Between powers of ten, an even number of them, so that the one in the middle can be named and the scale rarely changes. @param exponents logarithms of the values */
function powersMap(exponents: Float32Array, theme: Theme): ColorMap {
  let [low, high] = [Infinity, -Infinity];
  for (const each of exponents) {
    if (!Number.isFinite(each)) continue;
    low = Math.min(low, each);
    high = Math.max(high, each);
  }
  if (low > high) [low, high] = [-1, 1];
  // The logarithm of a power of ten may be off in its last digit.
  [low, high] = [Math.floor(low + 1e-6), Math.ceil(high - 1e-6)];
  if (high <= low) high = low + 1;
  return logarithmicMap(theme.kind, (high - low) % 2 === 0 ? low : low - 1, high);
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
