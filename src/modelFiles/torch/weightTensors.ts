/** The tensors of a file of weights, as what reads them needs them: under all their names, and without what belongs to an optimizer. */
import type { Weights } from '../../core/model/generalModel';
import type { Tensor, UnreadTensor } from '../../formats/safetensors';
import { UserError } from '../../userError';
import type { ModuleFacts } from './moduleFacts';

/** As it was decoded. */
export interface WeightsFile {
  readonly tensors: ReadonlyMap<string, Tensor>;
  readonly unread: ReadonlyMap<string, UnreadTensor>;
  readonly metadata: Readonly<Record<string, string>>;
  /** What the file says of the model beside its weights; nothing where there is no such thing. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Tensors that are left out because others with the same names and shapes were taken. */
  readonly leftOut?: readonly string[];
  /** Where the model's modules were saved with their weights. */
  readonly modules?: ModuleFacts;
}

export interface WeightTensor {
  /** At least one, sorted; several where the file has the same numbers under several names. */
  readonly names: readonly string[];
  readonly shape: readonly number[];
  /** As the file calls it. */
  readonly type: string;
  /** Null where they are not floating-point numbers that are read here. */
  readonly data: Weights | null;
}

/** `fc.weight` is `weight` of the module `fc`. */
export function partsOf(name: string): { readonly module: string; readonly leaf: string } {
  const dot = name.lastIndexOf('.');
  return { module: name.slice(0, Math.max(dot, 0)), leaf: name.slice(dot + 1) };
}

/** Of `leaf` in the module. */
export function nameIn(module: string, leaf: string): string {
  return module === '' ? leaf : `${module}.${leaf}`;
}

/** The moments of PyTorch's optimizers, and what people put them under. */
const ofOptimizers =
  /^(optim|opt_state|optimizers?(_states?|_state_dict|_\d+)?|param_groups|exp_avg(_sq)?|max_exp_avg_sq|exp_inf|momentum_buffer|square_avg|grad_avg|acc_delta)$/i;

/** Its moments have the shapes of the parameters, and could be taken for them. */
export function isOfOptimizer(name: string): boolean {
  return name.split(/[./]/).some((part) => ofOptimizers.test(part));
}

/**
 * Each tensor under its own name; those too that `save_model` of safetensors has left out, because they share their memory with another: of
 * them the metadata says which one is kept.
 */
export function namedTensors({ tensors, unread, metadata }: WeightsFile): Map<string, WeightTensor> {
  const named = new Map<string, WeightTensor>();
  const add = (name: string, tensor: Tensor) =>
    named.set(name, { names: [name], shape: tensor.shape, ...contentOf(tensor) });
  for (const [name, tensor] of tensors) add(name, tensor);
  for (const [name, { type, shape }] of unread) named.set(name, { names: [name], shape, type, data: null });
  for (const [name, kept] of Object.entries(metadata)) {
    const tensor = tensors.get(kept);
    if (tensor && !tensors.has(name)) add(name, tensor);
  }
  return named;
}

function contentOf(tensor: Tensor): Pick<WeightTensor, 'type' | 'data'> {
  if (tensor.dtype === 'F32' || tensor.dtype === 'F64') return { type: tensor.dtype, data: tensor.data };
  return { type: tensor.dtype, data: null };
}

/**
 * Those with the same numbers made one. Numbers that are all equal, as zeros are before training, do not show that two tensors are the same:
 * only vectors of them are made one, since it makes no difference which of those is read.
 */
export function distinctTensors(tensors: Iterable<WeightTensor>): WeightTensor[] {
  const groups = new Map<string, WeightTensor[]>();
  for (const tensor of tensors) {
    const key = `${tensor.type} ${tensor.shape.join()} ${tensor.data?.at(0) ?? ''} ${tensor.data?.at(-1) ?? ''}`;
    const group = groups.get(key) ?? [];
    const same = group.findIndex((other) => areSame(other, tensor));
    if (same < 0) group.push(tensor);
    else group[same] = { ...group[same], names: [...group[same].names, ...tensor.names].sort() };
    groups.set(key, group);
  }
  return Array.from(groups.values()).flat();
}

function areSame(a: WeightTensor, b: WeightTensor): boolean {
  return haveSameNumbers(a, b) && (a.shape.length < 2 || (a.data?.some((value) => value !== a.data?.[0]) ?? false));
}

/** And the same shape. */
export function haveSameNumbers({ data: a, shape }: WeightTensor, { data: b, shape: other }: WeightTensor): boolean {
  if (!a || !b || a.length === 0 || shape.join() !== other.join()) return false;
  return a === b || a.every((value, i) => Object.is(value, b[i]));
}

/** Of a tensor that is needed. */
export function unreadable({ names, type }: WeightTensor, file: string): UserError {
  return new UserError('error.safetensors.typeUnknown', file, names[0], type, 'F16, BF16, F32, F64');
}
