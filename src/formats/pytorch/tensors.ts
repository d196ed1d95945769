/** Tensors as PyTorch's pickles describe them: a storage, an offset, a shape and strides. Which functions make them: `torch/_utils.py`, `torch/_tensor.py`. */
import { UserError } from '../../userError';
import {
  namedEntries,
  PickleGlobal,
  PickleObject,
  PickleReference,
  PickleTuple,
  type PickleValue,
} from '../pickle/values';
import { numberType, readerOf, type NumberType } from './numbers';

/** Where the numbers of tensors lie; several tensors can share one. */
export interface StorageReference {
  readonly key: string;
  /** Null where the storage has none of its own, and the tensor says it. */
  readonly type: NumberType | null;
  /** Elements, or bytes where there is no type. */
  readonly length: number;
}

export interface TensorDescription {
  readonly storage: StorageReference;
  /** In elements, from the storage's beginning. */
  readonly offset: number;
  readonly shape: readonly number[];
  /** In elements. */
  readonly strides: readonly number[];
  readonly type: NumberType;
  /** Its numbers are those of the storage with the other sign: PyTorch leaves the change of `x.conj().imag` to whoever reads. */
  readonly isNegated: boolean;
}

/** A tensor of a form that is not read here, such as a quantized or a sparse one: known to be there, and no more. */
export interface StrangeTensor {
  readonly made: string;
}

export type FoundTensor = TensorDescription | StrangeTensor;

const maxDimensions = 64;

/** Functions of PyTorch that make a tensor of arguments of a form that is not read here. */
const strange = /^torch\._utils\._rebuild_(qtensor|sparse\w*|meta\w*|nested\w*|wrapper\w*|device\w*|xla\w*)/;

/** What the value describes if that is a tensor, else null. @param file for the sentences  Throws a UserError for one whose numbers cannot be where it says. */
export function tensorOf(value: PickleValue, file: string, depth = 0): FoundTensor | null {
  if (!(value instanceof PickleObject) || depth > 8) return null;
  const { fullName } = value.made;
  const { items } = value.args;
  switch (fullName) {
    case 'torch._utils._rebuild_tensor':
    case 'torch._utils._rebuild_tensor_v2':
    case 'torch._utils._rebuild_tensor_v3':
      return described(items, file);
    // A parameter holds its tensor.
    case 'torch._utils._rebuild_parameter':
    case 'torch._utils._rebuild_parameter_with_state':
      return items.length > 0 ? tensorOf(items[0], file, depth + 1) : null;
    // A tensor with attributes, or of a class of its own: the function that makes it, its class, and the function's arguments.
    case 'torch._tensor._rebuild_from_type':
    case 'torch._tensor._rebuild_from_type_v2': {
      const [made, , args] = items;
      return made instanceof PickleGlobal && args instanceof PickleTuple
        ? tensorOf(new PickleObject(made, args), file, depth + 1)
        : null;
    }
    default:
      return strange.test(fullName) ? { made: fullName } : null;
  }
}

function described(items: readonly PickleValue[], file: string): TensorDescription {
  const [reference, offset, shape, strides] = items;
  const storage = reference instanceof PickleReference ? storageOf(reference) : null;
  const [sizes, steps] = [wholeNumbers(shape), wholeNumbers(strides)];
  // The third form says the type, since its storage is of plain bytes.
  const said = items.find((item): item is PickleGlobal => item instanceof PickleGlobal && item.module === 'torch');
  const type = said ? numberType(said.name) : (storage?.type ?? null);
  if (!storage || !sizes || !steps || sizes.length !== steps.length || !isIndex(offset) || !type)
    throw new UserError('error.pytorch.tensor', file);
  const last = offset + sizes.reduce((sum, size, i) => sum + (size - 1) * steps[i], 0);
  const held = numbersIn(storage, type);
  if (!sizes.includes(0) && last >= held) throw new UserError('error.pytorch.tensorOutside', file, storage.key);
  return { storage, offset, shape: sizes, strides: steps, type, isNegated: hasPendingSign(items) };
}

/** Behind the other arguments of a tensor that needs them: `{'neg': True}`. What is pending of complex numbers (`conj`) changes none that are read here. */
function hasPendingSign(items: readonly PickleValue[]): boolean {
  return items.slice(attributesFrom).some((item) => namedEntries(item)?.get('neg') === true);
}

const attributesFrom = 6;

/** Elements of this type that a storage holds. */
export function numbersIn({ type: own, length }: StorageReference, type: NumberType): number {
  return own ? length : Math.floor(length / type.bytes);
}

export function countOf({ shape }: Pick<TensorDescription, 'shape'>): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** Null where what lies outside is no storage, or is a part of another's, as files of 2017 have it. */
export function storageOf({ id }: PickleReference): StorageReference | null {
  if (!(id instanceof PickleTuple)) return null;
  const [what, kind, key, , length, partOf = null] = id.items;
  if (what !== 'storage' || partOf !== null || typeof key !== 'string' || !isIndex(length)) return null;
  const name = kind instanceof PickleGlobal ? kind.name : kind;
  if (typeof name !== 'string') return null;
  return { key, type: name === 'UntypedStorage' ? null : numberType(name), length };
}

function wholeNumbers(value: PickleValue): readonly number[] | null {
  if (!(value instanceof PickleTuple) || value.items.length > maxDimensions) return null;
  return value.items.every(isIndex) ? value.items : null;
}

function isIndex(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

/** Bytes of a storage. */
export function bytesOf({ type, length }: StorageReference): number {
  return length * (type?.bytes ?? 1);
}

/** A tensor's numbers, row by row. @param bytes of its storage, as many as it says */
export function readNumbers(tensor: TensorDescription, bytes: Uint8Array): Float32Array | Float64Array {
  const { offset, shape, strides, type, isNegated } = tensor;
  const count = countOf(tensor);
  const values = type.read === 'F64' ? new Float64Array(count) : new Float32Array(count);
  const read = readerOf(type, bytes);
  const index = new Array<number>(shape.length).fill(0);
  let at = offset;
  for (let i = 0; i < count; i++) {
    const value = read(at * type.bytes);
    values[i] = isNegated ? -value : value;
    for (let d = shape.length - 1; d >= 0; d--) {
      at += strides[d];
      if (++index[d] < shape[d]) break;
      at -= strides[d] * shape[d];
      index[d] = 0;
    }
  }
  return values;
}
