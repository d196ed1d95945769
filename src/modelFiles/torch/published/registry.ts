/** All that are known, by the kind of their layers. A new one is its file and a line here. */
import type { GeneralModel } from '../../../core/model/generalModel';
import type { PlainModel } from '../../../core/model/plainModel';
import type { CellName } from '../../../layers/catalog';
import type { UserError } from '../../../userError';
import { attention } from './attention';
import { mamba } from './mamba';
import type { NamedWeights, NameOf, Published, PublishedFiles, PublishedModel } from './published';
import { withoutWrappers } from './tensors';

const all: Readonly<Partial<Record<CellName, Published>>> = { mamba, attention };

/** Null where the tensors bear the names of none. Throws a UserError where they do, but the form is not known. */
export function readPublished(weights: NamedWeights): PublishedModel | null {
  const named = { ...weights, tensors: withoutWrappers(weights.tensors) };
  for (const { read } of Object.values(all)) {
    const found = read(named);
    if (found) return found;
  }
  return null;
}

/** How the tensors of a model of layers that are alike are called; null where none is known that has it. */
export function publishedNames(model: GeneralModel): NameOf | null {
  for (const { nameOf } of Object.values(all)) {
    const found = nameOf(model);
    if (found) return found;
  }
  return null;
}

/** How they are called in files that say themselves what they are; null of a kind for which these names are as for any other. */
export function ownNamesOf(cell: CellName): NameOf | null {
  return all[cell]?.ownNames ?? null;
}

/** Null where no library has layers like its; the sentence why where one has, but no such model of them. */
export function writePublished(model: PlainModel): PublishedFiles | UserError | null {
  for (const { write } of Object.values(all)) {
    const found = write(model);
    if (found) return found;
  }
  return null;
}
