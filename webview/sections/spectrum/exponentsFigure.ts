/** The Lyapunov exponents, largest first: a bar for each direction, from the line of what neither fades nor grows. */
import { clipToColumns } from '../../shared/figures/line';
import { FigureCanvas, labelSize } from '../../shared/figures/canvas';
import type { Pen } from '../../shared/figures/pen';
import type { Columns } from '../../shared/columns';
import type { Texts } from '../../shared/texts';
import type { Theme } from '../../shared/theme';
import { drawAxis, signedLogAxis, type Axis } from '../../shared/figures/axis';

const height = 112;
const [top, bottom] = [8, height - 20];
/** Nats per token up to which the axis is about linear: ten times as slow a direction is hardly seen to fade. */
const linear = 0.03;
/** A bar at most, CSS pixels. */
const widest = 14;

export class ExponentsFigure {
  readonly figure = new FigureCanvas('exponents');
  private exponents: Float64Array = new Float64Array(0);
  private axis: Axis = signedLogAxis([], linear, top, bottom);
  private columns: Columns = { left: 0, width: 1, first: 0, count: 1 };

  constructor(private readonly texts: Texts) {}

  show(exponents: Float64Array): void {
    this.exponents = exponents;
    this.axis = signedLogAxis(Array.from(exponents).filter(Number.isFinite), linear, top, bottom);
  }

  /** The direction under x; null beside the bars. */
  directionAt(x: number): number | null {
    const { left, width, count } = this.columns;
    const place = Math.floor(((x - left) / width) * count);
    return place >= 0 && place < this.exponents.length ? place : null;
  }

  draw(width: number, { left, width: room }: Columns, theme: Theme, marked: number | null): void {
    const count = this.exponents.length;
    this.columns = { left, width: Math.min(room, count * widest), first: 0, count: Math.max(1, count) };
    this.figure.render(width, height, (pen) =>
      this.drawOn(pen, { left, width: room, first: 0, count: 1 }, theme, marked),
    );
  }

  private drawOn(pen: Pen, whole: Columns, theme: Theme, marked: number | null): void {
    const { axis, columns, exponents } = this;
    const { numbers } = this.texts;
    const pitch = columns.width / columns.count;
    pen.font = `${labelSize}px ${theme.font}`;
    drawAxis(pen, axis, whole, numbers, theme);
    pen.save();
    clipToColumns(pen, whole, 0, height);
    exponents.forEach((exponent, i) => {
      const x = columns.left + i * pitch;
      const wide = Math.max(1, pitch - (pitch > 3 ? 1 : 0));
      // A direction that is lost goes to the bottom, and has the color of what is exactly zero.
      const isLost = exponent === -Infinity;
      const y = isLost ? bottom : axis.y(exponent);
      pen.fillStyle = isLost ? theme.dim : exponent > 0 ? theme.exploding : theme.vanishing;
      pen.globalAlpha = isLost ? 0.4 : marked === null || marked === i ? 0.9 : 0.55;
      pen.fillRect(x, Math.min(y, axis.y(0)), wide, Math.max(1, Math.abs(y - axis.y(0))));
    });
    pen.restore();
    if (marked !== null && marked < exponents.length) {
      pen.strokeStyle = theme.foreground;
      pen.lineWidth = 1;
      pen.strokeRect(columns.left + marked * pitch - 0.5, top - 4.5, Math.max(3, pitch) + 1, bottom - top + 9);
    }
    pen.fillStyle = theme.dim;
    pen.textBaseline = 'middle';
    const y = height - 7;
    pen.textAlign = 'left';
    pen.fillText(numbers.integer(1), columns.left, y);
    if (exponents.length < 2) return;
    pen.textAlign = 'right';
    pen.fillText(numbers.integer(exponents.length), columns.left + Math.max(columns.width, 40), y);
  }
}
