/** Changes of bytes, whatever they mean. */
import type { Random } from '../../src/core/model/random';
import { below, oneOf, type Mutation } from './format';

const nasty: readonly (readonly number[])[] = [
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
  [0xff, 0xff, 0xff, 0xff, 0x0f],
  [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80],
  [0, 0, 0, 0],
  [0, 0, 0x80, 0x7f],
  [0, 0, 0xc0, 0x7f],
  [0xff, 0xff, 0xff, 0x7f],
  [0xed, 0xa0, 0x80],
  [0xf0, 0x9f],
];

/** What has broken readers before: numbers at the edges of their types, deep nests, the text of other types. */
const words = [
  '-1',
  '0',
  '1e308',
  '1e999',
  '4294967296',
  '9007199254740993',
  '99999999999999999999',
  'NaN',
  'null',
  'true',
  '""',
  '{}',
  '[]',
  '[[[[[[[[',
  '{"a":',
  '\\u0000',
  '\u0000',
  '__proto__',
  'constructor',
  '../../etc/passwd',
  '/dev/zero',
  'C:\\con',
  '%s%n',
  '{0}',
  '\u202e',
  '\ud800',
  '"',
  "'",
  '<script>',
  '\r\n',
  '\n',
  '\ufeff',
].map((word) => Buffer.from(word));

function spliced(bytes: Uint8Array, start: number, removed: number, put: ArrayLike<number>): Uint8Array {
  const result = new Uint8Array(Math.max(0, bytes.length - removed) + put.length);
  result.set(bytes.subarray(0, start));
  result.set(put, start);
  result.set(bytes.subarray(start + removed), start + put.length);
  return result;
}

/** Of at most 64 bytes, or now and then of any length. */
function part(bytes: Uint8Array, random: Random): { start: number; length: number } {
  const start = below(bytes.length + 1, random);
  const max = random.uniform() < 0.8 ? 64 : bytes.length;
  return { start, length: Math.min(bytes.length - start, below(max, random)) };
}

const mutations: readonly Mutation[] = [
  (bytes, random) => bytes.slice(0, below(bytes.length + 1, random)),
  (bytes, random) => {
    const changed = bytes.slice();
    for (let n = 1 + below(8, random); n > 0 && changed.length > 0; n--)
      changed[below(changed.length, random)] ^= 1 << below(8, random);
    return changed;
  },
  (bytes, random) => {
    const changed = bytes.slice();
    if (changed.length > 0)
      changed[below(changed.length, random)] = oneOf([0, 1, 0x7f, 0x80, 0xff, 0x22, 0x5b, 0x7b], random);
    return changed;
  },
  (bytes, random) => {
    const put = oneOf(nasty, random);
    const { start } = part(bytes, random);
    return spliced(bytes, start, random.uniform() < 0.5 ? Math.min(put.length, bytes.length - start) : 0, put);
  },
  (bytes, random) => {
    const { start, length } = part(bytes, random);
    return spliced(bytes, start, length, []);
  },
  (bytes, random) => {
    const { start, length } = part(bytes, random);
    return spliced(bytes, below(bytes.length + 1, random), 0, bytes.slice(start, start + length));
  },
  (bytes, random) => {
    const { start, length } = part(bytes, random);
    return spliced(
      bytes,
      start,
      length,
      Uint8Array.from({ length }, () => below(256, random)),
    );
  },
  (bytes, random) => {
    const { start, length } = part(bytes, random);
    return spliced(bytes, start, length, oneOf(words, random));
  },
  (bytes, random) =>
    spliced(
      bytes,
      below(bytes.length + 1, random),
      0,
      new Uint8Array(below(4096, random)).fill(oneOf([0, 1, 0x7f, 0x80, 0xff, 0xfe], random)),
    ),
];

/** @param others files a part of which may get in */
export function changedBytes(bytes: Uint8Array, others: readonly Uint8Array[], random: Random): Uint8Array {
  if (random.uniform() >= 0.1) return oneOf(mutations, random)(bytes, random);
  const other = oneOf(others, random);
  const { start, length } = part(other, random);
  return spliced(bytes, below(bytes.length + 1, random), 0, other.subarray(start, start + length));
}
