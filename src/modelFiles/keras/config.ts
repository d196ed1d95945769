/** What Keras says of a model beside its weights (`get_config()`): its layers and, of a functional model, what reads what. */
import { UserError } from '../../userError';
import { isRecord } from '../symbolList';

type Json = Readonly<Record<string, unknown>>;

export interface KerasLayer {
  /** As `LSTM`. */
  readonly className: string;
  /** The user's own, or one with a number. */
  readonly name: string;
  readonly config: Json;
}

export interface KerasConfig {
  /** All there are, in the order in which files count them. */
  readonly layers: readonly KerasLayer[];
  /** Those of the one row from the input to the output, in its order. */
  readonly row: readonly KerasLayer[];
}

/** Of every model that `model.save` writes. */
const functional = ['Functional', 'Model'];

/** @param parsed of `config.json`, or of a legacy file's `model_config`  @param file for the sentences  Throws a UserError for what is no row of layers. */
export function kerasConfigOf(parsed: unknown, file: string): KerasConfig {
  const found = isRecord(parsed) ? parsed : {};
  const { class_name: className, config } = found;
  if (typeof className !== 'string') throw new UserError('error.keras.config', file);
  // The first versions of Keras 2 have the layers of a Sequential in the place of its configuration.
  const listed = Array.isArray(config) ? config : isRecord(config) ? config['layers'] : undefined;
  if (!Array.isArray(listed)) throw new UserError('error.keras.ownClass', file, className);
  const entries = listed.map((each: unknown) => entryOf(each, file));
  const layers = entries.map(({ layer }) => layer);
  if (className === 'Sequential') return { layers, row: layers };
  if (!functional.includes(className) || !isRecord(config))
    throw new UserError('error.keras.ownClass', file, className);
  return { layers, row: rowOf(entries, config, file) };
}

/** A layer as a layer that wraps it has it; null for what is none. */
export function layerOf(value: unknown): KerasLayer | null {
  if (!isRecord(value)) return null;
  const { class_name: className, config } = value;
  if (typeof className !== 'string' || !isRecord(config)) return null;
  const name = typeof value['name'] === 'string' ? value['name'] : config['name'];
  return { className, name: typeof name === 'string' ? name : className, config };
}

/** A whole number above 0. Throws a UserError for anything else. */
export function sizeIn(config: Json, key: string, file: string): number {
  const value = config[key];
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 1)
    throw new UserError('error.keras.config', file);
  return value;
}

interface Entry {
  readonly layer: KerasLayer;
  readonly nodes: readonly unknown[];
}

function entryOf(value: unknown, file: string): Entry {
  const layer = layerOf(value);
  if (!layer) throw new UserError('error.keras.config', file);
  const nodes = (value as Json)['inbound_nodes'];
  return { layer, nodes: Array.isArray(nodes) ? (nodes as readonly unknown[]) : [] };
}

/** Of a functional model: from the output back to the input. Throws a UserError where a layer reads several others, or is read twice. */
function rowOf(entries: readonly Entry[], config: Json, file: string): readonly KerasLayer[] {
  const byName = new Map(entries.map((entry) => [entry.layer.name, entry]));
  const outputs = referencesIn(config['output_layers']);
  const inputs = referencesIn(config['input_layers']);
  if (outputs.length !== 1 || inputs.length !== 1)
    throw new UserError('error.keras.severalEnds', file, inputs.length, outputs.length);
  const row: KerasLayer[] = [];
  let [next]: readonly (Reference | undefined)[] = outputs;
  while (next) {
    const entry = byName.get(next.layer);
    if (!entry) throw new UserError('error.keras.config', file);
    const { layer, nodes } = entry;
    const read = nodes.flatMap((node) => referencesIn(withoutMask(node)));
    // Another output than the first is a state; a second node is a second call of the same layer.
    if (next.tensor !== 0 || nodes.length > 1 || read.length > 1 || row.includes(layer))
      throw new UserError('error.keras.notRow', file, layer.name, layer.className);
    row.unshift(layer);
    next = read.at(0);
  }
  if (row[0].name !== inputs[0].layer) throw new UserError('error.keras.config', file);
  return row;
}

/** What a mask is made of is read from the tokens again, by an Embedding that says so. */
function withoutMask(node: unknown): unknown {
  if (!isRecord(node) || !isRecord(node['kwargs'])) return node;
  const { mask: _, ...others } = node['kwargs'];
  return { ...node, kwargs: others };
}

interface Reference {
  readonly layer: string;
  /** Which of the layer's outputs. */
  readonly tensor: number;
}

/** Nests of lists in a node: deeper than any that Keras writes. */
const maxDepth = 32;

/** Of layers' outputs, wherever they stand in a node: `["lstm", 0, 0]` in any list, and the same as `keras_history` of a tensor. */
function referencesIn(value: unknown, depth = 0): readonly Reference[] {
  if (depth > maxDepth) return [];
  if (Array.isArray(value)) {
    const [layer, node, tensor] = value as readonly unknown[];
    if (typeof layer === 'string' && typeof node === 'number' && typeof tensor === 'number')
      return [{ layer, tensor }, ...value.slice(3).flatMap((each) => referencesIn(each, depth + 1))];
    return value.flatMap((each) => referencesIn(each, depth + 1));
  }
  return isRecord(value) ? Object.values(value).flatMap((each) => referencesIn(each, depth + 1)) : [];
}
