/**
 * Bare weights under PyTorch's names, in safetensors: `rnn.weight_ih_l0`, `…_l0_reverse`, an embedding `[V, E]` and a linear layer
 * `[V, D·H]`. There is no graph that such a file could be verified against. So structure decides what a tensor is, and where it does
 * not, a person is asked, or the file refused. PyTorch's gates are in the order i f g o and r z n; ours are ONNX's.
 */
import { activations, type Activation } from '../layers/activation';
import { activationsOf, kindOf, optionsOf } from '../layers/catalog';
import { choicesOf, optionOfText, type LayerOptions, type OptionDescription } from '../layers/options';
import { isSharedRole } from '../layers/parameters';
import { byRole } from '../core/model/directionParameters';
import {
  plainAround,
  type GeneralDirection,
  type GeneralLayer,
  type GeneralModel,
  type Weights,
} from '../core/model/generalModel';
import { generalModelOf, type PlainModel } from '../core/model/plainModel';
import { decodeSafetensors } from '../formats/safetensors';
import { UserError } from '../userError';
import { hasVocabularyOf } from './foreignVocabulary';
import {
  answerOf,
  checkUnused,
  impossibleAnswer,
  isSaidUnused,
  noTensor,
  readAnswers,
  type TensorAnswers,
} from './torch/answers';
import { chosenReading, severalModules } from './torch/choice';
import { namesInPairs, pairedAsTwo, pairedByName, pairedByNumber, twoDirections } from './torch/directionPairs';
import { intoOurOrder } from './torch/gateOrder';
import { linearModules, linearNames } from './torch/linearModules';
import type { ModuleFacts } from './torch/moduleFacts';
import { checkMaxNorms, checkSilent } from './torch/pickledModules';
import { ownWeights } from './torch/ownFile';
import { otherModel } from './torch/published/otherModels';
import { checkAnswers } from './torch/published/answered';
import { readPublished } from './torch/published/registry';
import type { Reading } from './torch/readings';
import {
  chainsOf,
  computedWeight,
  isRecurrent,
  recurrentModules,
  withoutTwins,
  type Chain,
  type RecurrentLayer,
  type RecurrentTensors,
} from './torch/recurrentModules';
import {
  distinctTensors,
  isOfOptimizer,
  namedTensors,
  unreadable,
  type WeightsFile,
  type WeightTensor,
} from './torch/weightTensors';

/** What a file of bare weights does not say. */
export interface RequestedArchitecture {
  /** Of vanilla RNN layers; null where it is not specified. */
  readonly activation: Activation | null;
  /** Which tensors are what, as `--tensors` of the command line has it; null where nothing is said. */
  readonly tensors?: string | null;
  /** What is in a `config.json` beside the file; null or nothing where there is none. */
  readonly config?: Readonly<Record<string, unknown>> | null;
  /** There is one, but it cannot be read. */
  readonly isConfigBroken?: boolean;
}

export interface TorchWeights {
  readonly model: GeneralModel;
  /** Of a file that Backflow has written, what can be trained; null of others, of which `model` may be that too. */
  readonly plain: PlainModel | null;
  /** Steps it has been trained for, as far as is known. */
  readonly trainingStep: number;
  readonly metadata: ReadonlyMap<string, string>;
  readonly notices: readonly UserError[];
}

/** PyTorch's default: a file of weights alone does not have it. */
const layerNormEpsilon = 1e-5;

/** Of one file, as `readDecodedWeights`. */
export function readTorchWeights(bytes: Uint8Array, file: string, requested: RequestedArchitecture): TorchWeights {
  return readDecodedWeights(decodeSafetensors(bytes, file), file, requested);
}

