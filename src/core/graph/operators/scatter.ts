/** Operators that write elements to places: Scatter and its kin. */
import type { Operator, OperatorTable, Result } from '../call';
import { axisOf, Unsupported, type Tensor } from '../tensor';
import { placesAlong, slicesOf, withinSlices } from './indexing';

/** Writes `updates` to places of a copy of x, one after another, or joins them with what is there. */
function scattered(x: Tensor, updates: Tensor, places: Int32Array, reduction: string): Result {
  const y = x.data.slice();
  if (updates.data.length !== places.length)
    throw new Unsupported(`has ${updates.data.length} updates for ${places.length} places`);
  const join = {
    none: (_: number, u: number) => u,
    add: (a: number, u: number) => a + u,
    mul: (a: number, u: number) => a * u,
    max: Math.max,
    min: Math.min,
  };
  if (!Object.hasOwn(join, reduction)) throw new Unsupported(`has the reduction “${reduction}”, which is not known`);
  const f = join[reduction as keyof typeof join];
  places.forEach((place, i) => {
    y[place] = f(y[place], updates.data[i]);
  });
  return {
    outputs: [{ ...x, data: y }],
    vjp: ([g], wanted) => {
      if (!g) return [];
      const dx = g.slice();
      const du = new Float64Array(places.length);
      if (reduction === 'add')
        places.forEach((place, i) => {
          du[i] = g[place];
        });
      else joinedBack(x.data, updates.data, y, places, reduction, g, dx, du);
      return [wanted[0] ? dx : undefined, undefined, wanted[2] ? du : undefined];
    },
  };
}

/** What of g goes to x and to the updates, place by place. */
function joinedBack(
  x: Float64Array,
  updates: Float64Array,
  y: Float64Array,
  places: Int32Array,
  reduction: string,
  g: Float64Array,
  dx: Float64Array,
  du: Float64Array,
): void {
  const writers = new Map<number, number[]>();
  places.forEach((place, i) => {
    writers.set(place, [...(writers.get(place) ?? []), i]);
  });
  for (const [place, own] of writers) {
    const values = [x[place], ...own.map((i) => updates[i])];
    const shares = sharesOf(values, y[place], reduction);
    dx[place] = g[place] * shares[0];
    own.forEach((i, k) => {
      du[i] = g[place] * shares[k + 1];
    });
  }
}

/** ∂y by what was there and by each update in turn. */
function sharesOf(values: readonly number[], y: number, reduction: string): number[] {
  // The last one written stays.
  if (reduction === 'none') return values.map((_, k) => Number(k === values.length - 1));
  if (reduction === 'mul')
    return values.map((_, k) => values.reduce((product, value, other) => (other === k ? product : product * value), 1));
  const equal = values.filter((value) => value === y).length;
  return values.map((value) => (value === y ? 1 / equal : 0));
}

const scatterElements: Operator = (call) => {
  const [x, indices, updates] = [call.input(0), call.input(1), call.input(2)];
  const axis = axisOf(call.attributes.integer('axis', 0), x.shape.length);
  return scattered(x, updates, placesAlong(x.shape, indices, axis), call.attributes.text('reduction', 'none'));
};

const scatterND: Operator = (call) => {
  const [x, indices, updates] = [call.input(0), call.input(1), call.input(2)];
  return scattered(x, updates, withinSlices(slicesOf(x.shape, indices, 0)), call.attributes.text('reduction', 'none'));
};

export const scatter = {
  Scatter: scatterElements,
  ScatterElements: scatterElements,
  ScatterND: scatterND,
} satisfies OperatorTable;
