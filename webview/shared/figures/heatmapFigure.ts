/** A heatmap with what belongs to it: names of its rows and columns, its color scale, what is marked on it, and its text alternative. */
import type { ColorMap } from '../colors/maps';
import { edgeOf, stepAt, stepsInView, type Columns } from '../columns';
import { Range } from '../range';
import type { Theme } from '../theme';
import { FigureCanvas, labelSize } from './canvas';
import { Heatmap, type Grid, type Rows } from './heatmap';
import type { Pen } from './pen';
import { ScaleBar } from './scaleBar';

export interface HeatmapOptions {
  /** The canvas's data-figure. */
  readonly name: string;
  /** About how high the map is, CSS pixels. Rows are whole pixels high where they can be, and at most `highestRow`. */
  readonly height: number;
  readonly highestRow?: number;
  /** The first and the last row in view are named in the left margin. */
  rowName(row: number): string;
  /** Every row is, as far as names have room. */
  readonly namesEveryRow?: boolean;
  /** Some columns are named under the map; none where this is absent, as over the text. */
  readonly columnName?: (column: number) => string;
  /** A value of the color scale, in words; the scale stands in the right margin. */
  readonly valueName: (value: number) => string;
  /** Values named on the scale; its ends, and its middle, where absent. */
  readonly scaleTicks?: readonly number[];
  /** Anything about it has changed: the page draws again. */
  changed(): void;
}

/** What is marked: a row of the picture, a column, both (a cell) or neither. */
export interface Cursor {
  readonly row: number | null;
  readonly column: number | null;
}

/** Over and under the map. */
const inset = 6;
const axisHeight = 16;

/**
 * The reader zooms by `columns` (of a `Range` the page keeps) and `rows`. Use: `show` with every new grid or color map, `draw` with every picture;
 * pixels are only recolored when what is in view has changed.
 */
export class HeatmapFigure {
  readonly figure: FigureCanvas;
  /** Rows in view. */
  readonly rows: Range;
  private readonly image = new Heatmap();
  private readonly scale: ScaleBar;
  private grid: Grid | null = null;
  private columns: Columns | null = null;
  private mapHeight = 0;

  constructor(private readonly options: HeatmapOptions) {
    this.figure = new FigureCanvas(options.name);
    this.scale = new ScaleBar(options.valueName, options.scaleTicks);
    this.rows = new Range(() => options.changed());
  }

  /** Values from now on; they may be a view into a frame. Row i of the picture is row `order[i]` of the grid. Of values that share a pixel the one farthest from `neutral` is seen. */
  show(grid: Grid, map: ColorMap, neutral: number, order: Uint32Array | null = null): void {
    this.grid = grid;
    this.image.show(grid, map, neutral, order);
    this.scale.show(map);
    this.rows.setTotal(grid.rows);
  }

  /** The cell under a place in the figure; its row is a row of the picture. */
  cellAt(x: number, y: number): Cursor {
    const within = (y - inset) / this.mapHeight;
    const row = within >= 0 && within < 1 ? Math.floor(this.rows.first + within * this.rows.count) : null;
    return { row, column: this.columns && stepAt(this.columns, x) };
  }

  /** The place among the rows at y, not whole; also above and below the map. */
  rowPlaceAt(y: number): number {
    return this.rows.first + ((y - inset) / Math.max(1, this.mapHeight)) * this.rows.count;
  }

