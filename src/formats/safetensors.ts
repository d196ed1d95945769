/**
 * The safetensors format: an 8-byte little-endian header length, a JSON header of that length, and the tensors' bytes one after the
 * other. Numbers are little-endian, as on every machine the engine runs on.
 */
import { halfToNumber } from './half';
import { UserError } from '../userError';

export type Tensor =
  | { readonly dtype: 'F32'; readonly shape: readonly number[]; readonly data: Float32Array }
  | { readonly dtype: 'F64'; readonly shape: readonly number[]; readonly data: Float64Array }
  | { readonly dtype: 'I32'; readonly shape: readonly number[]; readonly data: Int32Array }
  | { readonly dtype: 'I64'; readonly shape: readonly number[]; readonly data: BigInt64Array }
  | { readonly dtype: 'U8'; readonly shape: readonly number[]; readonly data: Uint8Array };

/** Of a type whose numbers are not read here, such as truth values or eight-bit floats: known to be there, and no more. */
export interface UnreadTensor {
  readonly type: string;
  readonly shape: readonly number[];
}

/** Halves are read as F32; they are not written. */
type DType = Tensor['dtype'] | 'F16' | 'BF16';

const bytesPerElement: Readonly<Record<DType, number>> = { F32: 4, F64: 8, I32: 4, I64: 8, U8: 1, F16: 2, BF16: 2 };

/** Of types that are in the format and not read here; there may be others, also of half a byte. */
const bytesOfUnread: ReadonlyMap<string, number> = new Map(
  Object.entries({ BOOL: 1, I8: 1, F8_E4M3: 1, F8_E5M2: 1, F8_E8M0: 1, I16: 2, U16: 2, U32: 4, U64: 8, C64: 8 }),
);

const lengthBytes = 8;
/** The format's own limit, against headers made to exhaust memory. */
const maxHeaderBytes = 100_000_000;
const metadataKey = '__metadata__';

/**
 * The bytes of a safetensors file. The same tensors and metadata give the same bytes, whatever their order in the maps: tensors lie
 * by element size (so that each is aligned), then by name. Throws when a shape and its data disagree, which is a fault of the caller.
 */
export function encodeSafetensors(
  tensors: ReadonlyMap<string, Tensor>,
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  const ordered = [...tensors].sort(
    ([a, x], [b, y]) => bytesPerElement[y.dtype] - bytesPerElement[x.dtype] || compareStrings(a, b),
  );
  const entries: [string, unknown][] = [];
  if (Object.keys(metadata).length > 0) {
    entries.push([metadataKey, Object.fromEntries(Object.entries(metadata).sort(([a], [b]) => compareStrings(a, b)))]);
  }
  let dataBytes = 0;
  for (const [name, { dtype, shape, data }] of ordered) {
    if (name === metadataKey) throw new Error(`A tensor cannot be named ${metadataKey}.`);
    if (elementCount(shape) !== data.length) {
      throw new Error(
        `Tensor ${name} has ${data.length} elements, and its shape [${shape.join(', ')}] says otherwise.`,
      );
    }
    entries.push([name, { dtype, shape, data_offsets: [dataBytes, dataBytes + data.byteLength] }]);
    dataBytes += data.byteLength;
  }

  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(entries)));
  const headerBytes = Math.ceil(json.length / 8) * 8;
  const file = new Uint8Array(lengthBytes + headerBytes + dataBytes);
  new DataView(file.buffer).setBigUint64(0, BigInt(headerBytes), true);
  file.fill(0x20, lengthBytes, lengthBytes + headerBytes);
  file.set(json, lengthBytes);
  let offset = lengthBytes + headerBytes;
  for (const [, { data }] of ordered) {
    file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), offset);
    offset += data.byteLength;
  }
  return file;
}

/**
 * The tensors and metadata of a safetensors file. `name` is the file's, for the sentences. Every length, offset and shape is checked
 * before it is used; each tensor is a copy, so that nothing depends on how `bytes` is aligned. Tensors of a type that is not read here are
 * apart, without their numbers. Throws a UserError saying what is wrong.
 */
export function decodeSafetensors(
  bytes: Uint8Array,
  name = 'This file',
): { tensors: Map<string, Tensor>; unread: Map<string, UnreadTensor>; metadata: Record<string, string> } {
  const dataStart = dataStartOf(bytes, bytes.length, name);
  // A plain array over the same bytes: the `slice` of a Node Buffer would not copy.
  const data = new Uint8Array(bytes.buffer, bytes.byteOffset + dataStart, bytes.length - dataStart);
  const { entries, metadata } = readHeader(bytes.subarray(headerStart, dataStart), data.length, name);
  const tensors = new Map<string, Tensor>();
  const unread = new Map<string, UnreadTensor>();
  for (const entry of entries) {
    const { tensor, dtype, shape, begin, end } = entry;
    const made = tensorOf(entry, data.slice(begin, end));
    if (made) tensors.set(tensor, made);
    else unread.set(tensor, { type: dtype, shape });
  }
  return { tensors, unread, metadata };
}

