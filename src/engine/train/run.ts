/** A run under way: the loop of training steps, with pausing, metrics, validation and checkpoints between them. */
import type { PlainModel } from '../../core/model/plainModel';
import { setImmediate } from 'node:timers/promises';
import { encodeCheckpoint } from '../../modelFiles/checkpointFile';
import { UserError } from '../../userError';
import type { Message } from '../../messages';
import type { Progress, RunDescription, RunState, RunStatus, RunSummary, ValidationPoint } from '../../protocol/run';
import type { RunFolder } from '../files/runFolder';
import type { InspectedModel } from '../inspect/inspector';
import type { ModelLock } from '../modelLock';
import { overflowSentence } from '../nonFinite/words';
import { writeOverflow } from '../files/overflowFile';
import { placeOfOverflow } from './overflowSearch';
import { Overflow, type StepMetrics, type Trainer } from './trainer';
import type { Validator } from './validator';

/** Progress is reported this often, in milliseconds: charts and counters change four times a second, and leave the screen to the flow. */
const progressInterval = 250;
/** Weight of the newest step in the running mean of the speed. */
const newestShare = 0.1;

export interface RunParts {
  readonly description: RunDescription;
  readonly model: InspectedModel;
  readonly plain: PlainModel;
  readonly trainer: Trainer;
  readonly validator: Validator | null;
  readonly folder: RunFolder;
  readonly modelLock: ModelLock;
  /** The lowest validation loss so far, of a resumed run. */
  readonly bestValidation: number | null;
}

export interface RunSink {
  status(status: RunStatus): void;
  progress(progress: Progress): void;
  finished(summary: RunSummary): void;
  /** Between two steps, when the weights have changed. */
  stepped(): Promise<void>;
  /** A checkpoint is on disk; the last one when the run ends. */
  saved(isLast: boolean): Promise<void>;
  /** The loss or gradient of this step was not finite. */
  overflowed(step: number): void;
}

export class Run {
  private state: RunState = 'starting';
  private message: Message | null = null;
  /** What to do next: continue, stay paused, do one step, or end. */
  private order: 'run' | 'pause' | 'step' | 'stop' = 'run';
  private wake: () => void = () => undefined;
  /** Something has gone wrong that a person has to know of; nothing more is tried until an order is given. */
  private isHeld = false;
  /** The loop's end, and what waits for it or for the failure of a `stop`. */
  private ended: Promise<RunSummary> | null = null;
  private stopRefused: ((thrown: unknown) => void)[] = [];

  private rows: number[] = [];
  private validation: ValidationPoint[] = [];
  private reportedAt = 0;
  private loss = NaN;
  private lastValidation: ValidationPoint | null = null;
  private best: number | null = null;
  private savedStep: number;
  /** When the newest checkpoint was saved, on the clock that never jumps. */
  private savedAt = performance.now();
  private speed = 0;
  private readonly total = { tokens: 0, milliseconds: 0 };

  constructor(
    private readonly parts: RunParts,
    private readonly sink: RunSink,
  ) {
    // A resumed run begins at a checkpoint.
    this.savedStep = parts.trainer.step === 0 ? -1 : parts.trainer.step;
    this.best = parts.bestValidation;
  }

  get description(): RunDescription {
    return this.parts.description;
  }

  get status(): RunStatus {
    return { state: this.state, step: this.parts.trainer.step, message: this.message };
  }

  get isTraining(): boolean {
    return this.state === 'running';
  }

  /** Of the newest step, as in a row of progress; null before the first. */
  get lastLoss(): number | null {
    return Number.isNaN(this.loss) ? null : this.loss;
  }

  start(): void {
    this.ended = this.loop();
    // The caller of `stop` receives a failure; it must not end the process before.
    this.ended.catch(() => undefined);
  }

  pause(): RunStatus {
    return this.give('pause', 'paused');
  }

  resume(): RunStatus {
    return this.give('run', 'running');
  }

  /** One step, then paused again. */
  step(): RunStatus {
    return this.give('step', 'paused');
  }

