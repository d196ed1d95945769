/** Whether a file is one of sequences of numbers, by its first line. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { firstSequenceOfFile } from '../../../../src/engine/files/fileOfNumbers';

describe('the first sequence of a file of numbers', () => {
  let folder: string;
  before(() => (folder = mkdtempSync(join(tmpdir(), 'backflow-numbers-'))));
  after(() => rmSync(folder, { recursive: true }));

  function firstOf(content: string): string | null {
    const file = join(folder, 'corpus.txt');
    writeFileSync(file, content);
    return firstSequenceOfFile(file);
  }

  it('is its first line that is no comment, with a byte order mark before it too, and without a line end behind it', () => {
    assert.equal(firstOf('\ufeff1,2 3,4 = 5\n6,7 = 8\n'), '1,2 3,4 = 5');
    assert.equal(firstOf('# a comment\n\n1,2 = 5'), '1,2 = 5');
    assert.equal(firstOf('value mark = sum\n1,2 = 5'), null);
  });

  it('is none where it is cut off: another number could stand behind it', () => {
    const long = `${'1 '.repeat(499_997)}= 1.5`;
    assert.equal(long.length, 999_999);
    assert.equal(firstOf(`${long}\n2 = 3\n`), long);
    assert.equal(firstOf(`${long}75\n2 = 3\n`), null);
  });

  it('is none of what cannot be read', () => {
    assert.equal(firstSequenceOfFile(join(folder, 'absent')), null);
    assert.equal(firstSequenceOfFile(folder), null);
  });
});