/** @param file for the sentences  Throws a UserError for what is no language model of layers that are known, or could be several. */
export function readDecodedWeights(decoded: WeightsFile, file: string, requested: RequestedArchitecture): TorchWeights {
  const { metadata, leftOut = [], modules } = decoded;
  // A file beside the weights is written by hand or for a library: it is more than what a training script has kept.
  const config = requested.config || decoded.config ? { ...decoded.config, ...requested.config } : null;
  const said = requested.tensors ?? '';
  const entries = new Map(Object.entries(metadata));
  const own = said === '' ? ownWeights(decoded) : null;
  if (own) {
    const { config, parameters } = own.plain;
    const model = generalModelOf(config, parameters);
    return { model, plain: own.plain, trainingStep: own.step, metadata: entries, notices: [] };
  }
  const all = namedTensors(decoded);
  const answers = readAnswers(said);
  if (modules) checkMaxNorms(modules, file);
  const silent = modules?.silent ?? [];
  checkUnused(answers, [...all.keys(), ...leftOut, ...silent.map(({ name }) => name)], file);
  const considered = new Map(Array.from(all).filter(([name]) => !isOfOptimizer(name) && !isSaidUnused(name, answers)));
  const aside = [
    ...Array.from(all).flatMap(([name, { data }]) => (data && !considered.has(name) ? [name] : [])),
    ...leftOut,
  ];
  const { isConfigBroken = false } = requested;
  const published = readPublished({ tensors: considered, silent, metadata, config, isConfigBroken, answers, file });
  if (published) {
    const notices = [...published.notices, ...unusedNotices(aside, file)];
    return { model: published.model, plain: null, trainingStep: 0, metadata: entries, notices };
  }
  const computed = computedWeight(considered.keys());
  if (computed !== undefined) throw new UserError('error.torch.computedWeight', file, computed);
  const linear = linearNames(considered.keys());
  const isOfLayers = (name: string) => isRecurrent(name) || linear.has(name);
  if (!Array.from(considered.keys()).some(isOfLayers)) refuseOther(considered, config, file);
  const reading = chosenReading({
    chains: chainsIn(considered, isOfLayers, file),
    tensors: distinctTensors(Array.from(considered.values()).filter(({ names }) => !isOfLayers(names[0]))),
    answers,
    said,
    hasVocabulary: (size) => hasVocabularyOf(entries, size, file),
    file,
  });
  checkSilent(silent, answers, file);
  const { form, norm } = answers;
  if (form !== undefined) throw impossibleAnswer('form', form, file);
  if (norm !== undefined && norm !== noTensor && !reading.norm) throw impossibleAnswer('norm', norm, file);
  return {
    model: modelOf(
      reading,
      activationOf(reading, requested, metadata, config, file),
      optionsFor(reading, answers, metadata, file),
      epsilonOf(reading, modules),
      file,
    ),
    plain: null,
    trainingStep: 0,
    metadata: entries,
    notices: [
      ...noticesOf(reading, aside, { modules, names: Array.from(all.keys()) }, file),
      ...publishedNotices(reading, answers, metadata, file),
    ],
  };
}

/** Throws a UserError for a model without recurrent layers that a config.json or its tensors' names tell. */
function refuseOther(
  tensors: ReadonlyMap<string, WeightTensor>,
  config: RequestedArchitecture['config'],
  file: string,
): void {
  const type = config?.['model_type'];
  const other = otherModel(tensors);
  const label = typeof type === 'string' ? type : other?.label;
  if (label !== undefined)
    throw new UserError('error.torch.typeUnknown', file, other ? `${label}: “${other.tensor}”` : label);
}

/** The rows in which the recurrent modules can stand; at least one. */
function chainsIn(
  tensors: ReadonlyMap<string, WeightTensor>,
  isOfLayers: (name: string) => boolean,
  file: string,
): readonly Chain[] {
  const recurrent = new Map(Array.from(tensors).filter(([name]) => isRecurrent(name)));
  if (!Array.from(tensors.keys()).some(isOfLayers)) throw new UserError('error.torch.noRecurrentWeights', file);
  const modules = [...recurrentModules(recurrent, file), ...linearModules(tensors, file)];
  const pairs = pairedByName(modules, file);
  if (pairs) {
    const ofPairs = chainsOf(pairs);
    if (ofPairs.length > 0) return ofPairs;
    throw twoDirections(file, namesInPairs(pairs));
  }
  const guessed = pairedByNumber(modules);
  const found = [...chainsOf(modules), ...(guessed ? chainsOf(guessed) : [])];
  const inOneDirection = found.length > 0 ? found : chainsOf(withoutTwins(modules));
  const chains = [...inOneDirection, ...pairedAsTwo(modules).flatMap(chainsOf)];
  if (chains.length > 0) return chains;
  throw severalModules(file, modules);
}

