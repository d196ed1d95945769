/** Whether a corpus is one of numbers, which decides how it is read, and what of it is looked at first. Of a file that cannot be read the engine says why. */
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { firstSequence, isTextOfNumbers } from '../../tokens/numbers';

/** Bytes in which the first sequence has to begin, and end. */
const maxLooked = 1_000_000;

/** The first sequence of a file of sequences of numbers; null of any other, and of one that cannot be read. */
export function firstSequenceOfFile(path: string): string | null {
  const beginning = beginningOf(path);
  return beginning === null ? null : firstSequence(beginning);
}

export function isFileOfNumbers(path: string): boolean {
  const beginning = beginningOf(path);
  return beginning !== null && isTextOfNumbers(beginning);
}

function beginningOf(path: string): string | null {
  let file: number;
  try {
    // What a pipe gives is given once, and one that nobody writes to is never opened.
    if (!statSync(path).isFile()) return null;
    file = openSync(path, 'r');
  } catch {
    return null;
  }
  try {
    const bytes = Buffer.alloc(maxLooked);
    const read = readSync(file, bytes, 0, maxLooked, 0);
    const text = bytes.toString('utf8', 0, read);
    // A sequence that is cut off could have another target.
    return read < maxLooked ? text : text.slice(0, text.lastIndexOf('\n') + 1);
  } catch {
    return null;
  } finally {
    closeSync(file);
  }
}
