/** All that are known, by the kind of their layers. A new one is its file and a line here. */
import type { CellName } from '../../../layers/catalog';
import type { PlainModel } from '../../../core/model/plainModel';
import { attention } from './attention';
import { mamba } from './mamba';
import type { NamedWeights, Published, PublishedFiles, PublishedModel } from './published';
import { withoutWrappers } from './tensors';

const all: Readonly<Partial<Record<CellName, Published>>> = { mamba, attention };

/** Of a kind whose layers are no recurrent modules; undefined of others. */
export function publishedOf(cell: CellName): Published | undefined {
  return all[cell];
}

/** Null where the tensors bear the names of none. Throws a UserError where they do, but the form is not known. */
export function readPublished(weights: NamedWeights): PublishedModel | null {
  const named = { ...weights, tensors: withoutWrappers(weights.tensors) };
  for (const { read } of Object.values(all)) {
    const found = read(named);
    if (found) return found;
  }
  return null;
}

/** Null where no library has such a model. */
export function writePublished(model: PlainModel): PublishedFiles | null {
  for (const { write } of Object.values(all)) {
    const found = write(model);
    if (found) return found;
  }
  return null;
}