function activationOf(
  { chain }: Reading,
  { activation }: RequestedArchitecture,
  metadata: Readonly<Record<string, string>>,
  config: RequestedArchitecture['config'],
  file: string,
): Activation {
  // What others call an activation in a configuration can be that of another part; this is PyTorch's own word for that of `nn.RNN`.
  const word = metadata['activation'] ?? config?.['nonlinearity'];
  const said = activation ?? activations.find((name) => name === word);
  const isOpen = chain.some(({ layers }) => layers.some(({ cell }) => kindOf(cell).activation === 'chosen'));
  if (isOpen && said === undefined) throw new UserError('error.torch.activationUnsaid', file).needing('activation');
  return said ?? 'tanh';
}

type ChosenOptions = (layer: RecurrentLayer) => LayerOptions;

/** What a person or the file says of the layers' options; else what has been published under the names. Throws a UserError that asks where neither says. */
function optionsFor(
  { chain }: Reading,
  answers: TensorAnswers,
  metadata: Readonly<Record<string, string>>,
  file: string,
): ChosenOptions {
  const layers = chain.flatMap((module) => module.layers);
  checkAnswers(
    { answers, file },
    Object.fromEntries(
      layers.flatMap(({ cell }) => kindOf(cell).options.map(({ name }) => [name, () => true] as const)),
    ),
  );
  const chosen = ({ cell, options }: RecurrentLayer): LayerOptions =>
    optionsOf(
      cell,
      Object.fromEntries(
        kindOf(cell).options.map((option) => {
          const said = saidOf(option, answers, metadata);
          if (said !== undefined) return [option.name, optionOfText(option, said)];
          if (options) return [option.name, options[option.name] ?? option.default];
          const choices = choicesOf(option).map((value) => answerOf(option.name, value));
          throw new UserError(
            'error.torch.optionUnsaid',
            file,
            option.name,
            kindOf(cell).label,
            choices.join(' / '),
          ).needing('tensors', choices);
        }),
      ),
    );
  // At once, so that what is missing is asked for before anything is made.
  layers.forEach(chosen);
  return chosen;
}

function saidOf(
  { name }: OptionDescription,
  { options }: TensorAnswers,
  metadata: Readonly<Record<string, string>>,
): string | undefined {
  return Object.hasOwn(options, name) ? options[name] : Object.hasOwn(metadata, name) ? metadata[name] : undefined;
}

/** What was assumed by the names of its linears. */
function publishedNotices(
  { chain }: Reading,
  answers: TensorAnswers,
  metadata: Readonly<Record<string, string>>,
  file: string,
): UserError[] {
  const layer = chain.flatMap(({ layers }) => layers).find(({ cell }) => kindOf(cell).linears);
  if (!layer) return [];
  const { linears, options } = kindOf(layer.cell);
  if (!linears || !layer.options || options.some((option) => saidOf(option, answers, metadata) !== undefined))
    return [];
  const words = Object.entries(linears.published).map(([name, value]) => answerOf(name, String(value)));
  return [new UserError('notice.torch.published', file, linears.whole, linears.library, words.join(', '))];
}

function modelOf(
  { chain, embedding, output, bias, norm }: Reading,
  activation: Activation,
  chosenOptions: ChosenOptions,
  epsilon: number,
  file: string,
): GeneralModel {
  const W = valuesOf(output, file);
  const [vocabularySize] = output.shape;
  return {
    vocabularySize,
    embedding: embedding === output ? W : embedding && valuesOf(embedding, file),
    layers: chain.flatMap(({ layers }) =>
      layers.map((layer) => layerOf(layer, activation, chosenOptions(layer), file)),
    ),
    norm: norm && {
      kind: 'layerNorm',
      gamma: valuesOf(norm.gamma, file),
      beta: valuesOf(norm.beta, file),
      epsilon,
    },
    output: { W, b: bias ? valuesOf(bias, file) : zerosLike(W, vocabularySize) },
  };
}

