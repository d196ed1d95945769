/** Mamba as `transformers` saves a `MambaForCausalLM` or `MambaModel`, and as `mamba_ssm` does: `backbone.layers.0.mixer.in_proj.weight`, …, `A_log`, `D`. */
import type { GeneralDirection, GeneralLayer, GeneralModel, Norm, Weights } from '../../../core/model/generalModel';
import type { PlainModel } from '../../../core/model/plainModel';
import { sizesOf, uniformStack } from '../../../core/model/config';
import { shapeOf } from '../../../core/model/directionParameters';
import type { Tensor } from '../../../formats/safetensors';
import { optionsOf } from '../../../layers/catalog';
import { channelsOf, mamba as kind, rankOf } from '../../../layers/kinds/mamba';
import { normEpsilon } from '../../../layers/norm';
import { numberOption, isOptionOn, type LayerOptions } from '../../../layers/options';
import type { LayerSizes } from '../../../layers/parameters';
import { UserError } from '../../../userError';
import { answerOf, impossibleAnswer } from '../answers';
import { checkSilent } from '../pickledModules';
import { checkReadable, checkSizes } from './agreement';
import { checkAnswers, checkRoles } from './answered';
import {
  ownForm,
  type NamedWeights,
  type NameOf,
  type Published,
  type PublishedConfig,
  type PublishedFiles,
  type PublishedModel,
} from './published';
import { Said } from './said';
import { TensorTaker } from './tensors';

/** What the newer version has in its layers. */
const ofSecondVersion = /(^|\.)layers\.\d+\.mixer\.dt_bias$/;
const ofLayer = /^(.*?)layers\.(\d+)\.mixer\.A_log$/;
/** As transformers calls it, and as `mamba_ssm` and others do. */
const embeddings = ['embeddings.weight', 'embedding.weight'] as const;
/** Weights of the first two have the same names and shapes; the second also normalizes B, C and what Δ is made of. */
const types = [kind.name, 'falcon_mamba'] as const;
const head = 'lm_head.weight';
const headBias = 'lm_head.bias';
const lastNorm = 'norm_f.weight';

const none = new Float32Array(0);

export const mamba: Published = {
  read: (weights) => {
    const { tensors, file } = weights;
    const places = [...tensors.keys()].flatMap((name) => {
      const match = ofLayer.exec(name);
      return match ? [{ prefix: match[1], layer: Number(match[2]) }] : [];
    });
    if (places.length === 0) return null;
    checkReadable(weights);
    const [{ prefix }] = places;
    const said = new Said(weights);
    checkVersion(weights, said);
    checkType(weights, said);
    checkRoles(weights);
    checkSilent(weights.silent, weights.answers, file, /^(silu|swish|siluactivation)$/i);
    checkAnswers(weights, { type: () => true });
    const { form } = weights.answers;
    if (form !== undefined) throw impossibleAnswer('form', form, file);
    const numbers = new Set(places.map(({ layer }) => layer));
    const other = [...tensors.keys()].find((name) => {
      const match = name.startsWith(`${prefix}layers.`) && /^(\d+)\./.exec(name.slice(`${prefix}layers.`.length));
      return match && !numbers.has(Number(match[1]));
    });
    if (other !== undefined) throw new UserError('error.torch.otherVariant', file, other, kind.label);
    return readModel(weights, said, prefix, 1 + Math.max(...numbers));
  },

  write: writeModel,
  nameOf: (model) => (isWritten(model) ? nameOf : null),
  ownNames: null,
};

