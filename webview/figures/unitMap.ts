/** What the units did: a heatmap of unit × time of the hidden state or a gate, with its own scale beside it. */
import { unitMapOf, type Frame, type UnitQuantity } from '../../src/protocol/frame';
import { shareMap, signedMap, type ColourMap } from '../colours/maps';
import type { Columns } from '../columns';
import type { Texts } from '../texts';
import type { Theme } from '../theme';
import { drawColumnMarks, FigureCanvas, labelSize, type Marked } from './canvas';
import { Heatmap, paintScale } from './heatmap';

/** About how high the map is, CSS pixels; rows are whole pixels high where they can be. */
const wantedHeight = 230;
const highestRow = 14;
const inset = 6;

export function isGate(quantity: UnitQuantity): boolean {
  return quantity.endsWith('Gate');
}

export class UnitMapFigure {
  readonly figure = new FigureCanvas('units');
  private readonly image = new Heatmap();
  private readonly bar = new Heatmap();
  private map: ColourMap | null = null;
  private mapHeight = 0;
  private units = 1;

  constructor(private readonly texts: Texts) {}

  /** The unit drawn at y; null above and below the map. */
  unitAt(y: number): number | null {
    const unit = Math.floor(((y - inset) / this.mapHeight) * this.units);
    return unit >= 0 && unit < this.units ? unit : null;
  }

  /** Colours the map anew: after a frame, a change of theme, or of size. `bounded`: values cannot pass ±1. */
  paint(frame: Frame, columns: Columns, theme: Theme, bounded: boolean): void {
    const { unitMap, tokens } = frame.header;
    const values = unitMapOf(frame);
    const ratio = window.devicePixelRatio;
    this.units = unitMap.units;
    this.mapHeight = heightFor(unitMap.units, ratio);
    const gate = isGate(unitMap.quantity);
    this.map = gate ? shareMap(theme.kind) : signedMap(theme.kind, bounded ? 1 : roundLimit(values));
    paintScale(this.bar, this.map, true);
    this.image.paint(
      { values, rows: unitMap.units, columns: tokens.length, rowStride: 1, columnStride: unitMap.units },
      this.map,
      gate ? 0.5 : 0,
      this.mapHeight * ratio,
      columns.width * ratio,
    );
  }

  draw(width: number, columns: Columns, theme: Theme, marked: Marked, unit: number | null): void {
    const context = this.figure.begin(width, this.mapHeight + 2 * inset);
    context.font = `${labelSize}px ${theme.font}`;
    context.textBaseline = 'middle';
    context.textAlign = 'right';
    context.fillStyle = theme.dim;
    const name = (index: number): string => this.texts.get('unit', this.texts.numbers.integer(index));
    context.fillText(name(0), columns.left - 8, inset + labelSize / 2);
    if (this.units > 1) context.fillText(name(this.units - 1), columns.left - 8, inset + this.mapHeight - labelSize / 2);
    this.image.draw(context, columns.left, inset, columns.width, this.mapHeight);
    drawColumnMarks(context, columns, theme, marked, inset - 3, inset + this.mapHeight + 3);
    if (unit !== null && marked.mark !== null) this.drawUnit(context, columns, theme, unit);
    this.drawScale(context, columns, theme);
  }

  private drawUnit(context: CanvasRenderingContext2D, columns: Columns, theme: Theme, unit: number): void {
    const rowHeight = this.mapHeight / this.units;
    const [top, end] = [inset + unit * rowHeight, inset + (unit + 1) * rowHeight];
    context.strokeStyle = theme.foreground;
    context.lineWidth = 1;
    context.beginPath();
    for (const y of [Math.round(top) - 0.5, Math.round(end) + 0.5]) {
      context.moveTo(columns.left, y);
      context.lineTo(columns.left + columns.width, y);
    }
    context.stroke();
  }

  /** A bar at the right edge, largest value on top. */
  private drawScale(context: CanvasRenderingContext2D, columns: Columns, theme: Theme): void {
    if (!this.map) return;
    const { low, high } = this.map;
    const [left, width] = [columns.left + columns.width + 10, 8];
    const height = Math.min(this.mapHeight, 120);
    this.bar.draw(context, left, inset, width, height);
    context.textAlign = 'left';
    context.fillStyle = theme.dim;
    for (const value of low < 0 ? [high, 0, low] : [high, (high + low) / 2, low]) {
      const y = inset + ((high - value) / (high - low)) * height;
      context.fillText(this.label(value), left + width + 4, Math.min(Math.max(y, inset + 5), inset + height - 4));
    }
  }

  private label(value: number): string {
    return Number.isInteger(value) ? this.texts.numbers.integer(value) : this.texts.numbers.decimals(value, Math.abs(value) < 0.1 ? 2 : 1);
  }
}

function heightFor(units: number, ratio: number): number {
  const devicePixels = Math.round((wantedHeight * ratio) / units);
  return devicePixels >= 1 ? (units * Math.min(devicePixels, highestRow * ratio)) / ratio : wantedHeight;
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
