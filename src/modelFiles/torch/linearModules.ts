/** Layers that are modules of `nn.Linear`s alone, as some kinds have been published: each a module of one layer that reads in one direction. */
import { linearKinds, type LayerKind } from '../../layers/catalog';
import type { LinearNames } from '../../layers/recurrent';
import { UserError } from '../../userError';
import type { RecurrentLayer, RecurrentModule } from './recurrentModules';
import { nameIn, partsOf, type WeightTensor } from './weightTensors';

/** A module that has the linears of a kind. */
interface Found {
  readonly module: string;
  readonly kind: LayerKind;
  readonly names: LinearNames;
  /** The names of its linears in the order of the blocks that the kind's own module has; one for all of them. */
  readonly linears: readonly string[];
}

/** Of the tensors of a file, the names of those that belong to such layers. */
export function linearNames(tensors: Iterable<string>): ReadonlySet<string> {
  const all = new Set(tensors);
  const own = found(all).flatMap(({ module, linears }) =>
    linears.flatMap((linear) => ['weight', 'bias'].map((leaf) => nameIn(nameIn(module, linear), leaf))),
  );
  return new Set(own.filter((name) => all.has(name)));
}

function found(tensors: ReadonlySet<string>): Found[] {
  const linearsOf = new Map<string, Set<string>>();
  for (const name of tensors) {
    const { module, leaf } = partsOf(name);
    if (leaf !== 'weight') continue;
    const { module: place, leaf: linear } = partsOf(module);
    linearsOf.set(place, (linearsOf.get(place) ?? new Set()).add(linear));
  }
  return Array.from(linearsOf, ([module, linears]): Found[] => {
    for (const { kind, names } of linearKinds) {
      if (linears.has(names.whole)) return [{ module, kind, names, linears: [names.whole] }];
      // One by one they have words that other layers have too: all of them make one.
      if (names.each.every((linear) => linears.has(linear)))
        return [{ module, kind, names, linears: names.gateOrder.map((block) => names.each[block]) }];
    }
    return [];
  }).flat();
}

/** @param tensors of `linearNames`, and others  Throws a UserError where one has a wrong shape, or what is behind the layer is not known. */
export function linearModules(tensors: ReadonlyMap<string, WeightTensor>, file: string): RecurrentModule[] {
  return found(new Set(tensors.keys())).map((each): RecurrentModule => {
    const { module, kind, names } = each;
    const projection = nameIn(nameIn(module, names.projection), 'weight');
    if (tensors.has(projection)) throw new UserError('error.torch.layerProjection', file, projection, kind.label);
    return { name: module, layers: [layerOf(each, tensors, file)] };
  });
}

function layerOf(
  { module, kind, names, linears }: Found,
  tensors: ReadonlyMap<string, WeightTensor>,
  file: string,
): RecurrentLayer {
  const blocks = names.gateOrder.length;
  const of = (linear: string, leaf: string) => tensors.get(nameIn(nameIn(module, linear), leaf));
  const weights = linears.map((linear) => of(linear, 'weight')).filter((tensor) => tensor !== undefined);
  const [{ shape, names: own }] = weights;
  const [height, inputSize] = shape;
  const rows = linears.length === 1 ? height : blocks * height;
  if (shape.length !== 2 || shape.includes(0) || rows % blocks !== 0)
    throw new UserError('error.torch.cellUnknown', file, own[0], shape.join(', '));
  const biases = linears.map((linear) => of(linear, 'bias')).filter((tensor) => tensor !== undefined);
  if (biases.length > 0 && biases.length < linears.length) {
    const lacking = linears.find((linear) => of(linear, 'bias') === undefined) ?? '';
    throw new UserError('error.torch.tensorMissing', file, nameIn(nameIn(module, lacking), 'bias'));
  }
  for (const weight of weights) checkShape(weight, [height, inputSize], file);
  for (const bias of biases) checkShape(bias, [height], file);
  const hiddenSize = rows / blocks;
  return {
    cell: kind.name,
    // What has been published under the one name is known.
    options: linears.length === 1 ? names.published : null,
    hiddenSize,
    inputSize,
    outputSize: hiddenSize,
    rows,
    directions: [
      {
        W: oneBelowAnother(weights, [rows, inputSize]),
        R: null,
        Wb: biases.length > 0 ? oneBelowAnother(biases, [rows]) : null,
        Rb: null,
      },
    ],
    source: nameIn(module, linears.join(', ')),
  };
}

function checkShape({ shape, names }: WeightTensor, expected: readonly number[], file: string): void {
  if (shape.join() !== expected.join())
    throw new UserError('error.torch.tensorShape', file, names[0], shape.join(', '), expected.join(', '));
}

function oneBelowAnother(tensors: readonly WeightTensor[], shape: readonly number[]): WeightTensor {
  const [first] = tensors;
  if (tensors.length === 1) return first;
  const parts = tensors.flatMap(({ data }) => data ?? []);
  const isWhole = parts.length === tensors.length;
  const type = tensors.find(({ data }) => !data)?.type ?? first.type;
  return { names: tensors.flatMap(({ names }) => names), shape, type, data: isWhole ? joined(parts) : null };
}

function joined(parts: readonly (Float32Array | Float64Array)[]): Float32Array | Float64Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const all = parts.some((part) => part instanceof Float64Array) ? new Float64Array(length) : new Float32Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
