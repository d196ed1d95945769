/** Operating system errors as sentences. */
import { existsSync } from 'node:fs';
import { UserError } from '../../userError';

/** What was to be written to is not there. */
export class FolderMissing extends UserError {}

/** The error to throw when writing into `folder` failed; anything but an operating system error is returned as it is. */
export function writeError(thrown: unknown, folder: string): unknown {
  switch (errorCode(thrown)) {
    case undefined:
      return thrown;
    case 'EACCES':
    case 'EPERM':
      return new UserError('error.folder.permissionDenied', folder);
    case 'EROFS':
      return new UserError('error.folder.readOnly', folder);
    case 'ENOSPC':
    case 'EDQUOT':
      return new UserError('error.folder.diskFull', folder);
    case 'ENOTDIR':
    case 'EEXIST':
      return new UserError('error.folder.underFile', folder);
    case 'ENOENT':
      // A file system that makes no files, as that of processes, says so too. A draft that cannot be renamed has gone: its folder is being removed.
      if (syscallOf(thrown) !== 'rename' && existsSync(folder))
        return new UserError('error.folder.notWritable', folder, (thrown as Error).message);
      return new FolderMissing('error.folder.missing', folder);
    case 'ENAMETOOLONG':
      return new UserError('error.folder.pathTooLong', folder);
    default:
      return new UserError('error.folder.notWritable', folder, (thrown as Error).message);
  }
}

/** The error to throw when reading the file failed; anything but an operating system error is returned as it is. */
export function readError(thrown: unknown, path: string): unknown {
  switch (errorCode(thrown)) {
    case undefined:
      return thrown;
    case 'ENOENT':
    case 'ENOTDIR':
      return new UserError('error.file.missing', path);
    case 'EISDIR':
      return new UserError('error.file.isFolder', path);
    case 'EACCES':
    case 'EPERM':
      return new UserError('error.file.permissionDenied', path);
    default:
      return new UserError('error.file.notReadable', path, (thrown as Error).message);
  }
}

function syscallOf(thrown: unknown): unknown {
  return (thrown as NodeJS.ErrnoException).syscall;
}

/** The code of an operating system error, like ENOENT; undefined for any other value. */
export function errorCode(thrown: unknown): string | undefined {
  return thrown instanceof Error && 'syscall' in thrown && 'code' in thrown && typeof thrown.code === 'string'
    ? thrown.code
    : undefined;
}
