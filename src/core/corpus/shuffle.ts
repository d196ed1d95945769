/** Orders that depend on nothing but a seed and a count. */
import { Random } from '../model/random';

/** Writes into `order` a permutation of 0 … n − 1, every one equally likely (Fisher & Yates; Durstenfeld 1964). */
export function shuffle(order: Uint32Array, random: Random): void {
  for (let i = 0; i < order.length; i++) order[i] = i;
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.floor(random.uniform() * (i + 1));
    const other = order[j];
    order[j] = order[i];
    order[i] = other;
  }
}

/** The generator of the `count`-th of many independent draws of one seed: both are mixed (MurmurHash3's finalizer, Appleby 2008). */
export function randomOf(seed: number, count: number): Random {
  return Random.fromSeed(mixed(mixed(seed) ^ count));
}

function mixed(value: number): number {
  let hash = value | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
