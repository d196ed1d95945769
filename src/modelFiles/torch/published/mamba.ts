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
import type { NameOf } from '../namedWeights';
import type { WeightTensor } from '../weightTensors';
import type { Published, PublishedConfig, PublishedFiles, PublishedModel } from './published';
import { TensorTaker } from './tensors';

/** What the newer version has in its layers. */
const ofSecondVersion = /(^|\.)layers\.\d+\.mixer\.dt_bias$/;
const ofLayer = /^(.*?)layers\.(\d+)\.mixer\.A_log$/;
const embeddings = ['embeddings.weight', 'embedding.weight'] as const;
const head = 'lm_head.weight';
const headBias = 'lm_head.bias';

const none = new Float32Array(0);

export const mamba: Published = {
  read: (tensors, config, file) => {
    const places = [...tensors.keys()].flatMap((name) => {
      const match = ofLayer.exec(name);
      return match ? [{ prefix: match[1], layer: Number(match[2]) }] : [];
    });
    if (places.length === 0) return null;
    checkVersion(tensors, config, file);
    const layers = 1 + Math.max(...places.map(({ layer }) => layer));
    return readModel(tensors, config, places[0].prefix, layers, file);
  },

  write: writeModel,
  nameOf: (model) => (isWritten(model) ? nameOf : null),
};

/** Throws a UserError for models of the family that compute something else. */
function checkVersion(tensors: ReadonlyMap<string, WeightTensor>, config: PublishedConfig, file: string): void {
  const isSecond =
    [...tensors.keys()].some((name) => ofSecondVersion.test(name)) ||
    config?.['model_type'] === 'mamba2' ||
    isSecondOfOriginal(config);
  if (isSecond) throw new UserError('error.torch.otherVariant', file, 'Mamba-2', kind.label);
  const type = config?.['model_type'];
  if (typeof type === 'string' && type !== kind.name)
    throw new UserError('error.torch.otherVariant', file, type, kind.label);
  const activation = config?.['hidden_act'] ?? 'silu';
  if (activation !== 'silu' && activation !== 'swish')
    throw new UserError('error.torch.otherVariant', file, `hidden_act ${JSON.stringify(activation)}`, kind.label);
}

/** As `mamba_ssm` says it. */
function isSecondOfOriginal(config: PublishedConfig): boolean {
  const own = config?.['ssm_cfg'];
  return typeof own === 'object' && own !== null && 'layer' in own && own.layer === 'Mamba2';
}

function readModel(
  tensors: ReadonlyMap<string, WeightTensor>,
  config: PublishedConfig,
  prefix: string,
  layers: number,
  file: string,
): PublishedModel {
  const taker = new TensorTaker(tensors, file);
  const embedding = prefix + (embeddings.find((name) => taker.has(prefix + name)) ?? embeddings[0]);
  const [V, D] = taker.shapeOf(embedding);
  const epsilon = typeof config?.['layer_norm_epsilon'] === 'number' ? config['layer_norm_epsilon'] : normEpsilon;
  const norm = (name: string): Norm => ({ kind: 'rmsNorm', gamma: taker.take(name, [D]), beta: none, epsilon });
  const read = Array.from({ length: layers }, (_, layer) =>
    layerOf(taker, `${prefix}layers.${layer}`, { D, layer, layers }, norm, file),
  );
  const E = taker.take(embedding, [V, D]);
  const model: GeneralModel = {
    vocabularySize: V,
    embedding: E,
    layers: read,
    norm: norm(`${prefix}norm_f.weight`),
    output: { W: outputOf(taker, config, E, [V, D]), b: taker.takeOrZeros(headBias, [V]) },
  };
  taker.finish();
  const notices = config === null ? [new UserError('notice.torch.noConfig', file, normEpsilon)] : [];
  return { model, notices };
}

/** That of the embedding where the two are tied: the library does not save it then, or says so. */
function outputOf(taker: TensorTaker, config: PublishedConfig, embedding: Weights, shape: readonly number[]): Weights {
  if (!taker.has(head)) return embedding;
  const W = taker.take(head, shape);
  const isSame = W === embedding || W.every((value, i) => Object.is(value, embedding[i]));
  return isSame && config?.['tie_word_embeddings'] !== false ? embedding : W;
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
function writeModel({ config, parameters }: PlainModel): PublishedFiles | null {
  const stack = uniformStack(config);
  if (stack?.cell !== kind.name || stack.norm !== 'rmsNorm' || !stack.residual || stack.finalNorm !== 'rmsNorm')
    return null;
  const { embedding, finalNorm, output } = parameters;
  const { hiddenSize: D, vocabularySize: V, embeddingSize } = stack;
  if (!embedding || !finalNorm || embeddingSize !== D) return null;
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
  return { tensors, config: configOf(config.layers.length, sizesOf(config, 0), V, config.tied) };
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
