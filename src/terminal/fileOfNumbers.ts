/** Whether a corpus is one of numbers: its options depend on that, before the engine reads it. */
import { closeSync, openSync, readSync } from 'node:fs';
import { firstSequence } from '../tokens/numbers';

/** Bytes in which the first sequence has to begin, and end. */
const beginning = 1_000_000;

/** False too for what cannot be read: the engine says why. */
export function isFileOfNumbers(path: string): boolean {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch {
    return false;
  }
  try {
    const bytes = Buffer.alloc(beginning);
    const text = bytes.toString('utf8', 0, readSync(file, bytes, 0, beginning, 0));
    return firstSequence(text.replace(/^\ufeff/, '')) !== null;
  } catch {
    return false;
  } finally {
    closeSync(file);
  }
}
