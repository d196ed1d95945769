/** Several views of one shape, walked through together: what operators of several inputs that broadcast do, without copies of what repeats. */
import { sameShape, stridesOf } from './tensor';
import { broadcastView } from './strided';

/** A row of elements of each view: where it begins, and how far its elements are apart. */
type Row = (starts: Int32Array, steps: Int32Array, length: number) => void;

/** Strides along `shape` of a tensor that broadcasts to it. */
export function broadcastStrides(own: readonly number[], shape: readonly number[]): readonly number[] {
  return sameShape(own, shape) ? stridesOf(shape) : broadcastView(own, shape).strides;
}

/**
 * Calls with the rows along the innermost axis, in order; axes that lie one behind the other in every view are one.
 * @param strides of each view
 */
export function forEachRowTogether(shape: readonly number[], strides: readonly (readonly number[])[], row: Row): void {
  if (shape.includes(0)) return;
  const { lengths, steps } = merged(shape, strides);
  const inner = lengths.length - 1;
  const starts = new Int32Array(strides.length);
  const innerSteps = Int32Array.from(steps, (each) => each[inner]);
  const index = new Int32Array(inner);
  for (;;) {
    row(starts, innerSteps, lengths[inner]);
    let axis = inner - 1;
    for (; axis >= 0; axis--) {
      index[axis]++;
      const isOver = index[axis] === lengths[axis];
      for (let v = 0; v < starts.length; v++)
        starts[v] += isOver ? steps[v][axis] * (1 - lengths[axis]) : steps[v][axis];
      if (!isOver) break;
      index[axis] = 0;
    }
    if (axis < 0) return;
  }
}

/** At least one axis. */
function merged(
  shape: readonly number[],
  strides: readonly (readonly number[])[],
): { lengths: number[]; steps: number[][] } {
  const lengths: number[] = [];
  const steps = strides.map((): number[] => []);
  shape.forEach((length, axis) => {
    if (length === 1) return;
    const last = lengths.length - 1;
    if (last >= 0 && steps.every((each, v) => each[last] === strides[v][axis] * length)) {
      lengths[last] *= length;
      steps.forEach((each, v) => (each[last] = strides[v][axis]));
    } else {
      lengths.push(length);
      steps.forEach((each, v) => each.push(strides[v][axis]));
    }
  });
  if (lengths.length > 0) return { lengths, steps };
  return { lengths: [1], steps: strides.map(() => [0]) };
}
