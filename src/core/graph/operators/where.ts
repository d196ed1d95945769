/** The choice between two tensors, element by element. */
import type { Operator, OperatorTable } from '../call';
import { broadcastStrides, forEachRowTogether } from '../together';
import { broadcastShape, sizeOf, stridesOf, type Tensor } from '../tensor';

const where: Operator = (call) => {
  const [condition, x, y] = [call.input(0), call.input(1), call.input(2)];
  const shape = broadcastShape(condition.shape, x.shape, y.shape);
  const size = sizeOf(shape);
  const strides = [stridesOf(shape), ...[condition, x, y].map((each) => broadcastStrides(each.shape, shape))];
  const [chosen, left, right] = [condition.data, x.data, y.data];
  const data = new Float64Array(size);
  forEachRowTogether(shape, strides, ([to, c, a, b], [, dc, da, db], length) => {
    for (let i = 0; i < length; i++) data[to + i] = chosen[c + i * dc] !== 0 ? left[a + i * da] : right[b + i * db];
  });
  /** @param place of x or y among the views  @param isTaken where it is what was chosen */
  const back = (g: Float64Array, count: number, of: Tensor, place: 2 | 3, isTaken: boolean) => {
    const d = new Float64Array(count * of.data.length);
    for (let seed = 0; seed < count; seed++) {
      const [from, to] = [seed * size, seed * of.data.length];
      forEachRowTogether(shape, strides, (starts, steps, length) => {
        const [row, c] = [from + starts[0], starts[1]];
        const [first, step, dc] = [to + starts[place], steps[place], steps[1]];
        for (let i = 0; i < length; i++) if ((chosen[c + i * dc] !== 0) === isTaken) d[first + i * step] += g[row + i];
      });
    }
    return d;
  };
  return {
    outputs: [{ kind: x.kind, shape, data }],
    takesSeveral: true,
    vjp: ([g], wanted, count = 1) => [
      undefined,
      g && wanted[1] ? back(g, count, x, 2, true) : undefined,
      g && wanted[2] ? back(g, count, y, 3, false) : undefined,
    ],
  };
};

export const choice = { Where: where } satisfies OperatorTable;