  /** `over` draws on the map what only its owner knows, say the target's column; `rows` are where the map's rows stand. */
  draw(width: number, columns: Columns, theme: Theme, cursor: Cursor, over?: (pen: Pen, rows: Rows) => void): void {
    const { grid } = this;
    if (!grid) return;
    this.columns = columns;
    this.mapHeight = this.heightFor(grid.rows);
    const rows: Rows = { top: inset, height: this.mapHeight, first: this.rows.first, count: this.rows.count };
    const named = this.options.columnName !== undefined;
    this.figure.render(width, this.mapHeight + 2 * inset + (named ? axisHeight : 0), (pen) => {
      pen.font = `${labelSize}px ${theme.font}`;
      pen.textBaseline = 'middle';
      this.drawRowNames(pen, columns, rows, theme);
      this.image.draw(pen, columns, rows);
      if (named) this.drawColumnNames(pen, columns, grid.columns, theme);
      over?.(pen, rows);
      drawCursor(pen, columns, rows, theme, cursor);
      this.scale.draw(pen, columns.left + columns.width, inset, this.mapHeight, theme);
    });
  }

  private drawRowNames(pen: Pen, columns: Columns, rows: Rows, theme: Theme): void {
    const { from, to } = stepsInView(
      { left: rows.top, width: rows.height, first: rows.first, count: rows.count },
      this.rows.total,
    );
    pen.textAlign = 'right';
    pen.fillStyle = theme.dim;
    const room = columns.left - 10;
    const pitch = rows.height / rows.count;
    if (this.options.namesEveryRow === true) {
      const stride = Math.max(1, Math.ceil((labelSize + 1) / pitch));
      for (let row = from; row <= to; row += stride)
        pen.fillText(this.options.rowName(row), columns.left - 8, rows.top + (row + 0.5 - rows.first) * pitch, room);
      return;
    }
    pen.fillText(this.options.rowName(from), columns.left - 8, inset + labelSize / 2, room);
    if (to > from) pen.fillText(this.options.rowName(to), columns.left - 8, inset + rows.height - labelSize / 2, room);
  }

  private drawColumnNames(pen: Pen, columns: Columns, total: number, theme: Theme): void {
    const name = this.options.columnName ?? String;
    const { from, to } = stepsInView(columns, total);
    const y = inset + this.mapHeight + axisHeight / 2 + 2;
    const middle = Math.round((from + to) / 2);
    pen.fillStyle = theme.dim;
    const end = columns.left + columns.width;
    for (const [column, align, x] of [
      [from, 'left', columns.left],
      [middle, 'center', edgeOf(columns, middle + 0.5)],
      [to, 'right', end],
    ] as const) {
      if (column === middle && to - from < 4) continue;
      pen.textAlign = align;
      pen.fillText(name(column), x, y, columns.width / 3.2);
    }
  }

  private heightFor(rows: number): number {
    const ratio = window.devicePixelRatio;
    const { height, highestRow = 14 } = this.options;
    const devicePixels = Math.round((height * ratio) / rows);
    return devicePixels >= 1 ? (rows * Math.min(devicePixels, highestRow * ratio)) / ratio : height;
  }
}

/** Lines on both sides of the marked row and column. */
function drawCursor(pen: Pen, columns: Columns, rows: Rows, theme: Theme, { row, column }: Cursor): void {
  pen.strokeStyle = theme.foreground;
  pen.lineWidth = 1;
  const [left, right] = [columns.left, columns.left + columns.width];
  const bottom = rows.top + rows.height;
  pen.beginPath();
  if (row !== null && row + 1 > rows.first && row < rows.first + rows.count) {
    const rowHeight = rows.height / rows.count;
    const y = rows.top + (row - rows.first) * rowHeight;
    for (const edge of [Math.round(y) - 0.5, Math.round(y + rowHeight) + 0.5]) {
      pen.moveTo(left, edge);
      pen.lineTo(right, edge);
    }
  }
  if (column !== null && column + 1 > columns.first && column < columns.first + columns.count) {
    const [from, to] = [edgeOf(columns, column), edgeOf(columns, column + 1)];
    for (const edge of [Math.round(from) - 0.5, Math.round(Math.max(to, from + 3)) + 0.5]) {
      pen.moveTo(edge, rows.top - 3);
      pen.lineTo(edge, bottom + 3);
    }
  }
  pen.stroke();
}
