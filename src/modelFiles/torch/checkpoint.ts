/**
 * What is in a checkpoint that people have saved with PyTorch: a state dict, one inside a dict beside an optimizer's (nanoGPT, Lightning, transformers'
 * trainer), several (one per module), or whole modules. Found by what it holds, under whatever names; what a program would have made of it is not asked.
 */
import { tensorOf, type FoundTensor, type TensorDescription } from '../../formats/pytorch/tensors';
import { namedEntries, PickleList, PickleObject, PickleTuple, type PickleValue } from '../../formats/pickle/values';
import { plainValue } from '../../formats/pickle/plainValue';
import { UserError } from '../../userError';
import { isRecord } from '../symbolList';
import type { ModuleFacts } from './moduleFacts';
import { factsOf, isScripted } from './pickledModules';
import { isOfOptimizer, nameIn } from './weightTensors';

export interface Checkpoint {
  /** By their names in the module. */
  readonly tensors: ReadonlyMap<string, FoundTensor>;
  /** Of tensors that are left out, since others with the same names and shapes are taken. */
  readonly leftOut: readonly string[];
  /** What is said of the model beside the weights: sizes, heads and the like. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Of modules that were saved whole; nothing of others. */
  readonly modules: ModuleFacts;
}

/** Under these people keep what their model was made with; later ones count more. */
const ofConfig = ['cfg', 'hparams', 'args', 'hyper_parameters', 'model_config', 'config', 'model_args'];
/** Of two sets of the same weights, such as those in training and their moving average, the one under the first of these is taken. */
const preferred = ['state_dict', 'model_state_dict', 'model', 'module', 'net', 'network', 'weights'];

/** Dicts in dicts: deeper than any that a person makes. */
const maxDepth = 64;

interface StateDict {
  /** Of the dicts around it. */
  readonly path: readonly string[];
  readonly tensors: Map<string, FoundTensor>;
  /** That were saved whole. */
  readonly modules: Map<string, PickleObject>;
}

/** @param file for the sentences  Throws a UserError where there is no tensor, or one is not where it says. */
export function readCheckpoint(value: PickleValue, file: string): Checkpoint {
  const found: StateDict[] = [];
  const seen = new Set<PickleValue>();
  collect(value, [], found, seen, file);
  const all = found.filter(({ path, tensors }) => tensors.size > 0 && !path.some(isOfOptimizer));
  if (all.length === 0) throw new UserError('error.pytorch.noTensors', file);
  const taken = withoutCopies(all);
  const tensors = new Map<string, FoundTensor>();
  const modules = new Map<string, PickleObject>();
  for (const { path, tensors: own, modules: ownModules } of taken) {
    // A single one's place says nothing of the module.
    const place = taken.length > 1 ? path.join('.') : '';
    for (const [name, tensor] of own) tensors.set(nameIn(place, name), tensor);
    for (const [name, module] of ownModules) modules.set(name === '' ? place : nameIn(place, name), module);
  }
  const facts = factsOf(modules, new Set(tensors.keys()));
  const leftOut = all
    .filter((each) => !taken.includes(each))
    .flatMap(({ path, tensors: own }) => Array.from(own.keys(), (name) => nameIn(path.join('.'), name)));
  return { tensors, leftOut, config: { ...facts.config, ...nonlinearityOf(seen), ...configOf(value) }, modules: facts };
}

/** Every dict or module that holds tensors, with what lies in it. */
function collect(
  value: PickleValue,
  path: readonly string[],
  found: StateDict[],
  seen: Set<PickleValue>,
  file: string,
): void {
  // An object stands in many places at no cost; it is looked at once.
  if (seen.has(value) || path.length > maxDepth) return;
  seen.add(value);
  const parts = isOptimizer(value) ? null : partsOf(value);
  if (!parts) return;
  const own = new Map<string, FoundTensor>();
  const others: (readonly [string, PickleValue])[] = [];
  for (const [name, part] of parts) {
    const tensor = tensorOf(part, file);
    if (tensor) own.set(name, tensor);
    else others.push([name, part]);
  }
  // A number, or the state of a generator of them, can stand beside a state dict.
  const holdsWeights = Array.from(own.values()).some((tensor) => 'made' in tensor || isWeight(tensor));
  if (!holdsWeights && !isModule(value)) {
    for (const [name, part] of others) collect(part, [...path, name], found, seen, file);
    return;
  }
  const dict = { path, tensors: own, modules: new Map<string, PickleObject>() };
  found.push(dict);
  note(value, '', dict);
  // What lies deeper belongs to the same module.
  for (const [name, part] of others) flatten(part, name, dict, seen, file);
}

/** One that was pickled whole, or its learning rate's schedule: they hold the parameters too. */
function isOptimizer(value: PickleValue): boolean {
  return value instanceof PickleObject && value.made.module.startsWith('torch.optim.');
}

