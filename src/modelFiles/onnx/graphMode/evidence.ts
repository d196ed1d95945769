/** Runs of a few tokens, alike but for some of them: what they show of how a graph reads. */
import { Variable, type Tape } from '../../../core/graph/tape';
import type { TextRun } from './textRun';

/** Runs of the same number of steps. */
export interface Evidence {
  /** Of the base run. */
  readonly ids: Int32Array;
  readonly base: TextRun;
  /** With another last token. */
  readonly last: TextRun;
  /** With other tokens everywhere. */
  readonly all: TextRun;
  /** Of fewer steps, where that can be. */
  readonly shorter: TextRun | null;
}

export function differs(a: Variable | undefined, b: Variable | undefined): boolean {
  if (!a || !b) return false;
  const [x, y] = [a.tensor.data, b.tensor.data];
  return x.length !== y.length || x.some((value, i) => !same(value, y[i]));
}

function same(a: number, b: number): boolean {
  return a === b || (Number.isNaN(a) && Number.isNaN(b));
}

/** Which places along an axis have other values; of sums in another order the last digits do not count. */
export function changedPlaces(a: Variable, b: Variable, axis: number): Set<number> {
  const { shape, data } = a.tensor;
  const other = b.tensor.data;
  const inner = shape.slice(axis + 1).reduce((product, size) => product * size, 1);
  const changed = new Set<number>();
  const scale = data.reduce((max, value) => Math.max(max, Number.isFinite(value) ? Math.abs(value) : 0), 0);
  for (let i = 0; i < data.length; i++)
    if (!same(data[i], other[i]) && !(Math.abs(data[i] - other[i]) <= 1e-12 * scale))
      changed.add(Math.floor(i / inner) % shape[axis]);
  return changed;
}

/** Of each variable the step of the tape that gives it. */
export function makersOf({ steps }: Tape): Map<Variable, Tape['steps'][number]> {
  return new Map(steps.flatMap((step) => step.outputs.map((output) => [output, step] as const)));
}

/** Operators that only hand their elements on. */
const handing = ['Identity', 'Reshape', 'Squeeze', 'Unsqueeze', 'Flatten', 'Cast', 'Dropout', 'Transpose', 'CastLike'];

/** The variable whose elements these are: before it was only reshaped. */
export function originOf(variable: Variable, makers: ReadonlyMap<Variable, Tape['steps'][number]>): Variable {
  let origin = variable;
  for (;;) {
    const maker = makers.get(origin);
    const [input] = maker?.inputs ?? [];
    if (!maker || !input || !handing.includes(maker.operator) || input.tensor.kind !== 'float') return origin;
    if (input.tensor.data.length !== origin.tensor.data.length) return origin;
    origin = input;
  }
}
