/** A run under way: the loop of training steps, with pausing, metrics, validation and checkpoints between them. */
import type { PlainModel } from '../../core/model/plainModel';
import { setImmediate } from 'node:timers/promises';
import { encodeCheckpoint } from '../../core/onnx/checkpointFile';
import { UserError } from '../../core/userError';
import type { Message, Progress, RunDescription, RunState, RunStatus, RunSummary, ValidationPoint } from '../../protocol/run';
import type { RunFolder } from '../files/runFolder';
import type { InspectedModel } from '../inspect/inspector';
import type { Turns } from '../turns';
import { Overflow, type StepMetrics, type Trainer } from './trainer';
import type { Validator } from './validator';

/** Progress is told this often, in milliseconds: charts and counters change four times a second, and leave the screen to the flow. */
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
  readonly turns: Turns;
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
  /** What to do next: go on, stay paused, do one step, or end. */
  private order: 'run' | 'pause' | 'step' | 'stop' = 'run';
  private wake: () => void = () => undefined;
  private ended: Promise<RunSummary> | null = null;

  private rows: number[] = [];
  private validation: ValidationPoint[] = [];
  private toldAt = 0;
  private lastLoss = NaN;
  private lastValidation: ValidationPoint | null = null;
  private savedStep = -1;
  private speed = 0;
  private readonly total = { tokens: 0, milliseconds: 0 };

  constructor(
    private readonly parts: RunParts,
    private readonly sink: RunSink,
  ) {}

  get description(): RunDescription {
    return this.parts.description;
  }

  get status(): RunStatus {
    return { state: this.state, step: this.parts.trainer.step, message: this.message };
  }

  get isTraining(): boolean {
    return this.state === 'running';
  }

  start(): void {
    this.ended = this.loop();
    // Whoever calls `stop` hears of a failure; it must not end the process before.
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

  /** Ends the run with a checkpoint. Rejects when that cannot be written. */
  async stop(): Promise<RunSummary> {
    this.order = 'stop';
    this.wake();
    if (!this.ended) throw new Error('the run has not been started');
    return this.ended;
  }

  private give(order: 'run' | 'pause' | 'step', state: RunState): RunStatus {
    if (this.state === 'running' || this.state === 'paused') {
      this.order = order;
      this.setState(state, null);
      this.wake();
    }
    return this.status;
  }

  private async loop(): Promise<RunSummary> {
    this.setState('running', null);
    try {
      while (!this.isOver()) {
        if (this.order === 'pause') await this.rest();
        else await this.advance();
        // Messages from the editor are read here.
        await setImmediate();
      }
      return await this.finish();
    } catch (thrown) {
      this.setState('failed', messageOf(thrown));
      throw thrown;
    }
  }

  private isOver(): boolean {
    const { steps } = this.description.training;
    return this.order === 'stop' || (steps !== null && this.parts.trainer.step >= steps);
  }

  private async rest(): Promise<void> {
    // Before anything is awaited: an order given while the metrics are written must not be missed.
    const woken = new Promise<void>((resolve) => (this.wake = resolve));
    this.tell();
    await this.parts.folder.flush();
    await woken;
    this.wake = () => undefined;
  }

  /** One step and what is due after it. What goes wrong pauses the run with a sentence; nothing is lost. */
  private async advance(): Promise<void> {
    if (this.order === 'step') this.order = 'pause';
    try {
      const start = performance.now();
      const metrics = await this.parts.turns.take(() => this.parts.trainer.next());
      this.record(metrics, performance.now() - start);
      const { checkpointEvery, validateEvery } = this.description.training;
      if (metrics.step % validateEvery === 0) await this.validate();
      if (performance.now() - this.toldAt > progressInterval || this.order === 'pause') this.tell();
      if (metrics.step % checkpointEvery === 0) await this.save();
      await this.sink.stepped();
    } catch (thrown) {
      if (!(thrown instanceof UserError)) throw thrown;
      if (thrown instanceof Overflow) this.sink.overflowed(thrown.step);
      this.order = 'pause';
      this.setState('paused', messageOf(thrown));
    }
  }

  private record(metrics: StepMetrics, milliseconds: number): void {
    this.total.tokens += metrics.newTokens;
    this.total.milliseconds += milliseconds;
    const speed = (1000 * metrics.newTokens) / milliseconds;
    this.speed = this.speed === 0 ? speed : this.speed + newestShare * (speed - this.speed);
    this.lastLoss = metrics.loss;
    this.rows.push(metrics.step, metrics.loss, metrics.gradientNorm, metrics.clippedNorm, metrics.tokens, this.speed, metrics.clippedFraction);
  }

  private async validate(): Promise<void> {
    const { validator, turns, trainer } = this.parts;
    if (!validator || this.lastValidation?.step === trainer.step) return;
    this.lastValidation = { step: trainer.step, loss: await turns.take(() => validator.loss()) };
    this.validation.push(this.lastValidation);
  }

  private tell(): void {
    this.toldAt = performance.now();
    if (this.rows.length === 0 && this.validation.length === 0) return;
    const progress: Progress = { rows: Float64Array.from(this.rows), validation: this.validation };
    this.rows = [];
    this.validation = [];
    this.sink.progress(progress);
    this.parts.folder.appendMetrics(progress.rows, progress.validation);
  }

  private async save(): Promise<string> {
    const { trainer, model, plain, folder, turns } = this.parts;
    this.tell();
    const { onnx, state, step } = await turns.take(() => ({
      onnx: encodeCheckpoint({ ...plain, vocabulary: model.vocabulary, step: trainer.step }),
      state: trainer.encodeState(),
      step: trainer.step,
    }));
    const { model: path } = await folder.saveCheckpoint(step, onnx, state);
    this.savedStep = step;
    await this.sink.saved(false);
    return path;
  }

  private async finish(): Promise<RunSummary> {
    const { trainer, folder } = this.parts;
    const reachedEnd = this.order !== 'stop';
    await this.validate();
    this.tell();
    const saved = this.savedStep === trainer.step ? await folder.newestCheckpoint() : null;
    const summary: RunSummary = {
      run: folder.path,
      model: saved?.model ?? (await this.save()),
      step: trainer.step,
      loss: this.lastLoss,
      validationLoss: this.lastValidation?.loss ?? null,
      tokensPerSecond: this.total.milliseconds > 0 ? (1000 * this.total.tokens) / this.total.milliseconds : 0,
      backend: this.description.backend,
    };
    await this.sink.saved(true);
    await folder.flush();
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
  if (thrown instanceof UserError) return { template: thrown.template, args: thrown.args };
  return { template: 'Training ended because of an internal error: {0}', args: [thrown instanceof Error ? thrown.message : String(thrown)] };
}
