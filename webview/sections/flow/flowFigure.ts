/** The flow: a heatmap of layer × time, or tensor × time, top layer on top. */
import type { FlowRegion } from '../../../src/protocol/frame';
import { flowMap } from '../../shared/colors/maps';
import { edgeOf, type Columns } from '../../shared/columns';
import type { FlowRow } from '../../shared/flowRows';
import type { Texts } from '../../shared/texts';
import type { Theme } from '../../shared/theme';
import { drawColumnMarks, drawHatching, FigureCanvas, labelSize, type Marked } from '../../shared/figures/canvas';
import { Heatmap } from '../../shared/figures/heatmap';
import type { Pen } from '../../shared/figures/pen';

/** Between rows: room for the line under a row that marks its regions. */
const gap = 5;
const regionLine = 2;

export class FlowFigure {
  readonly figure = new FigureCanvas('flow');
  private images: Heatmap[] = [];

  constructor(private readonly texts: Texts) {}

  /** Rows from now on: after a frame, or a change of theme. */
  show(rows: readonly FlowRow[], theme: Theme): void {
    const map = flowMap(theme.kind);
    this.images = rows.map(({ relative }, i) => {
      const image = this.images[i] ?? new Heatmap();
      image.show({ values: relative, rows: 1, columns: relative.length, rowStride: 0, columnStride: 1 }, map, 0);
      return image;
    });
  }

  /** The row at y; undefined between and beside them. */
  rowAt(y: number, rows: readonly FlowRow[]): FlowRow | undefined {
    const pitch = heightOfRow(rows.length) + gap;
    return rows.at(Math.max(0, Math.floor(y / pitch)));
  }

  draw(
    width: number,
    rows: readonly FlowRow[],
    regions: readonly FlowRegion[],
    columns: Columns,
    theme: Theme,
    marked: Marked,
  ): void {
    const height = rows.length * (heightOfRow(rows.length) + gap);
    this.figure.render(width, height, (pen) => this.drawOn(pen, height, rows, regions, columns, theme, marked));
  }

  private drawOn(
    pen: Pen,
    height: number,
    rows: readonly FlowRow[],
    regions: readonly FlowRegion[],
    columns: Columns,
    theme: Theme,
    marked: Marked,
  ): void {
    const rowHeight = heightOfRow(rows.length);
    pen.font = `${labelSize}px ${theme.font}`;
    pen.textBaseline = 'middle';
    pen.textAlign = 'right';
    rows.forEach((row, i) => {
      const top = i * (rowHeight + gap);
      pen.fillStyle = theme.dim;
      // Beside the row's middle; where rows are lower than letters, the first one's would be cut by the figure's edge.
      const middle = Math.max(top + rowHeight / 2 + 0.5, labelSize / 2 + 0.5);
      pen.fillText(this.texts.row(row), columns.left - 8, middle, columns.left - 10);
      this.drawUnreachable(pen, row, columns, theme, top, rowHeight);
      this.images[i]?.draw(pen, columns, { top, height: rowHeight, first: 0, count: 1 });
      for (const region of regions) {
        if (region.layer !== row.layer || region.direction !== row.direction || region.state !== row.state) continue;
        const [left, right] = clipped(columns, region.from, region.to);
        pen.fillStyle = region.kind === 'vanishing' ? theme.vanishing : theme.exploding;
        if (right > left) pen.fillRect(left, top + rowHeight + 1, right - left, regionLine);
      }
    });
    drawColumnMarks(pen, columns, theme, marked, 0, height);
  }

  private drawUnreachable(
    pen: Pen,
    row: FlowRow,
    columns: Columns,
    theme: Theme,
    top: number,
    rowHeight: number,
  ): void {
    const { relative } = row;
    for (let t = 0; t < relative.length; t++) {
      if (!Number.isNaN(relative[t])) continue;
      const from = t;
      while (t + 1 < relative.length && Number.isNaN(relative[t + 1])) t++;
      const [left, right] = clipped(columns, from, t);
      drawHatching(pen, theme, left, top, right - left, rowHeight);
    }
  }
}

/** Left and right edge of a stretch of steps, both ends inside, as far as it is in view. */
function clipped(columns: Columns, from: number, to: number): [left: number, right: number] {
  return [
    Math.max(columns.left, edgeOf(columns, from)),
    Math.min(columns.left + columns.width, edgeOf(columns, to + 1)),
  ];
}

function heightOfRow(rows: number): number {
  return rows <= 2 ? 26 : rows <= 4 ? 20 : Math.max(9, Math.floor(96 / rows));
}
