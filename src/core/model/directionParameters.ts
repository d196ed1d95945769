/** The parameters of one direction of one layer, or anything that has one thing for each of them. */
import { at } from '../../kernels/arena';
import { kindOf, type CellName } from '../../layers/catalog';
import {
  isSharedRole,
  shapeWith,
  type LayerSizes,
  type ParameterDescription,
  type SharedRole,
} from '../../layers/parameters';

/** By role; those that every kind computes alike, empty where the kind has none, and its own. */
export interface ByRole<T> extends Readonly<Record<SharedRole, T>> {
  readonly own: Readonly<Record<string, T>>;
}

/**
 * @param make undefined of a parameter that a mixer's layer does not have  @param none of a role that the kind lacks, among those that every kind computes alike
 */
export function byRole<T>(
  cell: CellName,
  make: (parameter: ParameterDescription) => T | undefined,
  none: T,
): ByRole<T> {
  const made = kindOf(cell).parameters.flatMap((parameter): (readonly [string, T])[] => {
    const own = make(parameter);
    return own === undefined ? [] : [[parameter.role, own]];
  });
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

/** Each parameter that the layer has, in the order of files. */
export function eachRole<T>(cell: CellName, values: ByRole<T>): (readonly [ParameterDescription, T])[] {
  return kindOf(cell)
    .parameters.filter(({ role }) => isSharedRole(role) || Object.hasOwn(values.own, role))
    .map((parameter) => [parameter, ofRole(values, parameter.role)] as const);
}

/** Null of one that a mixer's layer does not have. */
export function shapeOf(parameter: ParameterDescription, cell: CellName, of: LayerSizes): readonly number[] | null {
  return shapeWith(parameter, kindOf(cell).gates.length, of);
}

/** Undefined of no shape. */
export function zerosOf(shape: readonly number[] | null): Float64Array | undefined {
  return shape ? new Float64Array(lengthOfShape(shape)) : undefined;
}

export function lengthOfShape(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}
