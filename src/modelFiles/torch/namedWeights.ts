/** What a kind whose layers are no recurrent modules says of the names that people have for its weights. */
import type { ParameterEntry } from '../../core/model/parameters';
import type { PlainModel } from '../../core/model/plainModel';
import type { UserError } from '../../userError';
import type { WeightTensor } from './weightTensors';

/** A file's tensors by name, and what is said besides. */
export interface NamedWeights {
  readonly tensors: ReadonlyMap<string, WeightTensor>;
  readonly metadata: Readonly<Record<string, string>>;
  /** What is in a `config.json` beside the file; empty where there is none. */
  readonly config: Readonly<Record<string, unknown>>;
  /** What a person says: `heads=4,positions=rotary`. */
  readonly answers: ReadonlyMap<string, string>;
  /** For the sentences. */
  readonly file: string;
}

export interface ReadMixerWeights {
  readonly plain: PlainModel;
  readonly notices: readonly UserError[];
}

/** The name that a parameter of a model is written under. */
export type NameOf = (entry: Pick<ParameterEntry, 'name' | 'role' | 'layer'>) => string;

export interface MixerWeights {
  /** Of a model of such layers. */
  readonly nameOf: NameOf;
  /** Whether a file with tensors of these names is meant. */
  recognizes(names: readonly string[]): boolean;
  /** Throws a UserError for a variant that is not computed here, and one that asks for what the file leaves open. */
  read(weights: NamedWeights): ReadMixerWeights;
}
