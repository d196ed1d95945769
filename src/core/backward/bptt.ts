/**
 * Back-propagation through time over one window: from the tape to ∂L/∂parameters and to the total gradients ∂L/∂h_t (LSTM: also
 * ∂L/∂c_t), with L the mean cross-entropy over the window's tokens. The recurrence goes step by step through the kernels; what
 * can be done for all steps at once goes through `Products`.
 */
import { at, FixedMatrix } from '../../kernels/arena';
import type { StepGradients } from '../model/cells/cell';
import { cellOf } from '../model/cells/registry';
import { inputSize, type ModelConfig } from '../model/config';
import type { Parameters } from '../model/parameters';
import type { Tape } from '../model/tape';
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
  private readonly recurrent: FixedMatrix;

  /** @param tape made with room for `Backward.lengths` */
  constructor(
    private readonly tape: Tape,
    private readonly products: Products,
  ) {
    const { config, steps, batch, arena } = tape;
    const cell = cellOf(config.cell);
    const size = batch * config.hiddenSize;
    const width = cell.gateCount * config.hiddenSize;
    const preActivations = () => arena.floats(steps * batch * width);
    const input = preActivations();
    this.totals = Array.from({ length: config.layers }, () => ({
      hidden: new Float64Array(steps),
      cellState: new Float64Array(cell.hasCellState ? steps : 0),
    }));
    this.logits = new Float32Array(steps * batch * config.vocabularySize);
    this.hidden = arena.floats(steps * size);
    this.oneHotSums = arena.floats(config.vocabularySize * width);
    this.ones = new Float32Array(steps * batch).fill(1);
    this.recurrent = new FixedMatrix(arena, width, config.hiddenSize);
    const cellSize = cell.hasCellState ? size : 0;
    this.step = {
      hidden: arena.floats(size),
      cellState: arena.floats(cellSize),
      cellTotal: arena.floats(cellSize),
      input,
      inputOffset: 0,
      recurrent: cell.recurrentDiffers ? preActivations() : input,
      recurrentOffset: 0,
      previousHidden: arena.floats(size),
    };
  }

  /** What it takes of a tape's arena. */
  static lengths(config: ModelConfig, steps: number, batch: number): number[] {
    const cell = cellOf(config.cell);
    const size = batch * config.hiddenSize;
    const width = cell.gateCount * config.hiddenSize;
    const preActivations = Array<number>(cell.recurrentDiffers ? 2 : 1).fill(steps * batch * width);
    const states = Array<number>(cell.hasCellState ? 4 : 2).fill(size);
    return [...preActivations, steps * size, config.vocabularySize * width, FixedMatrix.length(width, config.hiddenSize), ...states];
  }

  /** Writes ∂L/∂parameters, all of it, into `gradient`. The tape must hold a forward pass of these parameters. */
  async run(parameters: Parameters, gradient: Parameters): Promise<void> {
    const { config, steps, batch, layers: tapes } = this.tape;
    const { hiddenSize: H, vocabularySize: V, layers } = config;
    const rows = steps * batch;
    this.lossGradient();
    const top = tapes[layers - 1].hidden.subarray(batch * H);
    await this.products.transposedMultiply(gradient.output.W, this.logits, top, V, H, rows);
    await this.products.transposedMultiply(gradient.output.b, this.ones, this.logits, 1, V, rows);
    await this.products.multiply(this.hidden, this.logits, parameters.output.W, rows, H, V);
    for (let layer = layers - 1; layer >= 0; layer--) {
      this.recurrence(parameters, layer);
      await this.weights(gradient, layer);
      if (layer > 0) {
        const width = cellOf(config.cell).gateCount * H;
        await this.products.multiply(this.hidden, this.step.input, parameters.layers[layer].W, rows, inputSize(config, layer), width);
      }
    }
  }

  /** ∂L/∂logits = (p − y) / n, n the number of predicted tokens. */
  private lossGradient(): void {
    const { probabilities, targets, config } = this.tape;
    const { vocabularySize: V } = config;
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
  private recurrence(parameters: Parameters, layer: number): void {
    const { step } = this;
    const { config, steps, batch, arena, layers } = this.tape;
    const { kernels } = arena;
    const cell = cellOf(config.cell);
    const size = batch * config.hiddenSize;
    const width = cell.gateCount * config.hiddenSize;
    const gradients = { ...step };
    const totals = this.totals[layer];
    step.previousHidden.fill(0);
    step.cellState.fill(0);
    this.recurrent.load(parameters.layers[layer].R);
    for (let t = steps - 1; t >= 0; t--) {
      kernels.add(at(step.hidden), at(this.hidden, t * size), at(step.previousHidden), size);
      gradients.inputOffset = t * batch * width;
      gradients.recurrentOffset = gradients.inputOffset;
      cell.backwardStep(kernels, layers[layer], t, batch, config, gradients);
      totals.hidden[t] = Math.sqrt(kernels.sumOfSquares(at(step.hidden), size));
      if (cell.hasCellState) totals.cellState[t] = Math.sqrt(kernels.sumOfSquares(at(step.cellTotal), size));
      this.recurrent.multiplyAdd(step.previousHidden, 0, step.recurrent, gradients.recurrentOffset, batch);
    }
  }

  /** ∂L/∂W = Σ_t ∂L/∂a_t x_tᵀ, ∂L/∂R = Σ_t ∂L/∂a_t h_{t−1}ᵀ, and the biases' sums. */
  private async weights(gradient: Parameters, layer: number): Promise<void> {
    const { step, tape } = this;
    const { config, batch } = tape;
    const H = config.hiddenSize;
    const rows = tape.steps * batch;
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
    const { config, arena } = this.tape;
    const { vocabularySize: V } = config;
    const { kernels } = arena;
    const sums = this.oneHotSums;
    sums.fill(0);
    for (let row = 0; row < inputs.length; row++) {
      const sum = at(sums, inputs[row] * width);
      kernels.add(sum, sum, at(this.step.input, row * width), width);
    }
    for (let token = 0; token < V; token++) for (let j = 0; j < width; j++) W[j * V + token] = sums[token * width + j];
  }
}
