/** Models under the names of the library that has published them, with the `config.json` that lies beside their weights. */
import type { GeneralModel } from '../../../core/model/generalModel';
import type { PlainModel } from '../../../core/model/plainModel';
import type { Tensor } from '../../../formats/safetensors';
import type { UserError } from '../../../userError';
import type { NameOf } from '../namedWeights';
import type { WeightTensor } from '../weightTensors';

/** What is in the config.json; null where there is none. */
export type PublishedConfig = Readonly<Record<string, unknown>> | null;

export interface PublishedModel {
  readonly model: GeneralModel;
  readonly notices: readonly UserError[];
}

/** The files of a model as the library takes them. */
export interface PublishedFiles {
  readonly tensors: ReadonlyMap<string, Tensor>;
  readonly config: Readonly<Record<string, unknown>>;
}

export interface Published {
  /** Null where the tensors are not such a model's. Throws a UserError where they are, but not in a form that is known. */
  readonly read: (
    tensors: ReadonlyMap<string, WeightTensor>,
    config: PublishedConfig,
    file: string,
  ) => PublishedModel | null;
  /** Null where the library has no such model. */
  readonly write: (model: PlainModel) => PublishedFiles | null;
  /** How its tensors are called there; null where the library has no such model. */
  readonly nameOf: (model: GeneralModel) => NameOf | null;
}
