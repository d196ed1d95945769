/** One training step after another: a window of the corpus → forward → backward → clip → update. */
import { Recording } from '../../core/analysis/recording';
import type { WindowReader } from '../../core/corpus/windowReader';
import type { ModelConfig } from '../../core/model/config';
import type { Parameters } from '../../core/model/parameters';
import type { Stretch } from '../../core/model/weightChange';
import { clip } from '../../core/optimize/clip';
import { optimizerOf } from '../../core/optimize/registry';
import type { Optimizer } from '../../core/optimize/optimizer';
import { capRadii } from '../../core/optimize/radiusCap';
import { learningRateAt } from '../../core/optimize/schedule';
import { UserError } from '../../userError';
import { ArenaTooLarge } from '../../kernels/arena';
import type { TrainingSettings } from '../../protocol/settings';
import type { Backend } from '../backend';
import { Batch } from './batch';
import type { FailedBatch } from './failedBatch';
import { Flosser } from './flosser';
import type { DropoutOrder } from './share';
import { decodeTrainingState, encodeTrainingState, type NamedArray } from './trainingState';

/** Among the arrays of a saved state. */
const recordingName = 'recording';

export interface StepMetrics {
  readonly step: number;
  /** Nats per predicted token, or the mean squared error. */
  readonly loss: number;
  /** Global L2 norm before and after clipping. */
  readonly gradientNorm: number;
  readonly clippedNorm: number;
  /** Fraction of the gradient's entries that were cut by value. */
  readonly clippedFraction: number;
  /** Tokens read since the run began, and those of this step. */
  readonly tokens: number;
  readonly newTokens: number;
}

/** A loss or gradient that is not finite, at a step that was not taken. */
export class Overflow extends UserError {
  constructor(
    readonly step: number,
    { key, args }: UserError,
    /** What it was computed from; good until the next step. */
    readonly batch: FailedBatch,
  ) {
    super(key, ...args);
  }
}

export class Trainer {
  /** Steps taken. */
  step = 0;
  /** Tokens read. */
  private tokens = 0;
  /** What every step has left on record. */
  readonly recording: Recording;
  private readonly flosser: Flosser | null = null;

  private constructor(
    private readonly settings: TrainingSettings,
    private readonly reader: WindowReader,
    private readonly batch: Batch<Optimizer>,
  ) {
    const { flossing } = settings;
    const { tape, parameters } = batch.network;
    if (flossing !== null) this.flosser = new Flosser(tape.config, parameters, { ...settings, flossing });
    this.recording = new Recording(batch.network.tape.config, reader.steps);
  }

  /**
   * The settings must have passed `checkTraining`; `initial` is copied. `records` is false only where the cost of recording is measured. Throws a UserError when the window does not fit in memory.
   */
  static create(
    config: ModelConfig,
    settings: TrainingSettings,
    initial: Parameters,
    reader: WindowReader,
    backend: Backend,
    records = true,
  ): Trainer {
    const { steps, batch } = reader;
    try {
      const made = new Batch(
        backend,
        { config, steps, batch, hasDropout: settings.dropout > 0, hasOmega: settings.omega !== null, records },
        (arena, { parameters }) => optimizerOf(settings, parameters.layout.length, arena),
      );
      made.network.parameters.values.set(initial.values);
      return new Trainer(settings, reader, made);
    } catch (thrown) {
      if (thrown instanceof ArenaTooLarge) {
        throw new UserError(
          'error.train.windowTooLargeForMemory',
          steps,
          batch,
          Math.ceil((thrown.bytes * backend.shares(batch)) / 1e6),
          Math.floor((thrown.maxBytes * backend.shares(batch)) / 1e6),
        );
      }
      if (!(thrown instanceof RangeError)) throw thrown;
      throw new UserError('error.train.windowDoesNotFit', steps, batch);
    }
  }

  /** The model as it learns: they change with every step. */
  get parameters(): Parameters {
    return this.batch.network.parameters;
  }

  /**
   * One step. A loss or gradient that is not finite throws a UserError before the update: weights, state and position in the
   * text are then as they were before the step.
   * @param update runs what changes the weights and counts the step, while nothing reads them
   */
  async next(update: (change: () => void) => Promise<void> | void = (change) => change()): Promise<StepMetrics> {
    const { reader, settings, batch } = this;
    const { board, network } = batch;
    const { tape, parameters, forward, backward } = network;
    const position = reader.state;
    const { steps, restarts } = reader.next(board.inputs, board.targets, board.lengths);
    board.takeNumbers(steps, reader.numbers);
    if (restarts) board.clearState();
    const { dropout: probability, seed, truncation } = settings;
    const dropout = probability > 0 ? { probability, seed, step: this.step } : null;
    await batch.run({ steps, truncation: truncation ?? 0, dropout, omega: (settings.omega ?? 0) / board.batch });
    const { loss } = batch;
    if (Number.isFinite(loss)) this.flosser?.add(backward.gradient, board, batch.carried, steps, this.step);
    const { before, after, clippedFraction } = clip(backward.gradient.values, settings, tape.arena.kernels);
    if (!Number.isFinite(loss) || !Number.isFinite(before)) {
      reader.restore(position);
      const failed = this.failedBatch(steps, truncation ?? 0, dropout);
      throw new Overflow(this.step + 1, this.overflow(loss), failed);
    }
    await update(() => {
      this.optimizer.step(parameters.values, backward.gradient.values, learningRateAt(settings, this.step));
      if (settings.radiusCap !== null) capRadii(parameters, settings.radiusCap);
      this.step++;
    });
    board.carryState();
    if (tape.records) this.recording.add(backward, forward.saturation, steps);
    const newTokens = board.lengths.reduce((sum, length) => sum + length, 0);
    this.tokens += newTokens;
    return {
      step: this.step,
      loss,
      gradientNorm: before,
      clippedNorm: after,
      clippedFraction,
      tokens: this.tokens,
      newTokens,
    };
  }

