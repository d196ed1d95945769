/** Operating system errors as sentences. */
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
      return new UserError('The folder {0} cannot be written to: permission denied. Choose another folder.', folder);
    case 'EROFS':
      return new UserError('The folder {0} cannot be written to: its file system is read-only. Choose another folder.', folder);
    case 'ENOSPC':
    case 'EDQUOT':
      return new UserError('The folder {0} cannot be written to: the disk is full. Free some space or choose another folder.', folder);
    case 'ENOTDIR':
    case 'EEXIST':
      return new UserError('The folder {0} cannot be created: a part of its path is a file. Choose another folder.', folder);
    case 'ENOENT':
      return new FolderMissing('The folder {0} cannot be written to: it does not exist and cannot be created. Choose another folder.', folder);
    case 'ENAMETOOLONG':
      return new UserError('The folder {0} cannot be created: its path is too long. Choose a shorter one.', folder);
    default:
      return new UserError('The folder {0} cannot be written to: {1}.', folder, (thrown as Error).message);
  }
}

/** The error to throw when reading the file failed; anything but an operating system error is returned as it is. */
export function readError(thrown: unknown, path: string): unknown {
  switch (errorCode(thrown)) {
    case undefined:
      return thrown;
    case 'ENOENT':
    case 'ENOTDIR':
      return new UserError('There is no file {0}.', path);
    case 'EISDIR':
      return new UserError('{0} is a folder, not a file.', path);
    case 'EACCES':
    case 'EPERM':
      return new UserError('{0} cannot be read: permission denied.', path);
    default:
      return new UserError('{0} cannot be read: {1}.', path, (thrown as Error).message);
  }
}

/** The code of an operating system error, like ENOENT; undefined for any other value. */
export function errorCode(thrown: unknown): string | undefined {
  return thrown instanceof Error && 'syscall' in thrown && 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : undefined;
}
