/** The parameters of one direction of one layer, or anything that has one thing for each of them. */
import { at } from '../../kernels/arena';
import { kindOf, type CellName } from '../../layers/catalog';
import { isSharedRole, type ParameterDescription, type ParameterSize, type SharedRole } from '../../layers/parameters';

/** By role; those that every kind computes alike, empty where the kind has none, and its own. */
export interface ByRole<T> extends Readonly<Record<SharedRole, T>> {
  readonly own: Readonly<Record<string, T>>;
}

/** @param none of a role that the kind lacks */
export function byRole<T>(cell: CellName, make: (parameter: ParameterDescription) => T, none: T): ByRole<T> {
  const made = kindOf(cell).parameters.map((parameter) => [parameter.role, make(parameter)] as const);
  const shared = (role: SharedRole) => made.find(([name]) => name === role)?.[1] ?? none;
  return {
    W: shared('W'),
    R: shared('R'),
    Wb: shared('Wb'),
    Rb: shared('Rb'),
    own: Object.fromEntries(made.filter(([role]) => !isSharedRole(role))),
  };
}

export function ofRole<T>(values: ByRole<T>, role: string): T {
  return isSharedRole(role) ? values[role] : values.own[role];
}

/** Where the parameters of a kind's own lie in their arena. */
export function addressesOfOwn({ own }: ByRole<Float32Array>): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(own).map(([role, values]) => [role, at(values)]));
}

/** Each parameter that the kind has, in the order of files. */
export function eachRole<T>(cell: CellName, values: ByRole<T>): (readonly [ParameterDescription, T])[] {
  return kindOf(cell).parameters.map((parameter) => [parameter, ofRole(values, parameter.role)] as const);
}

export function shapeOf(
  { shape }: ParameterDescription,
  { cell, hiddenSize }: { readonly cell: CellName; readonly hiddenSize: number },
  inputSize: number,
): number[] {
  const sizes: Readonly<Record<ParameterSize, number>> = {
    gates: kindOf(cell).gates.length * hiddenSize,
    hidden: hiddenSize,
    input: inputSize,
  };
  return shape.map((size) => sizes[size]);
}

export function lengthOfShape(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}
