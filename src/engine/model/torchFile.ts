/** What `torch.save` has written (`.pt`, `.pth`, `.ckpt`, `.bin`): a zip archive with a pickle and the numbers beside it, or the older form. Nothing in it is executed. */
import { open } from 'node:fs/promises';
import { unpickle } from '../../formats/pickle/unpickle';
import type { PickleValue } from '../../formats/pickle/values';
import { isLegacy, readLegacy } from '../../formats/pytorch/legacyFile';
import {
  bytesOf,
  countOf,
  numbersIn,
  readNumbers,
  type FoundTensor,
  type StorageReference,
  type TensorDescription,
} from '../../formats/pytorch/tensors';
import type { Tensor, UnreadTensor } from '../../formats/safetensors';
import { vocabularyInCheckpoint } from '../../modelFiles/torch/checkpointVocabulary';
import { readCheckpoint } from '../../modelFiles/torch/checkpoint';
import type { WeightsFile } from '../../modelFiles/torch/weightTensors';
import { UserError } from '../../userError';
import { readError } from '../files/fileErrors';
import { withZip, type ZipEntries } from '../files/zipEntries';
import { readWhole } from './wholeFile';

/** Bytes of a pickle: of a model of a thousand layers it has one megabyte. */
const maxPickleBytes = 256 * 2 ** 20;
const zipMagic = 0x04034b50;

/** Throws a UserError for what `torch.save` has not written, or holds no tensors. */
export async function readTorchFile(path: string): Promise<WeightsFile> {
  const head = await beginningOf(path);
  if (head.readUInt32LE(0) === zipMagic) return withZip(path, (entries) => ofArchive(entries, path));
  if (!isLegacy(head)) throw new UserError('error.pytorch.notFile', path);
  const { value, storages } = readLegacy(await readWhole(path), path);
  return weightsOf(value, path, ({ key }) => Promise.resolve(storages.get(key) ?? new Uint8Array(0)));
}

/** Whether a file is one of `torch.save` by what is in it: people call theirs as they like (`.pth.tar`, `.pkl`, `.net`). */
export async function isTorchFile(path: string): Promise<boolean> {
  const head = await beginningOf(path);
  if (head.readUInt32LE(0) !== zipMagic) return isLegacy(head);
  return withZip(path, ({ names }) => Promise.resolve(names.some(isPickle))).catch(() => false);
}

function isPickle(name: string): boolean {
  return /^([^/]+\/)?data\.pkl$/.test(name);
}

async function beginningOf(path: string): Promise<Buffer> {
  try {
    const file = await open(path);
    try {
      const head = Buffer.alloc(64);
      await file.read(head, 0, head.length, 0);
      return head;
    } finally {
      await file.close();
    }
  } catch (thrown) {
    throw readError(thrown, path);
  }
}

async function ofArchive(entries: ZipEntries, path: string): Promise<WeightsFile> {
  const pickle = entries.names.find(isPickle);
  if (pickle === undefined) throw new UserError('error.pytorch.notFile', path);
  if (entries.sizeOf(pickle) > maxPickleBytes)
    throw new UserError('error.pytorch.pickleTooLarge', path, maxPickleBytes);
  const folder = pickle.slice(0, -'data.pkl'.length);
  const order = `${folder}byteorder`;
  if (entries.names.includes(order) && new TextDecoder().decode(await entries.read(order)).trim() === 'big')
    throw new UserError('error.pytorch.bigEndian', path);
  const { value } = unpickle(await entries.read(pickle), path);
  return weightsOf(value, path, ({ key }) => entries.read(`${folder}data/${key}`));
}

type ReadStorage = (storage: StorageReference) => Promise<Uint8Array>;

async function weightsOf(value: PickleValue, path: string, read: ReadStorage): Promise<WeightsFile> {
  const checkpoint = readCheckpoint(value, path);
  const tensors = new Map<string, Tensor>();
  const unread = new Map<string, UnreadTensor>();
  const groups = byStorage(checkpoint.tensors, unread);
  checkRepeated(groups, path);
  for (const views of groups) {
    const bytes = await read(views[0].tensor.storage);
    for (const { names, tensor } of views) {
      if (bytes.length < bytesOf(tensor.storage))
        throw new UserError('error.pytorch.storageShort', path, tensor.storage.key);
      // Tied weights are read once: what has several names is one.
      const numbers = readTensor(tensor, bytes);
      for (const name of names) tensors.set(name, { ...numbers, shape: tensor.shape });
    }
  }
  const { config, leftOut, modules } = checkpoint;
  const said = Object.keys(config).length > 0 ? { config } : {};
  return { tensors, unread, metadata: vocabularyInCheckpoint(value), leftOut, modules, ...said };
}

/** One look at a storage, and the tensors that are it. */
interface View {
  readonly tensor: TensorDescription;
  readonly names: string[];
}

/** Those of real numbers by where they lie, so that each storage is read once; the others go to `unread`. */
function byStorage(
  tensors: ReadonlyMap<string, FoundTensor>,
  unread: Map<string, UnreadTensor>,
): readonly (readonly View[])[] {
  const storages = new Map<string, Map<string, View>>();
  for (const [name, tensor] of tensors) {
    if ('made' in tensor) unread.set(name, { type: tensor.made, shape: [] });
    else if (tensor.type.read === null) unread.set(name, { type: tensor.type.name, shape: tensor.shape });
    else {
      const { storage, type, offset, shape, strides, isNegated } = tensor;
      const views = storages.get(storage.key) ?? new Map<string, View>();
      storages.set(storage.key, views);
      const place = JSON.stringify([type.name, storage.length, offset, shape, strides, isNegated]);
      const view = views.get(place) ?? { tensor, names: [] };
      views.set(place, view);
      view.names.push(name);
    }
  }
  return Array.from(storages.values(), (views) => Array.from(views.values()));
}

/** Numbers that tensors may have beyond those in their storages, as what is expanded has (a stride of 0) and what lies one upon the other. */
const maxRepeated = 2 ** 26;

/** Throws a UserError before memory is taken for what a few bytes can ask for. */
function checkRepeated(groups: readonly (readonly View[])[], path: string): void {
  let repeated = 0;
  for (const views of groups) {
    const held = Math.max(...views.map(({ tensor }) => numbersIn(tensor.storage, tensor.type)));
    repeated += Math.max(0, views.reduce((sum, { tensor }) => sum + countOf(tensor), 0) - held);
  }
  if (repeated > maxRepeated) throw new UserError('error.pytorch.repeated', path, maxRepeated);
}

function readTensor(
  tensor: TensorDescription,
  bytes: Uint8Array,
): Pick<Tensor & { dtype: 'F32' }, 'dtype' | 'data'> | Pick<Tensor & { dtype: 'F64' }, 'dtype' | 'data'> {
  const data = readNumbers(tensor, bytes);
  return data instanceof Float64Array ? { dtype: 'F64', data } : { dtype: 'F32', data };
}
