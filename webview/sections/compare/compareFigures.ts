/** What compared runs look like side by side: their profiles in one picture, and their flows under each other on the same colors. */
import type { FrameHeader } from '../../../src/protocol/frame';
import type { ColorMap } from '../../shared/colors/maps';
import { edgeOf, type Columns } from '../../shared/columns';
import { drawColumnMarks, FigureCanvas, labelSize, type Marked } from '../../shared/figures/canvas';
import { drawWhole, Heatmap, showScale } from '../../shared/figures/heatmap';
import { traceLine } from '../../shared/figures/line';
import type { Pen } from '../../shared/figures/pen';
import { powerOfTen } from '../../../src/terms/numberFormat';
import type { Theme } from '../../shared/theme';

export interface ComparedLine {
  readonly name: string;
  readonly color: string;
  readonly dash: readonly number[];
  readonly relative: Float32Array;
}

const profileTop = 8;
const profileHeight = 150;
const lowest = [-4, -8, -12, -16, -24, -32, -48, -64, -96, -128, -192, -256, -512];
const highest = [0.5, 4, 8, 16, 32, 64, 128, 256, 512];
const maxTicks = 6;

export class ComparedProfile {
  readonly figure = new FigureCanvas('comparedProfile');

  draw(
    width: number,
    lines: readonly ComparedLine[],
    { thresholds }: FrameHeader,
    columns: Columns,
    theme: Theme,
    marked: Marked,
  ): void {
    let [min, max] = [0, 0];
    for (const { relative } of lines) {
      for (const r of relative) {
        if (r < min && r > -Infinity) min = r;
        if (r > max && r < Infinity) max = r;
      }
    }
    const low = lowest.find((bound) => bound <= min) ?? lowest[lowest.length - 1];
    const high = highest.find((bound) => bound >= max) ?? highest[highest.length - 1];
    const bottom = profileTop + profileHeight;
    const y = (r: number): number =>
      profileTop + ((high - Math.min(high, Math.max(low, r))) / (high - low)) * profileHeight;
    this.figure.render(width, bottom + 4, (pen) => {
      pen.font = `${labelSize}px ${theme.font}`;
      pen.textBaseline = 'middle';
      this.drawAxis(pen, low, high, y, columns, theme);
      for (const [power, color] of [
        [thresholds.vanishing, theme.vanishing],
        [thresholds.exploding, theme.exploding],
      ] as const) {
        if (power >= low && power <= high) strokeAcross(pen, columns, y(power), color, [4, 3]);
      }
      pen.save();
      pen.beginPath();
      pen.rect(columns.left, 0, columns.width, bottom + 4);
      pen.clip();
      pen.lineJoin = 'round';
      for (const { relative, color, dash } of lines) {
        pen.strokeStyle = color;
        pen.lineWidth = 1.8;
        pen.setLineDash([...dash]);
        traceLine(pen, relative, columns, y);
      }
      pen.setLineDash([]);
      pen.restore();
      drawColumnMarks(pen, columns, theme, marked, profileTop - 3, bottom + 4);
    });
  }

  private drawAxis(
    pen: Pen,
    low: number,
    high: number,
    y: (power: number) => number,
    columns: Columns,
    theme: Theme,
  ): void {
    let stride = 1;
    while (Math.floor(high - low) / stride > maxTicks) stride *= 2;
    pen.textAlign = 'left';
    for (let power = low; power <= high; power += stride) {
      strokeAcross(pen, columns, y(power), theme.line, []);
      pen.fillStyle = theme.dim;
      pen.fillText(powerOfTen(power), columns.left + columns.width + 6, y(power));
    }
  }
}

function strokeAcross(pen: Pen, { left, width }: Columns, y: number, color: string, dash: number[]): void {
  pen.strokeStyle = color;
  pen.lineWidth = 1;
  pen.setLineDash(dash);
  pen.beginPath();
  pen.moveTo(left, Math.round(y) + 0.5);
  pen.lineTo(left + width, Math.round(y) + 0.5);
  pen.stroke();
  pen.setLineDash([]);
}