  /** Part of the gate activations, or units, that were saturated in the last step, of all layers; null where none can be, and before the first step. */
  get saturated(): number | null {
    // Of a gate two fractions, shut and open; of a cell without gates one.
    const fractions = this.batch.network.forward.saturation.flat().filter(({ length }) => length > 0);
    if (this.step === 0 || fractions.length === 0) return null;
    const ofLayers = fractions.map((own) => own.reduce((sum, part) => sum + part, 0) / Math.max(1, own.length / 2));
    return ofLayers.reduce((sum, part) => sum + part, 0) / ofLayers.length;
  }

  /** Ends the threads that its steps run on; there must be none under way. */
  end(): void {
    this.batch.end();
  }

  private get optimizer(): Optimizer {
    return this.batch.made;
  }

  /** What must be saved beside the parameters to continue with the same bits. */
  encodeState(): Uint8Array {
    const counts = {
      step: this.step,
      tokens: this.tokens,
      optimizerSteps: this.optimizer.count,
      ...this.recording.state,
      ...this.reader.state,
    };
    return encodeTrainingState(counts, this.stateArrays());
  }

  /**
   * Continues from a saved state; `file` is for the sentences. Throws a UserError when it is not of this run.
   * @param isSameWindow otherwise the state was saved of windows of another length: the text is then read from its beginning, and what is on record begins anew
   */
  restoreState(bytes: Uint8Array, file: string, isSameWindow = true): void {
    const recorded = ['recordedRows', 'recordedStepsPerRow', 'recordedPending'] as const;
    const own = ['step', 'tokens', 'optimizerSteps', ...(isSameWindow ? recorded : [])] as const;
    const { counts, others } = decodeTrainingState(
      bytes,
      own,
      isSameWindow ? Object.keys(this.reader.state) : [],
      this.stateArrays().filter(([name]) => isSameWindow || name !== recordingName),
      file,
    );
    this.step = counts.step;
    this.tokens = counts.tokens;
    this.optimizer.count = counts.optimizerSteps;
    if (!isSameWindow) return;
    this.recording.restore(counts);
    this.reader.restore(others);
  }

  /** What the optimizer remembers of weights that have been replaced. */
  forgetMoments(stretches: readonly Stretch[]): void {
    for (const moment of Object.values(this.optimizer.moments))
      for (const { offset, length } of stretches) moment.fill(0, offset, offset + length);
  }

  private stateArrays(): NamedArray[] {
    return [
      ...Object.entries(this.optimizer.moments).map(([name, data]): NamedArray => [`optimizer.${name}`, data]),
      ...this.batch.carried.map(({ layer, name, values }): NamedArray => [`state.${layer}.${name}`, values]),
      [recordingName, this.recording.values],
    ];
  }

  private failedBatch(steps: number, truncation: number, dropout: DropoutOrder | null): FailedBatch {
    const { batch, reader } = this;
    const { board } = batch;
    const { inputs, targets, lengths } = board;
    const rows = steps * board.batch;
    return {
      config: batch.network.tape.config,
      parameters: this.parameters,
      steps,
      maxSteps: reader.steps,
      batch: board.batch,
      inputs: inputs.subarray(0, rows),
      targets: targets.subarray(0, rows),
      lengths,
      carried: batch.carried,
      predicted: board.predicted(steps),
      numbers: board.numbers(steps),
      truncation,
      dropout,
    };
  }

  private overflow(loss: number): UserError {
    const step = this.step + 1;
    // An update, or a scale at the start, can leave float32 where no gradient has: then no good weights are kept.
    const { layout } = this.parameters;
    const broken = layout.entries.find((each) => !this.parameters.view(each).every(Number.isFinite));
    if (broken) return new UserError('error.train.weightsNotFinite', step, broken.name);
    if (!Number.isFinite(loss)) {
      return new UserError('error.train.lossOverflow', step);
    }
    const { gradient } = this.batch.network.backward;
    const entry = gradient.layout.entries.find((e) => !gradient.view(e).every(Number.isFinite));
    return new UserError('error.train.gradientOverflow', step, entry?.name ?? { key: 'quantity.parameters', args: [] });
  }
}