function isWeight({ shape, type }: TensorDescription): boolean {
  return shape.length > 0 && type.read !== null;
}

function flatten(value: PickleValue, name: string, into: StateDict, seen: Set<PickleValue>, file: string): void {
  const tensor = tensorOf(value, file);
  if (tensor) {
    into.tensors.set(name, tensor);
    return;
  }
  if (seen.has(value) || name.split('.').length > maxDepth) return;
  seen.add(value);
  note(value, name, into);
  for (const [part, inner] of partsOf(value) ?? []) flatten(inner, nameIn(name, part), into, seen, file);
}

/** Keeps what is a module. */
function note(value: PickleValue, name: string, into: StateDict): void {
  if (value instanceof PickleObject && isModule(value)) into.modules.set(name, value);
}

function isModule(value: PickleValue): boolean {
  return moduleParts(value) !== null || isScripted(value);
}

/** What a value holds by name; null of what holds nothing. */
function partsOf(value: PickleValue): Iterable<readonly [string, PickleValue]> | null {
  const ofModule = moduleParts(value);
  if (ofModule) return ofModule;
  if (value instanceof PickleList || value instanceof PickleTuple)
    return value.items.map((item, i) => [String(i), item] as const);
  // A compiled module that was pickled whole is made of the module.
  if (value instanceof PickleObject && value.state === null && value.entries.length === 0)
    return value.args.items.flatMap((item, i) => (moduleParts(item) ? [[String(i), item] as const] : []));
  // An object of a person's own, or of a scripted module, holds its attributes.
  return namedEntries(value);
}

/** Of a module that was saved whole, its parameters, buffers and modules; null of anything else. */
function moduleParts(value: PickleValue): Iterable<readonly [string, PickleValue]> | null {
  if (!(value instanceof PickleObject)) return null;
  const state = namedEntries(value.state);
  const modules = state && namedEntries(state.get('_modules') ?? null);
  const parameters = state && namedEntries(state.get('_parameters') ?? null);
  if (!modules || !parameters) return null;
  return [...parameters, ...(namedEntries(state.get('_buffers') ?? null) ?? []), ...modules];
}

/**
 * Of those with the same names and shapes one, if it stands where people put the model: the others are averages of it. Elsewhere they are layers that are
 * alike, each saved by itself.
 */
function withoutCopies(all: readonly StateDict[]): readonly StateDict[] {
  const groups = new Map<string, StateDict[]>();
  for (const dict of all) {
    const weights = Array.from(dict.tensors).filter(([, tensor]) => !('shape' in tensor) || isWeight(tensor));
    // An average may be kept in a wrapper, or without one that the model has.
    const common = commonModule(weights.map(([name]) => name));
    const key = weights
      .map(([name, tensor]) => `${name.slice(common)} ${'shape' in tensor ? tensor.shape.join() : ''}`)
      .sort()
      .join('\n');
    groups.set(key, [...(groups.get(key) ?? []), dict]);
  }
  return Array.from(groups.values()).flatMap((group) => {
    const [first, ...others] = group.toSorted((a, b) => rank(a) - rank(b) || a.path.length - b.path.length);
    if (rank(first) === preferred.length) return [first, ...others];
    // Of several that stand in such places, as those of a cross-validation do, none is the model.
    return [first, ...others.filter((other) => rank(other) === rank(first) && other.path.length === first.path.length)];
  });
}

/** Length of what the names have in common up to a dot. */
function commonModule([first = '', ...others]: readonly string[]): number {
  let length = first.lastIndexOf('.') + 1;
  while (length > 0 && !others.every((name) => name.startsWith(first.slice(0, length))))
    length = first.lastIndexOf('.', length - 2) + 1;
  return length;
}

function rank({ path }: StateDict): number {
  const place = preferred.indexOf(path.at(-1) ?? '');
  return place < 0 ? preferred.length : place;
}

/** What modules that were saved whole say of their vanilla RNNs, where all say the same. */
function nonlinearityOf(seen: ReadonlySet<PickleValue>): Readonly<Record<string, unknown>> {
  const said = new Set<PickleValue>();
  for (const value of seen) {
    const state = value instanceof PickleObject ? namedEntries(value.state) : null;
    const nonlinearity = state?.get('nonlinearity');
    if (typeof nonlinearity === 'string') said.add(nonlinearity);
  }
  return said.size === 1 ? { nonlinearity: Array.from(said)[0] } : {};
}

function configOf(value: PickleValue): Readonly<Record<string, unknown>> {
  const entries = namedEntries(value);
  return Object.assign(
    {},
    ...ofConfig.map((name) => plainValue(entries?.get(name) ?? null)).filter(isRecord),
  ) as Readonly<Record<string, unknown>>;
}
