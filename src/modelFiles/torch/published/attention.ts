/**
 * GPT-2-like weights by the names people have: `transformer.h.0.attn.c_attn.weight`, `wte`, `wpe`, `ln_f`, `lm_head`. Matrices are those of `nn.Linear`, [out, in],
 * or of transformers' `Conv1D`, [in, out]: their shapes tell, and of square ones those beside them. What tensors cannot tell, the number of heads above all, is taken
 * from a `config.json` or the metadata, or asked for.
 */
import { checkConfig, sizesOf, type ModelConfig } from '../../../core/model/config';
import { shapeOf } from '../../../core/model/directionParameters';
import type { GeneralLayer, GeneralModel, Norm, Weights } from '../../../core/model/generalModel';
import { Parameters } from '../../../core/model/parameters';
import { generalModelOf } from '../../../core/model/plainModel';
import { normName, sublayersOf } from '../../../core/model/sublayers';
import { attention as kind } from '../../../layers/kinds/attention';
import { normEpsilon, type NormKind } from '../../../layers/norm';
import { UserError } from '../../../userError';
import { answerOf } from '../answers';
import { checkSilent } from '../pickledModules';
import { checkReadable, checkSizes } from './agreement';
import { checkAnswers, checkRoles, isWhole } from './answered';
import { head, nameOf, roles } from './gpt2Names';
import { linearForm } from './linearForm';
import type { NamedWeights, Published, PublishedModel } from './published';
import { otherModel } from './otherModels';
import { Said } from './said';
import { TensorTaker } from './tensors';
import { writeGpt2 } from './writeGpt2';

const ofBlocks = /^(.*?)h\.(\d+)\.attn\.c_attn\.weight$/;
/** Masks that PyTorch's modules keep among their weights. */
const buffers = /(^|\.)attn\.(bias|masked_bias)$/;
const contextOfRotary = 1024;
const kindsOfNorms: readonly NormKind[] = ['layerNorm', 'rmsNorm'];
/** Their number, as a person, Backflow's files, and others' configurations call it. */
const headNames = ['heads', 'n_head', 'num_heads', 'num_attention_heads'] as const;
/** Weights of both have the same names and shapes. */
const types = ['nanogpt', 'gpt_bigcode'] as const;

/** transformers' names of GELU's two forms; GPT-2 has the second. */
const gelus: Readonly<Record<string, 'exact' | 'tanh'>> = {
  gelu: 'exact',
  gelu_python: 'exact',
  gelu_new: 'tanh',
  gelu_fast: 'tanh',
  gelu_accurate: 'tanh',
  gelu_pytorch_tanh: 'tanh',
  gelu_python_tanh: 'tanh',
};

export const attention: Published = {
  read: (weights) => {
    const blocks = Array.from(weights.tensors.keys()).flatMap((name) => {
      const match = ofBlocks.exec(name);
      return match ? [{ prefix: match[1], layer: Number(match[2]) }] : [];
    });
    if (blocks.length > 0) checkReadable(weights);
    if (blocks.length > 0)
      return readModel(weights, blocks[0].prefix, 1 + Math.max(...blocks.map(({ layer }) => layer)));
    refuseGroupedProjections(weights);
    return null;
  },
  write: writeGpt2,
  nameOf: ({ layers: [{ cell }] }) => (cell === kind.name ? nameOf : null),
  ownNames: nameOf,
};

