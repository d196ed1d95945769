/** A grid of values as an image of what is in view of it, at the resolution of the screen at most. */
import type { ColorMap } from '../colors/maps';
import { columnWidth, edgeOf, stepsInView, type Columns } from '../columns';
import type { Grid, Window } from './grid';
import type { Pen } from './pen';
import { Pool } from './pool';

export type { Grid } from './grid';

/** Rows from `first` on, `count` of them, share `height` pixels from `top` on; as `Columns`, downwards. */
export interface Rows {
  readonly top: number;
  readonly height: number;
  readonly first: number;
  readonly count: number;
}

export class Heatmap {
  private readonly surface = document.createElement('canvas');
  private image: ImageData | null = null;
  private pool: Pool | null = null;
  private map: ColorMap | null = null;
  private painted = '';

  /**
   * What is shown from now on; the values may be a view into a frame. Row i of the picture is row `order[i]` of the grid. Where values share a pixel it takes the one farthest from `neutral`: an
   * outlier is never averaged away.
   */
  show(grid: Grid, map: ColorMap, neutral: number, order: Uint32Array | null = null): void {
    this.pool = new Pool(grid, neutral, order);
    this.map = map;
    this.painted = '';
  }

  /** Draws what is in view; recolors it only when that has changed. */
  draw(pen: Pen, columns: Columns, rows: Rows): void {
    if (!this.pool || !this.map) return;
    const { grid } = this.pool;
    const ratio = window.devicePixelRatio;
    const deviceColumns = Math.max(1, Math.round(columns.width * ratio));
    const isDense = columns.count >= deviceColumns;
    const { from, to } = stepsInView(columns, grid.columns);
    const fromRow = Math.max(0, Math.floor(rows.first));
    const rowCount = Math.min(grid.rows, Math.ceil(rows.first + rows.count)) - fromRow;
    const view: Window = {
      fromRow,
      rows: rowCount,
      outRows: Math.max(1, Math.min(rowCount, Math.round(rows.height * ratio))),
      ...(isDense
        ? { fromColumn: columns.first, columns: columns.count, outColumns: deviceColumns }
        : { fromColumn: from, columns: to - from + 1, outColumns: to - from + 1 }),
    };
    this.paint(view, this.pool, this.map);
    const left = isDense ? columns.left : edgeOf(columns, from);
    const width = isDense ? columns.width : (to - from + 1) * columnWidth(columns);
    const rowHeight = rows.height / rows.count;
    pen.save();
    pen.beginPath();
    pen.rect(columns.left, rows.top, columns.width, rows.height);
    pen.clip();
    pen.imageSmoothingEnabled = false;
    pen.drawImage(this.surface, left, rows.top + (fromRow - rows.first) * rowHeight, width, rowCount * rowHeight);
    pen.restore();
  }

  private paint(view: Window, pool: Pool, map: ColorMap): void {
    const key = Object.values(view).join();
    if (key === this.painted) return;
    this.painted = key;
    const context = this.surface.getContext('2d');
    if (!context) return;
    if (this.image?.width !== view.outColumns || this.image.height !== view.outRows) {
      this.surface.width = view.outColumns;
      this.surface.height = view.outRows;
      this.image = context.createImageData(view.outColumns, view.outRows);
    }
    map.paint(pool.take(view), new Uint32Array(this.image.data.buffer));
    context.putImageData(this.image, 0, 0);
  }
}

/** All colors of a map from its highest value down to its lowest, as a picture of one column (or, lowest first, one row). */
export function showScale(bar: Heatmap, map: ColorMap, upright: boolean): void {
  const entries = 256;
  const [start, end] = upright ? [map.high, map.low] : [map.low, map.high];
  const values = Float32Array.from({ length: entries }, (_, i) => start + ((end - start) * i) / (entries - 1));
  bar.show(
    { values, rows: upright ? entries : 1, columns: upright ? 1 : entries, rowStride: 1, columnStride: 1 },
    map,
    0,
  );
}

/** Draws a whole heatmap into a rectangle. */
export function drawWhole(
  pen: Pen,
  heatmap: Heatmap,
  rows: number,
  columns: number,
  x: number,
  y: number,
  width: number,
  height: number,
): void {
  heatmap.draw(pen, { left: x, width, first: 0, count: columns }, { top: y, height, first: 0, count: rows });
}
