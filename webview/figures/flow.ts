/** The flow: a heatmap of layer × time, top layer on top. */
import type { FrameHeader } from '../../src/protocol/frame';
import { flowMap } from '../colours/maps';
import { edgeOf, type Columns } from '../columns';
import type { FlowRow } from '../flowRows';
import type { Texts } from '../texts';
import type { Theme } from '../theme';
import { drawColumnMarks, drawHatching, FigureCanvas, labelSize, type Marked } from './canvas';
import { Heatmap } from './heatmap';

/** Between rows: room for the line under a row that marks its regions. */
const gap = 5;
const regionLine = 2;

export class FlowFigure {
  readonly figure = new FigureCanvas('flow');
  private images: Heatmap[] = [];

  constructor(private readonly texts: Texts) {}

  /** Colours the rows anew: after a frame, a change of theme, or of width. */
  paint(rows: readonly FlowRow[], columns: Columns, theme: Theme): void {
    const map = flowMap(theme.kind);
    const pixels = columns.width * window.devicePixelRatio;
    this.images = rows.map(({ relative }, i) => {
      const image = this.images[i] ?? new Heatmap();
      image.paint({ values: relative, rows: 1, columns: relative.length, rowStride: 0, columnStride: 1 }, map, 0, 1, pixels);
      return image;
    });
  }

  draw(width: number, header: FrameHeader, rows: readonly FlowRow[], columns: Columns, theme: Theme, marked: Marked): void {
    const rowHeight = heightOfRow(rows.length);
    const height = rows.length * (rowHeight + gap);
    const context = this.figure.begin(width, height);
    context.font = `${labelSize}px ${theme.font}`;
    context.textBaseline = 'middle';
    context.textAlign = 'right';
    rows.forEach((row, i) => {
      const top = i * (rowHeight + gap);
      context.fillStyle = theme.dim;
      context.fillText(this.texts.row(row), columns.left - 8, top + rowHeight / 2 + 0.5, columns.left - 10);
      this.drawUnreachable(context, row, columns, theme, top, rowHeight);
      this.images[i]?.draw(context, columns.left, top, columns.width, rowHeight);
      for (const region of header.regions) {
        if (region.layer !== row.layer || region.direction !== row.direction || region.state !== row.state) continue;
        const left = edgeOf(columns, region.from);
        context.fillStyle = region.kind === 'vanishing' ? theme.vanishing : theme.exploding;
        context.fillRect(left, top + rowHeight + 1, edgeOf(columns, region.to + 1) - left, regionLine);
      }
    });
    drawColumnMarks(context, columns, theme, marked, 0, height);
  }

  private drawUnreachable(context: CanvasRenderingContext2D, row: FlowRow, columns: Columns, theme: Theme, top: number, rowHeight: number): void {
    const { relative } = row;
    for (let t = 0; t < relative.length; t++) {
      if (!Number.isNaN(relative[t])) continue;
      const from = t;
      while (t + 1 < relative.length && Number.isNaN(relative[t + 1])) t++;
      const left = edgeOf(columns, from);
      drawHatching(context, theme, left, top, edgeOf(columns, t + 1) - left, rowHeight);
    }
  }
}

function heightOfRow(rows: number): number {
  return rows <= 2 ? 26 : rows <= 4 ? 20 : Math.max(8, Math.floor(96 / rows));
}