export interface ComparedRow {
  readonly name: string;
  readonly color: string;
  /** Null where the run cannot be aligned, or nothing has come. */
  readonly values: Float32Array | null;
  /** Smallest lag that has vanished, drawn as a tick; null for none. */
  readonly horizon: number | null;
}

const rowHeight = 24;
const gap = 6;

/** Rows of colors over the same columns; also for truncations. */
export class ComparedRows {
  readonly figure: FigureCanvas;
  private images: Heatmap[] = [];
  private readonly bar = new Heatmap();
  private map: ColorMap | null = null;

  /** `hasScale`: with a color scale of its own in the right margin. */
  constructor(
    name: string,
    private readonly hasScale: boolean,
  ) {
    this.figure = new FigureCanvas(name);
  }

  /** The row at y; null between and beside them. */
  rowAt(y: number): number | null {
    const row = Math.floor(y / (rowHeight + gap));
    return row >= 0 && row < this.images.length && y - row * (rowHeight + gap) < rowHeight ? row : null;
  }

  show(rows: readonly ComparedRow[], map: ColorMap): void {
    this.map = map;
    if (this.hasScale) showScale(this.bar, map, true);
    this.images = rows.map(({ values }, i) => {
      const image = this.images.at(i) ?? new Heatmap();
      image.show(
        {
          values: values ?? new Float32Array([NaN]),
          rows: 1,
          columns: values?.length ?? 1,
          rowStride: 0,
          columnStride: 1,
        },
        map,
        0,
      );
      return image;
    });
  }

  draw(
    width: number,
    rows: readonly ComparedRow[],
    columns: Columns,
    theme: Theme,
    marked: Marked,
    row: number | null = null,
  ): void {
    const height = rows.length * (rowHeight + gap);
    this.figure.render(width, height, (pen) => {
      pen.font = `${labelSize}px ${theme.font}`;
      pen.textBaseline = 'middle';
      rows.forEach(({ name, color, values, horizon }, i) => {
        const top = i * (rowHeight + gap);
        pen.textAlign = 'right';
        pen.fillStyle = theme.foreground;
        pen.fillText(name, columns.left - 8, top + rowHeight / 2 + 0.5, columns.left - 14);
        pen.fillStyle = color;
        pen.fillRect(columns.left - 5, top, 3, rowHeight);
        if (values) this.images[i]?.draw(pen, columns, { top, height: rowHeight, first: 0, count: 1 });
        if (horizon !== null) this.drawHorizon(pen, edgeOf(columns, marked.target - horizon + 1), top, columns, theme);
        if (i === row) {
          pen.strokeStyle = theme.foreground;
          pen.lineWidth = 1;
          pen.strokeRect(columns.left - 0.5, top - 0.5, columns.width + 1, rowHeight + 1);
        }
      });
      drawColumnMarks(pen, columns, theme, marked, 0, height);
      if (this.hasScale && this.map) this.drawScale(pen, this.map, columns, theme, height - gap);
    });
  }

  /** Powers of ten, the largest on top. */
  private drawScale(pen: Pen, { low, high }: ColorMap, columns: Columns, theme: Theme, height: number): void {
    const [left, width] = [columns.left + columns.width + 8, 8];
    drawWhole(pen, this.bar, 256, 1, left, 0, width, height);
    pen.textAlign = 'left';
    pen.fillStyle = theme.dim;
    for (const [value, y] of [
      [high, 6],
      [0, height / 2],
      [low, height - 5],
    ])
      pen.fillText(powerOfTen(value), left + width + 3, y, columns.left);
  }

  private drawHorizon(pen: Pen, x: number, top: number, columns: Columns, theme: Theme): void {
    if (x < columns.left || x > columns.left + columns.width) return;
    pen.fillStyle = theme.background;
    pen.fillRect(Math.round(x) - 1.5, top - 2, 4, rowHeight + 4);
    pen.fillStyle = theme.vanishing;
    pen.fillRect(Math.round(x) - 0.5, top - 2, 2, rowHeight + 4);
  }
}
