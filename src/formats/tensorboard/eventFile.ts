/**
 * TensorBoard's event files: records of TFRecord, each a message `Event` (tensorflow/core/util/event.proto, framework/summary.proto). Scalars there are
 * float32, which ends at 1e-38 and 1e38; whoever writes numbers that go farther writes their logarithm.
 */
import protobuf from 'protobufjs/minimal';
import { crc32c } from './crc32c';

export interface Scalar {
  readonly tag: string;
  readonly value: number;
}

export interface Histogram {
  readonly tag: string;
  /** Finite; at least one. */
  readonly values: readonly number[];
}

export interface Summary {
  /** Of training. */
  readonly step: number;
  readonly scalars: readonly Scalar[];
  readonly histograms: readonly Histogram[];
}

/** The first record of every file. @param seconds since 1970, as of all events */
export function encodeVersion(seconds: number): Uint8Array {
  const event = protobuf.Writer.create()
    .uint32(tag(1, fixed64))
    .double(seconds)
    .uint32(tag(3, delimited))
    .string('brain.Event:2');
  return encodeRecord(event.finish());
}

/** Session log START: from this step on, what earlier files of the folder say is void; TensorBoard draws both otherwise. */
export function encodeStart(step: number, seconds: number): Uint8Array {
  const event = protobuf.Writer.create().uint32(tag(1, fixed64)).double(seconds).uint32(tag(2, varint)).int64(step);
  event.uint32(tag(7, delimited)).fork().uint32(tag(1, varint)).int32(1).ldelim();
  return encodeRecord(event.finish());
}

export function encodeSummary({ step, scalars, histograms }: Summary, seconds: number): Uint8Array {
  const event = protobuf.Writer.create().uint32(tag(1, fixed64)).double(seconds).uint32(tag(2, varint)).int64(step);
  event.uint32(tag(5, delimited)).fork();
  for (const scalar of scalars)
    event
      .uint32(tag(1, delimited))
      .fork()
      .uint32(tag(1, delimited))
      .string(scalar.tag)
      .uint32(tag(2, fixed32))
      .float(scalar.value)
      .ldelim();
  for (const histogram of histograms) {
    event
      .uint32(tag(1, delimited))
      .fork()
      .uint32(tag(1, delimited))
      .string(histogram.tag)
      .uint32(tag(5, delimited))
      .fork();
    writeHistogram(event, histogram.values);
    event.ldelim().ldelim();
  }
  return encodeRecord(event.ldelim().finish());
}

const [varint, fixed64, delimited, fixed32] = [0, 1, 2, 5];

function tag(field: number, type: number): number {
  return (field << 3) | type;
}

const bucketWidth = 0.25;

/** HistogramProto: min, max, num, sum, sum of squares, and for each bucket its upper limit and its count. */
function writeHistogram(writer: protobuf.Writer, values: readonly number[]): void {
  const [min, max] = [Math.min(...values), Math.max(...values)];
  const sum = values.reduce((total, value) => total + value, 0);
  const squares = values.reduce((total, value) => total + value * value, 0);
  const first = Math.floor(min / bucketWidth);
  const counts = new Float64Array(Math.floor(max / bucketWidth) - first + 1);
  for (const value of values) counts[Math.floor(value / bucketWidth) - first]++;
  [min, max, values.length, sum, squares].forEach((number, i) => writer.uint32(tag(i + 1, fixed64)).double(number));
  writer.uint32(tag(6, delimited)).fork();
  counts.forEach((_, i) => writer.double(bucketWidth * (first + i + 1)));
  writer.ldelim().uint32(tag(7, delimited)).fork();
  counts.forEach((count) => writer.double(count));
  writer.ldelim();
}

/** Length (64 bits), its checksum, the data, their checksum; lowest byte first. */
export function encodeRecord(data: Uint8Array): Uint8Array {
  const record = new Uint8Array(8 + 4 + data.length + 4);
  const view = new DataView(record.buffer);
  view.setUint32(0, data.length, true);
  view.setUint32(8, masked(crc32c(record.subarray(0, 8))), true);
  record.set(data, 12);
  view.setUint32(12 + data.length, masked(crc32c(data)), true);
  return record;
}

/** TFRecord's: so that the checksum of data that have checksums in them is none of theirs. */
function masked(crc: number): number {
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}
