/** A recording that an engine has open: its reader, its frames, the flows of all its steps, and what is added to it while the job runs. */
import { setImmediate } from 'node:timers/promises';
import type { Watch } from '../protocol/engine';
import type { Frame } from '../protocol/frame';
import type { FlowLane, FlowOverTraining } from '../protocol/overTraining';
import type { RecordedMetrics, RecordingReport, RecordingRequest, RecordingSummary } from '../protocol/recording';
import { progressColumns, type Progress } from '../protocol/run';
import type { MatrixRequest, TargetMatrix } from '../protocol/targetMatrix';
import { defaultThresholds } from '../protocol/settings';
import type { Thresholds } from '../terms/regions';
import type { ReadUnit } from '../tokens/tokenUnit';
import { UserError } from '../userError';
import { resolveTarget } from './inspect/flows';
import { FlowHistory } from './inspect/flowHistory';
import { makeFrame } from './inspect/frame';
import { FrameSource, type FrameSink } from './inspect/frameSource';
import { makeTargetMatrix, rowsRelativeToOwn } from './inspect/targetMatrix';
import type { ModelLock } from './modelLock';
import { MetricsTail } from './recording/metricsTail';
import { recordedFrame, type FrameFacts } from './recording/recordedFrame';
import { lanesOf, type RecordedLanes } from './recording/recordedLanes';
import type { ReadStep, RecordedReader } from './recording/recordedReader';
import { isRecorded } from './recording/runFile';

/** Milliseconds between two looks at the folder: network drives and many systems report no changes. */
const pace = 1000;
/** Rows of one message. */
const maxRows = 4096;

export interface RecordingSink extends FrameSink {
  progress(progress: Progress): void;
  /** Steps have been added, or their flows have been read. */
  recorded(summary: RecordingSummary): void;
}

type Pause = () => Promise<void>;

export class LoadedRecording {
  readonly frames: FrameSource;
  private history = FlowHistory.withOwnTexts();
  /** Steps whose flows are in the history, and those whose files are broken. */
  private known = new Set<number>();
  private steps: readonly number[] = [];
  private thresholds: Thresholds = defaultThresholds;
  private lanes: RecordedLanes;
  private readonly losses = new Map<number, number | null>();
  private readonly tail: MetricsTail;
  private timer: NodeJS.Timeout | null = null;
  private isLooking = false;

  private constructor(
    private readonly reader: RecordedReader,
    modelLock: ModelLock,
    private readonly sink: RecordingSink,
    /** The newest step when it was opened: it says what the model is. */
    readonly first: ReadStep,
  ) {
    this.lanes = lanesOf(first);
    this.tail = new MetricsTail(reader.folder.metricsPath);
    this.frames = new FrameSource(
      (watch, sequence, pause) => this.makeFrame(watch, sequence, pause),
      modelLock,
      sink,
      () => false,
      () => this.steps.at(-1) ?? 0,
    );
  }

  /** Throws a UserError where no step can be read. */
  static async open(
    reader: RecordedReader,
    modelLock: ModelLock,
    sink: RecordingSink,
    pause: Pause,
  ): Promise<LoadedRecording> {
    const opened = new LoadedRecording(reader, modelLock, sink, await reader.newest(pause));
    opened.steps = await reader.folder.steps();
    return opened;
  }

  get summary(): RecordingSummary {
    const { model, modules, side, every, script, torch } = this.reader.folder.record;
    return { model, modules, side, every, script, torch, steps: this.steps };
  }

  /** What a text falls into, where its model can read one. */
  async unit(): Promise<ReadUnit> {
    const size = this.first.inspector?.model.general.vocabularySize;
    if (size === undefined) return 'codePoint';
    const vocabulary = await this.reader.vocabulary(size).catch((thrown: unknown) => {
      // Its sentence comes when a text is asked for.
      if (thrown instanceof UserError) return null;
      throw thrown;
    });
    return vocabulary?.unit ?? 'codePoint';
  }

  async report(request: RecordingRequest, pause: Pause): Promise<RecordingReport> {
    const report = await this.reader.report(request, pause);
    this.steps = await this.reader.folder.steps();
    return { ...report, summary: this.summary };
  }

  /** From now on what is added is told. */
  watch(watch: Watch | null): void {
    if (watch && JSON.stringify(watch.thresholds) !== JSON.stringify(this.thresholds)) {
      this.thresholds = watch.thresholds;
      this.history = FlowHistory.withOwnTexts();
      this.known = new Set();
    }
    this.frames.watch(watch);
    this.timer ??= setInterval(() => void this.look(), pace).unref();
    void this.look();
  }

  overTraining(lane: FlowLane): FlowOverTraining {
    return this.history.lane(lane);
  }

  /** The frame of a recorded step; the nearest there is. */
  async frameAt(trainingStep: number, pause: Pause): Promise<Frame | null> {
    const nearest = this.steps.reduce<number | null>(
      (best, step) => (best === null || Math.abs(step - trainingStep) < Math.abs(best - trainingStep) ? step : best),
      null,
    );
    if (nearest === null) return null;
    const found = await this.reader.read(nearest, pause).catch((thrown: unknown) => {
      if (thrown instanceof UserError) return null;
      throw thrown;
    });
    return found && this.frameOf(found, { target: 'last', thresholds: this.thresholds }, 0);
  }

