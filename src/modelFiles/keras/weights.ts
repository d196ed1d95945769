/**
 * Where a Keras file keeps the weights of a layer. Keras 2.13 and later have one group for each layer, named by its class and counted (`layers/lstm_1/cell/vars/0`);
 * the legacy form has one for each layer's name, with the list of its weights in their order.
 */
import type { Hdf5Dataset, Hdf5File } from '../../formats/hdf5/content';
import type { Weights } from '../../core/model/generalModel';
import { UserError } from '../../userError';
import type { KerasLayer } from './config';

/** Of which part of a layer: its own, those of a recurrent layer's cell, of one of the two directions, or of a wrapped layer. */
export type KerasPart = 'own' | 'cell' | 'forward' | 'backward' | 'wrapped';

export interface KerasArray {
  /** Its place in the file. */
  readonly name: string;
  readonly shape: readonly number[];
  read(): Weights;
}

export interface KerasWeights {
  /** In Keras' order, as `get_weights()` has them. Throws a UserError where the file has nothing for the layer. */
  of(layer: KerasLayer, part: KerasPart): readonly KerasArray[];
}

const places: Readonly<Record<KerasPart, string>> = {
  own: '',
  cell: '/cell',
  forward: '/forward_layer/cell',
  backward: '/backward_layer/cell',
  wrapped: '/layer',
};

/** @param layers all of the model, since files count them  @param file for the sentences  Throws a UserError for a file that has neither form. */
export function kerasWeightsOf(content: Hdf5File, layers: readonly KerasLayer[], file: string): KerasWeights {
  checkHasWeights(content, file);
  const legacy = legacyGroup(content);
  return legacy === undefined ? countedWeights(content, layers, file) : legacyWeights(content, legacy, file);
}

/** Throws a UserError for a file that has neither form. */
export function checkHasWeights(content: Hdf5File, file: string): void {
  if (legacyGroup(content) === undefined && !content.children('/').includes('layers'))
    throw new UserError('error.keras.noWeights', file);
}

function legacyGroup(content: Hdf5File): string | undefined {
  return ['/model_weights', '/'].find((group) => layerNamesIn(content, group) !== null);
}

function countedWeights(content: Hdf5File, layers: readonly KerasLayer[], file: string): KerasWeights {
  const groups = groupsOf(content, layers);
  return {
    of(layer, part) {
      const group = groups.get(layer);
      const variables = `/layers/${group}${places[part]}/vars`;
      const names = group === undefined ? [] : content.children(variables);
      if (names.length === 0) throw new UserError('error.keras.missing', file, layer.name, layer.className);
      const inOrder = names.toSorted((a, b) => Number(a) - Number(b));
      return inOrder.map((name) => arrayOf(content, `${variables}/${name}`, file));
    },
  };
}

/** By what newer files say of a group, which is the layer's own name; else by how older ones count them. */
function groupsOf(content: Hdf5File, layers: readonly KerasLayer[]): ReadonlyMap<KerasLayer, string> {
  const named = new Map(
    content.children('/layers').flatMap((group) => {
      const name = content.attribute(`/layers/${group}/vars`, 'name')?.at(0);
      return name === undefined ? [] : [[name, group] as const];
    }),
  );
  const seen = new Map<string, number>();
  return new Map(
    layers.map((layer) => {
      const own = inSnakeCase(layer.className);
      const count = seen.get(own) ?? 0;
      seen.set(own, count + 1);
      return [layer, named.get(layer.name) ?? (count === 0 ? own : `${own}_${count}`)];
    }),
  );
}

/** As Keras' `to_snake_case`. */
function inSnakeCase(name: string): string {
  return name
    .replace(/\W+/g, '')
    .replace(/(.)([A-Z][a-z]+)/g, '$1_$2')
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase();
}

function layerNamesIn(content: Hdf5File, group: string): readonly string[] | null {
  return listIn(content, group, 'layer_names');
}

/** A list that is too long for one attribute stands in several, with numbers. */
function listIn(content: Hdf5File, group: string, name: string): readonly string[] | null {
  const whole = content.attribute(group, name);
  if (whole) return whole;
  const parts: string[] = [];
  for (let i = 0; ; i++) {
    const part = content.attribute(group, `${name}${i}`);
    if (!part) return i === 0 ? null : parts;
    parts.push(...part);
  }
}

function legacyWeights(content: Hdf5File, top: string, file: string): KerasWeights {
  return {
    of(layer, part) {
      const group = `${top}/${layer.name}`;
      const names = listIn(content, group, 'weight_names') ?? [];
      if (names.length === 0) throw new UserError('error.keras.missing', file, layer.name, layer.className);
      const half = names.length / 2;
      const own = part === 'forward' ? names.slice(0, half) : part === 'backward' ? names.slice(half) : names;
      return own.map((name) => arrayOf(content, `${group}/${name}`, file));
    },
  };
}

function arrayOf(content: Hdf5File, path: string, file: string): KerasArray {
  const dataset = content.dataset(path);
  const name = path.replace(/^\/+/, '');
  if (!dataset) throw new UserError('error.keras.missingArray', file, name);
  return { name, shape: dataset.shape, read: () => numbersOf(dataset, name, file) };
}

function numbersOf(dataset: Hdf5Dataset, name: string, file: string): Weights {
  const numbers = dataset.read();
  if (!numbers) throw new UserError('error.keras.type', file, name, dataset.type);
  return numbers;
}

/** Throws a UserError where the shapes are not those that the configuration says. */
export function checkShapes(
  arrays: readonly KerasArray[],
  shapes: readonly (readonly number[])[],
  layer: KerasLayer,
  file: string,
): void {
  if (arrays.length !== shapes.length)
    throw new UserError('error.keras.count', file, layer.name, layer.className, shapes.length, arrays.length);
  arrays.forEach(({ name, shape }, i) => {
    if (shape.join() !== shapes[i].join())
      throw new UserError('error.keras.shape', file, name, shape.join(' × '), shapes[i].join(' × '));
  });
}
