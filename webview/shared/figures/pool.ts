/**
 * Many values to a pixel: of those that share one, the farthest from neutral stands for them all, as in a peak meter, so that one
 * exploding step among a hundred thousand is seen. Long grids are summarized once, in blocks of steps, so that zooming does not read
 * every value again.
 */
import type { Grid, Window } from './grid';

/** Steps in a block of the first summary, and blocks in a block of the next. */
const firstBlock = 8;
const blocksInBlock = 4;
/** Grids with fewer columns are read as they are. */
const longest = 4096;

interface Level {
  readonly block: number;
  readonly columns: number;
  readonly rowStride: number;
  readonly columnStride: number;
  readonly values: Float32Array;
}

export class Pool {
  private levels: Level[] | null = null;
  private out = new Float32Array(0);
  private distances = new Float32Array(0);

  constructor(
    readonly grid: Grid,
    private readonly neutral: number,
    private readonly order: Uint32Array | null,
  ) {}

  /** Values of the window's pixels, row-major; good until the next call. NaN loses to every number, and stands only where there is nothing else. */
  take(view: Window): Float32Array {
    const { outRows, outColumns } = view;
    const size = outRows * outColumns;
    if (this.out.length !== size) {
      this.out = new Float32Array(size);
      this.distances = new Float32Array(size);
    }
    this.out.fill(Number.NaN);
    this.distances.fill(-1);
    const level = this.levelFor(view.columns / outColumns);
    const { block, values, columnStride, rowStride } = level;
    const from = Math.max(0, Math.floor(view.fromColumn / block));
    const to = Math.min(level.columns, Math.ceil((view.fromColumn + view.columns) / block));
    const { out, distances, neutral, order } = this;
    const places = Int32Array.from({ length: to - from }, (_, i) => {
      const place = Math.floor((((from + i) * block - view.fromColumn) * outColumns) / view.columns);
      return Math.max(0, Math.min(outColumns - 1, place));
    });
    for (let row = 0; row < view.rows; row++) {
      const start = (order ? order[view.fromRow + row] : view.fromRow + row) * rowStride;
      const outStart = Math.floor((row * outRows) / view.rows) * outColumns;
      for (let column = from; column < to; column++) {
        const at = outStart + places[column - from];
        const value = values[start + column * columnStride];
        // A NaN's distance compares false, so it never replaces what is there.
        const distance = value < neutral ? neutral - value : value - neutral;
        if (distance > distances[at]) {
          distances[at] = distance;
          out[at] = value;
        }
      }
    }
    return out;
  }

  /** The coarsest level with at least one block to a pixel. */
  private levelFor(columnsPerPixel: number): Level {
    const { grid } = this;
    const whole: Level = {
      block: 1,
      columns: grid.columns,
      rowStride: grid.rowStride,
      columnStride: grid.columnStride,
      values: grid.values,
    };
    if (grid.columns < longest || columnsPerPixel < firstBlock) return whole;
    this.levels ??= this.summarize(whole);
    return this.levels.findLast(({ block }) => block <= columnsPerPixel) ?? whole;
  }

  private summarize(whole: Level): Level[] {
    const levels: Level[] = [];
    let finer = whole;
    for (let ratio = firstBlock; finer.columns > 2 * ratio; ratio = blocksInBlock) {
      finer = this.coarser(finer, ratio);
      levels.push(finer);
    }
    return levels;
  }

  /** Each block's farthest value, time-major: units of one block lie side by side. */
  private coarser(finer: Level, ratio: number): Level {
    const { rows } = this.grid;
    const { neutral } = this;
    const columns = Math.ceil(finer.columns / ratio);
    const values = new Float32Array(columns * rows).fill(Number.NaN);
    for (let column = 0; column < finer.columns; column++) {
      const start = Math.floor(column / ratio) * rows;
      for (let row = 0; row < rows; row++) {
        const value = finer.values[row * finer.rowStride + column * finer.columnStride];
        const known = values[start + row];
        // Written so that any number replaces a NaN, and a NaN nothing.
        if (Math.abs(value - neutral) > Math.abs(known - neutral) || (known !== known && value === value))
          values[start + row] = value;
      }
    }
    return { block: finer.block * ratio, columns, rowStride: 1, columnStride: rows, values };
  }
}
