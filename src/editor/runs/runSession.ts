/** One live run or opened model: its engine, and what is known of it. */
import * as vscode from 'vscode';
import type {
  AttributeRequest,
  AttributionReport,
  DescribeRequest,
  EngineCalls,
  ResumeRequest,
  TokenReport,
  Watch,
} from '../../protocol/engine';
import type { GraphSummary, GraphTokenReport, GraphTokenRequest } from '../../protocol/graph';
import type { LayerShape } from '../../protocol/model';
import { firstUnitMapOf, unitMapNamesOf } from '../../layers/catalog';
import type { HeadChoice, Frame, UnitMapChoice } from '../../protocol/frame';
import type { Message } from '../../messages';
import { readUnitOf, type Progress, type RunDescription, type RunState, type RunStatus } from '../../protocol/run';
import {
  withSample,
  type ModelSample,
  type SampleRequest,
  type SampleResult,
  type SampleWatch,
} from '../../protocol/sample';
import { RpcError, type RequestOf, type ResultOf } from '../../protocol/rpc';
import type { Direction } from '../../layers/direction';
import { layersOf, type ModelSettings, type SequenceSplit } from '../../protocol/settings';
import { isTokenizer, type ReadUnit } from '../../tokens/tokenUnit';
import { loadTokenizers } from '../../tokens/tokenizers';
import { endSentence, type EngineEnd } from '../process/endOfEngine';
import type { EngineProcess } from '../process/engineProcess';
import { atFirst, openedAs, type Beginning, type Opened } from './beginning';
import { MetricHistory } from './metricHistory';

export type EngineLauncher = () => EngineProcess;

/** What shows a session's frames; a comparison's probe goes before the panel's. */
export type Viewer = 'panel' | 'comparison';

/** What can be asked of a run while its engine lives. */
export type RunCall = 'pause' | 'resume' | 'step' | 'stop';

export interface SessionProgress {
  readonly progress: Progress;
  /** The run is training steps again that it had trained before: what is drawn of them no longer holds. */
  readonly wasRewound: boolean;
}

