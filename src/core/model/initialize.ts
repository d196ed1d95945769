/** A model's first parameters. */
import { kindOf } from '../../layers/catalog';
import { normalWith, type FirstValue } from '../../layers/parameters';
import type { InitializationName } from '../../terms/choices';
import { UserError } from '../../userError';
import { inputSize, sizesOf, topSize, type ModelConfig } from './config';
import type { Weights } from './generalModel';
import { randomOrthogonal } from './orthogonal';
import { Parameters, type ParameterEntry } from './parameters';
import type { Random } from './random';

export interface InitializationSettings {
  readonly initialization: InitializationName;
  /** Scale of the recurrent matrices; not of `pytorch`. */
  readonly initScale: number;
  /** Of an LSTM: the sum of the forget gate's two biases in every unit; null leaves what the initialization gives. */
  readonly forgetBias: number | null;
}

const pytorch: InitializationSettings = { initialization: 'pytorch', initScale: 1, forgetBias: null };

/** Fills one gate's block of a recurrent matrix, [H, H] row-major. */
type RecurrentBlock = (block: Float32Array, hiddenSize: number, scale: number, random: Random) => void;

const recurrentBlocks: Readonly<Record<Exclude<InitializationName, 'pytorch'>, RecurrentBlock>> = {
  /** Glorot & Bengio 2010: uniform in ±g √(6 / (H + H)). */
  xavier: (block, hiddenSize, scale, random) => fillXavier(block, hiddenSize, hiddenSize, scale, random),
  /** Saxe et al. 2014, arXiv:1312.6120: g Q, Q a random orthogonal matrix. Every singular value is g. */
  orthogonal: (block, hiddenSize, scale, random) =>
    block.set(randomOrthogonal(hiddenSize, random).map((q) => scale * q)),
  /** Le, Jaitly & Hinton 2015, arXiv:1504.00941 (IRNN, with relu): g I. */
  identity: (block, hiddenSize, scale) => {
    for (let i = 0; i < hiddenSize; i++) block[i * hiddenSize + i] = scale;
  },
  /** Entries normal with variance g² / H: the spectral radius tends to g as H grows (Girko's circular law). */
  gaussian: (block, hiddenSize, scale, random) => {
    const deviation = scale / Math.sqrt(hiddenSize);
    for (let i = 0; i < block.length; i++) block[i] = deviation * random.normal();
  },
};

/**
 * The parameters of a new model, tensor after tensor in the order of the layout.
 * - `pytorch`: every parameter of the cells uniform in ±1/√H, of a layer that is one `nn.Linear` in ±1/√I (I what it reads), of the output in
 *   ±1/√(D·H), biases too, as `nn.LSTM` and `nn.Linear` do.
 * - The others differ in the recurrent matrices, gate by gate. Their other matrices are Xavier (scale 1), those of a cell gate by
 *   gate; their biases are zero.
 * What a kind says of its parameters' first values is so in all of them, and norms begin as the identity.
 * An embedding is normal with variance 1, as `nn.Embedding`; one that is also the output's weights is as these.
 * The settings must have passed `checkInitialization`.
 */
export function initialize(
  config: ModelConfig,
  random: Random,
  settings: InitializationSettings = pytorch,
): Parameters {
  const parameters = new Parameters(config);
  const { initialization, initScale, forgetBias } = settings;
  const deviation = kindOf(config.layers[0].cell).mixer?.deviationAround ?? null;
  for (const entry of parameters.layout.entries) {
    const values = parameters.view(entry);
    const own = entry.parameter?.initialization;
    if (entry.parameter === null && deviation !== null) fillAround(values, entry, deviation, random);
    else if (entry.role === 'embedding' && !config.tied) values.forEach((_, i) => (values[i] = random.normal()));
    else if (typeof own === 'object')
      if ('between' in own) fillBetween(values, own.between, random);
      else fillFirst(values, own.first(sizesOf(config, Math.max(0, entry.layer))), random);
    else if (initialization === 'pytorch') fillUniform(values, 1 / Math.sqrt(fanOf(entry, config)), random);
    else
      fillTensor(
        values,
        entry,
        entry.layer < 0 ? 0 : config.layers[entry.layer].hiddenSize,
        initScale,
        recurrentBlocks[initialization],
        random,
      );
  }
  if (forgetBias !== null) setForgetBias(parameters, config, forgetBias);
  return parameters;
}

/** Embedding and output of a model whose lowest kind says how they begin. */
function fillAround(values: Float32Array, { role }: ParameterEntry, deviation: number, random: Random): void {
  if (role === 'b') values.fill(0);
  else fillFirst(values, normalWith(deviation), random);
}

/** As a kind says, element by element. */
export function fillFirst(values: Weights, first: FirstValue, random: Random): void {
  for (let i = 0; i < values.length; i++) values[i] = first(random, i);
}

/** What PyTorch's initialization depends on. */
function fanOf({ layer, parameter }: ParameterEntry, config: ModelConfig): number {
  if (layer < 0) return topSize(config);
  return parameter?.initialization === 'linear' ? inputSize(config, layer) : config.layers[layer].hiddenSize;
}

/** Throws a UserError where a setting cannot be used. */
export function checkInitialization({ initialization, initScale, forgetBias }: InitializationSettings): void {
  if (initialization !== 'pytorch' && !Object.hasOwn(recurrentBlocks, initialization)) {
    throw new UserError('error.setting.initializationUnknown', initialization);
  }
  if (!(initScale > 0 && Number.isFinite(initScale))) throw new UserError('error.setting.initScale', String(initScale));
  if (forgetBias !== null && !Number.isFinite(forgetBias)) {
    throw new UserError('error.setting.forgetBias', String(forgetBias));
  }
}

function fillTensor(
  values: Float32Array,
  { shape, layer, parameter }: ParameterEntry,
  hiddenSize: number,
  scale: number,
  fillRecurrent: RecurrentBlock,
  random: Random,
): void {
  const [rows, columns] = shape as readonly [number, number?];
  if (columns === undefined) return;
  const blockRows = layer < 0 ? rows : hiddenSize;
  for (let row = 0; row < rows; row += blockRows) {
    const block = values.subarray(row * columns, (row + blockRows) * columns);
    if (parameter?.initialization === 'recurrent') fillRecurrent(block, hiddenSize, scale, random);
    else fillXavier(block, columns, blockRows, 1, random);
  }
}

function fillXavier(values: Float32Array, inputs: number, outputs: number, scale: number, random: Random): void {
  fillUniform(values, scale * Math.sqrt(6 / (inputs + outputs)), random);
}

function fillUniform(values: Float32Array, bound: number, random: Random): void {
  fillBetween(values, [-bound, bound], random);
}

export function fillBetween(values: Weights, [low, high]: readonly [number, number], random: Random): void {
  for (let i = 0; i < values.length; i++) values[i] = random.between(low, high);
}

/** Both biases stand before the same gate; PyTorch users count them together. */
function setForgetBias(parameters: Parameters, config: ModelConfig, bias: number): void {
  for (const [layer, { cell, hiddenSize: H }] of config.layers.entries()) {
    const { gates, forgetGate } = kindOf(cell);
    if (forgetGate === null) continue;
    const block = gates.findIndex((gate) => gate === forgetGate);
    for (const { Wb, Rb } of parameters.layers[layer]) {
      Wb.fill(bias, block * H, (block + 1) * H);
      Rb.fill(0, block * H, (block + 1) * H);
    }
  }
}
