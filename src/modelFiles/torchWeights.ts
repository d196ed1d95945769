/**
 * Bare weights under PyTorch's names, in safetensors: `rnn.weight_ih_l0`, `…_l0_reverse`, an embedding `[V, E]` and a linear layer
 * `[V, D·H]`. PyTorch's gates are in the order i f g o and r z n; ours are ONNX's.
 */
import { UserError } from '../userError';
import { directionsOf, inputSize, topSize, uniformModel, uniformStack } from '../core/model/config';
import { activations, type Activation } from '../layers/activation';
import { kindOf, kindOfBlocks, type CellName } from '../layers/catalog';
import { eachRole, shapeOf } from '../core/model/directionParameters';
import { Parameters } from '../core/model/parameters';
import type { PlainModel } from '../core/model/plainModel';
import { decodeSafetensors, encodeSafetensors, type Tensor } from '../formats/safetensors';
import { torchName, torchNames } from './torchNames';

/** What a file of bare weights does not say. */
export interface RequestedArchitecture {
  /** Of vanilla RNN layers; null where it is not specified. */
  readonly activation: Activation | null;
}

export interface TorchWeights {
  readonly plain: PlainModel;
  readonly metadata: ReadonlyMap<string, string>;
  readonly notices: readonly UserError[];
}

type Matrix = { readonly name: string; readonly shape: readonly number[]; readonly data: Float32Array | Float64Array };

const recurrentName = /^(?:(.*)\.)?(weight_ih|weight_hh|bias_ih|bias_hh|weight_hr)_l(\d+)(_reverse)?$/;
const embeddingWords = /emb|encod|wte|lookup/i;

/** @param file for the sentences  Throws a UserError for what is no recurrent language model. */
export function readTorchWeights(bytes: Uint8Array, file: string, { activation }: RequestedArchitecture): TorchWeights {
  const { tensors, metadata } = decodeSafetensors(bytes, file);
  const all = Array.from(tensors).flatMap(([name, tensor]): Matrix[] =>
    tensor.dtype === 'F32' || tensor.dtype === 'F64' ? [{ name, shape: tensor.shape, data: tensor.data }] : [],
  );
  const recurrent = all.filter(({ name }) => recurrentName.test(name));
  const others = all.filter(({ name }) => !recurrentName.test(name));
  const stack = stackOf(recurrent, file);
  const { cell, hiddenSize, layers, bidirectional, inputSize: I } = stack;
  const width = (bidirectional ? 2 : 1) * hiddenSize;
  const notices: UserError[] = [];
  const { embedding, outputW, outputB } = endsOf(others, I, width, file, notices);
  const [vocabularySize] = outputW.shape;
  if (!embedding && I !== vocabularySize) {
    throw new UserError('error.torch.noEmbedding', file, vocabularySize, I);
  }
  const said = activation ?? activations.find((name) => name === metadata['activation']);
  if (kindOf(cell).activation === 'chosen' && said === undefined)
    throw new UserError('error.torch.activationUnsaid', file).needing('activation');
  const config = uniformModel({
    cell,
    activation: said ?? 'tanh',
    layers,
    bidirectional,
    hiddenSize,
    vocabularySize,
    embeddingSize: embedding ? I : null,
    tied: embedding === outputW,
    objective: bidirectional ? 'masked' : 'next',
  });
  const parameters = new Parameters(config);
  if (embedding) parameters.embedding?.set(embedding.data);
  parameters.layers.forEach((directions, layer) => {
    directions.forEach((own, d) => {
      for (const [parameter, values] of eachRole(cell, own)) {
        const found = parameter.torch === null ? undefined : stack.find(parameter.torch, layer, d);
        // PyTorch's modules can be without biases.
        if (!found && parameter.initialization === 'bias') continue;
        putGates(values, checked(found, shapeOf(parameter, stack, inputSize(config, layer)), file), cell);
      }
    });
  });
  if (!config.tied) parameters.output.W.set(outputW.data);
  if (outputB) parameters.output.b.set(outputB.data);
  return { plain: { config, parameters }, metadata: new Map(Object.entries(metadata)), notices };
}

interface Stack {
  readonly cell: CellName;
  readonly hiddenSize: number;
  readonly inputSize: number;
  readonly layers: number;
  readonly bidirectional: boolean;
  find(role: string, layer: number, direction: number): Matrix | undefined;
}

function stackOf(tensors: readonly Matrix[], file: string): Stack {
  const parts = new Map<string, Matrix>();
  const modules = new Set<string>();
  let layers = 0;
  for (const tensor of tensors) {
    const [, module = '', role, layer, reverse] = recurrentName.exec(tensor.name) as unknown as [
      string,
      string | undefined,
      string,
      string,
      string | undefined,
    ];
    if (role === 'weight_hr') throw new UserError('error.torch.projection', file, tensor.name);
    modules.add(module);
    layers = Math.max(layers, Number(layer) + 1);
    parts.set(`${role} ${layer} ${reverse ? 1 : 0}`, tensor);
  }
  if (modules.size > 1) throw new UserError('error.torch.severalModules', file, Array.from(modules).sort().join(', '));
  const find = (role: string, layer: number, direction: number) => parts.get(`${role} ${layer} ${direction}`);
  const [R, W] = [find('weight_hh', 0, 0), find('weight_ih', 0, 0)];
  if (!R || !W) throw new UserError('error.torch.noRecurrentWeights', file);
  const [rows, hiddenSize] = R.shape.length === 2 ? R.shape : [0, 0];
  const kind = kindOfBlocks(rows / hiddenSize);
  if (!kind || W.shape.length !== 2) {
    throw new UserError('error.torch.cellUnknown', file, R.name, R.shape.join(', '));
  }
  return {
    cell: kind.name,
    hiddenSize,
    inputSize: W.shape[1],
    layers,
    bidirectional: find('weight_hh', 0, 1) !== undefined,
    find,
  };
}

