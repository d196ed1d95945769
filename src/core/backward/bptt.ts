/**
 * Back-propagation through time over one window: from the tape to ∂L/∂parameters and to the total gradients ∂L/∂h_t (LSTM: also
 * ∂L/∂c_t), with L the mean cross-entropy over the window's tokens. The recurrence goes step by step through the kernels; what
 * can be done for all steps at once goes through `Products`.
 */
import { FixedProduct } from '../../kernels/fixedProduct';
import type { StepGradients } from '../model/cells/cell';
import { cellOf } from '../model/cells/registry';
import { inputSize, type ModelConfig } from '../model/config';
import type { Parameters } from '../model/parameters';
import type { Tape } from '../model/tape';
import { norm } from '../numeric';
import type { Products } from './products';

/** Norms over units and streams of one layer's total gradients, one per step of the window. */
export interface TotalNorms {
  readonly hidden: Float64Array;
  /** LSTM only; empty otherwise. */
  readonly cellState: Float64Array;
}

export class Backward {
  /** Of the last window, layer by layer. */
  readonly totals: readonly TotalNorms[];
  private readonly logits: Float32Array;
  private readonly hidden: Float32Array;
  private readonly step: StepGradients;
  private readonly oneHotSums: Float32Array;
  /** T·B × 1: the product with it is the sum over all steps and streams. */
  private readonly ones: Float32Array;
  /** With R, for the way from each step to the one before. */
  private readonly recurrent: FixedProduct;

  constructor(
    private readonly config: ModelConfig,
    private readonly steps: number,
    private readonly batch: number,
    private readonly products: Products,
  ) {
    const cell = cellOf(config.cell);
    const size = batch * config.hiddenSize;
    const width = cell.gateCount * config.hiddenSize;
    const preActivations = () => new Float32Array(steps * batch * width);
    const input = preActivations();
    this.totals = Array.from({ length: config.layers }, () => ({
      hidden: new Float64Array(steps),
      cellState: new Float64Array(cell.hasCellState ? steps : 0),
    }));
    this.logits = new Float32Array(steps * batch * config.vocabularySize);
    this.hidden = new Float32Array(steps * size);
    this.oneHotSums = new Float32Array(config.vocabularySize * width);
    this.ones = new Float32Array(steps * batch).fill(1);
    this.recurrent = new FixedProduct(width, config.hiddenSize, batch);
    this.step = {
      hidden: new Float32Array(size),
      cellState: new Float32Array(cell.hasCellState ? size : 0),
      cellTotal: new Float32Array(cell.hasCellState ? size : 0),
      input,
      inputOffset: 0,
      recurrent: cell.recurrentDiffers ? preActivations() : input,
      recurrentOffset: 0,
      previousHidden: new Float32Array(size),
    };
  }

  /** Writes ∂L/∂parameters, all of it, into `gradient`. The tape must hold a forward pass of these parameters. */
  async run(tape: Tape, parameters: Parameters, gradient: Parameters): Promise<void> {
    const { hiddenSize: H, vocabularySize: V, layers } = this.config;
    const rows = this.steps * this.batch;
    this.lossGradient(tape);
    const top = tape.layers[layers - 1].hidden.subarray(this.batch * H);
    await this.products.transposedMultiply(gradient.output.W, this.logits, top, V, H, rows);
    await this.products.transposedMultiply(gradient.output.b, this.ones, this.logits, 1, V, rows);
    await this.products.multiply(this.hidden, this.logits, parameters.output.W, rows, H, V);
    for (let layer = layers - 1; layer >= 0; layer--) {
      this.recurrence(tape, parameters, layer);
      await this.weights(tape, gradient, layer);
      if (layer > 0) {
        const width = cellOf(this.config.cell).gateCount * H;
        await this.products.multiply(this.hidden, this.step.input, parameters.layers[layer].W, rows, inputSize(this.config, layer), width);
      }
    }
  }

  /** ∂L/∂logits = (p − y) / n, n the number of predicted tokens. */
  private lossGradient({ probabilities, targets }: Tape): void {
    const { vocabularySize: V } = this.config;
    const rows = targets.length;
    const scale = 1 / rows;
    for (let i = 0; i < rows * V; i++) this.logits[i] = probabilities[i] * scale;
    for (let row = 0; row < rows; row++) {
      const target = row * V + targets[row];
      // p − 1 first: scaled before, it would lose the digits of a sure prediction.
      this.logits[target] = (probabilities[target] - 1) * scale;
    }
  }

  /**
   * One layer from its last step to its first. On entry `this.hidden` holds what reaches each h_t from above; the gradient of the
   * pre-activations of every step is left in `this.step`.
   */
  private recurrence(tape: Tape, parameters: Parameters, layer: number): void {
    const { config, step, batch } = this;
    const cell = cellOf(config.cell);
    const size = batch * config.hiddenSize;
    const width = cell.gateCount * config.hiddenSize;
    const gradients = { ...step };
    const totals = this.totals[layer];
    step.previousHidden.fill(0);
    step.cellState.fill(0);
    this.recurrent.load(parameters.layers[layer].R);
    for (let t = this.steps - 1; t >= 0; t--) {
      for (let i = 0; i < size; i++) step.hidden[i] = this.hidden[t * size + i] + step.previousHidden[i];
      gradients.inputOffset = t * batch * width;
      gradients.recurrentOffset = gradients.inputOffset;
      cell.backwardStep(tape.layers[layer], t, batch, config, gradients);
      totals.hidden[t] = norm(step.hidden);
      if (cell.hasCellState) totals.cellState[t] = norm(step.cellTotal);
      this.recurrent.add(step.previousHidden, step.recurrent, gradients.recurrentOffset, batch);
    }
  }

  /** ∂L/∂W = Σ_t ∂L/∂a_t x_tᵀ, ∂L/∂R = Σ_t ∂L/∂a_t h_{t−1}ᵀ, and the biases' sums. */
  private async weights(tape: Tape, gradient: Parameters, layer: number): Promise<void> {
    const { config, step, batch } = this;
    const H = config.hiddenSize;
    const rows = this.steps * batch;
    const width = cellOf(config.cell).gateCount * H;
    const { W, R, Wb, Rb } = gradient.layers[layer];
    if (layer === 0) this.oneHotWeights(W, tape.inputs, width);
    else await this.products.transposedMultiply(W, step.input, tape.layers[layer - 1].hidden.subarray(batch * H), width, H, rows);
    await this.products.transposedMultiply(R, step.recurrent, tape.layers[layer].hidden.subarray(0, rows * H), width, H, rows);
    await this.products.transposedMultiply(Wb, this.ones, step.input, 1, width, rows);
    if (step.recurrent === step.input) Rb.set(Wb);
    else await this.products.transposedMultiply(Rb, this.ones, step.recurrent, 1, width, rows);
  }

  /** With one-hot x_t the product is a sum of rows by token. */
  private oneHotWeights(W: Float32Array, inputs: Int32Array, width: number): void {
    const { vocabularySize: V } = this.config;
    const sums = this.oneHotSums;
    sums.fill(0);
    for (let row = 0; row < inputs.length; row++) {
      const to = inputs[row] * width;
      const from = row * width;
      for (let j = 0; j < width; j++) sums[to + j] += this.step.input[from + j];
    }
    for (let token = 0; token < V; token++) for (let j = 0; j < width; j++) W[j * V + token] = sums[token * width + j];
  }
}
