/** Hostile files of Keras: weights in HDF5, by each of its two readers, and the configuration beside them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Hdf5File } from '../../src/formats/hdf5/content';
import { isHdf5, readWith, type OpenHdf5 } from '../../src/formats/hdf5/hdf5File';
import { openWithJsfive } from '../../src/formats/hdf5/jsfiveReader';
import { treeReader } from '../../src/formats/hdf5/libraryTree';
import { fileOf } from '../../src/formats/hdf5/tree';
import { readKerasModel } from '../../src/modelFiles/keras/readKeras';
import { UserError } from '../../src/userError';
import type { FuzzedFormat } from './format';

const folder = 'test/vectors/data/kerasFiles';
const all = readdirSync(folder)
  .filter((name) => name.endsWith('.h5'))
  .map((name) => ({ name, bytes: new Uint8Array(readFileSync(join(folder, name))) }));
const isNewest = (name: string) => name.includes('newest');

/** As the program does of a legacy file. */
function readModel(content: Hdf5File): unknown {
  const config = content.attribute('/', 'model_config')?.at(0);
  if (config === undefined) throw new UserError('error.keras.weightsAlone', 'hostile.h5');
  return readConfig(new TextEncoder().encode(config), content);
}

function readConfig(bytes: Uint8Array, content: Hdf5File): unknown {
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw new UserError('error.keras.config', 'hostile.h5');
  }
  return readKerasModel(parsed, content, 3, 'hostile.h5');
}

function read(open: OpenHdf5, bytes: Uint8Array): unknown {
  if (!isHdf5(bytes)) throw new UserError('error.hdf5.notFile', 'hostile.h5');
  return readWith(open, bytes, 'hostile.h5', readModel);
}

export const kerasFile: FuzzedFormat = {
  name: 'file of Keras',
  files: all.filter(({ name }) => !isNewest(name)).map(({ bytes }) => bytes),
  read: (bytes) => read(openWithJsfive, bytes),
};

let openWithLibrary: OpenHdf5 = openWithJsfive;

export const newerHdf5: FuzzedFormat = {
  name: 'file of Keras (newer HDF5)',
  files: all.filter(({ name }) => isNewest(name)).map(({ bytes }) => bytes),
  isEnded: true,
  async prepare() {
    // Without the thread, which is for what this would not notice: a file after which another one cannot be read.
    const read = await treeReader();
    openWithLibrary = (bytes) => fileOf(read(bytes, 200 * bytes.length));
  },
  read: (bytes) => read(openWithLibrary, bytes),
};

const good = new Uint8Array(readFileSync(join(folder, 'lstm-both.keras3.h5')));
const configOfGood = readWith(openWithJsfive, good, 'good.h5', (content) =>
  new TextEncoder().encode(content.attribute('/', 'model_config')?.[0]),
);

export const kerasConfig: FuzzedFormat = {
  name: 'configuration of Keras',
  files: [configOfGood],
  isJson: true,
  read: (bytes) => readWith(openWithJsfive, good, 'hostile.h5', (content) => readConfig(bytes, content)),
};