/** @param prefix of the module that has the blocks */
function readModel(weights: NamedWeights, prefix: string, layers: number): PublishedModel {
  const { tensors, file } = weights;
  const said = new Said(weights);
  const taker = new TensorTaker(tensors, file);
  checkSaid(said, file);
  checkSilent(weights.silent, weights.answers, file, /gelu/i);
  const other = otherModel(tensors);
  if (other) throw new UserError('error.torch.typeUnknown', file, `${other.label}: “${other.tensor}”`);
  const wte = taker.around(prefix, 'wte.weight');
  const [V, D] = taker.shapeOf(wte);
  checkBlocks(taker, prefix, D, file);
  const wpe = taker.around(prefix, 'wpe.weight');
  const hasTable = taker.has(wpe);
  const hasFinalNorm = taker.has(taker.around(prefix, 'ln_f.weight'));
  checkSizes(
    weights.config,
    [
      { names: ['n_embd', 'hidden_size'], size: D },
      { names: ['n_layer', 'num_hidden_layers'], size: layers },
      { names: ['vocab_size'], size: V },
      { names: ['n_inner'], size: 4 * D },
      {
        names: hasTable ? ['n_positions', 'n_ctx', 'block_size'] : [],
        size: taker.has(wpe) ? taker.shapeOf(wpe)[0] : 0,
      },
    ],
    file,
  );
  checkBiases(weights, prefix, layers);
  const biases = Array.from(tensors.keys()).some((name) => /\.c_(attn|proj|fc)\.bias$/.test(name));
  checkRoles(weights);
  checkAnswers(weights, {
    type: () => true,
    heads: isWhole,
    positions: (value) => (hasTable ? ['learned'] : ['rotary', 'none']).includes(value),
    context: (value) => (hasTable ? value === String(taker.shapeOf(wpe)[0]) : isWhole(value)),
    biases: (value) => value === String(biases),
    gelu: (value) => value === 'exact' || value === 'tanh',
    norms: (value) => kindsOfNorms.some((name) => name === value),
  });
  const form = linearForm(weights, (layer, name) => `${prefix}h.${layer}.${name}.weight`, layers, D);
  if (!form.isTransposed && hasTable && biases) checkType(weights, said);
  const E = taker.take(wte, [V, D]);
  const lmHead = taker.around(prefix, head);
  const isApart = said.text('tie_word_embeddings') === 'false';
  // Without it, it is what the library calls the model's body: its output is not kept.
  if (isApart && !taker.has(lmHead)) throw new UserError('error.torch.tensorMissing', file, lmHead);
  const W = taker.takeHead(lmHead, E, [V, D], isApart);
  const { kind: normKind, notices } = normsOf(weights, said, prefix, biases);
  const layer = {
    cell: kind.name,
    activation: 'tanh',
    hiddenSize: D,
    bidirectional: false,
    norm: taker.has(`${prefix}h.0.ln_1.weight`) ? normKind : 'none',
    residual: true,
    options: {
      heads: headsOf(said, D, file),
      positions: hasTable ? 'learned' : positionsOf(said, file),
      context: hasTable
        ? taker.shapeOf(wpe)[0]
        : (said.number('context', 'n_positions', 'n_ctx', 'block_size') ?? contextOfRotary),
      biases,
      gelu: geluOf(said, file) ?? 'exact',
    },
  } as const;
  const config: ModelConfig = checkConfig({
    layers: Array<typeof layer>(layers).fill(layer),
    vocabularySize: V,
    embeddingSize: D,
    tied: W === E,
    objective: 'next',
    finalNorm: hasFinalNorm ? normKind : 'none',
  });
  const epsilon = said.positive('layer_norm_epsilon') ?? normEpsilon;
  const norm = (name: string): Norm => ({
    kind: normKind,
    gamma: taker.take(`${name}.weight`, [D]),
    beta: normKind === 'layerNorm' ? taker.takeOrZeros(`${name}.bias`, [D]) : new Float32Array(0),
    epsilon,
  });
  // Of the right form throughout; its numbers are all put in.
  const empty = generalModelOf(config, new Parameters(config));
  const model: GeneralModel = {
    ...empty,
    embedding: E,
    layers: empty.layers.map((own, index) => filled(own, index, { taker, config, prefix, wpe, form, norm })),
    norm: hasFinalNorm ? norm(taker.around(prefix, 'ln_f.weight').replace(/\.weight$/, '')) : null,
    output: { W, b: taker.takeOrZeros(lmHead.replace(/weight$/, 'bias'), [V]) },
  };
  taker.finish((name) => buffers.test(name));
  if (geluOf(said, file) === null) notices.push(new UserError('notice.torch.gelu', file));
  return { model, notices };
}

