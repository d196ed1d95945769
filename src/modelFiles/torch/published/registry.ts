/** All that are known. A new one is its file and a line here. */
import type { PlainModel } from '../../../core/model/plainModel';
import type { WeightTensor } from '../weightTensors';
import { mamba } from './mamba';
import type { Published, PublishedConfig, PublishedFiles, PublishedModel } from './published';

const all: readonly Published[] = [mamba];

/** Null where the tensors bear the names of none. Throws a UserError where they do, but the form is not known. */
export function readPublished(
  tensors: ReadonlyMap<string, WeightTensor>,
  config: PublishedConfig,
  file: string,
): PublishedModel | null {
  for (const { read } of all) {
    const found = read(tensors, config, file);
    if (found) return found;
  }
  return null;
}

/** Null where no library has such a model. */
export function writePublished(model: PlainModel): PublishedFiles | null {
  for (const { write } of all) {
    const found = write(model);
    if (found) return found;
  }
  return null;
}