/** Embedding and output, by their shapes; where both have the same, by their names. */
function endsOf(
  others: readonly Matrix[],
  I: number,
  width: number,
  file: string,
  notices: UserError[],
): { embedding: Matrix | undefined; outputW: Matrix; outputB: Matrix | undefined } {
  const matrices = others.filter(({ shape }) => shape.length === 2);
  const vectors = others.filter(({ shape }) => shape.length === 1);
  const outputs = matrices.filter(({ shape }) => shape[1] === width);
  const likely = outputs.length > 1 ? outputs.filter(({ name }) => !embeddingWords.test(name)) : outputs;
  if (likely.length !== 1) {
    throw new UserError('error.torch.oneOutputLayer', file, width, outputs.map(({ name }) => name).join(', ') || '–');
  }
  const [outputW] = likely;
  const V = outputW.shape[0];
  const embeddings = matrices.filter((each) => each !== outputW && each.shape[0] === V && each.shape[1] === I);
  if (embeddings.length > 1)
    throw new UserError('error.torch.severalEmbeddings', file, embeddings.map(({ name }) => name).join(', '));
  const isTied = embeddings.length === 0 && I === width && I !== V;
  if (isTied) notices.push(new UserError('notice.torch.tied', file, outputW.name));
  const biases = vectors.filter(({ shape }) => shape[0] === V);
  const module = outputW.name.replace(/\.?weight$/, '');
  const outputB = biases.find(({ name }) => name === `${module}.bias`) ?? (biases.length === 1 ? biases[0] : undefined);
  const known: readonly (Matrix | undefined)[] = [outputW, outputB, ...embeddings];
  const left = others.filter((each) => !known.includes(each)).map(({ name }) => name);
  if (left.length > 0) throw new UserError('error.torch.tensorsNotUnderstood', file, left.join(', '));
  return { embedding: isTied ? outputW : embeddings.at(0), outputW, outputB };
}

function checked(tensor: Matrix | undefined, shape: readonly number[], file: string): Matrix {
  if (!tensor) throw new UserError('error.torch.tensorMissing', file, shape.join(', '));
  if (tensor.shape.join() === shape.join()) return tensor;
  throw new UserError('error.torch.tensorShape', file, tensor.name, tensor.shape.join(', '), shape.join(', '));
}

function gateOrderOf(cell: CellName): readonly number[] {
  return kindOf(cell).torch?.gateOrder ?? [];
}

/** PyTorch's gate blocks into ours. */
function putGates(own: Float32Array, { data }: Matrix, cell: CellName): void {
  const blocks = gateOrderOf(cell);
  const length = own.length / blocks.length;
  blocks.forEach((block, b) => own.set(data.subarray(b * length, (b + 1) * length), block * length));
}

/** The same names and gate order, to be loaded into `nn.Embedding`, `nn.RNN`, `nn.LSTM` or `nn.GRU`, and `nn.Linear`. */
export function writeTorchWeights(
  { config, parameters }: PlainModel,
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  const tensors = new Map<string, Tensor>();
  const put = (name: string, shape: readonly number[], data: Float32Array) =>
    tensors.set(name, { dtype: 'F32', shape, data });
  const stack = uniformStack(config);
  if (!stack) throw new UserError('error.torch.layersDiffer');
  const { cell, vocabularySize: V } = stack;
  if (!kindOf(cell).torch) throw new UserError('error.torch.noModule', kindOf(cell).label);
  if (parameters.embedding) put(torchNames.embedding, [V, parameters.embedding.length / V], parameters.embedding);
  parameters.layers.forEach((directions, layer) => {
    directions.forEach((own, d) => {
      for (const [parameter, values] of eachRole(cell, own)) {
        put(
          torchName(parameter, layer, directionsOf(stack)[d]),
          shapeOf(parameter, stack, inputSize(config, layer)),
          torchOrder(values, cell),
        );
      }
    });
  });
  if (!config.tied) put(torchNames.output.W, [V, topSize(config)], parameters.output.W);
  put(torchNames.output.b, [V], parameters.output.b);
  return encodeSafetensors(tensors, metadata);
}

function torchOrder(own: Float32Array, cell: CellName): Float32Array {
  const blocks = gateOrderOf(cell);
  const length = own.length / blocks.length;
  const data = new Float32Array(own.length);
  blocks.forEach((block, b) => data.set(own.subarray(block * length, (block + 1) * length), b * length));
  return data;
}
