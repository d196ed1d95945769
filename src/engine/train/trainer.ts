/** One training step after another: windows of the corpus → forward → backward → clip → update. */
import { Backward } from '../../core/backward/bptt';
import type { WindowReader } from '../../core/corpus/windowReader';
import type { ModelConfig } from '../../core/model/config';
import { Parameters } from '../../core/model/parameters';
import { decodeSafetensors, encodeSafetensors, type Tensor } from '../../core/model/safetensors';
import { Tape } from '../../core/model/tape';
import { clip } from '../../core/optimize/clip';
import { optimizerOf, type Optimizer } from '../../core/optimize/optimizer';
import { learningRateAt } from '../../core/optimize/schedule';
import { UserError } from '../../core/userError';
import type { TrainingSettings } from '../../protocol/settings';
import type { Backend } from '../backend';

export interface StepMetrics {
  readonly step: number;
  /** Nats per token. */
  readonly loss: number;
  /** Global L2 norm before and after clipping. */
  readonly gradientNorm: number;
  readonly clippedNorm: number;
  /** Fraction of the gradient's entries that were cut by value. */
  readonly clippedFraction: number;
  /** Tokens read since the run began. */
  readonly tokens: number;
}

export class Trainer {
  /** Steps taken. */
  step = 0;
  private readonly lengths: Int32Array;
  private readonly tape: Tape;
  private readonly backward: Backward;
  private readonly gradient: Parameters;
  private readonly optimizer: Optimizer;

  /** The settings must have passed `checkTraining`. Throws a UserError when the window is too large for the memory. */
  constructor(
    private readonly config: ModelConfig,
    private readonly settings: TrainingSettings,
    private readonly parameters: Parameters,
    private readonly reader: WindowReader,
    private readonly backend: Backend,
  ) {
    this.tape = makeTape(config, reader.steps, reader.batch);
    this.lengths = new Int32Array(reader.batch);
    this.backward = new Backward(this.tape, backend.products);
    this.gradient = new Parameters(config);
    this.optimizer = optimizerOf(settings, parameters.values.length);
  }

  get tokensPerStep(): number {
    return this.settings.window * this.settings.batch;
  }

  /**
   * One step. A loss or gradient that is not finite throws a UserError before the update: weights, state and position in the
   * text are then as they were before the step.
   */
  async next(): Promise<StepMetrics> {
    const { tape, reader, parameters, gradient } = this;
    const { state } = reader;
    if (reader.next(tape.inputs, tape.targets, this.lengths).restarts) tape.clearState();
    await this.backend.forward.run(tape);
    const { loss } = tape;
    await this.backward.run(parameters, gradient);
    const { before, after, clippedFraction } = clip(gradient.values, this.settings);
    if (!Number.isFinite(loss) || !Number.isFinite(before)) {
      reader.restore(state);
      throw this.overflow(loss);
    }
    this.optimizer.step(parameters.values, gradient.values, learningRateAt(this.settings, this.step));
    tape.carryState();
    this.step++;
    return { step: this.step, loss, gradientNorm: before, clippedNorm: after, clippedFraction, tokens: this.step * this.tokensPerStep };
  }

  /** What must be saved beside the parameters to go on with the same bits. */
  encodeState(): Uint8Array {
    const tensors = new Map(this.stateArrays().map(([name, data]): [string, Tensor] => [name, { dtype: 'F32', shape: [data.length], data }]));
    const counts = { step: this.step, ...this.reader.state, optimizerSteps: this.optimizer.count };
    return encodeSafetensors(tensors, Object.fromEntries(Object.entries(counts).map(([name, count]) => [name, String(count)])));
  }

  /** Goes on from a saved state; `file` is for the sentences. Throws a UserError when it is not of this run. */
  restoreState(bytes: Uint8Array, file: string): void {
    const { tensors, metadata } = decodeSafetensors(bytes, file);
    const count = (name: string) => {
      const value = Number(metadata[name]);
      if (!Number.isSafeInteger(value) || value < 0) throw new UserError('{0} is broken: it does not say “{1}”.', file, name);
      return value;
    };
    const sources = this.stateArrays().map(([name, target]) => {
      const tensor = tensors.get(name);
      if (tensor?.dtype !== 'F32' || tensor.data.length !== target.length) {
        throw new UserError('{0} does not belong to this run: its tensor “{1}” is missing or has another size.', file, name);
      }
      return { target, data: tensor.data };
    });
    const [step, optimizerSteps] = [count('step'), count('optimizerSteps')];
    const place = Object.fromEntries(Object.keys(this.reader.state).map((name) => [name, count(name)]));
    for (const { target, data } of sources) target.set(data);
    this.step = step;
    this.reader.restore(place);
    this.optimizer.count = optimizerSteps;
  }

  private stateArrays(): [string, Float32Array][] {
    const size = this.settings.batch * this.config.hiddenSize;
    return [
      ...Object.entries(this.optimizer.moments).map(([name, data]): [string, Float32Array] => [`optimizer.${name}`, data]),
      ...this.tape.layers.flatMap(({ hidden, cellState }, layer): [string, Float32Array][] => {
        const state: [string, Float32Array][] = [[`state.${layer}.hidden`, hidden.subarray(0, size)]];
        if (cellState.length > 0) state.push([`state.${layer}.cell`, cellState.subarray(0, size)]);
        return state;
      }),
    ];
  }

  private overflow(loss: number): UserError {
    const step = this.step + 1;
    if (!Number.isFinite(loss)) {
      return new UserError(
        'At step {0} the loss is not finite (overflow), so training paused before the update; the last good weights are kept. Clip the gradient or lower the learning rate, and train again.',
        step,
      );
    }
    const entry = this.gradient.layout.entries.find((e) => !this.gradient.view(e).every(Number.isFinite));
    return new UserError(
      'At step {0} the gradient of {1} is not finite (overflow), so training paused before the update; the last good weights are kept. Clip the gradient or lower the learning rate, and train again.',
      step, entry?.name ?? 'the parameters',
    );
  }
}

/** Throws a UserError when the window is too large for the memory. */
function makeTape(config: ModelConfig, window: number, batch: number): Tape {
  try {
    return new Tape(config, window, batch, Backward.lengths(config, window, batch));
  } catch (thrown) {
    if (!(thrown instanceof RangeError)) throw thrown;
    throw new UserError('A window of {0} steps with {1} streams does not fit in memory for this model. Choose a smaller window, batch or hidden size.', window, batch);
  }
}
