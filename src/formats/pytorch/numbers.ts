/** The number types of PyTorch's storages, and how those that are real numbers are read. */
import { halfToNumber } from '../half';

export interface NumberType {
  /** As safetensors calls it where it has the type. */
  readonly name: string;
  readonly bytes: number;
  /** Null of whole numbers, truth values and complex numbers: they are no weights. */
  readonly read: 'F32' | 'F64' | null;
}

const other = (name: string, bytes: number): NumberType => ({ name, bytes, read: null });
const real = (name: string, bytes: number, read: 'F32' | 'F64' = 'F32'): NumberType => ({ name, bytes, read });

/** By `torch.dtype`. */
const byName: Readonly<Record<string, NumberType>> = {
  float64: real('F64', 8, 'F64'),
  float32: real('F32', 4),
  float16: real('F16', 2),
  bfloat16: real('BF16', 2),
  float8_e4m3fn: real('F8_E4M3', 1),
  float8_e5m2: real('F8_E5M2', 1),
  float8_e4m3fnuz: real('F8_E4M3FNUZ', 1),
  float8_e5m2fnuz: real('F8_E5M2FNUZ', 1),
  float8_e8m0fnu: real('F8_E8M0', 1),
  int64: other('I64', 8),
  int32: other('I32', 4),
  int16: other('I16', 2),
  int8: other('I8', 1),
  uint8: other('U8', 1),
  uint16: other('U16', 2),
  uint32: other('U32', 4),
  uint64: other('U64', 8),
  bool: other('BOOL', 1),
  complex32: other('C32', 4),
  complex64: other('C64', 8),
  complex128: other('C128', 16),
};

/** The names that storages had before they had types. */
const storageNames: Readonly<Record<string, string>> = {
  DoubleStorage: 'float64',
  FloatStorage: 'float32',
  HalfStorage: 'float16',
  BFloat16Storage: 'bfloat16',
  LongStorage: 'int64',
  IntStorage: 'int32',
  ShortStorage: 'int16',
  CharStorage: 'int8',
  ByteStorage: 'uint8',
  BoolStorage: 'bool',
  ComplexFloatStorage: 'complex64',
  ComplexDoubleStorage: 'complex128',
};

/** @param name of a `torch.dtype` or of a class of storages, such as `bfloat16` or `FloatStorage`; null for one that is not known */
export function numberType(name: string): NumberType | null {
  const plain = storageNames[name] ?? name;
  return Object.hasOwn(byName, plain) ? byName[plain] : null;
}

/** One real number of a type, little-endian, from byte `at` on. */
export function readerOf({ name }: NumberType, bytes: Uint8Array): (at: number) => number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const bits = new DataView(new ArrayBuffer(4));
  switch (name) {
    case 'F64':
      return (at) => view.getFloat64(at, true);
    case 'F32':
      return (at) => view.getFloat32(at, true);
    case 'F16':
      return (at) => halfToNumber(view.getUint16(at, true));
    case 'BF16':
      return (at) => {
        bits.setUint16(0, view.getUint16(at, true));
        return bits.getFloat32(0);
      };
    default: {
      const values = Float64Array.from({ length: 256 }, (_, byte) => eightBits(name, byte));
      return (at) => values[bytes[at]];
    }
  }
}

/** As the Open Compute Project's formats (OFP8, MX) and, for those in "FNUZ", the paper of Graphcore and AMD define them; PyTorch's own tables agree. */
function eightBits(name: string, byte: number): number {
  if (name === 'F8_E8M0') return byte === 0xff ? NaN : 2 ** (byte - 127);
  const fractionBits = name.startsWith('F8_E4M3') ? 3 : 2;
  const exponentBits = 7 - fractionBits;
  const isUnsignedZero = name.endsWith('FNUZ');
  const sign = byte & 0x80 ? -1 : 1;
  const exponent = (byte >> fractionBits) & ((1 << exponentBits) - 1);
  const fraction = byte & ((1 << fractionBits) - 1);
  const top = (1 << exponentBits) - 1;
  if (isUnsignedZero) {
    // What would be minus zero is the one NaN.
    if (byte === 0x80) return NaN;
  } else if (fractionBits === 3) {
    if (exponent === top && fraction === 7) return NaN;
  } else if (exponent === top) return fraction === 0 ? sign * Infinity : NaN;
  const bias = (1 << (exponentBits - 1)) - (isUnsignedZero ? 0 : 1);
  const scale = 1 << fractionBits;
  return exponent === 0
    ? sign * (fraction / scale) * 2 ** (1 - bias)
    : sign * (1 + fraction / scale) * 2 ** (exponent - bias);
}
