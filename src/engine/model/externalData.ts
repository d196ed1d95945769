/** Data that lie in files beside a model. Nothing outside the model's folder is read, whatever the model says. */
import { closeSync, fstatSync, openSync, readSync, realpathSync, statSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, sep } from 'node:path';
import type { ExternalData } from '../../formats/onnx/constant';
import { UserError } from '../../userError';
import { readError } from '../files/fileErrors';

export function externalDataOf(model: string): ExternalData {
  return (location, offset, length) => {
    const path = pathInside(model, location);
    let file: number;
    try {
      file = openSync(path, 'r');
    } catch (thrown) {
      throw readError(thrown, path);
    }
    try {
      const { size } = fstatSync(file);
      // Before anything of that size is made.
      if (offset + length > size)
        throw new UserError('error.onnx.externalDataShort', path, model, offset, offset + length, size);
      const bytes = new Uint8Array(length);
      for (let done = 0; done < length;) {
        const read = readSync(file, bytes, done, length - done, offset + done);
        if (read === 0)
          throw new UserError('error.onnx.externalDataShort', path, model, offset, offset + length, offset + done);
        done += read;
      }
      return bytes;
    } finally {
      closeSync(file);
    }
  };
}

/** Links are followed before the path is judged. */
function pathInside(model: string, location: string): string {
  const refused = new UserError('error.onnx.externalDataElsewhere', model, location);
  const parts = location.split(/[/\\]/);
  if (
    location === '' ||
    location.length > 1024 ||
    location.includes('\0') ||
    isAbsolute(location) ||
    /^[a-z]:/i.test(location) ||
    parts.includes('..')
  )
    throw refused;
  const folder = dirname(model);
  let real: string;
  let home: string;
  let isFile: boolean;
  try {
    home = realpathSync(folder);
    real = realpathSync(join(folder, ...parts));
    // A pipe would be waited for without end.
    isFile = statSync(real).isFile();
  } catch (thrown) {
    throw readError(thrown, join(folder, ...parts));
  }
  const inside = relative(home, real);
  if (!isFile || inside === '' || isAbsolute(inside) || inside.split(sep)[0] === '..') throw refused;
  return real;
}
