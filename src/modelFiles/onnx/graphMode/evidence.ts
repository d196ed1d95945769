/** Runs of a few tokens, alike but for some of them: what they show of how a graph reads. */
import type { Step } from '../../../core/graph/step';
import type { Tape } from '../../../core/graph/tape';
import type { Variable } from '../../../core/graph/variable';
import type { TextRun } from './textRun';

/** Runs of the same number of steps. */
export interface Evidence {
  /** Of the base run. */
  readonly ids: Int32Array;
  readonly base: TextRun;
  /** With another last token. */
  readonly last: TextRun;
  /** With other tokens everywhere but at the end. */
  readonly earlier: TextRun;
  /** Of fewer steps, where that can be. */
  readonly shorter: TextRun | null;
}

export function differs(a: Variable | undefined, b: Variable | undefined): boolean {
  if (!a || !b) return false;
  const [x, y] = [a.tensor.data, b.tensor.data];
  if (x === y) return false;
  if (x.length !== y.length) return true;
  for (let i = 0; i < x.length; i++) if (!same(x[i], y[i])) return true;
  return false;
}

function same(a: number, b: number): boolean {
  return a === b || (Number.isNaN(a) && Number.isNaN(b));
}

/**
 * At which places along each of these axes a tensor has other values in another run, by more than sums in another order do; null where all values are
 * the same. Of places that are many, two.
 */
export function changedPlaces(
  { tensor: { data, shape } }: Variable,
  { tensor: { data: other } }: Variable,
  axes: readonly number[],
): readonly ReadonlySet<number>[] | null {
  let first = 0;
  while (first < data.length && same(data[first], other[first])) first++;
  if (first === data.length && data.length === other.length) return null;
  const rounding = 1e-12 * largestFinite(data);
  const inner = axes.map((axis) => shape.slice(axis + 1).reduce((product, size) => product * size, 1));
  const places = axes.map(() => new Set<number>());
  for (let i = first; i < data.length; i++) {
    if (same(data[i], other[i]) || Math.abs(data[i] - other[i]) <= rounding) continue;
    let isOpen = false;
    for (let k = 0; k < axes.length; k++) {
      if (places[k].size < 2) places[k].add(Math.floor(i / inner[k]) % shape[axes[k]]);
      if (places[k].size < 2) isOpen = true;
    }
    if (!isOpen) break;
  }
  return places;
}

function largestFinite(data: Float64Array): number {
  let largest = 0;
  for (let i = 0; i < data.length; i++) {
    const size = Math.abs(data[i]);
    if (size > largest && size !== Infinity) largest = size;
  }
  return largest;
}

/** Of each variable the step of the tape that gives it. */
export function makersOf({ steps }: Tape): Map<Variable, Step> {
  return new Map(steps.flatMap((step) => step.outputs.map((output) => [output, step] as const)));
}

/** Operators that only hand their elements on. */
const handing = ['Identity', 'Reshape', 'Squeeze', 'Unsqueeze', 'Flatten', 'Cast', 'Dropout', 'Transpose', 'CastLike'];

/** The variable whose elements these are: before it was only reshaped, or chosen as a whole from two. */
export function originOf(variable: Variable, makers: ReadonlyMap<Variable, Step>): Variable {
  let origin = variable;
  for (;;) {
    const maker = makers.get(origin);
    const input = maker && handedOn(maker, makers);
    if (!input || input.tensor.kind !== 'float' || input.tensor.data.length !== origin.tensor.data.length)
      return origin;
    origin = input;
  }
}

/** The input whose elements a step hands on, all of them; undefined of a step that does something else. */
function handedOn({ operator, inputs: [a, b, c] }: Step, makers: ReadonlyMap<Variable, Step>): Variable | undefined {
  if (handing.includes(operator)) return a;
  if (!a || !b) return undefined;
  switch (operator) {
    // A mask that is the same for all elements of a step.
    case 'Where':
      return isAll(a, 1) ? b : isAll(a, 0) ? c : undefined;
    // The same choice in numbers, as tf2onnx writes it: mask · x + (1 − mask) · y.
    case 'Mul':
      return isMask(a, 1, makers) ? b : isMask(b, 1, makers) ? a : undefined;
    case 'Add':
      return isMaskedOut(a, makers) ? b : isMaskedOut(b, makers) ? a : undefined;
    default:
      return undefined;
  }
}

function isAll({ tensor: { data } }: Variable, value: 0 | 1): boolean {
  return data.every((each) => (each === 0 ? 0 : 1) === value);
}

/** Whether a variable is this number everywhere, and made of what has no derivative. */
function isMask(variable: Variable, value: 0 | 1, makers: ReadonlyMap<Variable, Step>): boolean {
  const maker = makers.get(variable);
  const from = maker?.operator === 'Cast' ? maker.inputs[0] : undefined;
  return from !== undefined && from.tensor.kind !== 'float' && isAll(from, value) && isAll(variable, value);
}

function isMaskedOut(variable: Variable, makers: ReadonlyMap<Variable, Step>): boolean {
  const maker = makers.get(variable);
  return maker?.operator === 'Mul' && maker.inputs.some((input) => input !== undefined && isMask(input, 0, makers));
}

/**
 * Which places along an axis of an input an output of the step reads.
 * @param numbered of an output that is no float, the same of a text of the ids 0, 1, 2 …
 * @param at of the output only the elements at one place of an axis; null for all
 */
export function placesRead(
  { inputs, outputs, vjp }: Step,
  k: number,
  input: number,
  axis: number,
  numbered: Variable | undefined,
  at: { readonly axis: number; readonly place: number } | null = null,
): number[] {
  const from = inputs[input];
  if (!from) return [];
  if (outputs[k].tensor.kind !== 'float') return numbered ? Array.from(new Set(numbered.tensor.data)) : [];
  const seeds = outputs.map((output, i) => (i === k ? seedOf(output, at) : undefined));
  const back = vjp?.(
    seeds,
    inputs.map((_, i) => i === input),
  )[input];
  const { shape } = from.tensor;
  const inner = shape.slice(axis + 1).reduce((product, size) => product * size, 1);
  const places = new Set<number>();
  back?.forEach((value, i) => {
    if (value !== 0) places.add(Math.floor(i / inner) % shape[axis]);
  });
  return Array.from(places);
}

function seedOf({ tensor: { shape, data } }: Variable, at: { axis: number; place: number } | null): Float64Array {
  if (!at) return new Float64Array(data.length).fill(1);
  const inner = shape.slice(at.axis + 1).reduce((product, size) => product * size, 1);
  return Float64Array.from(data, (_, i) => Number(Math.floor(i / inner) % shape[at.axis] === at.place));
}
