/** Changes of JSON that leave it JSON, which those of bytes seldom do. */
import type { Random } from '../../src/core/model/random';
import { oneOf } from './format';

const values: readonly unknown[] = [
  null,
  true,
  -1,
  0,
  0.5,
  1e300,
  2 ** 53,
  '',
  'x',
  '9'.repeat(400),
  [],
  {},
  [[]],
  { a: 1 },
  -0,
  'lstm',
  'masked',
  '../x',
];

/** The document with some of its values, elements and keys changed, left out or doubled; the bytes as they are where they are no JSON. */
export function changedJson(bytes: Uint8Array, random: Random): Uint8Array {
  let document: unknown;
  try {
    document = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return bytes;
  }
  return new TextEncoder().encode(JSON.stringify(changed(document, random)));
}

function changed(value: unknown, random: Random): unknown {
  if (random.uniform() < 0.08) return oneOf(values, random);
  if (Array.isArray(value)) return value.flatMap((item: unknown) => elements(item, random));
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(() => random.uniform() >= 0.04);
  return Object.fromEntries(
    kept.map(([key, inner]) => [random.uniform() < 0.02 ? `${key}x` : key, changed(inner, random)]),
  );
}

function elements(item: unknown, random: Random): unknown[] {
  const chance = random.uniform();
  if (chance < 0.02) return [];
  return chance < 0.04 ? [changed(item, random), changed(item, random)] : [changed(item, random)];
}
