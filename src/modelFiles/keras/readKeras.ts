/** A Keras model as a stack of layers: an Embedding or one-hot tokens, SimpleRNN, LSTM and GRU, norms between them, and a Dense for the symbols. */
import {
  layerOutputSize,
  plainAround,
  type GeneralLayer,
  type GeneralModel,
  type Norm,
  type Weights,
} from '../../core/model/generalModel';
import type { Hdf5File } from '../../formats/hdf5/content';
import { UserError } from '../../userError';
import { inShort } from '../symbolList';
import { transposed } from '../transposed';
import { kerasConfigOf, layerOf, sizeIn, type KerasLayer } from './config';
import { isNorm, normOf } from './norm';
import { isRecurrent, recurrentLayer } from './recurrent';
import { checkShapes, kerasWeightsOf, type KerasPart, type KerasWeights } from './weights';

export interface KerasModel {
  readonly model: GeneralModel;
  readonly notices: readonly UserError[];
}

/** They do nothing once a model is trained. */
const onlyInTraining = [
  'ActivityRegularization',
  'AlphaDropout',
  'Dropout',
  'GaussianDropout',
  'GaussianNoise',
  'SpatialDropout1D',
];

/**
 * @param parsed the configuration  @param version of Keras, of which 2 and 3 mean different things by one word  @param file for the sentences
 * Throws a UserError that names what is no part of such a stack, or is not in the file.
 */
export function readKerasModel(parsed: unknown, content: Hdf5File, version: number, file: string): KerasModel {
  const { layers, row } = kerasConfigOf(parsed, file);
  const reader = new RowReader(kerasWeightsOf(content, layers, file), version, file);
  for (const layer of row) reader.read(layer);
  return reader.result();
}

class RowReader {
  private embedding: Weights | null = null;
  private vocabularySize: number | null = null;
  /** Features of a step behind what was read; null before the first layer. */
  private size: number | null = null;
  /** Of what comes next. */
  private norm: Norm | null = null;
  private readonly layers: GeneralLayer[] = [];
  private output: { readonly W: Weights; readonly b: Weights } | null = null;
  private hasSoftmax = false;
  private isMasked = false;
  private givesAll = true;

  constructor(
    private readonly weights: KerasWeights,
    private readonly version: number,
    private readonly file: string,
  ) {}

  read(layer: KerasLayer): void {
    const { className } = layer;
    if (className === 'InputLayer' || onlyInTraining.includes(className)) return;
    if (this.output) this.readBehindOutput(layer);
    else if (className === 'Embedding' && this.size === null) this.readEmbedding(layer);
    // The one feature of a one-hot token is never 0, which is what a mask leaves out.
    else if (className === 'Masking' && this.size === null && layer.config['mask_value'] === 0) return;
    else if (isNorm(className) && this.size !== null && !this.norm)
      this.norm = normOf(layer, this.size, this.weights, this.file);
    else if (isRecurrent(className) && this.givesAll) this.readRecurrent(layer);
    else if (className === 'Dense' && this.layers.length > 0) this.readOutput(layer, layer, 'own');
    else if (className === 'TimeDistributed') this.readWrapped(layer);
    else throw this.unknown(layer);
  }

  result(): KerasModel {
    const { layers, output, vocabularySize, embedding, norm } = this;
    if (layers.length === 0) throw new UserError('error.keras.noRecurrent', this.file);
    if (!output || vocabularySize === null) throw new UserError('error.keras.noOutput', this.file);
    return { model: { vocabularySize, embedding, layers, norm, output }, notices: this.notices() };
  }

  private readEmbedding(layer: KerasLayer): void {
    const arrays = this.weights.of(layer, 'own');
    const { config } = layer;
    const V = sizeIn(config, 'input_dim', this.file);
    const E = sizeIn(config, 'output_dim', this.file);
    checkShapes(arrays, [[V, E]], layer, this.file);
    this.embedding = arrays[0].read();
    this.vocabularySize = V;
    this.size = E;
    this.isMasked = config['mask_zero'] === true;
  }

  private readRecurrent(layer: KerasLayer): void {
    const inputSize = this.size ?? this.sizeOfTokens(layer);
    const [around] = plainAround.sublayers;
    const { layer: read, givesAll } = recurrentLayer(layer, {
      weights: this.weights,
      inputSize,
      sublayer: { ...around, norm: this.norm },
      version: this.version,
      file: this.file,
    });
    this.norm = null;
    this.layers.push(read);
    this.size = layerOutputSize(read);
    this.givesAll = givesAll;
    if (!givesAll && this.layers.some(({ directions }) => directions.length > 1))
      throw new UserError('error.keras.lastOfTwoDirections', this.file, layer.name);
  }

  /** Of tokens that are read one-hot: as many as the lowest kernel has rows. */
  private sizeOfTokens(layer: KerasLayer): number {
    const [kernel] = this.weights.of(layer, layer.className === 'Bidirectional' ? 'forward' : 'cell');
    const [rows = 0] = kernel.shape;
    this.vocabularySize = rows;
    return rows;
  }

  private readWrapped(layer: KerasLayer): void {
    const inner = layerOf(layer.config['layer']);
    if (inner && onlyInTraining.includes(inner.className)) return;
    if (inner?.className !== 'Dense' || this.layers.length === 0) throw this.unknown(layer);
    this.readOutput(layer, inner, 'wrapped');
  }

  private readOutput(layer: KerasLayer, { config }: KerasLayer, part: KerasPart): void {
    const { activation = 'linear', use_bias: usesBias } = config;
    const units = sizeIn(config, 'units', this.file);
    const isSoftmax = activation === 'softmax' || activation === 'log_softmax';
    const V = this.vocabularySize ?? 0;
    if (units !== V) throw new UserError('error.keras.outputSize', this.file, layer.name, units, V);
    if (!isSoftmax && activation !== 'linear' && activation !== null)
      throw new UserError('error.keras.outputActivation', this.file, layer.name, inShort(activation));
    const H = this.size ?? 0;
    const hasBias = usesBias !== false;
    const arrays = this.weights.of(layer, part);
    checkShapes(arrays, [[H, V], ...(hasBias ? [[V]] : [])], layer, this.file);
    const W = transposed(arrays[0].read(), H, V);
    const bias = arrays.at(1);
    this.output = { W, b: bias?.read() ?? (W instanceof Float64Array ? new Float64Array(V) : new Float32Array(V)) };
    this.hasSoftmax = isSoftmax;
  }

  /** Nothing but the softmax that the output has not had. */
  private readBehindOutput(layer: KerasLayer): void {
    const { className, config } = layer;
    const isSoftmax =
      (className === 'Activation' && (config['activation'] === 'softmax' || config['activation'] === 'log_softmax')) ||
      (className === 'Softmax' && (config['axis'] ?? -1) === -1);
    if (className === 'Activation' && config['activation'] === 'linear') return;
    if (!isSoftmax || this.hasSoftmax) throw this.unknown(layer);
    this.hasSoftmax = true;
  }

  private unknown({ name, className }: KerasLayer): UserError {
    return new UserError('error.keras.layerUnknown', this.file, name, className);
  }

  private notices(): UserError[] {
    return [
      ...(this.isMasked ? [new UserError('notice.keras.mask', this.file)] : []),
      ...(this.givesAll ? [] : [new UserError('notice.keras.last', this.file)]),
    ];
  }
}
