/** Whether a corpus is one of numbers, which decides how it is read, and what of it is looked at first. */
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { firstSequence } from '../../tokens/numbers';

/** Bytes in which the first sequence has to begin, and end. */
const beginning = 1_000_000;

/** The first sequence of a file of sequences of numbers; null of any other, and of one that cannot be read, of which the engine says why. */
export function firstSequenceOfFile(path: string): string | null {
  let file: number;
  try {
    // What a pipe gives is given once, and one that nobody writes to is never opened.
    if (!statSync(path).isFile()) return null;
    file = openSync(path, 'r');
  } catch {
    return null;
  }
  try {
    const bytes = Buffer.alloc(beginning);
    const read = readSync(file, bytes, 0, beginning, 0);
    const text = bytes.toString('utf8', 0, read).replace(/^\ufeff/, '');
    // A sequence that is cut off could have another target.
    return firstSequence(read < beginning ? text : text.slice(0, text.lastIndexOf('\n') + 1));
  } catch {
    return null;
  } finally {
    closeSync(file);
  }
}
