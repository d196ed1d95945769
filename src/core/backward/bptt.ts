/**
 * Back-propagation through time over one window: from the tape to ∂L/∂parameters and to the total gradients ∂L/∂h_t (LSTM: also
 * ∂L/∂c_t), with L the mean cross-entropy over the predicted tokens. The recurrence goes through the kernels; what can be done
 * for all steps at once goes through `Products`.
 */
import { at } from '../../kernels/arena';
import { statesBefore } from '../forward/directions';
import type { Forward } from '../forward/forward';
import { cellOf } from '../layers/registry';
import { inputSize, largestOutput, outputSize, topSize } from '../model/config';
import type { Parameters } from '../model/parameters';
import type { Tape } from '../model/tape';
import type { Products } from '../products';
import { BackwardRecurrence, type TotalNorms } from './recurrence';

/**
 * Weight gradients of more steps than this are summed block by block, the blocks' sums in float64: in one float32 sum over a long text
 * digits would be lost. Segments of this length (`SegmentedBackward`) give the same bits.
 */
export const stepsOfBlock = 1024;

export interface BackwardSettings {
  /** k2: gradients do not pass from step t to t − 1 where k2 divides t; 0 for no such cut. */
  readonly truncation: number;
  /** n, what the loss is a mean over; by default the predicted tokens of the window itself. */
  readonly predicted?: number;
  /** Called with each direction of the lowest layer and its ∂L/∂a_t as W sees it, T·B × G·H, which stays until the next direction is run. */
  readonly visitLowest?: (d: number, preActivations: Float32Array) => void;
}

export class Backward {
  private readonly recurrence: BackwardRecurrence;
  /** T·B × V. */
  private readonly logits: Float32Array;
  /** T·B × D·H: what reaches a layer's output from above, … */
  private readonly output: Float32Array;
  /** … and of each of two directions, T·B × H; a single one has the same array. */
  private readonly separate: readonly Float32Array[];
  private hidden: readonly Float32Array[];
  /** T·B × I: what the second direction adds to what goes down. */
  private readonly addend: Float32Array;
  /** T·B × E; empty where tokens are read one-hot. */
  private readonly embedded: Float32Array;
  /** V × E: what a tied output leaves in the embedding's gradient. */
  private readonly ofOutput: Float32Array;
  /** V × G·H: the sums of pre-activation gradients by token; empty with an embedding. */
  private readonly columns: Float32Array;
  /** Of as many columns as the widest gradient has. */
  private readonly sums: Float64Array;

  /** @param forward has filled the tape  @param parameters and @param gradient in the tape's arena */
  constructor(
    private readonly tape: Tape,
    private readonly forward: Forward,
    private readonly parameters: Parameters,
    readonly gradient: Parameters,
    private readonly products: Products,
  ) {
    const { config, arena, maxSteps, batch } = tape;
    const { embeddingSize, vocabularySize, layers } = config;
    const rows = maxSteps * batch;
    const bidirectional = layers.filter((layer) => layer.bidirectional);
    const [lowest] = layers;
    this.recurrence = new BackwardRecurrence(tape, products);
    this.logits = arena.floats(rows * vocabularySize);
    this.output = arena.floats(rows * largestOutput(config));
    const widest = Math.max(0, ...bidirectional.map(({ hiddenSize }) => hiddenSize));
    this.separate = Array.from({ length: bidirectional.length > 0 ? 2 : 0 }, () => arena.floats(rows * widest));
    this.hidden = [this.output];
    this.addend = arena.floats(
      bidirectional.length === 0 ? 0 : rows * Math.max(largestOutput(config), embeddingSize ?? 0),
    );
    this.embedded = arena.floats(rows * (embeddingSize ?? 0));
    this.sums = arena.doubles(
      Math.max(vocabularySize, ...layers.map(({ cell, hiddenSize }) => cellOf(cell).gates.length * hiddenSize)),
    );
    this.ofOutput = arena.floats(config.tied ? vocabularySize * (embeddingSize ?? 0) : 0);
    this.columns = arena.floats(
      embeddingSize === null ? vocabularySize * cellOf(lowest.cell).gates.length * lowest.hiddenSize : 0,
    );
  }