function layerOf(layer: RecurrentLayer, activation: Activation, options: LayerOptions, file: string): GeneralLayer {
  const { cell, hiddenSize, inputSize, source } = layer;
  const forms = activationsOf(cell, activation).map((name) => ({ name, alpha: 1, beta: 0 }));
  return {
    cell,
    options,
    hiddenSize,
    inputSize,
    directions: layer.directions.map((tensors, d): GeneralDirection => ({
      direction: d === 0 ? 'forward' : 'backward',
      ...byRole<Weights>(cell, ({ role }) => inOurOrder(tensors, role, layer, file), new Float32Array(0)),
      peepholes: null,
      activations: forms,
      initialStates: [],
    })),
    clip: null,
    linearBeforeReset: true,
    ...plainAround,
    inputForget: false,
    source,
  };
}

function inOurOrder(tensors: RecurrentTensors, role: string, { cell, rows }: RecurrentLayer, file: string): Weights {
  const { W } = tensors;
  const found = isSharedRole(role) ? tensors[role] : null;
  if (!found) return zerosLike(valuesOf(W, file), rows);
  const values = valuesOf(found, file);
  const ours = zerosLike(values, values.length);
  intoOurOrder(ours, values, cell);
  return ours;
}

function zerosLike(values: Weights, length: number): Weights {
  return values instanceof Float64Array ? new Float64Array(length) : new Float32Array(length);
}

function valuesOf(tensor: WeightTensor, file: string): Weights {
  if (tensor.data) return tensor.data;
  throw unreadable(tensor, file);
}

/** Of an output that stands in a row of numbered modules behind one without weights: dropout in most cases, and an activation in some. */
function gapNotices(output: WeightTensor, names: readonly string[], file: string): UserError[] {
  const gaps = output.names.flatMap((name) => {
    const match = /^(.*\.|)(\d+)\.weight$/.exec(name);
    if (!match || match[2] === '0') return [];
    const before = `${match[1]}${Number(match[2]) - 1}`;
    return names.some((other) => other.startsWith(`${before}.`)) ? [] : [before];
  });
  return gaps.length > 0 ? [new UserError('notice.torch.gap', file, output.names[0], gaps[0])] : [];
}

function epsilonOf({ norm }: Reading, modules: ModuleFacts | undefined): number {
  return (norm && modules?.epsilons.get(norm.module)) ?? layerNormEpsilon;
}

/** @param aside tensors that were not looked at: an optimizer's, or such as a person says are not used */
function noticesOf(
  reading: Reading,
  aside: readonly string[],
  { modules, names }: { readonly modules: ModuleFacts | undefined; readonly names: readonly string[] },
  file: string,
): UserError[] {
  const { chain, embedding, output, norm, unused } = reading;
  const ofOwnClass = chain
    .flatMap((module) => module.pair ?? [module])
    .find(({ name }) => modules?.ownClasses.has(name));
  return [
    ...(ofOwnClass
      ? [new UserError('notice.torch.ownClass', file, ofOwnClass.name, modules?.ownClasses.get(ofOwnClass.name) ?? '')]
      : []),
    ...(embedding === output ? [new UserError('notice.torch.tied', file, output.names.join(', '))] : []),
    ...(chain.some(({ pair }) => pair)
      ? [new UserError('notice.torch.directions', file, namesInPairs(chain).join(', '))]
      : []),
    ...(chain.length > 1
      ? [new UserError('notice.torch.modules', file, chain.map(({ name }) => name).join(' → '))]
      : []),
    ...(modules?.areKnown ? [] : gapNotices(output, names, file)),
    ...(norm ? [new UserError('notice.torch.norm', file, norm.module, epsilonOf(reading, modules))] : []),
    ...unusedNotices([...unused.flatMap((tensor) => tensor.names), ...aside], file),
  ];
}

function unusedNotices(names: readonly string[], file: string): UserError[] {
  const shown = names.length > 8 ? [...names.slice(0, 7), '…'] : names;
  return shown.length > 0 ? [new UserError('notice.torch.unused', file, shown.join(', '))] : [];
}
