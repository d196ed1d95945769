/** Turning good input into bad, always the same way for the same generator. */

/** Uniform in [0, 1). */
export type Random = () => number;

/** Mulberry32, a 32-bit generator by Tommy Ettinger (public domain). */
export function generator(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const below = (random: Random, n: number) => Math.floor(random() * n);
const pick = <T>(random: Random, choices: readonly T[]): T => choices[below(random, choices.length)];

/** What has broken readers before: numbers at the edges of their types, deep nests, the text of other types. */
const words = [
  '-1', '0', '1e308', '1e999', '4294967296', '9007199254740993', '99999999999999999999', 'NaN', 'null', 'true', '""', '{}', '[]', '[[[[[[[[', '{"a":', '\\u0000', '\u0000',
  '__proto__', 'constructor', '../../etc/passwd', '/dev/zero', 'C:\\con', '%s%n', '{0}', '\u202e', '\ud800', '"', "'", '<script>', '\r\n', '\n', '﻿',
].map((word) => Buffer.from(word));
const edges = [0, 1, 0x7f, 0x80, 0xff, 0xfe];

/** One to eight changes, each at a random place. */
export function mutated(random: Random, sample: Uint8Array, others: readonly Uint8Array[]): Uint8Array {
  let bytes: Buffer = Buffer.from(sample);
  for (let changes = 1 + below(random, 8); changes > 0; changes--) bytes = change(random, bytes, others);
  return new Uint8Array(bytes);
}

function change(random: Random, bytes: Buffer, others: readonly Uint8Array[]): Buffer {
  const at = below(random, bytes.length + 1);
  const length = below(random, Math.min(64, bytes.length - at) + 1);
  const [before, after] = [bytes.subarray(0, at), bytes.subarray(at + length)];
  switch (below(random, 9)) {
    case 0:
      return before;
    case 1:
      return Buffer.concat([before, after]);
    case 2:
      return Buffer.concat([bytes.subarray(0, at + length), bytes.subarray(at, at + length), after]);
    case 3:
      return Buffer.concat([before, pick(random, words), after]);
    case 4: {
      const other = pick(random, others);
      const start = below(random, other.length + 1);
      return Buffer.concat([before, other.subarray(start, start + below(random, 256)), after]);
    }
    case 5:
      return Buffer.concat([before, Buffer.alloc(below(random, 4096), pick(random, edges)), after]);
    default: {
      const copy = Buffer.from(bytes);
      if (copy.length === 0) return copy;
      const place = Math.min(at, copy.length - 1);
      copy[place] = random() < 0.5 ? copy[place] ^ (1 << below(random, 8)) : pick(random, edges);
      return copy;
    }
  }
}

/** A JSON document with some of its values replaced by others: what a mutation of bytes seldom leaves valid. */
export function mutatedJson(random: Random, text: string): string {
  const values = [null, true, -1, 0, 0.5, 1e300, 2 ** 53, '', 'x', '9'.repeat(400), [], {}, [[]], { a: 1 }, -0, 'lstm', 'masked', '../x'];
  const visit = (value: unknown): unknown => {
    if (random() < 0.08) return pick(random, values);
    if (Array.isArray(value)) return value.flatMap((item: unknown) => (random() < 0.02 ? [] : random() < 0.02 ? [visit(item), visit(item)] : [visit(item)]));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).flatMap(([key, inner]) => (random() < 0.04 ? [] : [[random() < 0.02 ? `${key}x` : key, visit(inner)]])));
  };
  return JSON.stringify(visit(JSON.parse(text)));
}
