/**
 * GPT-2-like weights by the names people have: `transformer.h.0.attn.c_attn.weight`, `wte`, `wpe`, `ln_f`, `lm_head`. Matrices are those of `nn.Linear`, [out, in],
 * or of transformers' `Conv1D`, [in, out]: their shapes tell, and of square ones those beside them. What tensors cannot tell, the number of heads above all, is taken
 * from a `config.json` or the metadata, or asked for.
 */
import { checkConfig, type ModelConfig } from '../../../core/model/config';
import { Parameters, type ParameterEntry } from '../../../core/model/parameters';
import type { PlainModel } from '../../../core/model/plainModel';
import { normEpsilon } from '../../../layers/norm';
import { UserError } from '../../../userError';
import type { NamedWeights, MixerWeights, ReadMixerWeights } from '../namedWeights';
import { haveSameNumbers, type WeightTensor } from '../weightTensors';

const ofBlocks = /^(.*?)h\.\d+\.attn\.c_attn\.weight$/;
/** Masks that PyTorch's modules keep among their weights. */
const buffers = /(^|\.)attn\.(bias|masked_bias)$/;
const contextOfRotary = 1024;

/** Behind `transformer.`. */
const roles: Readonly<Record<string, string>> = {
  Wqkv: 'attn.c_attn.weight',
  bqkv: 'attn.c_attn.bias',
  Wo: 'attn.c_proj.weight',
  bo: 'attn.c_proj.bias',
  W1: 'mlp.c_fc.weight',
  b1: 'mlp.c_fc.bias',
  W2: 'mlp.c_proj.weight',
  b2: 'mlp.c_proj.bias',
  'mha.norm.gamma': 'ln_1.weight',
  'mha.norm.beta': 'ln_1.bias',
  'mlp.norm.gamma': 'ln_2.weight',
  'mlp.norm.beta': 'ln_2.bias',
};

/** @param prefix of the module that has the blocks */
function nameOf({ name, role, layer }: Pick<ParameterEntry, 'name' | 'role' | 'layer'>, prefix: string): string {
  if (name === 'output.W') return 'lm_head.weight';
  if (name === 'output.b') return 'lm_head.bias';
  if (role === 'embedding') return `${prefix}wte.weight`;
  if (role === 'P') return `${prefix}wpe.weight`;
  if (layer < 0) return `${prefix}ln_f.${role === 'norm.gamma' ? 'weight' : 'bias'}`;
  return `${prefix}h.${layer}.${roles[role]}`;
}

export const attentionWeights: MixerWeights = {
  nameOf: (entry) => nameOf(entry, 'transformer.'),
  recognizes: (names) => names.some((name) => ofBlocks.test(name)),
  read,
};

function read(weights: NamedWeights): ReadMixerWeights {
  const { tensors, file } = weights;
  const names = Array.from(tensors.keys());
  const prefix = names.map((name) => ofBlocks.exec(name)?.[1]).find((found) => found !== undefined) ?? '';
  const find = (name: string) => tensors.get(`${prefix}${name}`);
  const wte = required(find('wte.weight'), `${prefix}wte.weight`, file);
  const [V, D] = wte.shape;
  const layers = names.filter((name) => ofBlocks.test(name)).length;
  refuseGrouped(find('h.0.attn.c_attn.weight'), D, file);
  const head = tensors.get('lm_head.weight');
  const tied = !head || haveSameNumbers(head, wte);
  const hasNorms = find('h.0.ln_1.weight') !== undefined;
  checkSaid(weights);
  const wpe = find('wpe.weight');
  const positions = wpe ? 'learned' : positionsOf(weights);
  const layer = {
    cell: 'attention',
    activation: 'tanh',
    hiddenSize: D,
    bidirectional: false,
    norm: hasNorms ? 'layerNorm' : 'none',
    residual: true,
    options: {
      heads: headsOf(weights, D),
      positions,
      context: wpe ? wpe.shape[0] : (saidNumber(weights, ['n_positions', 'n_ctx', 'block_size']) ?? contextOfRotary),
      biases: names.some((name) => /\.c_(attn|proj|fc)\.bias$/.test(name)),
    },
  } as const;
  const config: ModelConfig = checkConfig({
    layers: Array<typeof layer>(layers).fill(layer),
    vocabularySize: V,
    embeddingSize: D,
    tied,
    objective: 'next',
    finalNorm: find('ln_f.weight') ? 'layerNorm' : 'none',
  });
  const plain = { config, parameters: new Parameters(config) };
  const used = fill(plain, weights, prefix);
  used.add('lm_head.weight');
  const left = names.filter((name) => !used.has(name) && !buffers.test(name));
  if (left.length > 0) throw new UserError('error.torch.tensorsInTheWay', file, left.slice(0, 8).join(', '));
  return {
    plain,
    notices: saidText(weights, 'activation_function') === null ? [new UserError('notice.torch.gelu', file)] : [],
  };
}

