/** By how much the gradient grows or shrinks from each step to the one before: one line per layer and state, on a logarithmic axis around 1. */
import { logGains, type FlowRow } from '../../shared/flowRows';
import { powerOfTen } from '../../../src/terms/numberFormat';
import type { Columns } from '../../shared/columns';
import type { Texts } from '../../shared/texts';
import type { Theme } from '../../shared/theme';
import { drawColumnMarks, FigureCanvas, labelSize, type Marked } from '../../shared/figures/canvas';
import { clipToColumns, traceLine } from '../../shared/figures/line';
import type { Pen } from '../../shared/figures/pen';

const height = 92;
const [top, bottom] = [6, height - 6];
/** Powers of ten to both sides of 1 that the axis can have: the smallest that holds nearly all gains. */
const reaches = [0.5, 1, 2, 4, 8];

export class GainFigure {
  readonly figure = new FigureCanvas('gain');
  private lines: { readonly values: Float32Array; readonly isMain: boolean }[] = [];
  private reach = 0.5;

  constructor(private readonly texts: Texts) {}

  /** After a frame. */
  show(rows: readonly FlowRow[], target: number): void {
    this.lines = rows.map((row) => ({ values: logGains(row, target), isMain: row.isMain }));
    let max = 0;
    for (const { values } of this.lines)
      for (const value of values) if (Number.isFinite(value)) max = Math.max(max, Math.abs(value));
    this.reach = reaches.find((reach) => reach >= max) ?? reaches[reaches.length - 1];
  }

  draw(width: number, columns: Columns, theme: Theme, marked: Marked): void {
    this.figure.render(width, height, (pen) => this.drawOn(pen, columns, theme, marked));
  }

  private drawOn(pen: Pen, columns: Columns, theme: Theme, marked: Marked): void {
    const { reach } = this;
    const y = (value: number): number =>
      top + ((reach - Math.max(-reach, Math.min(reach, value))) / (2 * reach)) * (bottom - top);
    pen.font = `${labelSize}px ${theme.font}`;
    pen.textBaseline = 'middle';
    for (const power of reach < 1 ? [-0.5, 0, 0.5] : [-reach, 0, reach]) {
      const at = Math.round(y(power)) + 0.5;
      pen.strokeStyle = power === 0 ? theme.dim : theme.line;
      pen.lineWidth = 1;
      pen.beginPath();
      pen.moveTo(columns.left, at);
      pen.lineTo(columns.left + columns.width, at);
      pen.stroke();
      pen.fillStyle = theme.dim;
      pen.textAlign = 'left';
      pen.fillText(
        Math.abs(power) > 2 ? powerOfTen(power) : this.texts.numbers.plain(Number((10 ** power).toPrecision(2))),
        columns.left + columns.width + 6,
        at,
      );
    }
    pen.textAlign = 'right';
    for (const [name, at] of [
      ['panel.gradientFactor.grows', (top + y(0)) / 2],
      ['panel.gradientFactor.shrinks', (bottom + y(0)) / 2],
    ] as const) {
      pen.fillStyle = theme.dim;
      pen.fillText(this.texts.get(name), columns.left - 8, at, columns.left - 10);
    }
    pen.save();
    clipToColumns(pen, columns, 0, height);
    pen.lineJoin = 'round';
    for (const { values, isMain } of this.lines) {
      pen.strokeStyle = isMain ? theme.foreground : theme.dim;
      pen.lineWidth = isMain && this.lines.length > 1 ? 1.6 : 1.2;
      traceLine(pen, values, columns, y);
    }
    pen.restore();
    drawColumnMarks(pen, columns, theme, marked, 0, height);
  }
}
