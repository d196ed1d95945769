/**
 * Reads and writes protobuf messages by a table of their fields, over protobufjs' Writer and Reader. No code is generated at
 * run time, and unknown fields are skipped, so any ONNX file can be read for the parts this project understands.
 */
import protobuf from 'protobufjs/minimal';

const { Reader, Writer } = protobuf;
type Writer = protobuf.Writer;
type Reader = protobuf.Reader;

export type ScalarKind = 'int64' | 'int32' | 'float' | 'double' | 'string' | 'bytes';

export interface Field {
  readonly id: number;
  readonly kind: ScalarKind | Schema;
  readonly repeated?: boolean;
}

/** Fields of a message, by property name. A thunk, because messages contain each other. */
export type Schema = () => Readonly<Record<string, Field>>;

type Plain = Record<string, unknown>;

/** Of one list of integers: more would not fit in memory as such, and no model needs them. */
const maxNumbers = 2 ** 26;

const wireTypes: Readonly<Record<ScalarKind, number>> = {
  int64: 0,
  int32: 0,
  double: 1,
  string: 2,
  bytes: 2,
  float: 5,
};

export function encode(schema: Schema, message: object): Uint8Array {
  const writer = Writer.create();
  write(writer, schema, message as Plain);
  return writer.finish();
}

/** Throws RangeError for bytes that end too early and Error for bytes that are no protobuf. */
export function decode(schema: Schema, bytes: Uint8Array): object {
  return read(Reader.create(bytes), schema, bytes.length);
}

function write(writer: Writer, schema: Schema, message: Plain): void {
  for (const [name, field] of Object.entries(schema())) {
    const value = message[name];
    if (value === undefined) continue;
    const values = field.repeated ? (value as unknown[]) : [value];
    const { kind } = field;
    if (typeof kind === 'function') {
      for (const item of values) {
        writer.uint32((field.id << 3) | 2).fork();
        write(writer, kind, item as Plain);
        writer.ldelim();
      }
    } else if (field.repeated && wireTypes[kind] !== 2) {
      if (values.length === 0) continue;
      writer.uint32((field.id << 3) | 2).fork();
      for (const item of values) writeScalar(writer, kind, item);
      writer.ldelim();
    } else {
      for (const item of values) writeScalar(writer.uint32((field.id << 3) | wireTypes[kind]), kind, item);
    }
  }
}

function writeScalar(writer: Writer, kind: ScalarKind, value: unknown): void {
  if (kind === 'string') writer.string(value as string);
  else if (kind === 'bytes') writer.bytes(value as Uint8Array);
  else writer[kind](value as number);
}

function read(reader: Reader, schema: Schema, end: number): Plain {
  const fields = schema();
  const byId = new Map(Object.entries(fields).map(([name, field]) => [field.id, { name, field }]));
  const message: Plain = {};
  for (const [name, field] of Object.entries(fields)) if (field.repeated) message[name] = [];
  while (reader.pos < end) {
    const tag = reader.uint32();
    const known = byId.get(tag >>> 3);
    if (known) readField(reader, known.name, known.field, tag & 7, message);
    else reader.skipType(tag & 7);
  }
  if (reader.pos !== end) throw new RangeError('a message runs past its end');
  return message;
}

function readField(reader: Reader, name: string, field: Field, wireType: number, message: Plain): void {
  const { kind } = field;
  const list = field.repeated ? (message[name] as unknown[]) : undefined;
  const keep = (value: unknown) => {
    if (list) list.push(value);
    else message[name] = value;
  };
  if (typeof kind === 'function' && wireType === 2) {
    keep(read(reader, kind, endOfPart(reader)));
  } else if (list && wireType === 2 && (kind === 'float' || kind === 'double')) {
    message[name] = withNumbers(list as number[], kind, reader);
  } else if (list && wireType === 2 && typeof kind !== 'function' && wireTypes[kind] !== 2) {
    const end = endOfPart(reader);
    while (reader.pos < end) {
      list.push(readScalar(reader, kind));
      if (list.length > maxNumbers) throw new RangeError(`field ${name} has too many numbers`);
    }
  } else if (typeof kind !== 'function' && wireType === wireTypes[kind]) {
    keep(readScalar(reader, kind));
  } else {
    throw new Error(`field ${name} has wire type ${wireType}`);
  }
}

/** Where a part of known length ends. Throws RangeError when that is outside. */
function endOfPart(reader: Reader): number {
  const length = reader.uint32();
  const end = reader.pos + length;
  if (end > reader.len) throw new RangeError('a part runs past the end');
  return end;
}

/** Packed numbers, behind those that came before; in one typed array. */
function withNumbers(before: ArrayLike<number>, kind: 'float' | 'double', reader: Reader): Float32Array | Float64Array {
  const end = endOfPart(reader);
  const bytes = Uint8Array.from(reader.buf.subarray(reader.pos, end));
  const Numbers = kind === 'float' ? Float32Array : Float64Array;
  if (bytes.length % Numbers.BYTES_PER_ELEMENT !== 0) throw new RangeError('numbers are cut short');
  reader.pos = end;
  const numbers = new Numbers(bytes.buffer);
  if (before.length === 0) return numbers;
  const all = new Numbers(before.length + numbers.length);
  all.set(before);
  all.set(numbers, before.length);
  return all;
}

function readScalar(reader: Reader, kind: ScalarKind): unknown {
  if (kind !== 'int64') return reader[kind]();
  const value: unknown = reader.int64();
  // With the `long` package present protobufjs gives objects; sizes and attributes fit a number.
  return typeof value === 'number' ? value : (value as { toNumber(): number }).toNumber();
}