  /** Of the last window and of the lowest layer: ∂L/∂h_t of each direction, T·B × H. */
  get lowestHidden(): readonly Float32Array[] {
    return this.hidden;
  }

  /** Of the last window and of the lowest layer's last direction: ∂L/∂a_t as W sees it and as R sees it, T·B × G·H. */
  get lowestPreActivations(): { readonly input: Float32Array; readonly recurrent: Float32Array } {
    const { preActivations, recurrentPreActivations } = this.recurrence;
    return { input: preActivations, recurrent: recurrentPreActivations };
  }

  /** Of the last window: of each layer and direction the norms of ∂L/∂h_t (and ∂L/∂c_t), one for each step. */
  get totals(): readonly (readonly TotalNorms[])[] {
    return this.recurrence.totals;
  }

  /** Forgets the gradient of what comes after the window; otherwise `run` takes up what its last window sent back. */
  clearCarried(): void {
    this.recurrence.clearCarried();
  }

  /** Writes ∂L/∂parameters, all of it, into `gradient`. */
  async run({ truncation, predicted = this.tape.predicted, visitLowest }: BackwardSettings): Promise<void> {
    const { tape, parameters, gradient, products, logits, output } = this;
    const { config, rows, layers, arena } = tape;
    const { kernels } = arena;
    const { vocabularySize: V } = config;
    const width = topSize(config);
    kernels.lossGradient(rows, V, at(tape.probabilities), at(tape.targets), 1 / predicted, at(logits));
    const top = layers[layers.length - 1].output;
    await this.sumOfBlocks(gradient.output.W, (first, count) =>
      products.transposedMultiply(
        gradient.output.W,
        logits.subarray(first * V),
        top.subarray(first * width),
        V,
        width,
        count,
      ),
    );
    await this.columnSums(gradient.output.b, logits, V);
    await products.multiply(output, logits, parameters.output.W, rows, width, V);
    for (let layer = layers.length - 1; layer >= 0; layer--) {
      const { dropout, directions } = layers[layer];
      if (dropout)
        kernels.multiplyElements(at(output), at(output), at(dropout), rows * outputSize(config.layers[layer]));
      this.splitDirections(layer);
      for (let d = 0; d < directions.length; d++) {
        await this.recurrence.run(layer, d, parameters.layers[layer][d], this.hidden[d], truncation);
        await this.weights(layer, d);
        if (layer === 0) visitLowest?.(d, this.recurrence.preActivations);
        if (layer > 0) await this.down(output, layer, d);
        else if (config.embeddingSize !== null) await this.down(this.embedded, layer, d);
      }
    }
    await this.embedding();
  }

  private splitDirections(layer: number): void {
    const { layers, rows, arena } = this.tape;
    const { directions, hiddenSize: H } = layers[layer];
    this.hidden = directions.length === 1 ? [this.output] : this.separate;
    if (directions.length === 1) return;
    this.hidden.forEach((hidden, d) =>
      arena.kernels.copyColumns(at(hidden), H, at(this.output, d * H), directions.length * H, rows, H),
    );
  }