interface Filling {
  readonly taker: TensorTaker;
  readonly config: ModelConfig;
  readonly prefix: string;
  /** The name of the table of positions. */
  readonly wpe: string;
  readonly form: ReturnType<typeof linearForm>;
  /** By the name of its module. */
  readonly norm: (name: string) => Norm;
}

/** A layer with the file's tensors. */
function filled(layer: GeneralLayer, index: number, { taker, config, prefix, wpe, form, norm }: Filling): GeneralLayer {
  const block = `${prefix}h.${index}`;
  const [direction] = layer.directions;
  const parameters = kind.parameters.flatMap((parameter): [string, Weights][] => {
    const { role } = parameter;
    const expected = shapeOf(parameter, kind.name, sizesOf(config, index));
    if (!expected) return [];
    if (role === 'P') return [[role, taker.take(wpe, expected)]];
    const name = `${block}.${roles[role]}`;
    return [[role, expected.length === 1 ? taker.takeOrZeros(name, expected) : form.take(taker, name, expected)]];
  });
  return {
    ...layer,
    directions: [{ ...direction, own: Object.fromEntries(parameters) }],
    sublayers: layer.sublayers.map((sublayer, s) => {
      const gamma = roles[`${normName(sublayersOf(config, index)[s])}.gamma`];
      return sublayer.norm && gamma
        ? { ...sublayer, norm: norm(`${block}.${gamma.replace(/\.weight$/, '')}`) }
        : sublayer;
    }),
    source: block,
  };
}

/** Throws a UserError for keys and values of fewer heads than there are queries of, and for an MLP of another width. */
function checkBlocks(taker: TensorTaker, prefix: string, D: number, file: string): void {
  const projection = `${prefix}h.0.attn.c_attn.weight`;
  const shape = taker.shapeOf(projection);
  const other = shape.filter((size) => size !== D);
  if (other.length === 1 && other[0] < 3 * D) throw groupedAttention(file, 'c_attn', shape);
  const inner = taker.shapeOf(`${prefix}h.0.mlp.c_fc.weight`);
  const width = inner.find((size) => size !== D) ?? D;
  if (inner.includes(D) && width !== 4 * D) throw new UserError('error.torch.variant', file, 'n_inner', width, 4 * D);
}

/** Throws a UserError where some layers have a bias that others lack: the file is not whole. */
function checkBiases({ tensors, file }: NamedWeights, prefix: string, layers: number): void {
  for (const role of Object.values(roles).filter((name) => name.endsWith('.bias'))) {
    const names = Array.from({ length: layers }, (_, layer) => `${prefix}h.${layer}.${role}`);
    const missing = names.find((name) => !tensors.has(name));
    if (missing !== undefined && names.some((name) => tensors.has(name)))
      throw new UserError('error.torch.tensorMissing', file, missing);
  }
}

/**
 * A norm without a bias may be one by the root mean square. nanoGPT leaves out all biases at once: then it is a LayerNorm, and a notice says so. Throws a UserError
 * that asks where the matrices have biases, as in ImageGPT, and the norms none.
 */
function normsOf(
  { tensors, file }: NamedWeights,
  said: Said,
  prefix: string,
  biases: boolean,
): { readonly kind: NormKind; readonly notices: UserError[] } {
  const norms = Array.from(tensors.keys()).filter(
    (name) => name.startsWith(prefix) && /(^|\.)ln_(1|2|f)\.weight$/.test(name),
  );
  const [first] = norms;
  const biasesOfNorms = norms.map((name) => name.replace(/weight$/, 'bias'));
  const hasBias = biasesOfNorms.some((name) => tensors.has(name));
  const missing = biasesOfNorms.find((name) => !tensors.has(name));
  if (hasBias && missing !== undefined) throw new UserError('error.torch.tensorMissing', file, missing);
  const chosen = kindsOfNorms.find((name) => name === said.text('norms'));
  if (chosen === 'rmsNorm' && hasBias) throw new UserError('error.torch.tensorsInTheWay', file, biasesOfNorms[0]);
  if (chosen !== undefined || norms.length === 0 || hasBias) return { kind: chosen ?? 'layerNorm', notices: [] };
  // GPT-2 itself has biases in all of them.
  if (biases)
    throw new UserError('error.torch.normsUnsaid', file, first).needing(
      'tensors',
      kindsOfNorms.map((name) => answerOf('norms', name)),
    );
  return { kind: 'layerNorm', notices: [new UserError('notice.torch.norms', file, first)] };
}

