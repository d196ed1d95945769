/** Series of a graph: what has a value for every step of a text, and where in a run that stands. */
import type { Gradient } from '../../../core/graph/gradient';
import { bandWidth } from '../../../core/graph/gradient';
import { lengthOf } from '../../../core/numeric';
import { Variable, type Value } from '../../../core/graph/variable';
import { stridesOf } from '../../../core/graph/tensor';
import type { TextRun } from './textRun';

export type SeriesRole = 'embedding' | 'state' | 'residual' | 'tensor';

/** Where the elements of a series stand. */
export type SeriesPlace =
  /** Along an axis of one tensor. */
  | { readonly kind: 'tensor'; readonly name: string; readonly axis: number; readonly isFlipped: boolean }
  /** Along an axis of what a recurrent operator carries inside; its directions are the axis behind that. */
  | {
      readonly kind: 'operator';
      readonly node: string;
      readonly state: number;
      readonly axis: number;
      readonly direction: number;
    }
  /** In a tensor for each step, of an unrolled loop. */
  | { readonly kind: 'tensors'; readonly names: readonly string[] }
  /** In what each iteration of a loop gives to a name of its body, */
  | { readonly kind: 'iterations'; readonly loop: string; readonly name: string }
  /** or carries to the next. */
  | { readonly kind: 'carried'; readonly loop: string; readonly state: number }
  /** In what each call gives, of a graph that takes one token a call. */
  | { readonly kind: 'calls'; readonly name: string }
  | {
      readonly kind: 'callStates';
      readonly node: string;
      readonly state: number;
      readonly axis: number;
      readonly direction: number;
    };

export interface Series {
  readonly name: string;
  readonly role: SeriesRole;
  /** Elements at each step. */
  readonly width: number;
  /** It reads from the last step to the first. */
  readonly isReversed: boolean;
  readonly place: SeriesPlace;
  /** Texts beside each other that its elements are of. */
  readonly batch: number;
}

/** The elements of one step: `count` times `length` of them, `apart` from each other. */
export interface Slab {
  readonly variable: Variable;
  readonly start: number;
  readonly length: number;
  readonly apart: number;
  readonly count: number;
}

/** Of each step of the text, in order. Throws where the run has not got as far. */
export function slabsOf({ place, isReversed }: Pick<Series, 'place' | 'isReversed'>, run: TextRun): Slab[] {
  const { steps, calls, tape } = run;
  switch (place.kind) {
    case 'tensor': {
      const variable = found(calls[0].values.get(place.name), place.name);
      const length = variable.shape[place.axis];
      return Array.from({ length: steps }, (_, t) =>
        slabAt(variable, place.axis, place.isFlipped ? length - 1 - t : t, null),
      );
    }
    case 'operator': {
      const maker = tape.steps.find(({ node, states }) => node === place.node && states.length > 0);
      const variable = found(maker?.states[place.state], place.node);
      return Array.from({ length: steps }, (_, t) => slabAt(variable, place.axis, t, place.direction));
    }
    case 'tensors':
      return place.names.slice(0, steps).map((name) => whole(found(calls[0].values.get(name), name)));
    case 'iterations': {
      const iterations = calls[0].loops.find(({ node }) => node === place.loop)?.iterations ?? [];
      return Array.from({ length: steps }, (_, t) => {
        const i = isReversed ? iterations.length - 1 - t : t;
        return whole(found(iterations[i].get(place.name), place.name));
      });
    }
    case 'carried': {
      const values = calls[0].loops.find(({ node }) => node === place.loop)?.states[place.state].values ?? [];
      return Array.from({ length: steps }, (_, t) =>
        whole(found(values.at(isReversed ? values.length - 1 - t : t + 1), place.loop)),
      );
    }
    case 'calls':
      return calls.map(({ values }) => whole(found(values.get(place.name), place.name)));
    case 'callStates': {
      const makers = tape.steps.filter(({ node, states }) => node === place.node && states.length > 0);
      return makers.map(({ states }) => slabAt(states[place.state], place.axis, 0, place.direction));
    }
  }
}

function found(value: Value | undefined, name: string): Variable {
  if (value instanceof Variable) return value;
  throw new Error(`the run has no ${name}`);
}

function whole(variable: Variable): Slab {
  return { variable, start: 0, length: variable.size, apart: 0, count: 1 };
}

/** @param direction of an axis right behind that of the time; null takes all there is */
function slabAt(variable: Variable, axis: number, t: number, direction: number | null): Slab {
  const { shape, size } = variable;
  const apart = stridesOf(shape)[axis] * shape[axis];
  const inner = stridesOf(shape)[axis];
  const length = direction === null ? inner : stridesOf(shape)[axis + 1];
  return {
    variable,
    start: t * inner + (direction ?? 0) * length,
    length,
    apart,
    count: apart === 0 ? 0 : size / apart,
  };
}

/** ‖s_t‖₂ of one text of a batch of equal ones. */
export function normOf({ variable, start, length, apart, count }: Slab, batch: number): number {
  const { data } = variable.tensor;
  if (count === 1) return lengthOf(data, start, length) / Math.sqrt(batch);
  return (
    lengthOf(Float64Array.from({ length: count }, (_, o) => lengthOf(data, start + o * apart, length))) /
    Math.sqrt(batch)
  );
}

/** log₁₀‖∂ℓ/∂s_t‖₂; −∞ of one that is exactly zero. */
export function log10NormOf(slab: Slab, gradient: Gradient | undefined): number {
  let top = -Infinity;
  let sum = 0;
  for (const [band, values] of gradient?.bands ?? []) {
    const squares = squaresOf(slab, values);
    if (squares === 0) continue;
    const apart = band - top;
    if (top === -Infinity || apart >= 2) [top, sum] = [band, squares];
    else if (apart === 1) [top, sum] = [band, squares + sum * 2 ** (-2 * bandWidth)];
    else if (apart === 0) sum += squares;
    else if (apart === -1) sum += squares * 2 ** (-2 * bandWidth);
  }
  return top === -Infinity ? -Infinity : 0.5 * Math.log10(sum) + top * bandWidth * Math.log10(2);
}

function squaresOf({ start, length, apart, count }: Slab, values: Float64Array): number {
  let sum = 0;
  for (let o = 0; o < count; o++) {
    const from = start + o * apart;
    for (let i = from; i < from + length; i++) sum += values[i] * values[i];
  }
  return sum;
}

/** Adds the gradient's elements, as plain numbers, to those of the slab in order. */
export function addElements(to: Float64Array, { start, length, apart, count }: Slab, plain: Float64Array): void {
  for (let o = 0; o < count; o++) for (let i = 0; i < length; i++) to[o * length + i] += plain[start + o * apart + i];
}