  /** By a series' name, or the model's top layer. Throws a UserError where no matrix was recorded. */
  async matrix({ text, series }: MatrixRequest, progress: (done: number) => void, pause: Pause): Promise<TargetMatrix> {
    const read = await this.reader.newest(pause);
    const { step } = read;
    const inspector = text === '' ? read.inspector : await this.reader.inspectorOfText(read);
    if (inspector)
      return makeTargetMatrix(inspector, text, step.step, async (done) => {
        progress(done);
        await pause();
      });
    const found = step.series.find(({ name, matrix }) => matrix !== null && (series === null || name === series));
    if (!found?.matrix) throw new UserError('error.recording.noMatrix');
    return {
      trainingStep: step.step,
      tokens: this.tokensOf(read).tokens,
      layer: null,
      series: found.name,
      values: rowsRelativeToOwn(found.matrix, step.steps),
    };
  }

  dispose(): void {
    if (this.timer) clearInterval(this.timer);
    this.frames.dispose();
  }

  /** Of a text that is asked for, or of the recorded tokens. */
  private async makeFrame(watch: Watch, sequence: number, pause: Pause): Promise<Frame> {
    const read = await this.reader.newest(pause);
    if (watch.text === '') return this.frameOf(read, watch, sequence);
    return makeFrame(await this.reader.inspectorOfText(read), watch, sequence, read.step.step);
  }

  private async frameOf(
    read: ReadStep,
    watch: Pick<Watch, 'target' | 'thresholds'> & Partial<Watch>,
    sequence: number,
  ): Promise<Frame> {
    const { step, inspector, notices } = read;
    const { layers } = this.lanes;
    if (inspector && layers.length > 0) {
      const unitMap = watch.unitMap ?? { layer: layers.length - 1, direction: 'forward', quantity: 'hidden' };
      const target = watch.target === 'last' ? step.target : watch.target;
      return makeFrame(
        inspector,
        { maxRate: 1, total: false, ...watch, unitMap, text: '', target },
        sequence,
        step.step,
      );
    }
    const ofTarget = watch.target === 'last' ? step.target : resolveTarget(watch.target, step.steps);
    const hasFlow = ofTarget === step.target || step.series.some(({ matrix }) => matrix !== null);
    return recordedFrame(step, {
      ...this.factsOf(read, watch.thresholds),
      sequence,
      // Of another target than the recorded one there is nothing to show.
      target: hasFlow ? ofTarget : step.target,
      shown: watch.series ?? null,
      // The others were said when it was opened.
      notices: notices
        .filter(({ key }) => key === 'notice.recording.stepsBroken')
        .map(({ key, args }) => ({ key, args })),
    });
  }

  private factsOf(read: Pick<ReadStep, 'step'>, thresholds: Thresholds): Omit<FrameFacts, 'sequence'> {
    const { step } = read;
    return {
      ...this.lanes,
      target: step.target,
      thresholds,
      loss: this.losses.get(step.step) ?? null,
      ...this.tokensOf(read),
      shown: null,
      notices: [],
    };
  }

  private tokensOf({ step }: Pick<ReadStep, 'step'>): { tokens: string[]; lastTarget: string } {
    const symbolOf = this.reader.symbols(step);
    const last = step.targets?.at(-1) ?? -1;
    return {
      tokens: Array.from({ length: step.steps }, (_, t) => (symbolOf && step.ids ? symbolOf(step.ids[t]) : '·')),
      lastTarget: symbolOf && last >= 0 ? symbolOf(last) : '',
    };
  }

  /** What has been added since. One look at a time. */
  private async look(): Promise<void> {
    if (this.isLooking) return;
    this.isLooking = true;
    try {
      await this.readMetrics();
      await this.readSteps();
    } catch (thrown) {
      // A folder that is gone, or cannot be read for a while: the next look may find it again.
      if (!(thrown instanceof UserError)) throw thrown;
    } finally {
      this.isLooking = false;
    }
  }

  private async readMetrics(): Promise<void> {
    const rows: number[] = [];
    const tell = () => {
      if (rows.length > 0) this.sink.progress({ rows: Float64Array.from(rows.splice(0)), validation: [] });
    };
    const { every } = this.reader.folder.record;
    await this.tail.next((metrics) => {
      if (isRecorded(metrics.step, every)) this.losses.set(metrics.step, metrics.loss);
      rows.push(...rowOf(metrics));
      if (rows.length >= maxRows * progressColumns.length) tell();
    });
    tell();
  }

  private async readSteps(): Promise<void> {
    const steps = await this.reader.folder.steps();
    const isNew = steps.at(-1) !== this.steps.at(-1);
    this.steps = steps;
    // A job that was begun again writes earlier steps over.
    const added = steps.filter((step) => !this.known.has(step));
    for (const step of added) {
      this.known.add(step);
      await this.addToHistory(step);
      await setImmediate();
    }
    if (isNew) this.frames.changed();
    if (added.length > 0) this.sink.recorded(this.summary);
  }

  private async addToHistory(number: number): Promise<void> {
    try {
      const step = await this.reader.folder.read(number, 'series');
      this.history.add(recordedFrame(step, { ...this.factsOf({ step }, this.thresholds), sequence: 0 }));
    } catch (thrown) {
      // It is named when it is looked at.
      if (!(thrown instanceof UserError)) throw thrown;
    }
  }
}

function rowOf({ step, loss, gradientNorm, clippedNorm }: RecordedMetrics): number[] {
  const known: Readonly<Partial<Record<(typeof progressColumns)[number], number | null>>> = {
    step,
    loss,
    gradientNorm,
    clippedNorm,
  };
  return progressColumns.map((name) => known[name] ?? NaN);
}
