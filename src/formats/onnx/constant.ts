/** The constants of a graph: the numbers of its tensors, whether they lie in the file raw, as a list, or in another file. */
import { halfToNumber } from '../half';
import { dataType, type TensorProto } from './messages';

export interface Constant {
  readonly shape: readonly number[];
  /** Integers are exact to 2⁵³; larger ones, which mean "to the end", are cut to it. */
  readonly isInteger: boolean;
  readonly data: Float32Array | Float64Array;
}

/** Where the bytes of data that lie beside the model come from. Throws a UserError for a place that may not be read. */
export type ExternalData = (location: string, offset: number, length: number) => Uint8Array;

/** Elements of one tensor at most: 2 GB of float32. */
export const maxElements = 2 ** 29;

/** A tensor that cannot be read; its message completes “the tensor X …”. */
export class TensorError extends Error {}

/** Elements of a shape. Throws TensorError for one that is not possible. */
export function elementsOf(shape: readonly number[]): number {
  let elements = 1;
  for (const size of shape) {
    if (!Number.isSafeInteger(size) || size < 0)
      throw new TensorError(`has the impossible shape [${shape.join(', ')}]`);
    elements *= size;
    if (elements > maxElements) throw new TensorError(`has the shape [${shape.join(', ')}], which is too large`);
  }
  return elements;
}

export function integers(shape: readonly number[], values: ArrayLike<number>): Constant {
  return { shape, isInteger: true, data: Float64Array.from(values) };
}

/** Whole numbers of a vector or scalar; undefined where the constant is something else. */
export function wholeNumbers(constant: Constant | undefined): readonly number[] | undefined {
  return constant?.isInteger && constant.shape.length <= 1 ? Array.from(constant.data) : undefined;
}

/** Bytes of an element where it is kept raw. */
const bytesPerElement: Readonly<Record<number, number>> = {
  [dataType.float]: 4,
  [dataType.double]: 8,
  [dataType.float16]: 2,
  [dataType.bfloat16]: 2,
  [dataType.int8]: 1,
  [dataType.uint8]: 1,
  [dataType.int16]: 2,
  [dataType.uint16]: 2,
  [dataType.int32]: 4,
  [dataType.uint32]: 4,
  [dataType.int64]: 8,
  [dataType.uint64]: 8,
  [dataType.bool]: 1,
  // Two in a byte.
  [dataType.int4]: 0.5,
  [dataType.uint4]: 0.5,
};

function bytesOf(length: number, type: number): number {
  return Math.ceil(length * bytesPerElement[type]);
}

/** Every size is checked before anything of that size is made. Throws TensorError. */
export function readTensor(tensor: TensorProto, external: ExternalData): Constant {
  const shape = tensor.dims;
  const length = elementsOf(shape);
  const type = typeOf(tensor);
  const needed = bytesOf(length, type);
  const bytes = tensor.dataLocation === 1 ? externalBytes(tensor, external) : tensor.rawData;
  if (bytes) {
    if (bytes.length !== needed)
      throw new TensorError(`has ${bytes.length} bytes; its shape [${shape.join(', ')}] needs ${needed}`);
    return { shape, isInteger: isInteger(type), data: fromBytes(bytes, type, length) };
  }
  const values = isPacked(type) ? unpacked(Uint8Array.from(typedField(tensor)), type, length) : typedField(tensor);
  if (values.length !== length)
    throw new TensorError(`has ${values.length} elements; its shape [${shape.join(', ')}] needs ${length}`);
  return { shape, isInteger: isInteger(type), data: fromTyped(values, type) };
}

function isInteger(type: number): boolean {
  return ![dataType.float, dataType.double, dataType.float16, dataType.bfloat16].some((real) => real === type);
}

function isPacked(type: number): boolean {
  return type === dataType.int4 || type === dataType.uint4;
}

/** Elements of four bits, the first of two in the lower half of a byte; no more than there are. */
function unpacked(bytes: Uint8Array, type: number, length: number): Float64Array {
  return Float64Array.from({ length: Math.min(length, 2 * bytes.length) }, (_, i) => {
    const bits = (bytes[i >> 1] >> (4 * (i & 1))) & 15;
    return type === dataType.int4 && bits > 7 ? bits - 16 : bits;
  });
}