/** Copies every tensor to its place; returns the names of those that there are. */
function fill({ parameters }: PlainModel, { tensors, file, answers }: NamedWeights, prefix: string): Set<string> {
  const used = new Set<string>();
  const found = parameters.layout.entries.map((entry) => {
    const name = nameOf(entry, prefix);
    return { entry, name, tensor: tensors.get(name) };
  });
  const isTransposed = formOf(found, file, answers);
  for (const { entry, name, tensor } of found) {
    const values = parameters.view(entry);
    used.add(name);
    if (!tensor) {
      // A bias that is not there is one of zeros; so begins a view.
      if (/(bias|beta)$/.test(name)) continue;
      throw new UserError('error.torch.tensorMissing', file, name);
    }
    const swaps = isMatrixOfBlock(entry) && isTransposed;
    const expected = swaps ? [...entry.shape].reverse() : entry.shape;
    if (tensor.shape.join() !== expected.join())
      throw new UserError('error.torch.tensorShape', file, name, tensor.shape.join(', '), expected.join(', '));
    const data = required(tensor, name, file).data;
    if (!swaps) values.set(data);
    else {
      const [rows, columns] = entry.shape;
      for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) values[i * columns + j] = data[j * rows + i];
    }
  }
  return used;
}

/** In one of the sublayers' products, of which `Conv1D` keeps the transpose. */
function isMatrixOfBlock({ layer, shape, role }: ParameterEntry): boolean {
  return layer >= 0 && shape.length === 2 && role !== 'P';
}

/** Whether the matrices are transposed: as those say that are not square. */
function formOf(
  found: readonly {
    readonly entry: ParameterEntry;
    readonly name: string;
    readonly tensor: WeightTensor | undefined;
  }[],
  file: string,
  answers: ReadonlyMap<string, string>,
): boolean {
  const forms = new Set(
    found.flatMap(({ entry: { shape }, entry, tensor }) =>
      isMatrixOfBlock(entry) && tensor && shape[0] !== shape[1] && tensor.shape.length === 2
        ? [tensor.shape.join() === [...shape].reverse().join() && tensor.shape.join() !== shape.join()]
        : [],
    ),
  );
  if (forms.size === 1) return forms.has(true);
  const said = answers.get('form');
  if (said === 'linear' || said === 'conv1d') return said === 'conv1d';
  const square = found.find(({ entry: { shape }, entry }) => isMatrixOfBlock(entry) && shape[0] === shape[1]);
  throw new UserError('error.torch.formUnsaid', file, square?.name ?? '').needing('tensors', [
    'form=linear',
    'form=conv1d',
  ]);
}

function required(
  tensor: WeightTensor | undefined,
  name: string,
  file: string,
): WeightTensor & { readonly data: NonNullable<WeightTensor['data']> } {
  if (!tensor) throw new UserError('error.torch.tensorMissing', file, name);
  const { data } = tensor;
  if (!data) throw new UserError('error.torch.tensorType', file, name, tensor.type);
  return { ...tensor, data };
}

/** Keys and values of fewer heads than there are queries of. */
function refuseGrouped(tensor: WeightTensor | undefined, D: number, file: string): void {
  const other = tensor?.shape.filter((size) => size !== D) ?? [];
  if (other.length === 1 && other[0] < 3 * D) throw groupedAttention(file, 'c_attn', tensor?.shape ?? []);
}

export function groupedAttention(file: string, name: string, shape: readonly number[]): UserError {
  return new UserError('error.torch.groupedAttention', file, name, shape.join(', '));
}

/** From what is said beside the tensors: an answer, config.json, the metadata. */
function saidText({ answers, config, metadata }: NamedWeights, name: string): string | null {
  const found = answers.get(name) ?? config[name] ?? metadata[name];
  return typeof found === 'string' || typeof found === 'number' || typeof found === 'boolean' ? String(found) : null;
}

function saidNumber(weights: NamedWeights, names: readonly string[]): number | null {
  for (const name of names) {
    const text = saidText(weights, name);
    if (text !== null && Number.isInteger(Number(text)) && Number(text) > 0) return Number(text);
  }
  return null;
}

function headsOf(weights: NamedWeights, D: number): number {
  const said = saidNumber(weights, ['heads', 'n_head', 'num_heads', 'num_attention_heads']);
  if (said !== null) return said;
  const dividing = Array.from({ length: 64 }, (_, i) => i + 1).filter((heads) => D % heads === 0);
  throw new UserError('error.torch.headsUnsaid', weights.file, D).needing(
    'tensors',
    dividing.map((heads) => `heads=${heads}`),
  );
}

/** Of a model without a table of them. */
function positionsOf(weights: NamedWeights): 'rotary' | 'none' {
  const said = saidText(weights, 'positions');
  if (said === 'rotary' || said === 'none') return said;
  throw new UserError('error.torch.positionsUnsaid', weights.file).needing('tensors', [
    'positions=rotary',
    'positions=none',
  ]);
}

/** What is computed here otherwise than the model's own code would. */
function checkSaid(weights: NamedWeights): void {
  const { file } = weights;
  const refuse = (name: string, expected: string) => {
    const found = saidText(weights, name);
    if (found !== null && found !== expected) throw new UserError('error.torch.variant', file, name, found, expected);
  };
  refuse('activation_function', 'gelu');
  refuse('scale_attn_weights', 'true');
  refuse('scale_attn_by_inverse_layer_idx', 'false');
  refuse('add_cross_attention', 'false');
  const epsilon = saidText(weights, 'layer_norm_epsilon');
  if (epsilon !== null && Number(epsilon) !== normEpsilon)
    throw new UserError('error.torch.variant', file, 'layer_norm_epsilon', epsilon, String(normEpsilon));
}
