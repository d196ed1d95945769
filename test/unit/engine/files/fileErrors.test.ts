/** What an error of the operating system comes to in words. */
import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FolderMissing, writeError } from '../../../../src/engine/files/fileErrors';

function missing(syscall: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`ENOENT: no such file or directory, ${syscall}`), { code: 'ENOENT', syscall });
}

describe('a file that cannot be written because something is not there', () => {
  const there = tmpdir();

  it('has a folder that is missing, or is being removed: its draft has gone before the folder itself', () => {
    assert.ok(writeError(missing('open'), join(there, 'backflow-no-such-folder')) instanceof FolderMissing);
    assert.ok(writeError(missing('rename'), there) instanceof FolderMissing);
  });

  it('has a folder in which nothing can be made, where that is there', () => {
    const error = writeError(missing('open'), there);
    assert.ok(!(error instanceof FolderMissing));
    assert.match(String(error), /ENOENT: no such file or directory, open/);
  });
});
