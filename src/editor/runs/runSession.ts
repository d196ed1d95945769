/** One live run or opened model: its engine, what is asked of it, and what it tells. What is known of the model is in shownModel.ts. */
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
import type { GraphTokenReport, GraphTokenRequest } from '../../protocol/graph';
import type { Frame } from '../../protocol/frame';
import type { Message } from '../../messages';
import type { Progress, RunState, RunStatus } from '../../protocol/run';
import { withSample, type SampleRequest, type SampleResult, type SampleWatch } from '../../protocol/sample';
import { RpcError, type RequestOf, type ResultOf } from '../../protocol/rpc';
import { endSentence, type EngineEnd } from '../process/endOfEngine';
import type { EngineProcess } from '../process/engineProcess';
import { askToBegin, atFirst, type Beginning } from './beginning';
import { SessionWatches, type Viewer } from './sessionWatches';
import { ShownModel } from './shownModel';

export type EngineLauncher = () => EngineProcess;

/** What can be asked of a run while its engine lives. */
export type RunCall = 'pause' | 'resume' | 'step' | 'stop';

export interface SessionProgress {
  readonly progress: Progress;
  /** The run is training steps again that it had trained before: what is drawn of them no longer holds. */
  readonly wasRewound: boolean;
}

export class RunSession extends ShownModel implements vscode.Disposable {
  private readonly progressed = new vscode.EventEmitter<SessionProgress>();
  private readonly framed = new vscode.EventEmitter<Frame>();
  private readonly watchRefused = new vscode.EventEmitter<Message>();
  private readonly interrupted = new vscode.EventEmitter<Message>();
  private readonly matrixAdvanced = new vscode.EventEmitter<number>();
  private readonly spectrumAdvanced = new vscode.EventEmitter<number>();
  private readonly sampled = new vscode.EventEmitter<void>();
  private readonly hung = new vscode.EventEmitter<void>();

  readonly onDidProgress = this.progressed.event;
  readonly onDidReceiveFrame = this.framed.event;
  readonly onDidRefuseWatch = this.watchRefused.event;
  /** What nobody asked for: the engine has ended, or has paused or ended the run by itself. */
  readonly onDidInterrupt = this.interrupted.event;
  /** The part of a target matrix that is computed. */
  readonly onDidAdvanceMatrix = this.matrixAdvanced.event;
  /** The part of a spectrum that is computed. */
  readonly onDidAdvanceSpectrum = this.spectrumAdvanced.event;

  /** What the model writes is new, or that it cannot. */
  readonly onDidSample = this.sampled.event;

  /** The engine lives, but does not answer. */
  readonly onDidHang = this.hung.event;

  /** The engine does not answer, and has not for half a minute. */
  isHanging = false;

  private engine: EngineProcess;
  private readonly watches = new SessionWatches();
  /** Samples under way, by their numbers. */
  private readonly growing = new Map<number, (text: string) => void>();
  private streams = 0;
  private isDisposed = false;

  private constructor(
    private readonly launch: EngineLauncher,
    beginning: Beginning,
  ) {
    super(atFirst(beginning));
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
    this.watches.forget();
    this.isHanging = false;
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

  get isAlive(): boolean {
    return this.engine.isAlive;
  }

  /** Whom to tell what is looked at; null while nobody listens. */
  private get reachable(): EngineProcess['calls'] | null {
    return this.isAlive && this.status.state !== 'starting' ? this.engine.calls : null;
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
    this.watches.watch(asked, viewer, this.reachable, (sentence) => this.watchRefused.fire(sentence));
  }

  /** Tells the engine which samples to draw; the same twice is sent once. */
  watchSamples(watch: SampleWatch | null): void {
    this.watches.watchSamples(watch, this.reachable, (sentence) => {
      this.sampleRefusal = sentence;
      this.sampled.fire();
    });
  }

  frameDrawn(sequence: number): void {
    if (this.watches.isNewlyDrawn(sequence))
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
  ask<K extends 'overTraining' | 'frameAt' | 'targetMatrix' | 'carriedSpectrum' | 'truncations'>(
    call: K,
    request: RequestOf<EngineCalls[K]>,
    signal?: AbortSignal,
  ): Promise<ResultOf<EngineCalls[K]>> {
    return this.engine.calls.call(call, request, signal);
  }

  /** Writes the model as it is now to a file that ends in .onnx or .safetensors. What is to be said of it. */
  exportModel(path: string): Promise<readonly Message[]> {
    return this.engine.calls.call('exportModel', { path });
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
      this.spectrumAdvanced,
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
      this.watches.forget();
      await engine.close();
      // An engine that ended before it answered says more by its end than by its silence.
      if (error instanceof RpcError && error.code === 'closed' && engine.ending)
        throw new RpcError('closed', endSentence(engine.ending));
      throw error;
    }
  }

  private async begin(engine: EngineProcess, beginning: Beginning): Promise<void> {
    const { opened, history } = await askToBegin(engine, beginning, this);
    this.opened = opened;
    if (history) this.metrics.append(history);
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
        this.watches.received(frame.header.sequence);
        this.framed.fire(frame);
      }),
    );
    engine.calls.on(
      'recorded',
      own((recording) => {
        this.opened = { ...this.opened, description: { ...this.description, recording } };
        this.setStatus({ ...this.status, step: recording.steps.at(-1) ?? this.status.step });
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
      'spectrumProgress',
      own((done) => this.spectrumAdvanced.fire(done)),
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