/** Where a tensor lies among the data, which begin behind the header. */
export interface TensorEntry {
  readonly tensor: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/** Where the header begins: behind its length. */
export const headerStart = lengthBytes;

/**
 * Where the data begin. Throws a UserError where that cannot be.
 * @param start the file's first bytes, eight at least if it has them  @param fileBytes how many it has
 */
export function dataStartOf(start: Uint8Array, fileBytes: number, name: string): number {
  if (fileBytes < lengthBytes || start.length < lengthBytes) {
    throw new UserError('error.safetensors.tooShort', name, fileBytes);
  }
  const length = new DataView(start.buffer, start.byteOffset).getBigUint64(0, true);
  if (length > BigInt(maxHeaderBytes)) {
    throw new UserError('error.safetensors.headerLength', name, String(length));
  }
  const dataStart = lengthBytes + Number(length);
  if (dataStart > fileBytes) {
    throw new UserError('error.safetensors.headerCutShort', name, Number(length), fileBytes - lengthBytes);
  }
  return dataStart;
}

/** What a header says, checked: its tensors fill the data exactly. Throws a UserError. @param dataBytes what the file has behind it */
export function readHeader(
  json: Uint8Array,
  dataBytes: number,
  name: string,
): { entries: TensorEntry[]; metadata: Record<string, string> } {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(json));
  } catch {
    throw new UserError('error.safetensors.headerNotJson', name);
  }
  if (!isRecord(header)) throw new UserError('error.safetensors.headerNotObject', name);
  let metadata: Record<string, string> = {};
  const entries: TensorEntry[] = [];
  for (const [key, value] of Object.entries(header)) {
    // Some writers put null where they have none.
    if (key === metadataKey) metadata = value === null ? {} : checkMetadata(value, name);
    else entries.push({ tensor: key, ...checkEntry(key, value, dataBytes, name) });
  }
  checkCoverage([...entries], dataBytes, name);
  return { entries, metadata };
}

/** The tensor of these bytes, which become its own; null for a type that is not read here. */
export function tensorOf({ dtype, shape }: TensorEntry, bytes: Uint8Array): Tensor | null {
  return isDType(dtype) ? makeTensor(dtype, shape, bytes) : null;
}

function checkMetadata(value: unknown, name: string): Record<string, string> {
  if (!isRecord(value) || !Object.values(value).every((text) => typeof text === 'string')) {
    throw new UserError('error.safetensors.notStrings', name, metadataKey);
  }
  return value as Record<string, string>;
}

function checkEntry(
  tensor: string,
  value: unknown,
  dataBytes: number,
  name: string,
): { dtype: string; shape: number[]; begin: number; end: number } {
  if (!isRecord(value)) throw new UserError('error.safetensors.entryNotObject', name, tensor);
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== 'string') {
    const known = Object.keys(bytesPerElement).join(', ');
    throw new UserError('error.safetensors.typeUnknown', name, tensor, JSON.stringify(dtype ?? null), known);
  }
  if (!isCounts(shape)) {
    throw new UserError('error.safetensors.shape', name, tensor);
  }
  if (!isCounts(offsets) || offsets.length !== 2 || offsets[0] > offsets[1]) {
    throw new UserError('error.safetensors.offsets', name, tensor);
  }
  const [begin, end] = offsets;
  if (end > dataBytes) {
    throw new UserError('error.safetensors.tensorCutShort', name, tensor, end, dataBytes);
  }
  // A product beyond 2^53 is inexact, and far from any length that passed the check above.
  const size = isDType(dtype) ? bytesPerElement[dtype] : bytesOfUnread.get(dtype);
  if (size !== undefined && elementCount(shape) * size !== end - begin) {
    throw new UserError('error.safetensors.byteLength', name, tensor, shape.join(', '), dtype, end - begin);
  }
  return { dtype, shape, begin, end };
}

/** The tensors must fill the data exactly: no byte in two of them, none in no tensor. */
function checkCoverage(
  extents: Pick<TensorEntry, 'tensor' | 'begin' | 'end'>[],
  dataBytes: number,
  name: string,
): void {
  let covered = 0;
  for (const { tensor, begin, end } of extents.sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin < covered) throw new UserError('error.safetensors.overlap', name, tensor);
    if (begin > covered) {
      throw new UserError('error.safetensors.bytesBetween', name, begin - covered, tensor);
    }
    covered = end;
  }
  if (covered < dataBytes) {
    throw new UserError('error.safetensors.bytesAtEnd', name, dataBytes - covered);
  }
}

function makeTensor(dtype: DType, shape: readonly number[], { buffer }: Uint8Array): Tensor {
  switch (dtype) {
    case 'F32':
      return { dtype, shape, data: new Float32Array(buffer) };
    case 'F64':
      return { dtype, shape, data: new Float64Array(buffer) };
    case 'I32':
      return { dtype, shape, data: new Int32Array(buffer) };
    case 'I64':
      return { dtype, shape, data: new BigInt64Array(buffer) };
    case 'F16':
      return { dtype: 'F32', shape, data: Float32Array.from(new Uint16Array(buffer), halfToNumber) };
    case 'BF16':
      return {
        dtype: 'F32',
        shape,
        data: new Float32Array(Uint32Array.from(new Uint16Array(buffer), (bits) => bits << 16).buffer),
      };
    case 'U8':
      return { dtype, shape, data: new Uint8Array(buffer) };
  }
}

function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

function isDType(text: string): text is DType {
  return Object.hasOwn(bytesPerElement, text);
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && (size as number) >= 0);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** By code unit, which is the same on every machine. */
function compareStrings(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
