/** Models under the names that the library or the code that has published them gives, with the `config.json` that may lie beside their weights. */
import type { GeneralModel } from '../../../core/model/generalModel';
import type { ParameterEntry } from '../../../core/model/parameters';
import type { PlainModel } from '../../../core/model/plainModel';
import type { Tensor } from '../../../formats/safetensors';
import { UserError } from '../../../userError';
import type { TensorAnswers } from '../answers';
import type { SilentModule } from '../moduleFacts';
import type { WeightTensor } from '../weightTensors';

/** What is in the config.json; null where there is none. */
export type PublishedConfig = Readonly<Record<string, unknown>> | null;

/** A file's tensors by name, and what is said besides. */
export interface NamedWeights {
  /** Without an optimizer's, and those that are said not to be used. */
  readonly tensors: ReadonlyMap<string, WeightTensor>;
  /** Modules without tensors that may compute something, where the file says so. */
  readonly silent: readonly SilentModule[];
  readonly metadata: Readonly<Record<string, string>>;
  readonly config: PublishedConfig;
  /** There is a config.json, but it cannot be read. */
  readonly isConfigBroken: boolean;
  /** What a person says: `heads=4,positions=rotary`. */
  readonly answers: TensorAnswers;
  /** For the sentences. */
  readonly file: string;
}

/** The name that a parameter of a model is written under. */
export type NameOf = (entry: Pick<ParameterEntry, 'name' | 'role' | 'layer'>) => string;

export interface PublishedModel {
  readonly model: GeneralModel;
  readonly notices: readonly UserError[];
}

/** The files of a model as the library takes them. */
export interface PublishedFiles {
  readonly tensors: ReadonlyMap<string, Tensor>;
  readonly config: Readonly<Record<string, unknown>>;
  /** What is otherwise in them than in the model. */
  readonly notices: readonly UserError[];
}

/** Why a model is written with what Backflow says of it itself. @param library what it calls such models  @param name of what it has otherwise, as `needed` */
export function ownForm(
  library: string,
  name: string,
  needed: string | number,
  own: string | number | boolean | undefined,
): UserError {
  return new UserError('notice.export.ownForm', library, name, String(needed), String(own));
}

export interface Published {
  /**
   * Null where the tensors do not bear the names of such a model. Throws a UserError where they do, but not in a form that is known, and one that asks for what
   * the file leaves open.
   */
  readonly read: (weights: NamedWeights) => PublishedModel | null;
  /** Null where its layers are others; the sentence why where the library has no such model of them: then it is written with what Backflow says of it itself. */
  readonly write: (model: PlainModel) => PublishedFiles | UserError | null;
  /** How its tensors are called there; null where it has no such model. */
  readonly nameOf: (model: GeneralModel) => NameOf | null;
  /** How those of any model of such layers are called in Backflow's own files; null where that is as of any other kind. */
  readonly ownNames: NameOf | null;
}
