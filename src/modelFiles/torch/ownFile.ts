/** Weights that Backflow has written itself: their names, and what their metadata says, leave nothing open. */
import {
  directionsOf,
  isMixer,
  isPlainStack,
  sizesOf,
  topSize,
  uniformModel,
  uniformStack,
  type ModelConfig,
} from '../../core/model/config';
import { eachRole, shapeOf } from '../../core/model/directionParameters';
import { Parameters, type NormWeights } from '../../core/model/parameters';
import type { PlainModel } from '../../core/model/plainModel';
import { normName, sublayersOf } from '../../core/model/sublayers';
import type { Tensor } from '../../formats/safetensors';
import { isCellName, type CellName } from '../../layers/catalog';
import { kindsInFolder } from '../../layers/stackName';
import type { Activation } from '../../layers/activation';
import type { NormRole } from '../../layers/norm';
import { UserError } from '../../userError';
import { configOf, configText, ownKeys } from '../configText';
import { torchName, torchNameInLayer, torchNames, torchNormName } from '../torchNames';
import { intoOurOrder } from './gateOrder';
import { ownNamesOf } from './published/registry';
import type { WeightsFile } from './weightTensors';

export interface OwnWeights {
  readonly plain: PlainModel;
  /** Training steps taken; 0 where the file does not say. */
  readonly step: number;
}

/** A tensor in PyTorch’s world. */
interface NamedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
  /** The kind whose blocks of gates it has; null of others. */
  readonly gatesOf: CellName | null;
}

/**
 * A model's parameters, each under its name and with its shape in PyTorch’s world: those under which reports name their gradients. Recurrent layers with nothing
 * around them are numbered as those of one module, also where they differ, so that no module has them all.
 */
export function tensorsOfModel({ config, parameters }: PlainModel): NamedTensor[] {
  const { vocabularySize: V, embeddingSize: E, tied } = config;
  const stack = uniformStack(config);
  const whole = { gatesOf: null };
  const nameOf = stack && ownNamesOf(stack.cell);
  if (nameOf)
    return parameters.layout.entries.map((entry) => ({
      name: nameOf(entry),
      shape: entry.shape,
      values: parameters.view(entry),
      ...whole,
    }));
  const { embedding, output } = parameters;
  const ofLayers = config.layers.flatMap((_, layer) => layerTensors({ config, parameters }, layer));
  return [
    ...(embedding && E !== null ? [{ name: torchNames.embedding, shape: [V, E], values: embedding, ...whole }] : []),
    ...ofLayers,
    ...normTensors(parameters.finalNorm, (role) => torchNames.norm[role]),
    ...(tied ? [] : [{ name: torchNames.output.W, shape: [V, topSize(config)], values: output.W, ...whole }]),
    { name: torchNames.output.b, shape: [V], values: output.b, ...whole },
  ];
}

function layerTensors({ config, parameters }: PlainModel, layer: number): NamedTensor[] {
  const isPlain = isPlainStack(config);
  const own = config.layers[layer];
  const sublayers = sublayersOf(config, layer);
  const ofNorms = parameters.norms[layer].flatMap((norm, s) =>
    normTensors(norm, (role) => torchNormName(layer, normName(sublayers[s]), role)),
  );
  const ofDirections = parameters.layers[layer].flatMap((weights, d) => {
    const direction = directionsOf(own)[d];
    return eachRole(own.cell, weights).map(([parameter, values]) => ({
      name: isPlain
        ? torchName(parameter, layer, direction)
        : torchNameInLayer(parameter, layer, direction, isMixer(own)),
      shape: shapeOf(parameter, own.cell, sizesOf(config, layer)) ?? [],
      values,
      gatesOf: isMixer(own) ? null : own.cell,
    }));
  });
  return [...ofNorms, ...ofDirections];
}

