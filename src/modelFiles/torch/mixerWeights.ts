/** Weights of models whose layers are no recurrent modules, by the names people have. A new kind is its file beside this one, in kinds/, and a line here. */
import type { ParameterEntry } from '../../core/model/parameters';
import type { PlainModel } from '../../core/model/plainModel';
import type { CellName } from '../../layers/catalog';
import { UserError } from '../../userError';
import { attentionWeights, groupedAttention } from './kinds/attention';
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

export interface MixerWeights {
  /** The name that a parameter of a model of such layers is written under. */
  nameOf(entry: Pick<ParameterEntry, 'name' | 'role' | 'layer'>): string;
  /** Whether a file with tensors of these names is meant. */
  recognizes(names: readonly string[]): boolean;
  /** Throws a UserError for a variant that is not computed here, and one that asks for what the file leaves open. */
  read(weights: NamedWeights): ReadMixerWeights;
}

const kinds: Readonly<Partial<Record<CellName, MixerWeights>>> = { attention: attentionWeights };

/** Of a kind whose layers are no recurrent modules; undefined of others. */
export function mixerWeightsOf(cell: CellName): MixerWeights | undefined {
  return kinds[cell];
}

/** Null where the names are of no such kind. */
export function readMixerWeights(weights: Omit<NamedWeights, 'answers'>, said: string): ReadMixerWeights | null {
  const names = Array.from(weights.tensors.keys());
  const found = Object.values(kinds).find((kind) => kind.recognizes(names));
  if (found) return found.read({ ...weights, answers: answersIn(said) });
  refuseGroupedProjections(weights.tensors, weights.file);
  return null;
}

/** `NAME=VALUE`, with commas between. */
function answersIn(said: string): ReadonlyMap<string, string> {
  const parts = said === '' ? [] : said.split(',');
  return new Map(
    parts.map((part) => {
      const [name, value, ...more] = part.split('=');
      if (!value || more.length > 0) throw new UserError('error.torch.answerForm', part, 'heads, positions, form');
      return [name, value];
    }),
  );
}

/** Models of queries, keys and values apart are not read; those whose keys are fewer are refused by name. */
function refuseGroupedProjections(tensors: ReadonlyMap<string, WeightTensor>, file: string): void {
  for (const [name, { shape }] of tensors) {
    if (!/\bk_proj\.weight$/.test(name)) continue;
    const queries = tensors.get(name.replace(/k_proj\.weight$/, 'q_proj.weight'));
    if (queries && queries.shape.join() !== shape.join()) throw groupedAttention(file, name, shape);
  }
}
