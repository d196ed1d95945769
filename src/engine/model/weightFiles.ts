/**
 * Weights that libraries have saved in several files: `model-00001-of-00002.safetensors`, …, with a `model.safetensors.index.json` that says which tensor is in which;
 * or, as `torch.save` writes them, `pytorch_model-00001-of-00002.bin` and `pytorch_model.bin.index.json`.
 */
import { access } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { decodeSafetensors, type Tensor, type UnreadTensor } from '../../formats/safetensors';
import type { WeightsFile } from '../../modelFiles/torch/weightTensors';
import { UserError } from '../../userError';
import { readTorchFile } from './torchFile';
import { readWhole } from './wholeFile';

const indices = ['.safetensors.index.json', '.bin.index.json'] as const;
const part = /^(.*)-(\d{5})-of-(\d{5})\.(safetensors|bin)$/;
/** As transformers calls them in a model's folder. */
const names = [
  'model.safetensors',
  'model.safetensors.index.json',
  'pytorch_model.bin',
  'pytorch_model.bin.index.json',
] as const;
/** Of what `torch.save` writes. */
const ofTorch = ['.pt', '.pth', '.ckpt', '.bin'];

/** Whether the name is that of weights, whole, in parts or of their index. */
export function isOfTorchOrSafetensors(path: string): boolean {
  return isOfSafetensors(path) || isIndex(path) || ofTorch.includes(extname(path).toLowerCase());
}

function isIndex(path: string): boolean {
  return indices.some((index) => path.endsWith(index));
}

/** The weights in a model's folder as libraries leave it; null where there are none. */
export async function weightsInFolder(folder: string): Promise<string | null> {
  for (const name of names) {
    const path = join(folder, name);
    const isThere = await access(path).then(
      () => true,
      () => false,
    );
    if (isThere) return path;
  }
  return null;
}

/** The tensors of a file of safetensors or `torch.save`, and of all others that belong to it. Throws a UserError where one cannot be read. */
export async function readWeights(path: string): Promise<WeightsFile> {
  const all = isIndex(path) ? await filesOfIndex(path) : partsOf(path);
  const [only] = all;
  if (all.length === 1) return readOne(only);
  const merged = {
    tensors: new Map<string, Tensor>(),
    unread: new Map<string, UnreadTensor>(),
    metadata: {} as Record<string, string>,
  };
  // One after the other, so that no more than one is in memory twice.
  for (const file of all) {
    const { tensors, unread, metadata } = await readOne(file);
    for (const [name, tensor] of tensors) merged.tensors.set(name, tensor);
    for (const [name, tensor] of unread) merged.unread.set(name, tensor);
    Object.assign(merged.metadata, metadata);
  }
  return merged;
}

async function readOne(file: string): Promise<WeightsFile> {
  return isOfSafetensors(file) ? decodeSafetensors(await readWhole(file), file) : readTorchFile(file);
}

function isOfSafetensors(path: string): boolean {
  return extname(path).toLowerCase() === '.safetensors';
}

/** Of one of several, all; of any other file that alone. */
function partsOf(path: string): string[] {
  const match = part.exec(basename(path));
  if (!match) return [path];
  const [, name, , count, extension] = match;
  return Array.from({ length: Number(count) }, (_, i) =>
    join(dirname(path), `${name}-${String(i + 1).padStart(5, '0')}-of-${count}.${extension}`),
  );
}

/** Throws a UserError where it is no index, or names a file elsewhere. */
async function filesOfIndex(path: string): Promise<string[]> {
  const refused = new UserError('error.safetensors.index', path);
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder().decode(await readWhole(path)));
  } catch (thrown) {
    throw thrown instanceof SyntaxError ? refused : thrown;
  }
  const map = (parsed as { readonly weight_map?: unknown } | null)?.weight_map;
  if (typeof map !== 'object' || map === null) throw refused;
  const files = new Set(Object.values(map) as unknown[]);
  if (files.size === 0) throw refused;
  return Array.from(files, (file) => {
    // Nothing outside the folder is read, whatever the index says.
    if (typeof file !== 'string' || !/^[^/\\\0]+\.(safetensors|bin)$/.test(file)) throw refused;
    return join(dirname(path), file);
  });
}