  /** ∂L/∂W = Σ_t ∂L/∂a_t x_tᵀ, ∂L/∂R = Σ_t ∂L/∂a_t h_{t−1}ᵀ, the biases' sums, and what the kind has besides; of those that it has. */
  private async weights(layer: number, d: number): Promise<void> {
    const { tape, gradient, products, recurrence } = this;
    const { config, layers } = tape;
    const { preActivations, recurrentPreActivations } = recurrence;
    const { cell, hiddenSize: H } = layers[layer];
    const code = cellOf(cell);
    const width = code.gates.length * H;
    const { W, R, Wb, Rb, own } = gradient.layers[layer][d];
    if (layer === 0 && config.embeddingSize === null) await this.oneHotWeights(W, width);
    else {
      const x = layer === 0 ? this.forward.embedded : layers[layer - 1].passed;
      const inputs = inputSize(config, layer);
      await this.sumOfBlocks(W, (first, count) =>
        products.transposedMultiply(
          W,
          preActivations.subarray(first * width),
          x.subarray(first * inputs),
          width,
          inputs,
          count,
        ),
      );
    }
    const before = code.states.map((_, state) => statesBefore(tape, layers[layer].directions[d], H, state));
    if (code.hasR) {
      await this.sumOfBlocks(R, (first, count) =>
        products.transposedMultiply(
          R,
          recurrentPreActivations.subarray(first * width),
          before[0].subarray(first * H),
          width,
          H,
          count,
        ),
      );
    }
    if (Wb.length > 0) await this.columnSums(Wb, preActivations, width);
    if (Rb.length > 0) {
      if (recurrentPreActivations === preActivations && Wb.length > 0) Rb.set(Wb);
      else await this.columnSums(Rb, recurrentPreActivations, width);
    }
    for (const [role, out] of Object.entries(own)) {
      await this.sumOfBlocks(out, (first, rows) =>
        code.ownGradient?.(role, out, {
          rows,
          hiddenSize: H,
          before: before.map((states) => states.subarray(first * H)),
          hidden: this.hidden[d].subarray(first * H),
          preActivations: preActivations.subarray(first * width),
        }),
      );
    }
  }

  /** With one-hot x_t the product is a sum of rows by token. */
  private oneHotWeights(W: Float32Array, width: number): Promise<void> {
    const { inputs, arena, config } = this.tape;
    const { columns } = this;
    return this.sumOfBlocks(W, (first, count) => {
      columns.fill(0);
      arena.kernels.scatterAddRows(
        at(columns),
        at(inputs, first),
        at(this.recurrence.preActivations, first * width),
        count,
        width,
      );
      arena.kernels.transpose(at(W), at(columns), config.vocabularySize, width);
    });
  }

  private columnSums(out: Float32Array, a: Float32Array, width: number): Promise<void> {
    return this.sumOfBlocks(out, (first, count) =>
      this.tape.arena.kernels.columnSums(at(out), at(a, first * width), count, width, at(this.sums)),
    );
  }

  /** @param write leaves in `out` the sum over `count` rows of the window from `first` on */
  private async sumOfBlocks(
    out: Float32Array,
    write: (first: number, count: number) => Promise<void> | void,
  ): Promise<void> {
    const { rows, steps, batch } = this.tape;
    if (steps <= stepsOfBlock) return write(0, rows);
    const sum = new Float64Array(out.length);
    for (let block = Math.ceil(steps / stepsOfBlock) - 1; block >= 0; block--) {
      const first = block * stepsOfBlock * batch;
      await write(first, Math.min(stepsOfBlock * batch, rows - first));
      for (let i = 0; i < sum.length; i++) sum[i] += out[i];
    }
    out.set(sum);
  }

  /** What a direction sends to the layer's input, ∂L/∂x_t = Wᵀ ∂L/∂a_t: written by the first direction, added to by the second. */
  private async down(out: Float32Array, layer: number, d: number): Promise<void> {
    const { config, layers, rows, arena } = this.tape;
    const { preActivations } = this.recurrence;
    const inputs = inputSize(config, layer);
    const { cell, hiddenSize } = layers[layer];
    const width = cellOf(cell).gates.length * hiddenSize;
    const to = d === 0 ? out : this.addend;
    await this.products.multiply(to, preActivations, this.parameters.layers[layer][d].W, rows, inputs, width);
    if (d > 0) arena.kernels.add(at(out), at(out), at(to), rows * inputs);
  }

  /** A tied output has left its own part in the same gradient. */
  private async embedding(): Promise<void> {
    const { inputs, arena, config } = this.tape;
    const { embedding } = this.gradient;
    if (!embedding) return;
    const size = config.embeddingSize ?? 0;
    const ofOutput = config.tied ? this.ofOutput : null;
    ofOutput?.set(embedding);
    await this.sumOfBlocks(embedding, (first, count) => {
      embedding.fill(0);
      arena.kernels.scatterAddRows(at(embedding), at(inputs, first), at(this.embedded, first * size), count, size);
    });
    if (ofOutput) arena.kernels.add(at(embedding), at(embedding), at(ofOutput), embedding.length);
  }
}
