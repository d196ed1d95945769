// The task of docs/remedies.md: symbols, a delay, and the same symbols again.
import { mulberry32 } from './mulberry32.mjs';

/** So many symbols out of so many are to be copied. */
const [length, symbols] = [2, 4];
const lines = 4096;

/** The text, always the same. The delay is filled by as many symbols that are all different: what comes next follows from the last one, and nothing but the pattern has to be remembered. */
export function copyMemory(delay) {
  const random = mulberry32(delay);
  const filler = String.fromCodePoint(...Array.from({ length: delay }, (_, i) => 0x4e00 + i));
  const pattern = () => Array.from({ length }, () => 'abcd'[Math.floor(symbols * random())]).join('');
  return Array.from({ length: lines }, () => {
    const each = pattern();
    return `${each}${filler}?${each}\n`;
  }).join('');
}

/**
 * Of the nats of what is to be copied, the part that a model recovers. A line's first symbols, whose nats nobody can save, come before the filler, "?", the copy
 * and the end. @param validationLoss nats per predicted token
 */
export function shareCopied(validationLoss, delay) {
  const predicted = 2 * length + delay + 2;
  const nats = length * Math.log(symbols);
  return 1 - (validationLoss * predicted - nats) / nats;
}
