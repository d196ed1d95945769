/**
 * A recurrent layer's window. What can be done for all steps at once goes through `Products`; the recurrence goes through the kernels, which
 * leave the gates behind. (ONNX's recurrent operators return the states only: the gates would have to be computed a second time.)
 */
import { at } from '../../kernels/arena';
import { cellOf } from '../layers/registry';
import { inputSize, ofEachShape, readsOneHot } from '../model/config';
import type { DirectionParameters, Parameters } from '../model/parameters';
import type { DirectionTape } from '../model/directionTape';
import type { Tape } from '../model/tape';
import type { Products } from '../products';
import { ForwardRecurrence } from './recurrence';
import { concatenate } from './directions';

export class RecurrentForward {
  private readonly recurrence: ForwardRecurrence;
  /** V × G·H: W of the lowest layer transposed, a row for each token; empty with an embedding. */
  private readonly columns: Float32Array;
  /** Of each layer G·H: Wb + Rb; empty of a mixer. */
  private readonly biases: readonly Float32Array[];

  constructor(
    private readonly tape: Tape,
    private readonly parameters: Parameters,
    private readonly products: Products,
  ) {
    const { config, arena } = tape;
    const {
      vocabularySize,
      layers: [lowest],
    } = config;
    this.columns = arena.floats(
      readsOneHot(config) ? vocabularySize * cellOf(lowest.cell).gates.length * lowest.hiddenSize : 0,
    );
    const none = new Float32Array(0);
    this.biases = ofEachShape(
      config,
      ({ cell, hiddenSize }) => arena.floats(cellOf(cell).gates.length * hiddenSize),
      none,
    );
    this.recurrence = new ForwardRecurrence(tape, products);
  }

  get saturation(): readonly (readonly Float64Array[])[] {
    return this.recurrence.saturation;
  }

  /** @param x [T·B, I]: what the layer reads; null for one-hot tokens */
  async run(layer: number, x: Float32Array | null): Promise<void> {
    const tape = this.tape.layers[layer];
    for (const [d, direction] of tape.directions.entries()) {
      const parameters = this.parameters.layers[layer][d];
      await this.preActivations(layer, direction, parameters, x);
      await this.recurrence.run(layer, d, parameters, this.biases[layer]);
    }
    concatenate(this.tape, tape);
  }

  /** W x_t + Wb, and + Rb where the cell allows it, of every step, into the tape's gates; of a kind whose kernels add the bias, W x_t, of every step or token. */
  private async preActivations(
    layer: number,
    { gates, tokens }: DirectionTape,
    { W, Wb, Rb }: DirectionParameters,
    x: Float32Array | null,
  ): Promise<void> {
    const { config, inputs, rows, arena } = this.tape;
    const cell = cellOf(config.layers[layer].cell);
    const bias = this.biases[layer];
    const width = bias.length;
    bias.fill(0);
    bias.set(Wb);
    if (!cell.linearBeforeReset) for (let j = 0; j < Rb.length; j++) bias[j] += Rb[j];
    const added = cell.gatesOfInput ? null : bias;
    if (x) {
      await this.products.affine(gates, x, W, added, rows, width, inputSize(config, layer));
      return;
    }
    // With one-hot x_t the product is a column of W; of a single token only that one is looked at.
    const V = config.vocabularySize;
    if (rows === 1 && inputs[0] >= 0 && !tokens) {
      for (let j = 0; j < width; j++) gates[j] = (added?.[j] ?? 0) + W[j * V + inputs[0]];
      return;
    }
    if (tokens) {
      arena.kernels.transpose(at(gates), at(W), width, V);
      gates.fill(0, V * width);
      return;
    }
    arena.kernels.transpose(at(this.columns), at(W), width, V);
    arena.kernels.gatherRows(at(gates), at(this.columns), at(inputs), rows, width, added ? at(added) : 0);
  }
}