export class RunSession implements vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  private readonly progressed = new vscode.EventEmitter<SessionProgress>();
  private readonly framed = new vscode.EventEmitter<Frame>();
  private readonly watchRefused = new vscode.EventEmitter<Message>();
  private readonly interrupted = new vscode.EventEmitter<Message>();
  private readonly matrixAdvanced = new vscode.EventEmitter<number>();
  private readonly sampled = new vscode.EventEmitter<void>();
  private readonly hung = new vscode.EventEmitter<void>();

  /** The description or the status is new. */
  readonly onDidChange = this.changed.event;
  readonly onDidProgress = this.progressed.event;
  readonly onDidReceiveFrame = this.framed.event;
  readonly onDidRefuseWatch = this.watchRefused.event;
  /** What nobody asked for: the engine has ended, or has paused or ended the run by itself. */
  readonly onDidInterrupt = this.interrupted.event;
  /** The part of a target matrix that is computed. */
  readonly onDidAdvanceMatrix = this.matrixAdvanced.event;

  /** What the model writes is new, or that it cannot. */
  readonly onDidSample = this.sampled.event;

  /** The engine lives, but does not answer. */
  readonly onDidHang = this.hung.event;

  /** The text document whose probe is looked at with this model. */
  document: vscode.Uri | undefined;
  /** Step whose loss is traced back. */
  target: number | 'last' = 'last';
  /** Whether the page shows the total gradient too. */
  withTotal = false;
  /** And the input gradients. */
  withInputs = false;
  /** Which head's attention weights the page shows; null until it shows some. */
  head: HeadChoice | null = null;
  /** The target stays where it is when the cursor moves. */
  isTargetPinned = false;
  /** The newest frame of the probe being watched. */
  lastFrame: Frame | null = null;
  readonly metrics = new MetricHistory();
  /** What the model wrote as it learned, the newest last. */
  samples: readonly ModelSample[] = [];
  /** Why it cannot write. */
  sampleRefusal: Message | null = null;
  /** The engine does not answer, and has not for half a minute. */
  isHanging = false;

  private engine: EngineProcess;
  private opened: Opened;
  private chosenUnitMap: UnitMapChoice | null = null;
  private chosen: readonly string[] | null = null;
  private watched = '';
  private sampleWatched = '';
  private readonly wanted = new Map<Viewer, Watch | null>();
  /** The newest frame that the engine has sent, and the newest it has received; 0 of an engine that has sent none. */
  private frames = { sent: 0, drawn: 0 };
  /** Samples under way, by their numbers. */
  private readonly growing = new Map<number, (text: string) => void>();
  private streams = 0;
  private isDisposed = false;

  private constructor(
    private readonly launch: EngineLauncher,
    beginning: Beginning,
  ) {
    this.opened = atFirst(beginning);
    this.engine = launch();
    // Before anything is asked, so that nothing is missed.
    this.listen(this.engine);
  }

  /** Starts an engine and, with it, the session. Throws the RpcError of the engine, which has then ended. */
  static async begin(launch: EngineLauncher, beginning: Beginning): Promise<RunSession> {
    const session = new RunSession(launch, beginning);
    try {
      await session.start(beginning);
    } catch (error) {
      session.dispose();
      throw error;
    }
    return session;
  }

  /** Continues the run in a new engine, from its last checkpoint; everybody who watches the session stays with it. */
  async resumeFromCheckpoint(request: ResumeRequest): Promise<void> {
    const old = this.engine;
    this.engine = this.launch();
    this.listen(this.engine);
    this.watched = this.sampleWatched = '';
    this.isHanging = false;
    this.frames = { sent: 0, drawn: 0 };
    this.setStatus({ state: 'starting', step: this.status.step, message: null });
    // One engine at a time writes to a run's folder.
    await old.close();
    try {
      await this.start({ kind: 'resume', request });
    } catch (error) {
      this.setStatus({
        state: 'failed',
        step: this.status.step,
        message: error instanceof RpcError ? error.sentence : null,
      });
      throw error;
    }
  }

  get description(): RunDescription {
    return this.opened.description;
  }

  get status(): RunStatus {
    return this.opened.status;
  }

  /** How the model was read that this session has opened; null of a run that trains. */
  get reading(): Opened['reading'] {
    return this.opened.reading;
  }

  /** What the model is in graph mode; null of a stack of layers. */
  get graph(): GraphSummary | null {
    return this.description.graph ?? null;
  }

  /** In graph mode: names of the tensors that were chosen; null for the usual ones. */
  get chosenSeries(): readonly string[] | null {
    return this.chosen;
  }

  /** Names of the tensors that are shown; none of a stack of layers. */
  get shownSeries(): readonly string[] {
    return this.chosen ?? this.graph?.defaultSeries ?? [];
  }

  /** Shows these tensors from now on; null for the usual ones. */
  chooseSeries(names: readonly string[] | null): void {
    this.chosen = names;
    // A map is meant by its place among them.
    this.chosenUnitMap = null;
    this.changed.fire();
  }

  /** What the model takes for a token. */
  get unit(): ReadUnit {
    return this.opened.unit;
  }

  /** Where its texts fall into sequences, if the model has learned them by themselves. */
  get split(): SequenceSplit | null {
    const { mode, split } = this.description.training;
    return this.isRun && mode === 'sequences' ? split : null;
  }

  /** Whether the model lies in a run's folder, which can be resumed. */
  get isRun(): boolean {
    return this.opened.isRun;
  }

  /** The model's, the lowest first; of a model from elsewhere not sure before its first frame. None in graph mode. */
  get layers(): readonly LayerShape[] {
    if (this.graph) return [];
    return this.lastFrame?.header.layers ?? shapesOf(this.description.model);
  }

  /** Which unit × time map the page looks at; until it has chosen, the first state of the top layer, or of a graph. */
  get unitMap(): UnitMapChoice {
    if (this.graph && !this.chosenUnitMap) {
      const states = this.graph.tensors.filter(({ role }) => role === 'state').map(({ name }) => name);
      const layer = Math.max(
        0,
        this.shownSeries.findIndex((name) => states.includes(name)),
      );
      return { layer, direction: 'forward', quantity: 'hidden' };
    }
    if (this.chosenUnitMap) return this.chosenUnitMap;
    const layers = layersOf(this.description.model);
    const layer = layers.length - 1;
    return { layer, direction: 'forward', quantity: firstUnitMapOf(layers[layer].cell) ?? 'hidden' };
  }

  set unitMap(choice: UnitMapChoice) {
    const layer = layersOf(this.description.model).at(choice.layer);
    const exists = this.graph
      ? choice.layer < this.shownSeries.length
      : layer && unitMapNamesOf(layer.cell).includes(choice.quantity);
    if (exists) this.chosenUnitMap = choice;
  }

  get isAlive(): boolean {
    return this.engine.isAlive;
  }

  /** Whether the engine has a run to continue with, so that it must not be ended lightly. */
  get isTraining(): boolean {
    return this.isAlive && ['starting', 'running', 'paused'].includes(this.status.state);
  }

  /** The engine's process, for tests and the log. */
  get pid(): number | undefined {
    return this.engine.pid;
  }

  async control(call: RunCall): Promise<void> {
    // The new status comes as an event, in order with the progress; the answer may be read after newer news.
    await this.engine.calls.call(call, null);
  }

  /** Tells the engine which probe to make frames of; the same one twice is sent once. */
  watch(asked: Watch | null, viewer: Viewer = 'panel'): void {
    this.wanted.set(viewer, asked);
    const watch = this.wanted.get('comparison') ?? this.wanted.get('panel') ?? null;
    const key = JSON.stringify(watch);
    if (key === this.watched || !this.isAlive || this.status.state === 'starting') return;
    this.watched = key;
    this.engine.calls.call('watch', watch).catch((error: unknown) => {
      this.watched = '';
      if (error instanceof RpcError && error.code === 'user') this.watchRefused.fire(error.sentence);
    });
  }

  /** Tells the engine which samples to draw; the same twice is sent once. */
  watchSamples(watch: SampleWatch | null): void {
    const key = watch ? JSON.stringify(watch) : '';
    if (key === this.sampleWatched || !this.isAlive || this.status.state === 'starting') return;
    this.sampleWatched = key;
    this.engine.calls.call('watchSamples', watch).catch((error: unknown) => {
      if (!(error instanceof RpcError) || error.code !== 'user') return;
      this.sampleRefusal = error.sentence;
      this.sampled.fire();
    });
  }

  frameDrawn(sequence: number): void {
    // A frame of an engine that has been replaced is not answered to the next.
    if (sequence <= this.frames.drawn || sequence > this.frames.sent) return;
    this.frames.drawn = sequence;
    // An engine that has ended needs no answer.
    this.engine.calls.call('frameDrawn', { sequence }).catch(() => undefined);
  }

  describe(request: DescribeRequest, signal: AbortSignal): Promise<readonly TokenReport[]> {
    return this.engine.calls.call('describe', request, signal);
  }

  /** The same of a model in graph mode, by the tensors that are shown. */
  describeGraph(request: DescribeRequest, signal: AbortSignal): Promise<readonly GraphTokenReport[]> {
    const ofGraph: GraphTokenRequest = { ...request, series: this.chosenSeries };
    return this.engine.calls.call('describeGraph', ofGraph, signal);
  }

  attribute(request: AttributeRequest, signal: AbortSignal): Promise<AttributionReport> {
    return this.engine.calls.call('attribute', request, signal);
  }

  /** @param grown receives the text so far, repeatedly */
  async sample(
    request: Omit<SampleRequest, 'stream'>,
    signal: AbortSignal,
    grown: (text: string) => void,
  ): Promise<SampleResult> {
    const stream = ++this.streams;
    this.growing.set(stream, grown);
    try {
      return await this.engine.calls.call('sample', { ...request, stream }, signal);
    } finally {
      this.growing.delete(stream);
    }
  }

  /** Asks the engine for something that only the caller needs to know of. */
  ask<K extends 'overTraining' | 'frameAt' | 'targetMatrix' | 'truncations'>(
    call: K,
    request: RequestOf<EngineCalls[K]>,
    signal?: AbortSignal,
  ): Promise<ResultOf<EngineCalls[K]>> {
    return this.engine.calls.call(call, request, signal);
  }

  /** Writes the model as it is now to a file that ends in .onnx or .safetensors. */
  async exportModel(path: string): Promise<void> {
    await this.engine.calls.call('exportModel', { path });
  }

  /** Ends the engine at once, nothing saved: for one that hangs. */
  endEngine(): void {
    this.engine.kill();
  }

  /** Ends the engine in order; a run in training saves a checkpoint first. */
  async close(): Promise<void> {
    this.dispose();
    await this.engine.close();
  }

  dispose(): void {
    if (this.isDisposed) return;
    this.isDisposed = true;
    for (const emitter of [
      this.changed,
      this.progressed,
      this.framed,
      this.watchRefused,
      this.interrupted,
      this.matrixAdvanced,
      this.sampled,
      this.hung,
    ])
      emitter.dispose();
    void this.engine.close();
  }

  /** Asks the engine for the beginning. Throws its RpcError; the engine has then ended. */
  private async start(beginning: Beginning): Promise<void> {
    const { engine } = this;
    try {
      await this.begin(engine, beginning);
    } catch (error) {
      // Its end is then no news.
      this.watched = this.sampleWatched = '';
      await engine.close();
      // An engine that ended before it answered says more by its end than by its silence.
      if (error instanceof RpcError && error.code === 'closed' && engine.ending)
        throw new RpcError('closed', endSentence(engine.ending));
      throw error;
    }
  }

  private async begin({ calls }: EngineProcess, beginning: Beginning): Promise<void> {
    if (beginning.kind === 'open') {
      const result = await calls.call('open', beginning.request);
      if (isTokenizer(result.unit)) await loadTokenizers();
      this.opened = openedAs(result, this.description);
      if (result.run) this.metrics.append(result.run.history);
    } else {
      const description =
        beginning.kind === 'train'
          ? await calls.call('train', beginning.request)
          : await calls.call('resumeRun', beginning.request);
      if (description.tokenizer) await loadTokenizers();
      // An event of the engine may have said more by now.
      const { status } = this;
      const { tokenizer: _, ...described } = description;
      this.opened = {
        description: described,
        status: status.state === 'starting' ? { ...status, state: 'running' } : status,
        isRun: true,
        reading: null,
        unit: readUnitOf(description),
      };
    }
    this.changed.fire();
  }

  /** Follows an engine's events for as long as it is this session's. */
  private listen(engine: EngineProcess): void {
    const own =
      <T>(action: (value: T) => void) =>
      (value: T) => {
        if (engine === this.engine && !this.isDisposed) action(value);
      };
    engine.calls.on(
      'started',
      own((description) => {
        this.opened = { ...this.opened, description };
        this.changed.fire();
      }),
    );
    engine.calls.on(
      'status',
      own((status) => {
        const known = this.status.message?.key;
        this.setStatus(status);
        if (status.message && status.message.key !== known) this.interrupted.fire(status.message);
      }),
    );
    engine.calls.on(
      'progress',
      own((progress) => {
        const wasRewound = this.metrics.append(progress);
        this.opened = {
          ...this.opened,
          status: { ...this.status, step: this.metrics.last('step') ?? this.status.step },
        };
        this.progressed.fire({ progress, wasRewound });
      }),
    );
    engine.calls.on(
      'frame',
      own((frame) => {
        this.lastFrame = frame;
        this.frames.sent = frame.header.sequence;
        this.framed.fire(frame);
      }),
    );
    engine.calls.on(
      'sampleDrawn',
      own((sample) => {
        this.samples = withSample(this.samples, sample);
        this.sampled.fire();
      }),
    );
    engine.calls.on(
      'matrixProgress',
      own((done) => this.matrixAdvanced.fire(done)),
    );
    engine.calls.on(
      'watchFailed',
      own((message) => this.watchRefused.fire(message)),
    );
    engine.calls.on(
      'finished',
      own((summary) => {
        const ended: RunState[] = ['stopped', 'finished', 'failed'];
        if (!ended.includes(this.status.state)) this.setStatus({ state: 'stopped', step: summary.step, message: null });
      }),
    );
    engine.calls.on(
      'sampled',
      own(({ stream, text }) => this.growing.get(stream)?.(text)),
    );
    engine.onEnd(
      own((end) => {
        if (!engine.isClosing) this.engineEnded(end);
      }),
    );
    engine.onHang(
      own((isHanging) => {
        this.isHanging = isHanging;
        if (isHanging) this.hung.fire();
      }),
    );
  }

  private engineEnded(end: EngineEnd): void {
    const sentence = endSentence(end);
    this.setStatus({ state: 'failed', step: this.metrics.last('step') ?? this.status.step, message: sentence });
    this.interrupted.fire(sentence);
  }

  private setStatus(status: RunStatus): void {
    this.opened = { ...this.opened, status };
    this.changed.fire();
  }
}

function shapesOf(model: ModelSettings): readonly LayerShape[] {
  return layersOf(model).map(({ cell, hiddenSize, options, bidirectional }) => {
    const directions: readonly Direction[] = bidirectional ? ['forward', 'backward'] : ['forward'];
    return { cell, hiddenSize, options, directions };
  });
}