/** Models of queries, keys and values apart are not read; those whose keys are fewer are refused by name. */
function refuseGroupedProjections({ tensors, file }: NamedWeights): void {
  for (const [name, { shape }] of tensors) {
    if (!/\bk_proj\.weight$/.test(name)) continue;
    const queries = tensors.get(name.replace(/k_proj\.weight$/, 'q_proj.weight'));
    if (queries && queries.shape.join() !== shape.join()) throw groupedAttention(file, name, shape);
  }
}

function groupedAttention(file: string, name: string, shape: readonly number[]): UserError {
  return new UserError('error.torch.groupedAttention', file, name, shape.join(', '));
}

function headsOf(said: Said, D: number, file: string): number {
  const heads = said.number(...headNames);
  if (heads !== null) return heads;
  const dividing = Array.from({ length: 64 }, (_, i) => i + 1).filter((count) => D % count === 0);
  throw new UserError('error.torch.headsUnsaid', file, D).needing(
    'tensors',
    dividing.map((count) => `heads=${count}`),
  );
}

/** Of a model without a table of them. */
function positionsOf(said: Said, file: string): 'rotary' | 'none' {
  const positions = said.text('positions');
  if (positions === 'rotary' || positions === 'none') return positions;
  throw new UserError('error.torch.positionsUnsaid', file).needing('tensors', ['positions=rotary', 'positions=none']);
}

/** Null where nothing says which. Throws a UserError for another activation. */
function geluOf(said: Said, file: string): 'exact' | 'tanh' | null {
  const own = said.text('gelu');
  if (own === 'exact' || own === 'tanh') return own;
  // The library's own default.
  const name = said.text('activation_function') ?? (said.type() === 'gpt2' ? 'gelu_new' : null);
  if (name === null) return null;
  if (Object.hasOwn(gelus, name)) return gelus[name];
  throw new UserError('error.torch.variant', file, 'activation_function', name, 'gelu, gelu_new');
}

/**
 * Throws a UserError that asks which of the models it is whose weights look the same: transformers' GPTBigCode has matrices of this form too, but queries, keys and
 * values head by head. Its own files say their type, and have no masks; what says how many heads there are without a type is of other code.
 */
function checkType({ tensors, config, metadata, file }: NamedWeights, said: Said): void {
  const isKnown =
    said.type() !== null ||
    Array.from(tensors.keys()).some((name) => buffers.test(name)) ||
    headNames.some((name) => Object.hasOwn(config ?? {}, name) || Object.hasOwn(metadata, name));
  if (!isKnown)
    throw new UserError('error.torch.typeUnsaid', file, types.join(', '), answerOf('type', types[0])).needing(
      'tensors',
      types.map((type) => answerOf('type', type)),
    );
}

/** Throws a UserError for what the model's own code would compute otherwise. */
function checkSaid(said: Said, file: string): void {
  // Of the same names, with queries, keys and values in another order, or norms elsewhere.
  const type = said.type() ?? 'gpt2';
  if (!/^(gpt2|nano[-_]?gpt)$/i.test(type)) throw new UserError('error.torch.otherVariant', file, type, 'GPT-2');
  said.mustBe('scale_attn_weights', 'true');
  said.mustBe('scale_attn_by_inverse_layer_idx', 'false');
  said.mustBe('add_cross_attention', 'false');
  // Of other models of this form: attention to the last steps alone, and other angles.
  for (const name of ['window_size', 'sliding_window']) said.mustBe(name, 'none');
  said.mustBe('rope_theta', '10000');
  said.mustBe('rotary_pct', '1');
}
