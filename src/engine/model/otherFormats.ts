/** Files of models that are not read, and how to write them so that they are. */
import { extname } from 'node:path';
import { UserError } from '../../userError';

const ofPickle = ['.pkl', '.pickle'];

/** Throws a UserError for a file that is known to be of another kind than ONNX and safetensors. */
export function refuseOtherFormat(bytes: Uint8Array, path: string): void {
  const extension = extname(path).toLowerCase();
  if (extension === '.pt2') throw new UserError('error.model.exportedProgram', path);
  if (ofPickle.includes(extension) && isZipOrPickle(bytes)) throw new UserError('error.model.pickleFile', path);
}

/** A pickle of protocol 2 or later begins so; what `torch.save` writes is a zip file. */
function isZipOrPickle([first, second]: Uint8Array): boolean {
  return (first === 0x50 && second === 0x4b) || (first === 0x80 && second >= 2 && second <= 5);
}