/** Throws a UserError for models of the family that compute something else. */
function checkVersion({ tensors, config, file }: NamedWeights, said: Said): void {
  const type = said.type();
  const isSecond =
    [...tensors.keys()].some((name) => ofSecondVersion.test(name)) || type === 'mamba2' || isSecondOfOriginal(config);
  if (isSecond) throw new UserError('error.torch.otherVariant', file, 'Mamba-2', kind.label);
  if (type !== null && type !== kind.name) throw new UserError('error.torch.otherVariant', file, type, kind.label);
  // Of FalconMamba, whatever else a configuration says.
  const epsilon = said.text('mixer_rms_eps');
  if (epsilon !== null) throw new UserError('error.torch.otherVariant', file, `mixer_rms_eps ${epsilon}`, kind.label);
  const activation = said.text('hidden_act') ?? 'silu';
  if (activation !== 'silu' && activation !== 'swish')
    throw new UserError('error.torch.otherVariant', file, `hidden_act ${JSON.stringify(activation)}`, kind.label);
  said.mustBe('rms_norm', 'true');
}

/** Throws a UserError that asks which of the models it is whose weights look the same. */
function checkType({ tensors, config, metadata, file }: NamedWeights, said: Said): void {
  const [plural] = embeddings;
  const isOfLibrary = [...tensors.keys()].some((name) => name === plural || name.endsWith(`.${plural}`));
  // What the original code's configuration has, and what Backflow has written.
  const isKnown = said.type() !== null || (config !== null && 'ssm_cfg' in config) || 'tokens' in metadata;
  if (isOfLibrary && !isKnown)
    throw new UserError('error.torch.typeUnsaid', file, types.join(', '), answerOf('type', types[0])).needing(
      'tensors',
      types.map((type) => answerOf('type', type)),
    );
}

/** As `mamba_ssm` says it. */
function isSecondOfOriginal(config: PublishedConfig): boolean {
  const own = config?.['ssm_cfg'];
  return typeof own === 'object' && own !== null && 'layer' in own && own.layer === 'Mamba2';
}

function readModel(weights: NamedWeights, said: Said, prefix: string, layers: number): PublishedModel {
  const { tensors, config, file } = weights;
  const taker = new TensorTaker(tensors, file);
  // Some have the layers in a module of their own, beside which the others stand.
  const embedding = taker.around(prefix, ...embeddings);
  const [V, D] = taker.shapeOf(embedding);
  const epsilon = said.positive('layer_norm_epsilon') ?? normEpsilon;
  const norm = (name: string): Norm => ({ kind: 'rmsNorm', gamma: taker.take(name, [D]), beta: none, epsilon });
  const read = Array.from({ length: layers }, (_, layer) =>
    layerOf(taker, `${prefix}layers.${layer}`, { D, layer, layers }, norm, file),
  );
  checkConfig(config, { V, D, layers, options: read[0].options }, file);
  for (const [key, name] of [
    ['use_bias', 'in_proj.bias'],
    ['use_conv_bias', 'conv1d.bias'],
  ]) {
    const bias = `${prefix}layers.0.mixer.${name}`;
    if (said.text(key) === 'true' && !taker.has(bias)) throw new UserError('error.torch.tensorMissing', file, bias);
  }
  const E = taker.take(embedding, [V, D]);
  const lmHead = taker.around(prefix, head);
  const isApart = said.text('tie_word_embeddings') === 'false';
  // Without it, it is what the library calls the model's body: its output is not kept.
  if (isApart && !taker.has(lmHead)) throw new UserError('error.torch.tensorMissing', file, lmHead);
  const model: GeneralModel = {
    vocabularySize: V,
    embedding: E,
    layers: read,
    norm: norm(taker.around(prefix, lastNorm)),
    output: {
      W: taker.takeHead(lmHead, E, [V, D], isApart),
      b: taker.takeOrZeros(taker.around(prefix, headBias), [V]),
    },
  };
  taker.finish();
  const notices = config === null ? [new UserError('notice.torch.noConfig', file, normEpsilon)] : [];
  return { model, notices };
}

