/**
 * The forward pass of one window: tokens and carried-in state on the tape → the states, gates and probabilities that the backward
 * pass needs. What can be done for all steps at once goes through `Products`; the recurrence goes through the kernels, which
 * leave the gates behind. (ONNX's recurrent operators return the states only: the gates would have to be computed a second time.)
 */
import { at } from '../../kernels/arena';
import { cellOf } from '../layers/registry';
import { inputSize, ofEachShape, outputSize, topSize } from '../model/config';
import type { DirectionParameters, Parameters } from '../model/parameters';
import type { DirectionTape } from '../model/directionTape';
import type { Tape } from '../model/tape';
import type { Products } from '../products';
import { ForwardRecurrence } from './recurrence';
import { concatenate } from './directions';

export class Forward {
  private readonly recurrence: ForwardRecurrence;
  /** T·B × E; empty where tokens are read one-hot. */
  readonly embedded: Float32Array;
  /** V × G·H: W of the lowest layer transposed, a row for each token; empty with an embedding. */
  private readonly columns: Float32Array;
  /** Of each layer G·H: Wb + Rb. */
  private readonly biases: readonly Float32Array[];

  /** @param parameters in the tape's arena */
  constructor(
    private readonly tape: Tape,
    private readonly parameters: Parameters,
    private readonly products: Products,
  ) {
    const { config, arena, maxSteps, batch } = tape;
    const {
      embeddingSize,
      vocabularySize,
      layers: [lowest],
    } = config;
    this.embedded = arena.floats(embeddingSize === null ? 0 : maxSteps * batch * embeddingSize);
    this.columns = arena.floats(
      embeddingSize === null ? vocabularySize * cellOf(lowest.cell).gates.length * lowest.hiddenSize : 0,
    );
    this.biases = ofEachShape(config, ({ cell, hiddenSize }) => arena.floats(cellOf(cell).gates.length * hiddenSize));
    this.recurrence = new ForwardRecurrence(tape, products);
  }

  /** What the gates of the last window counted: of each layer and direction the fractions named in `Cell.counts`. */
  get saturation(): readonly (readonly Float64Array[])[] {
    return this.recurrence.saturation;
  }

  /** Fills the whole tape. */
  async run(): Promise<void> {
    await this.states();
    const { config, layers, probabilities, rows, targets, targetLogProbabilities, arena } = this.tape;
    const { W, b } = this.parameters.output;
    const top = layers[layers.length - 1].output;
    await this.products.affine(probabilities, top, W, b, rows, config.vocabularySize, topSize(config));
    arena.kernels.softmax(rows, config.vocabularySize, at(probabilities), at(targets), at(targetLogProbabilities));
  }

  /** The states and gates only, for a window whose predictions are not wanted yet. */
  async states(): Promise<void> {
    this.embed();
    const { layers, config, rows, arena } = this.tape;
    for (const [layer, tape] of layers.entries()) {
      for (const [d, direction] of tape.directions.entries()) {
        const parameters = this.parameters.layers[layer][d];
        await this.preActivations(layer, direction, parameters);
        await this.recurrence.run(layer, d, parameters);
      }
      concatenate(this.tape, tape);
      if (tape.dropout)
        arena.kernels.multiplyElements(
          at(tape.passed),
          at(tape.output),
          at(tape.dropout),
          rows * outputSize(config.layers[layer]),
        );
    }
  }

  private embed(): void {
    const { embedding } = this.parameters;
    if (!embedding) return;
    const { config, inputs, rows, arena } = this.tape;
    arena.kernels.gatherRows(at(this.embedded), at(embedding), at(inputs), rows, config.embeddingSize ?? 0, 0);
  }

  /** W x_t + Wb, and + Rb where the cell allows it, of every step, into the tape's gates. */
  private async preActivations(
    layer: number,
    { gates }: DirectionTape,
    { W, Wb, Rb }: DirectionParameters,
  ): Promise<void> {
    const { config, layers, inputs, rows, arena } = this.tape;
    const { linearBeforeReset } = cellOf(config.layers[layer].cell);
    const bias = this.biases[layer];
    const width = bias.length;
    bias.fill(0);
    bias.set(Wb);
    if (!linearBeforeReset) for (let j = 0; j < Rb.length; j++) bias[j] += Rb[j];
    if (layer > 0 || config.embeddingSize !== null) {
      const x = layer > 0 ? layers[layer - 1].passed : this.embedded;
      await this.products.affine(gates, x, W, bias, rows, width, inputSize(config, layer));
      return;
    }
    // With one-hot x_t the product is a column of W; of a single token only that one is looked at.
    const V = config.vocabularySize;
    if (rows === 1 && inputs[0] >= 0) {
      for (let j = 0; j < width; j++) gates[j] = bias[j] + W[j * V + inputs[0]];
      return;
    }
    arena.kernels.transpose(at(this.columns), at(W), width, V);
    arena.kernels.gatherRows(at(gates), at(this.columns), at(inputs), rows, width, at(bias));
  }
}
