/** What `model.save` of Keras has written: `.keras`, a zip archive with a configuration beside weights in HDF5, or `.h5`, where both are in one file of HDF5. */
import { extname } from 'node:path';
import type { Hdf5File } from '../../formats/hdf5/content';
import { readKerasModel, type KerasModel } from '../../modelFiles/keras/readKeras';
import { checkHasWeights } from '../../modelFiles/keras/weights';
import { isRecord } from '../../modelFiles/symbolList';
import { UserError } from '../../userError';
import { withZip } from '../files/zipEntries';
import { withHdf5 } from './hdf5/withHdf5';
import { readWhole } from './wholeFile';

const endings = ['.keras', '.h5', '.hdf5'];

/** Bytes of a configuration: of a model of a thousand layers it has two megabytes. */
const maxConfigBytes = 64 * 2 ** 20;

/** Whether the name is that of a file of Keras. */
export function isOfKeras(path: string): boolean {
  return endings.includes(extname(path).toLowerCase());
}

/** @param beside what `config.json` in the same folder has, for a file of weights alone; null where there is none  Throws a UserError for what is not read. */
export async function readKerasFile(path: string, beside: unknown): Promise<KerasModel> {
  const bytes = await readWhole(path);
  const isZip = bytes[0] === 0x50 && bytes[1] === 0x4b;
  return isZip ? ofArchive(path) : withHdf5(bytes, path, (content) => ofHdf5(content, beside, path));
}

async function ofArchive(path: string): Promise<KerasModel> {
  return withZip(path, async (entries) => {
    const config = parsed(await textOf('config.json'), path);
    const metadata = entries.names.includes('metadata.json') ? parsed(await textOf('metadata.json'), path) : null;
    const weights = await entries.read('model.weights.h5');
    return withHdf5(weights, path, (content) => readKerasModel(config, content, versionIn(metadata, config), path));

    async function textOf(name: string): Promise<Uint8Array> {
      if (entries.sizeOf(name) > maxConfigBytes)
        throw new UserError('error.keras.configTooLarge', path, maxConfigBytes);
      return entries.read(name);
    }
  });
}

function ofHdf5(content: Hdf5File, beside: unknown, path: string): KerasModel {
  const own = content.attribute('/', 'model_config')?.at(0);
  const config = own === undefined ? beside : parsed(new TextEncoder().encode(own), path);
  if (config === null) {
    // Any data can be in HDF5.
    checkHasWeights(content, path);
    throw new UserError('error.keras.weightsAlone', path);
  }
  const version = content.attribute('/', 'keras_version')?.at(0);
  return readKerasModel(config, content, versionIn({ keras_version: version }, config), path);
}

function parsed(bytes: Uint8Array, path: string): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw new UserError('error.keras.config', path);
  }
}

/** The first number of Keras' version. Weights alone do not say it: then it is 3 unless the configuration is in the form of 2. */
function versionIn(...places: readonly unknown[]): number {
  for (const place of places) {
    const said = isRecord(place) ? place['keras_version'] : undefined;
    if (typeof said === 'string') return Number.parseInt(said, 10);
  }
  return 3;
}