/** Throws a UserError for a config.json of another model than the tensors are of. */
function checkConfig(
  config: PublishedConfig,
  {
    V,
    D,
    layers,
    options,
  }: { readonly V: number; readonly D: number; readonly layers: number; readonly options: LayerOptions },
  file: string,
): void {
  const sizes: LayerSizes = { input: D, hidden: D, options, layer: 0, layers, below: [] };
  // The original code keeps rows for more symbols than it says, to a multiple of 8 or the like.
  const isPadded = config !== null && 'pad_vocab_size_multiple' in config;
  const known = [
    { names: ['hidden_size', 'd_model'], size: D },
    { names: ['num_hidden_layers', 'n_layer'], size: layers },
    { names: isPadded ? [] : ['vocab_size'], size: V },
    { names: ['state_size'], size: numberOption(options, 'stateSize') },
    { names: ['conv_kernel'], size: numberOption(options, 'convolution') },
    { names: ['intermediate_size'], size: channelsOf(sizes) },
    { names: ['time_step_rank'], size: rankOf(sizes) },
  ];
  checkSizes(config, known, file);
}

interface Place {
  readonly D: number;
  readonly layer: number;
  readonly layers: number;
}

function layerOf(
  taker: TensorTaker,
  module: string,
  { D, layer, layers }: Place,
  norm: (name: string) => Norm,
  file: string,
): GeneralLayer {
  const mixer = `${module}.mixer`;
  const sizes: LayerSizes = {
    input: D,
    hidden: D,
    options: optionsIn(taker, mixer, D, file),
    layer,
    layers,
    below: [],
  };
  const own = Object.fromEntries(
    kind.parameters.flatMap(({ role, shape, torch }): [string, Weights][] => {
      const expected = shape(sizes);
      if (!expected) return [];
      const name = `${mixer}.${torch}`;
      // The library's `Conv1d` has an axis more; its bias can be left out.
      if (role === 'W_conv') return [[role, taker.take(name, [expected[0], 1, expected[1]])]];
      return [[role, role === 'b_conv' ? taker.takeOrZeros(name, expected) : taker.take(name, expected)]];
    }),
  );
  const direction: GeneralDirection = {
    direction: 'forward',
    ...{ W: none, R: none, Wb: none, Rb: none, own },
    peepholes: null,
    activations: [],
    initialStates: [],
  };
  return {
    cell: kind.name,
    options: sizes.options,
    hiddenSize: D,
    inputSize: D,
    directions: [direction],
    clip: null,
    linearBeforeReset: true,
    inputForget: false,
    sublayers: [
      {
        name: '',
        norm: norm(`${module}.norm.weight`),
        residual: true,
        isMixer: true,
        states: kind.states.map(({ name }) => name),
      },
    ],
    source: mixer,
  };
}

/** What the shapes say. Throws a UserError where they are not a layer's. */
function optionsIn(taker: TensorTaker, mixer: string, D: number, file: string): LayerOptions {
  const shape = (name: string, rank: number): readonly number[] => {
    const own = taker.shapeOf(`${mixer}.${name}`);
    if (own.length !== rank)
      throw new UserError('error.torch.otherVariant', file, `${mixer}.${name} [${own.join(', ')}]`, kind.label);
    return own;
  };
  const [E, S] = shape('A_log', 2);
  const [, , K] = shape('conv1d.weight', 3);
  const [, R] = shape('dt_proj.weight', 2);
  if (E % D !== 0) throw new UserError('error.torch.otherVariant', file, `${mixer}: ${E} / ${D}`, kind.label);
  const given = {
    stateSize: S,
    expand: E / D,
    convolution: K,
    rank: R === Math.ceil(D / 16) ? 0 : R,
    projectionBiases: taker.has(`${mixer}.in_proj.bias`),
  };
  return optionsOf(kind.name, given);
}