/** Of the elements; one of `bytesPerElement`. */
function typeOf({ dataType: type }: TensorProto): number {
  if (type === undefined) throw new TensorError('does not say of which type its elements are');
  if (!Object.hasOwn(bytesPerElement, type))
    throw new TensorError(`has elements of type ${type}, which is not known here`);
  return type;
}

/** The bytes of a tensor that lie in another file. Throws TensorError, and what `external` throws. */
export function externalBytes(tensor: TensorProto, external: ExternalData): Uint8Array {
  const { dims, externalData } = tensor;
  const needed = bytesOf(elementsOf(dims), typeOf(tensor));
  const fields = new Map(externalData?.map(({ key, value }) => [key, value]));
  const location = fields.get('location');
  if (location === undefined) throw new TensorError('lies in another file, whose name is missing');
  const offset = Number(fields.get('offset') ?? 0);
  const length = Number(fields.get('length') ?? needed);
  if (length !== needed || !Number.isSafeInteger(offset) || offset < 0)
    throw new TensorError(`should have ${needed} bytes in another file; that says ${length} from byte ${offset} on`);
  return external(location, offset, length);
}

/** Little-endian elements. float32 that lies aligned is not copied. */
function fromBytes(bytes: Uint8Array, type: number, length: number): Float32Array | Float64Array {
  if (type === dataType.float && bytes.byteOffset % 4 === 0)
    return new Float32Array(bytes.buffer, bytes.byteOffset, length);
  if (isPacked(type)) return unpacked(bytes, type, length);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const half = (at: number) => halfToNumber(view.getUint16(at, true));
  switch (type) {
    case dataType.float:
      // A copy: the `slice` of a Node Buffer would not be one.
      return new Float32Array(Uint8Array.from(bytes).buffer);
    case dataType.double:
      return Float64Array.from({ length }, (_, i) => view.getFloat64(8 * i, true));
    case dataType.float16:
      return Float32Array.from({ length }, (_, i) => half(2 * i));
    case dataType.bfloat16:
      return new Float32Array(Uint32Array.from({ length }, (_, i) => view.getUint16(2 * i, true) << 16).buffer);
    case dataType.int64:
      return Float64Array.from({ length }, (_, i) => cut(view.getBigInt64(8 * i, true)));
    case dataType.uint64:
      return Float64Array.from({ length }, (_, i) => cut(view.getBigUint64(8 * i, true)));
    default:
      return Float64Array.from({ length }, (_, i) => smallInteger(view, type, i));
  }
}

function smallInteger(view: DataView, type: number, i: number): number {
  switch (type) {
    case dataType.int8:
      return view.getInt8(i);
    case dataType.int16:
      return view.getInt16(2 * i, true);
    case dataType.uint16:
      return view.getUint16(2 * i, true);
    case dataType.int32:
      return view.getInt32(4 * i, true);
    case dataType.uint32:
      return view.getUint32(4 * i, true);
    default:
      return view.getUint8(i);
  }
}

function cut(value: bigint): number {
  const largest = BigInt(Number.MAX_SAFE_INTEGER);
  return Number(value > largest ? largest : value < -largest ? -largest : value);
}

/** Which of a tensor's lists holds elements of its type. */
function typedField({
  dataType: type,
  floatData,
  doubleData,
  int64Data,
  uint64Data,
  int32Data,
}: TensorProto): ArrayLike<number> {
  if (type === dataType.float) return floatData ?? [];
  if (type === dataType.double) return doubleData ?? [];
  if (type === dataType.int64) return int64Data ?? [];
  if (type === dataType.uint64 || type === dataType.uint32) return uint64Data ?? [];
  return int32Data ?? [];
}

/** Halves are kept as their bits in int32. */
function fromTyped(values: ArrayLike<number>, type: number): Float32Array | Float64Array {
  if (type === dataType.float16) return Float32Array.from(values, halfToNumber);
  if (type === dataType.bfloat16) return new Float32Array(Uint32Array.from(values, (bits) => bits << 16).buffer);
  if (type === dataType.float) return values instanceof Float32Array ? values : Float32Array.from(values);
  return Float64Array.from(values);
}
