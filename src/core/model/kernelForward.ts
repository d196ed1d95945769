/** The forward pass by the kernels alone, where ONNX Runtime has no binary or fails to load. Same results, to rounding. */
import { Arena, FixedMatrix } from '../../kernels/arena';
import { multiplyTransposed } from '../../kernels/kernels';
import { cellOf } from './cells/registry';
import { inputSize, type ModelConfig } from './config';
import type { Parameters } from './parameters';
import type { Forward, Tape } from './tape';

export class KernelForward implements Forward {
  readonly backend = 'wasm';
  private readonly width: number;
  private readonly recurrent: Float32Array;
  /** With Rᵀ, from each state to the next pre-activations. */
  private readonly product: FixedMatrix;
  /** h_{t−1} of all streams. */
  private readonly state: Float32Array;
  private input = new Float32Array(0);

  constructor(
    private readonly config: ModelConfig,
    private readonly parameters: Parameters,
    largestBatch: number,
  ) {
    this.width = cellOf(config.cell).gateCount * config.hiddenSize;
    const H = config.hiddenSize;
    const lengths = [largestBatch * this.width, largestBatch * H, FixedMatrix.length(H, this.width)];
    const arena = new Arena(lengths);
    this.recurrent = arena.floats(lengths[0]);
    this.state = arena.floats(lengths[1]);
    this.product = new FixedMatrix(arena, H, this.width);
  }

  run(tape: Tape): Promise<void> {
    for (let layer = 0; layer < this.config.layers; layer++) this.layer(tape, layer);
    this.output(tape);
    return Promise.resolve();
  }

  private layer(tape: Tape, layer: number): void {
    const { config, width, recurrent } = this;
    const { steps, batch } = tape;
    const H = config.hiddenSize;
    const rows = steps * batch;
    const { W, R, Wb, Rb } = this.parameters.layers[layer];
    if (this.input.length < rows * width) this.input = new Float32Array(rows * width);
    const input = this.input;
    fillRows(input, Wb, rows);
    if (layer === 0) addColumns(input, W, tape.inputs, width, config.vocabularySize);
    else multiplyTransposed(input, 0, tape.layers[layer - 1].hidden, batch * H, W, 0, rows, width, inputSize(config, layer), true);
    const cell = cellOf(config.cell);
    this.product.loadTransposed(R);
    for (let t = 0; t < steps; t++) {
      fillRows(recurrent, Rb, batch);
      this.state.set(tape.layers[layer].hidden.subarray(t * batch * H, (t + 1) * batch * H));
      this.product.multiplyAdd(recurrent, 0, this.state, 0, batch);
      cell.forwardStep(tape.layers[layer], t, batch, config, input, t * batch * width, recurrent);
    }
  }

  /** Log-softmax of the logits, row by row. */
  private output(tape: Tape): void {
    const { hiddenSize: H, vocabularySize: V, layers } = this.config;
    const { probabilities, targets, targetLogProbabilities } = tape;
    const { W, b } = this.parameters.output;
    const rows = targets.length;
    fillRows(probabilities, b, rows);
    multiplyTransposed(probabilities, 0, tape.layers[layers - 1].hidden, tape.batch * H, W, 0, rows, V, H, true);
    for (let row = 0; row < rows; row++) {
      const logits = probabilities.subarray(row * V, (row + 1) * V);
      let largest = -Infinity;
      for (const logit of logits) largest = Math.max(largest, logit);
      let sum = 0;
      for (const logit of logits) sum += Math.exp(logit - largest);
      const logSum = largest + Math.log(sum);
      targetLogProbabilities[row] = logits[targets[row]] - logSum;
      for (let v = 0; v < V; v++) logits[v] = Math.exp(logits[v] - logSum);
    }
  }
}

function fillRows(out: Float32Array, row: Float32Array, rows: number): void {
  for (let i = 0; i < rows; i++) out.set(row, i * row.length);
}

/** out[row] += W[:, ids[row]]: the product with one-hot rows. */
function addColumns(out: Float32Array, W: Float32Array, ids: Int32Array, width: number, columns: number): void {
  for (let row = 0; row < ids.length; row++) for (let j = 0; j < width; j++) out[row * width + j] += W[j * columns + ids[row]];
}
