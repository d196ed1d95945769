/**
 * The form `torch.save` wrote before 1.6, and writes with `_use_new_zipfile_serialization=False`: pickles one behind the other (a magic number, the
 * protocol, facts of the machine, the object, the keys of the storages), then each storage in the keys' order: its length in elements, eight bytes, and its numbers.
 */
import { UserError } from '../../userError';
import { unpickle } from '../pickle/unpickle';
import { PickleDict, PickleList, type PickleValue } from '../pickle/values';
import { storageOf, type StorageReference } from './tensors';

/** `torch.serialization.MAGIC_NUMBER`. */
const magic = 0x1950a86a20f9469cfc6cn;
const lengthBytes = 8;

/** Whether the bytes begin as such a file. */
export function isLegacy(bytes: Uint8Array): boolean {
  // A pickle whose one value is a whole number of ten bytes; from protocol 4 on a frame of nine bytes stands around it.
  const at = bytes[2] === 0x95 ? 11 : 2;
  return bytes.length > at + 12 && bytes[0] === 0x80 && bytes[at] === 0x8a && bytes[at + 1] === 10;
}

export interface LegacyFile {
  readonly value: PickleValue;
  /** Of its storages, by their keys; views, not copies. */
  readonly storages: ReadonlyMap<string, Uint8Array>;
}

/** @param file for the sentences  Throws a UserError for what is no such file, or ends too early. */
export function readLegacy(bytes: Uint8Array, file: string): LegacyFile {
  const first = unpickle(bytes, file);
  if (first.value !== magic) throw new UserError('error.pytorch.notFile', file);
  const protocol = unpickle(bytes, file, first.end);
  const machine = unpickle(bytes, file, protocol.end);
  if (machine.value instanceof PickleDict)
    for (const [name, value] of machine.value.entries)
      if (name === 'little_endian' && value === false) throw new UserError('error.pytorch.bigEndian', file);
  const object = unpickle(bytes, file, machine.end);
  const keys = unpickle(bytes, file, object.end);
  const names = keys.value instanceof PickleList ? keys.value.items : [];
  const known = new Map<string, StorageReference>();
  for (const reference of object.references) {
    const storage = storageOf(reference);
    if (storage) known.set(storage.key, storage);
  }
  const storages = new Map<string, Uint8Array>();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = keys.end;
  for (const key of names) {
    const storage = typeof key === 'string' ? known.get(key) : undefined;
    // Without its type nothing says where the next begins.
    if (!storage) throw new UserError('error.pytorch.tensor', file);
    if (at + lengthBytes > bytes.length) throw new UserError('error.pickle.cutShort', file, at);
    const length = Number(view.getBigUint64(at, true)) * (storage.type?.bytes ?? 1);
    at += lengthBytes;
    if (length > bytes.length - at) throw new UserError('error.pickle.cutShort', file, at);
    storages.set(storage.key, bytes.subarray(at, at + length));
    at += length;
  }
  return { value: object.value, storages };
}