  /** Ends the run with a checkpoint. Rejects when that cannot be written; the run is then paused, and can be stopped again. */
  async stop(): Promise<RunSummary> {
    if (!this.ended) throw new Error('the run has not been started');
    const refused = new Promise<never>((_, reject) => this.stopRefused.push(reject));
    this.order = 'stop';
    this.isHeld = false;
    this.wake();
    return Promise.race([this.ended, refused]);
  }

  private give(order: 'run' | 'pause' | 'step', state: RunState): RunStatus {
    if (this.state === 'running' || this.state === 'paused') {
      this.order = order;
      this.isHeld = false;
      this.setState(state, null);
      this.wake();
    }
    return this.status;
  }

  private async loop(): Promise<RunSummary> {
    this.setState('running', null);
    this.savedAt = performance.now();
    try {
      for (;;) {
        const summary = await this.turn();
        if (summary !== null) return summary;
        // Messages from the editor are read here.
        await setImmediate();
      }
    } catch (thrown) {
      this.setState('failed', messageOf(thrown));
      throw thrown;
    } finally {
      this.parts.trainer.end();
      await this.parts.folder.release();
    }
  }

  /** What is to be done next; the summary when that was the end. What goes wrong pauses the run with a sentence; nothing is lost. */
  private async turn(): Promise<RunSummary | null> {
    try {
      if (this.isHeld) await this.sleep(null);
      else if (this.isOver()) return await this.finish();
      else if (this.order === 'pause') await this.rest();
      else await this.advance();
    } catch (thrown) {
      if (!(thrown instanceof UserError)) throw thrown;
      const refusal = thrown instanceof Overflow ? await this.lookInto(thrown) : thrown;
      this.order = 'pause';
      this.isHeld = true;
      // The last steps before it are those that show how it came to this.
      this.tell();
      this.setState('paused', messageOf(refusal));
      for (const refuse of this.stopRefused.splice(0)) refuse(refusal);
    }
    return null;
  }

  /**
   * Finds where the step that was not taken leaves float32, keeps its batch beside the run, and says it. Whoever stops the run meanwhile does not wait for it; and what
   * cannot be kept, as on a disk that is full, is said all the same.
   */
  private async lookInto(overflow: Overflow): Promise<UserError> {
    const { folder, model } = this.parts;
    this.sink.overflowed(overflow.step);
    const found = await placeOfOverflow(overflow, model, async () => {
      await setImmediate();
      return this.order !== 'stop';
    });
    if (!found) return overflow;
    await writeOverflow(folder.overflowPath, overflow.batch, found).catch((thrown: unknown) => {
      if (!(thrown instanceof UserError)) throw thrown;
    });
    return new UserError('error.train.overflowWhere', messageOf(overflow), overflowSentence(found));
  }

  private isOver(): boolean {
    const { steps } = this.description.training;
    return this.order === 'stop' || (steps !== null && this.parts.trainer.step >= steps);
  }

  /** Until the next order, or until a checkpoint is due: a run paused for the night is on the disk whole. */
  private async rest(): Promise<void> {
    // Before anything is awaited: an order given while the metrics are written must not be missed.
    const isUnsaved = this.savedStep !== this.parts.trainer.step;
    const woken = this.sleep(isUnsaved ? Math.max(0, this.saveDue - performance.now()) : null);
    this.tell();
    await this.parts.folder.flush();
    await woken;
    if (this.order === 'pause' && isUnsaved && performance.now() >= this.saveDue) await this.save();
  }

