/** All that are known. A new one is its file and a line here. */
import type { GeneralModel } from '../../../core/model/generalModel';
import type { PlainModel } from '../../../core/model/plainModel';
import type { NameOf } from '../namedWeights';
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

/** How the tensors of a model of layers that are alike are called; null where no library has it. */
export function publishedNames(model: GeneralModel): NameOf | null {
  for (const { nameOf } of all) {
    const found = nameOf(model);
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
