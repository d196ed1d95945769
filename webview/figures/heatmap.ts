/** A grid of values as an image of one pixel per value, scaled when it is drawn. */
import type { ColourMap } from '../colours/maps';

export interface Grid {
  readonly values: Float32Array;
  readonly rows: number;
  readonly columns: number;
  /** Index in `values` of row r, column c is r·rowStride + c·columnStride. */
  readonly rowStride: number;
  readonly columnStride: number;
}

export class Heatmap {
  private readonly surface = document.createElement('canvas');
  private image: ImageData | null = null;

  /**
   * Colours a grid. Where it has more rows or columns than the picture will have pixels (`maximumRows`, `maximumColumns`),
   * neighbours share a pixel, which takes the value farthest from `neutral`: an outlier is never averaged away.
   */
  paint(grid: Grid, map: ColourMap, neutral: number, maximumRows: number, maximumColumns: number): void {
    const shown = pool(grid, neutral, Math.max(1, Math.min(grid.rows, Math.floor(maximumRows))), Math.max(1, Math.min(grid.columns, Math.floor(maximumColumns))));
    const context = this.surface.getContext('2d');
    if (!context) return;
    if (this.image?.width !== shown.columns || this.image.height !== shown.rows) {
      this.surface.width = shown.columns;
      this.surface.height = shown.rows;
      this.image = context.createImageData(shown.columns, shown.rows);
    }
    const pixels = new Uint32Array(this.image.data.buffer);
    for (let row = 0; row < shown.rows; row++) {
      for (let column = 0; column < shown.columns; column++) {
        pixels[row * shown.columns + column] = map.colourOf(shown.values[row * shown.rowStride + column * shown.columnStride]);
      }
    }
    context.putImageData(this.image, 0, 0);
  }

  draw(context: CanvasRenderingContext2D, x: number, y: number, width: number, height: number): void {
    context.imageSmoothingEnabled = false;
    context.drawImage(this.surface, x, y, width, height);
  }
}

/** All colours of a map from its highest value down to its lowest, as a picture of one column (or, lowest first, one row). */
export function paintScale(bar: Heatmap, map: ColourMap, upright: boolean): void {
  const entries = 256;
  const [start, end] = upright ? [map.high, map.low] : [map.low, map.high];
  const values = Float32Array.from({ length: entries }, (_, i) => start + ((end - start) * i) / (entries - 1));
  bar.paint({ values, rows: upright ? entries : 1, columns: upright ? 1 : entries, rowStride: 1, columnStride: 1 }, map, 0, entries, entries);
}

function pool(grid: Grid, neutral: number, rows: number, columns: number): Grid {
  if (rows === grid.rows && columns === grid.columns) return grid;
  const values = new Float32Array(rows * columns);
  const distances = new Float32Array(rows * columns).fill(-1);
  for (let row = 0; row < grid.rows; row++) {
    const outRow = Math.floor((row * rows) / grid.rows);
    for (let column = 0; column < grid.columns; column++) {
      const value = grid.values[row * grid.rowStride + column * grid.columnStride];
      const out = outRow * columns + Math.floor((column * columns) / grid.columns);
      // NaN loses to every number, and stands only where there is nothing else.
      const distance = Number.isNaN(value) ? -0.5 : Math.abs(value - neutral);
      if (distance > distances[out]) {
        distances[out] = distance;
        values[out] = value;
      }
    }
  }
  return { values, rows, columns, rowStride: columns, columnStride: 1 };
}