  /** Resolves at the next order, or after so many milliseconds. */
  private async sleep(milliseconds: number | null): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.wake = resolve;
      if (milliseconds !== null) timer = setTimeout(resolve, milliseconds);
    });
    clearTimeout(timer);
    this.wake = () => undefined;
  }

  /** One step and what is due after it. */
  private async advance(): Promise<void> {
    if (this.order === 'step') this.order = 'pause';
    const start = performance.now();
    const { trainer, modelLock } = this.parts;
    const metrics = await trainer.next((change) => modelLock.run(change));
    this.record(metrics, performance.now() - start);
    const { checkpointEvery, validateEvery } = this.description.training;
    if (metrics.step % validateEvery === 0) await this.validate();
    if (performance.now() - this.reportedAt > progressInterval || this.order === 'pause') this.tell();
    if (metrics.step % checkpointEvery === 0 || performance.now() >= this.saveDue) await this.save();
    await this.sink.stepped();
  }

  /** When what has been trained since the last checkpoint is to be saved at the latest. */
  private get saveDue(): number {
    return this.savedAt + 1000 * this.description.training.checkpointSeconds;
  }

  private record(metrics: StepMetrics, milliseconds: number): void {
    this.total.tokens += metrics.newTokens;
    this.total.milliseconds += milliseconds;
    const speed = (1000 * metrics.newTokens) / milliseconds;
    this.speed = this.speed === 0 ? speed : this.speed + newestShare * (speed - this.speed);
    this.loss = metrics.loss;
    this.rows.push(
      metrics.step,
      metrics.loss,
      metrics.gradientNorm,
      metrics.clippedNorm,
      metrics.tokens,
      this.speed,
      metrics.clippedFraction,
    );
  }

  private async validate(): Promise<void> {
    const { validator, trainer } = this.parts;
    if (!validator || this.lastValidation?.step === trainer.step) return;
    this.lastValidation = { step: trainer.step, loss: await validator.loss() };
    this.validation.push(this.lastValidation);
    if (this.lastValidation.loss < (this.best ?? Infinity)) await this.saveBest(this.lastValidation);
  }

  private async saveBest({ step, loss }: ValidationPoint): Promise<void> {
    await this.save();
    await this.parts.folder.markBest({ step, validationLoss: loss });
    this.best = loss;
  }

  private tell(): void {
    this.reportedAt = performance.now();
    if (this.rows.length === 0 && this.validation.length === 0) return;
    const progress: Progress = { rows: Float64Array.from(this.rows), validation: this.validation };
    this.rows = [];
    this.validation = [];
    this.sink.progress(progress);
    this.parts.folder.appendMetrics(progress.rows, progress.validation);
  }

  private async save(): Promise<string> {
    const { trainer, model, plain, folder, modelLock } = this.parts;
    this.tell();
    // No step is taken meanwhile: only the loop takes any, and it waits.
    const { step } = trainer;
    if (this.savedStep === step) {
      const saved = await folder.newestCheckpoint();
      if (saved?.step === step) return saved.model;
    }
    const { onnx, state } = await modelLock.run(() => ({
      onnx: encodeCheckpoint({ ...plain, vocabulary: model.vocabulary, step }),
      state: trainer.encodeState(),
    }));
    const { model: path } = await folder.saveCheckpoint(step, onnx, state, this.description.training.keptCheckpoints);
    this.savedStep = step;
    this.savedAt = performance.now();
    await this.sink.saved(false);
    return path;
  }

  private async finish(): Promise<RunSummary> {
    const { trainer, folder } = this.parts;
    const reachedEnd = this.order !== 'stop';
    await this.validate();
    this.tell();
    const summary: RunSummary = {
      run: folder.path,
      model: await this.save(),
      step: trainer.step,
      loss: this.loss,
      validationLoss: this.lastValidation?.loss ?? null,
      tokensPerSecond: this.total.milliseconds > 0 ? (1000 * this.total.tokens) / this.total.milliseconds : 0,
      backend: this.description.backend,
    };
    await this.sink.saved(true);
    await folder.flush();
    await folder.release();
    this.setState(reachedEnd ? 'finished' : 'stopped', null);
    this.sink.finished(summary);
    return summary;
  }

  private setState(state: RunState, message: Message | null): void {
    this.state = state;
    this.message = message;
    this.sink.status(this.status);
  }
}

function messageOf(thrown: unknown): Message {
  if (thrown instanceof UserError) return { key: thrown.key, args: thrown.args };
  return { key: 'error.train.internal', args: [thrown instanceof Error ? thrown.message : String(thrown)] };
}
