/** In which order a loop reads the text: a sequence that was turned before it is read from its end. */
import type { LoopRecord } from '../../../core/graph/control';
import type { Step } from '../../../core/graph/step';
import { Variable } from '../../../core/graph/variable';
import { placesRead } from './evidence';

/** Operators that only move elements. */
const moving = [
  'Identity',
  'Transpose',
  'Reshape',
  'Squeeze',
  'Unsqueeze',
  'Flatten',
  'Slice',
  'Gather',
  'ReverseSequence',
  'Cast',
  'Select',
  'Split',
];

/**
 * Whether the first iteration reads the last step of the text. The element that it reads is followed back through what only moves elements.
 * @param steps of the text, as many as there are iterations
 */
export function readsFromEnd(
  { iterations }: LoopRecord,
  steps: number,
  depending: ReadonlySet<Variable>,
  makers: ReadonlyMap<Variable, Step>,
): boolean {
  const inside = new Set(iterations.flatMap((values) => [...values.values()]));
  for (const value of iterations[0].values()) {
    if (!(value instanceof Variable) || value.tensor.kind !== 'float' || !depending.has(value)) continue;
    const place = placeOf(value, steps, inside, depending, makers);
    if (place !== null) return steps > 1 && place === steps - 1;
  }
  return false;
}

/** Where along the time the elements come from that one variable in a loop has; null where that is not one place. */
function placeOf(
  variable: Variable,
  steps: number,
  inside: ReadonlySet<unknown>,
  depending: ReadonlySet<Variable>,
  makers: ReadonlyMap<Variable, Step>,
): number | null {
  let at: { readonly axis: number; readonly place: number } | null = null;
  for (let each = variable; ;) {
    const maker = makers.get(each);
    const from = maker?.inputs[0];
    // A table of weights is no sequence.
    if (!maker || !from || !moving.includes(maker.operator) || from.tensor.kind !== 'float' || !depending.has(from))
      break;
    const k = maker.outputs.indexOf(each);
    const axes = Array.from(from.tensor.shape.keys()).filter((axis) => from.tensor.shape[axis] === steps);
    const found = axes.flatMap((axis) => {
      const places = placesRead(maker, k, 0, axis, undefined, at);
      return places.length === 1 ? [{ axis, place: places[0] }] : [];
    });
    if (found.length === 1) [at] = found;
    // In the loop itself there may be nothing to follow yet.
    else if (at || !inside.has(each)) return null;
    each = from;
  }
  return at?.place ?? null;
}