/** As `transformers` has it. */
const nameOf: NameOf = ({ name, role, layer }) => {
  if (name === 'output.W') return head;
  if (name === 'output.b') return headBias;
  if (role === 'embedding') return 'backbone.embeddings.weight';
  if (layer < 0) return 'backbone.norm_f.weight';
  const module = `backbone.layers.${layer}`;
  if (role === 'norm.gamma') return `${module}.norm.weight`;
  return `${module}.mixer.${kind.parameters.find((parameter) => parameter.role === role)?.torch ?? role}`;
};

/** Whether a model of layers that are alike is one that `writeModel` writes. */
function isWritten({ layers, norm, embedding, vocabularySize }: GeneralModel): boolean {
  const [{ cell, hiddenSize, sublayers }] = layers;
  return (
    cell === kind.name &&
    sublayers.every(({ norm: own, residual }) => residual && own?.kind === 'rmsNorm') &&
    norm?.kind === 'rmsNorm' &&
    embedding?.length === vocabularySize * hiddenSize
  );
}

/** Of layers that are alike, each behind an RMSNorm and beside a residual connection, with one more norm before the output, as the library has them. */
function writeModel({ config, parameters }: PlainModel): PublishedFiles | UserError | null {
  const stack = uniformStack(config);
  if (stack?.cell !== kind.name) return null;
  const { embedding, finalNorm, output } = parameters;
  const { hiddenSize: D, vocabularySize: V, embeddingSize } = stack;
  const needed = [
    ['norm', 'rmsNorm', stack.norm],
    ['final norm', 'rmsNorm', stack.finalNorm],
    ['residual', 'true', stack.residual],
    ['embedding', D, embeddingSize ?? 0],
  ] as const;
  const other = needed.find(([, wanted, own]) => String(own) !== String(wanted));
  if (other) return ownForm(kind.label, other[0], other[1], other[2]);
  if (!embedding || !finalNorm) return null;
  const tensors = new Map<string, Tensor>();
  const add = (name: string, shape: readonly number[], data: Float32Array) =>
    tensors.set(name, { dtype: 'F32', shape, data });
  add(nameOf({ name: 'embedding', role: 'embedding', layer: -1 }), [V, D], embedding);
  parameters.layers.forEach(([{ own }], layer) => {
    add(nameOf({ name: '', role: 'norm.gamma', layer }), [D], parameters.norms[layer][0]?.gamma ?? none);
    for (const parameter of kind.parameters) {
      const shape = shapeOf(parameter, kind.name, sizesOf(config, layer));
      if (shape)
        add(
          nameOf({ name: '', role: parameter.role, layer }),
          parameter.role === 'W_conv' ? [shape[0], 1, shape[1]] : shape,
          own[parameter.role],
        );
    }
  });
  add(nameOf({ name: '', role: 'norm.gamma', layer: -1 }), [D], finalNorm.gamma);
  if (!config.tied) add(head, [V, D], output.W);
  if (output.b.some((value) => value !== 0)) add(headBias, [V], output.b);
  const notices = tensors.has(headBias) ? [new UserError('notice.export.biasApart', headBias)] : [];
  return { tensors, config: configOf(config.layers.length, sizesOf(config, 0), V, config.tied), notices };
}

function configOf(layers: number, sizes: LayerSizes, vocabularySize: number, tied: boolean): PublishedFiles['config'] {
  const { options, hidden } = sizes;
  return {
    architectures: ['MambaForCausalLM'],
    model_type: kind.name,
    vocab_size: vocabularySize,
    hidden_size: hidden,
    num_hidden_layers: layers,
    state_size: numberOption(options, 'stateSize'),
    expand: numberOption(options, 'expand'),
    intermediate_size: channelsOf(sizes),
    conv_kernel: numberOption(options, 'convolution'),
    time_step_rank: rankOf(sizes),
    use_bias: isOptionOn(options, 'projectionBiases'),
    use_conv_bias: true,
    hidden_act: 'silu',
    layer_norm_epsilon: normEpsilon,
    residual_in_fp32: true,
    tie_word_embeddings: tied,
  };
}
