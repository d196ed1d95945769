/** Hostile files of torch.save: the older form, and the pickle of the newer one. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { unpickle } from '../../src/formats/pickle/unpickle';
import type { PickleValue } from '../../src/formats/pickle/values';
import { readLegacy } from '../../src/formats/pytorch/legacyFile';
import { bytesOf, countOf, readNumbers } from '../../src/formats/pytorch/tensors';
import { readCheckpoint } from '../../src/modelFiles/torch/checkpoint';
import { vocabularyInCheckpoint } from '../../src/modelFiles/torch/checkpointVocabulary';
import { below, oneOf, type FuzzedFormat, type Mutation } from './format';

const folder = 'test/vectors/data/torchFiles';
const all = readdirSync(folder)
  .filter((name) => name.endsWith('.pt'))
  .map((name) => ({ name, bytes: new Uint8Array(readFileSync(join(folder, name))) }));
const isOlder = (name: string) => name.includes('older-form');

/** Every instruction there is, and some that are none. */
const instructions = Array.from(
  '.(012JKMIGNSTUVXc}]ahjqrRbo)tuelsdgpPQBCiFL\x80\x81\x82\x85\x86\x87\x88\x89\x8a\x8b\x8c\x8d\x8e\x8f\x90\x91\x92\x93\x94\x95\x96\x97\xf3',
  (each) => each.charCodeAt(0),
);

const otherInstruction: Mutation = (bytes, random) => {
  const changed = Uint8Array.from(bytes);
  if (changed.length > 0) changed[below(changed.length, random)] = oneOf(instructions, random);
  return changed;
};

/** Storages of more than this would be read from a file that is as long. */
const maxBytes = 1e6;

function readAll(value: PickleValue, storages: ReadonlyMap<string, Uint8Array> | null): void {
  const { tensors } = readCheckpoint(value, 'hostile.pt');
  vocabularyInCheckpoint(value);
  for (const tensor of tensors.values()) {
    if ('made' in tensor || tensor.type.read === null || bytesOf(tensor.storage) > maxBytes) continue;
    // What is expanded to more is refused before it is read.
    if (countOf(tensor) > maxBytes) continue;
    const bytes = storages ? storages.get(tensor.storage.key) : new Uint8Array(bytesOf(tensor.storage));
    if (bytes && bytes.length >= bytesOf(tensor.storage)) readNumbers(tensor, bytes);
  }
}

export const olderTorchFile: FuzzedFormat = {
  name: 'torch.save (older form)',
  files: all.filter(({ name }) => isOlder(name)).map(({ bytes }) => bytes),
  mutations: [otherInstruction],
  read(bytes) {
    const { value, storages } = readLegacy(bytes, 'hostile.pt');
    readAll(value, storages);
  },
};

/** Behind the header that names it; it is not packed. */
function pickleIn(archive: Uint8Array): Uint8Array {
  const name = Buffer.from(archive).indexOf('/data.pkl') + '/data.pkl'.length;
  const header = Buffer.from(archive).lastIndexOf('PK\x03\x04', name);
  const start = name + new DataView(archive.buffer, archive.byteOffset + header).getUint16(28, true);
  return archive.slice(start, unpickle(archive, 'good.pt', start).end);
}

export const torchPickle: FuzzedFormat = {
  name: 'pickle of torch.save',
  files: all.filter(({ name }) => !isOlder(name)).map(({ bytes }) => pickleIn(bytes)),
  mutations: [otherInstruction],
  read: (bytes) => readAll(unpickle(bytes, 'hostile.pt').value, null),
};