/** @param name by which role's the tensor is called */
function normTensors(norm: NormWeights | null, name: (role: NormRole) => string): NamedTensor[] {
  if (!norm) return [];
  const roles = (['gamma', 'beta'] as const).filter((role) => norm[role].length > 0);
  return roles.map((role) => ({
    name: name(role),
    shape: [norm[role].length],
    values: norm[role],
    gatesOf: null,
  }));
}

/** What the metadata says of a model besides its vocabulary. */
export function ownMetadata(config: ModelConfig, step: number): Record<string, string> {
  const [{ activation }] = config.layers;
  return {
    cell: kindsInFolder(config.layers),
    activation,
    [ownKeys.model]: configText(config),
    [ownKeys.step]: String(step),
  };
}

/** Null where the file is not as Backflow writes it: with just the tensors of the model that its metadata tells of. */
export function ownWeights({ tensors, unread, metadata }: WeightsFile): OwnWeights | null {
  const config = configIn(metadata) ?? configBefore(tensors, metadata);
  if (!config || !isSmallerThan(config, tensors)) return null;
  const parameters = new Parameters(config);
  const expected = tensorsOfModel({ config, parameters });
  if (expected.length !== tensors.size + unread.size) return null;
  for (const { name, shape, values, gatesOf } of expected) {
    const found = tensors.get(name);
    if (found?.dtype !== 'F32' || found.shape.join() !== shape.join()) return null;
    if (gatesOf) intoOurOrder(values, found.data, gatesOf);
    else values.set(found.data);
  }
  const step = Number(metadata[ownKeys.step] ?? 0);
  return { plain: { config, parameters }, step: Number.isSafeInteger(step) && step > 0 ? step : 0 };
}

/** Null where there is none that can be read: then the tensors must speak for themselves. */
function configIn(metadata: Readonly<Record<string, string>>): ModelConfig | null {
  if (!Object.hasOwn(metadata, ownKeys.model)) return null;
  return configOrNull(() => configOf(JSON.parse(metadata[ownKeys.model])));
}

/** Of a file from before the configuration was in the metadata: Backflow's names say the same, since a tied output has no matrix of its own. */
function configBefore(
  tensors: ReadonlyMap<string, Tensor>,
  metadata: Readonly<Record<string, string>>,
): ModelConfig | null {
  const { cell, activation } = metadata;
  const isOurs =
    ['vocabulary', 'tokens', 'activation'].every((key) => Object.hasOwn(metadata, key)) && isCellName(cell);
  const shape = (name: string) => tensors.get(name)?.shape ?? [];
  const [V] = shape(torchNames.output.b);
  const hiddenSize = shape('rnn.weight_hh_l0').at(1);
  if (!isOurs || hiddenSize === undefined) return null;
  const names = Array.from(tensors.keys());
  const bidirectional = names.some((name) => name.endsWith('_reverse'));
  return configOrNull(() =>
    uniformModel({
      cell,
      activation: activation as Activation,
      layers: names.filter((name) => /^rnn\.weight_hh_l\d+$/.test(name)).length,
      bidirectional,
      hiddenSize,
      options: {},
      vocabularySize: V,
      embeddingSize: shape(torchNames.embedding).at(1) ?? null,
      tied: !tensors.has(torchNames.output.W),
      objective: bidirectional ? 'masked' : 'next',
    }),
  );
}

function configOrNull(read: () => ModelConfig): ModelConfig | null {
  try {
    return read();
  } catch (thrown) {
    if (thrown instanceof UserError || thrown instanceof SyntaxError) return null;
    throw thrown;
  }
}

/** Before anything of a size that only the metadata claims is made. */
function isSmallerThan(config: ModelConfig, tensors: ReadonlyMap<string, Tensor>): boolean {
  const { layers, vocabularySize, embeddingSize, features } = config;
  const sizes = Array.from(tensors.values()).flatMap(({ shape }) => shape);
  const hiddenSizes = layers.map(({ hiddenSize }) => hiddenSize);
  return [...hiddenSizes, vocabularySize, embeddingSize ?? features ?? 1].every((size) =>
    sizes.some((own) => own >= size),
  );
}
