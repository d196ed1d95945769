/** A tensor as rows along some of its axes, one behind the other: what reductions, softmax and norms work on. */
import { readView, transposed, viewOf, writeView } from '../strided';
import { sizeOf, type Tensor } from '../tensor';

export interface Rows {
  /** [count, length], not to be written to. */
  readonly data: Float64Array;
  readonly count: number;
  readonly length: number;
  /** Values laid out like these rows, as elements of the tensor. */
  back(rows: Float64Array): Float64Array;
}

/** @param axes counted from the front, in any order */
export function rowsAlong({ data, shape }: Pick<Tensor, 'data' | 'shape'>, axes: readonly number[]): Rows {
  const inner = shape.map((_, axis) => axis).filter((axis) => axes.includes(axis));
  const outer = shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
  const length = sizeOf(inner.map((axis) => shape[axis]));
  const count = sizeOf(outer.map((axis) => shape[axis]));
  if (inner.every((axis, i) => axis === shape.length - inner.length + i))
    return { data, count, length, back: (rows) => rows };
  const view = transposed(viewOf(shape), [...outer, ...inner]);
  return {
    data: readView(data, view),
    count,
    length,
    back(rows) {
      const out = new Float64Array(data.length);
      writeView(out, view, rows);
      return out;
    },
  };
}

/** One function of each row: `f` reads x[at … at + length) and writes y there. */
export function mapRows(
  { data, count, length }: Rows,
  f: (x: Float64Array, at: number, length: number, y: Float64Array) => void,
): Float64Array {
  const out = new Float64Array(data.length);
  for (let row = 0; row < count; row++) f(data, row * length, length, out);
  return out;
}
