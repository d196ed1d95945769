/** Along which axis a tensor has the steps of the text. */
import { operators } from '../../../layers/catalog';
import type { Step } from '../../../core/graph/step';
import { Variable, type Value } from '../../../core/graph/variable';
import { changedPlaces, placesRead, type Evidence } from './evidence';

export interface TimeAxis {
  readonly axis: number;
  /** The last step comes first. */
  readonly isFlipped: boolean;
}

/** Operators that put tensors of single steps together. */
const joining: readonly string[] = ['Concat', 'Stack', 'ScatterND', 'ScatterElements', ...operators, 'Scan', 'Loop'];

/** Of the graph's own tensors that have one, in the order of the graph. */
export function timeAxes(
  evidence: Evidence,
  depending: ReadonlySet<Variable>,
  makers: ReadonlyMap<Variable, Step>,
  readsLater: boolean,
): Map<Variable, TimeAxis> {
  const found = new Map<Variable, TimeAxis>();
  const { base, last, shorter } = evidence;
  for (const [name, value] of base.calls[0].values) {
    if (!(value instanceof Variable) || !depending.has(value)) continue;
    const other = asVariable(last.calls[0].values.get(name));
    const short = asVariable(shorter?.calls[0].values.get(name));
    const { shape } = value.tensor;
    const fits = Array.from(shape.keys()).filter(
      (axis) =>
        shape[axis] === base.steps &&
        (!shorter ||
          !short ||
          (short.tensor.shape.length === shape.length && short.tensor.shape[axis] === shorter.steps)),
    );
    if (fits.length === 0) continue;
    const isShown = short !== undefined && shorter !== null;
    const changed = readsLater || !other ? null : changedPlaces(value, other, fits);
    if (!changed) {
      // What has not changed does not depend on the last token: unless its length has shown what it is, it is of an earlier step.
      const axes = isShown
        ? fits
        : readsLater
          ? fits.filter((axis) => hasSteps(value, axis, fits.length === 1, found, makers))
          : [];
      if (axes.length === 1) found.set(value, { axis: axes[0], isFlipped: isTurned(value, axes[0], found, makers) });
      continue;
    }
    // The last token must have changed nothing but the last place.
    const placed = fits.flatMap((axis, k): TimeAxis[] => {
      if (changed[k].size !== 1) return [];
      const [place] = changed[k];
      return place === base.steps - 1 || place === 0 ? [{ axis, isFlipped: place === 0 && base.steps > 1 }] : [];
    });
    if (placed.length === 1) found.set(value, placed[0]);
  }
  return found;
}

function asVariable(value: Value | undefined): Variable | undefined {
  return value instanceof Variable ? value : undefined;
}

/** Whether different places along an axis are made of different places of what has all steps, or of tensors of single steps. */
function hasSteps(
  variable: Variable,
  axis: number,
  isOnly: boolean,
  known: ReadonlyMap<Variable, TimeAxis>,
  makers: ReadonlyMap<Variable, Step>,
): boolean {
  const maker = makers.get(variable);
  if (!maker || variable.tensor.kind !== 'float') return true;
  const input = maker.inputs.findIndex((each) => each && known.has(each));
  if (input < 0) return !maker.inputs.some((each) => each && makers.has(each)) || joining.includes(maker.operator);
  const [first, second] = [0, 1].map((place) => readBy(maker, variable, input, known, { axis, place }));
  // What has no derivative, as the choice of rows by ids, keeps the places.
  if (first.length === 0) return true;
  // Where each place is made of all, as by attention, only that there is no other such axis speaks for it.
  return first.join() !== second.join() || (isOnly && first.length > 1);
}

/** Whether what is made of tensors with all steps has them the other way round than those. */
function isTurned(
  variable: Variable,
  axis: number,
  known: ReadonlyMap<Variable, TimeAxis>,
  makers: ReadonlyMap<Variable, Step>,
): boolean {
  const maker = makers.get(variable);
  const input = maker?.inputs.findIndex((each) => each && known.has(each)) ?? -1;
  const from = maker?.inputs[input];
  if (!maker || !from || variable.tensor.kind !== 'float') return false;
  const steps = variable.tensor.shape[axis];
  const places = readBy(maker, variable, input, known, { axis, place: 0 });
  const isOther = steps > 1 && places.length === 1 && places[0] === steps - 1;
  return (known.get(from)?.isFlipped ?? false) !== isOther;
}

function readBy(
  maker: Step,
  variable: Variable,
  input: number,
  known: ReadonlyMap<Variable, TimeAxis>,
  at: { readonly axis: number; readonly place: number },
): number[] {
  const from = maker.inputs[input];
  const axis = from ? (known.get(from)?.axis ?? 0) : 0;
  return placesRead(maker, maker.outputs.indexOf(variable), input, axis, undefined, at);
}
