/** Lines over the text. */
import { clipToColumns, traceLine } from '../../shared/figures/line';
import { drawColumnMarks, FigureCanvas, labelSize, type Marked } from '../../shared/figures/canvas';
import type { Columns } from '../../shared/columns';
import type { Pen } from '../../shared/figures/pen';
import type { Texts } from '../../shared/texts';
import type { Theme } from '../../shared/theme';
import { axisOf, drawAxis, signedLogAxis, type Axis } from '../../shared/figures/axis';

const height = 92;
const [top, bottom] = [8, height - 8];

export interface Line {
  /** By step; NaN where there is none. */
  readonly values: Float32Array;
  /** The first of several speaks for them. */
  readonly isMain: boolean;
  readonly isDashed?: boolean;
}

export class LinesFigure {
  readonly figure: FigureCanvas;
  private lines: readonly Line[] = [];
  private axis: Axis = axisOf([0], top, bottom);

  /** @param name the canvas's data-figure  @param isLogarithmic to both sides of zero */
  constructor(
    name: string,
    private readonly texts: Texts,
    private readonly isLogarithmic = false,
  ) {
    this.figure = new FigureCanvas(name);
  }

  /** @param around values that the axis holds besides the lines' */
  show(lines: readonly Line[], around: readonly number[]): void {
    this.lines = lines;
    const shown = [...around, ...lines.flatMap(({ values }) => Array.from(values).filter(Number.isFinite))];
    this.axis = this.isLogarithmic ? signedLogAxis(shown, 1, top, bottom) : axisOf(shown, top, bottom);
  }

  /** @param marked null where steps of the text above mean nothing here */
  draw(width: number, columns: Columns, theme: Theme, marked: Marked | null): void {
    this.figure.render(width, height, (pen) => this.drawOn(pen, columns, theme, marked));
  }

  private drawOn(pen: Pen, columns: Columns, theme: Theme, marked: Marked | null): void {
    const { axis, lines } = this;
    pen.font = `${labelSize}px ${theme.font}`;
    drawAxis(pen, axis, columns, this.texts.numbers, theme);
    pen.save();
    clipToColumns(pen, columns, 0, height);
    pen.lineJoin = 'round';
    for (const { values, isMain, isDashed = false } of lines.toReversed()) {
      pen.strokeStyle = isMain ? theme.foreground : theme.dim;
      pen.lineWidth = isMain ? 1.6 : 1;
      pen.setLineDash(isDashed ? [3, 3] : []);
      traceLine(pen, values, columns, axis.y);
    }
    pen.restore();
    if (marked) drawColumnMarks(pen, columns, theme, marked, 0, height);
  }
}
