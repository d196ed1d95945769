/** Weights of models whose layers are no recurrent modules, by the names people have. A new kind is its file beside this one, in kinds/, and a line here. */
import type { CellName } from '../../layers/catalog';
import { UserError } from '../../userError';
import { attentionWeights, groupedAttention } from './kinds/attention';
import type { MixerWeights, NamedWeights, ReadMixerWeights } from './namedWeights';
import type { WeightTensor } from './weightTensors';

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
