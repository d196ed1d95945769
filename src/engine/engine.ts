/** The engine: answers the calls of the protocol with at most one model, training or not. It does not know the wire. */
import { setImmediate } from 'node:timers/promises';
import { UserError } from '../userError';
import type {
  AttributeRequest,
  AttributionReport,
  DescribeRequest,
  EngineCalls,
  EngineEvents,
  ExamineRequest,
  InspectAnswer,
  InspectRequest,
  MatrixRowsRequest,
  OpenRequest,
  OpenResult,
  ResumeRequest,
  TokenReport,
  TrainRequest,
  Watch,
} from '../protocol/engine';
import type { GraphReport, GraphRequest, GraphTokenReport, GraphTokenRequest } from '../protocol/graph';
import type { Frame } from '../protocol/frame';
import type { Examination, MatrixChoice, Spectrum } from '../protocol/model';
import type { FlowLane, FlowOverTraining } from '../protocol/overTraining';
import type { RecordingReport, RecordingRequest } from '../protocol/recording';
import type { Handlers } from '../protocol/rpc';
import type { RunDescription } from '../protocol/run';
import type { SampleRequest, SampleResult, SampleWatch } from '../protocol/sample';
import type { SpectrumReport, SpectrumRequest } from '../protocol/spectrum';
import type { MatrixRequest, TargetMatrix } from '../protocol/targetMatrix';
import { createBackend } from './backend';
import { readFlowHistory, writeFlowHistory } from './files/flowHistoryFile';
import { readOverflow } from './files/overflowFile';
import { FlowHistory } from './inspect/flowHistory';
import { attribute, prepareAttribution } from './inspect/attribution';
import type { FrameSource } from './inspect/frameSource';
import { makeGraphMatrix } from './inspect/graph/graphFrame';
import type { GraphInspector } from './inspect/graph/graphInspector';
import type { InspectedModel } from './inspect/inspector';
import { Playground } from './inspect/playground';
import { MatrixSource } from './inspect/matrixRows';
import { makeReport } from './inspect/report';
import { makeSpectrum, prepareSpectrum } from './inspect/spectrum';
import { makeTargetMatrix } from './inspect/targetMatrix';
import { describeToken } from './inspect/tokenReport';
import { compareTruncations } from './inspect/truncations';
import { examineModel, messageOf, type Examined } from './model/examination';
import { exportable, exportModel } from './model/exportModel';
import { openModel, openModelOrGraph } from './model/openModel';
import { graphResult, modelResult } from './model/openResult';
import { RecordedReader } from './recording/recordedReader';
import { RecordingFolder } from './recording/recordingFolder';
import { openResultOf } from './recording/openedRecording';
import { Sampler } from './sampling/sampler';
import { sampleText } from './sampling/sampleText';
import { Run, type RunParts } from './train/run';
import { setUpResumed, setUpRun } from './train/setUp';
import type { Message } from '../messages';
import { loadGraph, type LoadedGraph, type ModelSink } from './loadedGraph';
import { loadModel, type LoadedModel, type TrainedModel } from './loadedModel';
import { LoadedRecording } from './loadedRecording';
import { ModelLock } from './modelLock';

export type Emit = <K extends keyof EngineEvents>(event: K, value: EngineEvents[K]) => void;

/** The flows over training are written with a checkpoint, but not more often than this, milliseconds. */
const historyInterval = 10_000;
/** Part of a target matrix after which its progress is reported again. */
const progressShare = 0.02;

export class Engine {
  readonly handlers: Handlers<EngineCalls> = {
    train: (request, signal) => this.train(request, signal),
    resumeRun: (request) => this.resumeRun(request),
    open: (request, signal) => this.open(request, signal),
    examine: (request, signal) => this.examine(request, signal),
    spectrum: (choice) => this.spectrum(choice),
    ping: () => null,
    pause: () => this.run.pause(),
    resume: () => this.run.resume(),
    step: () => this.run.step(),
    stop: () => this.run.stop(),
    watch: (watch) => this.watch(watch),
    frameDrawn: ({ sequence }) => {
      this.frames.frameDrawn(sequence);
      return null;
    },
    inspect: (request, signal) => this.inspect(request, signal),
    inspectGraph: (request, signal) => this.inspectGraph(request, signal),
    inspectRecording: (request, signal) => this.inspectRecording(request, signal),
    matrixRows: (request, signal) => this.matrixRows(request, signal),
    carriedSpectrum: (request, signal) => this.carriedSpectrum(request, signal),
    describe: (request, signal) => this.describe(request, signal),
    describeGraph: (request, signal) => this.describeGraph(request, signal),
    attribute: (request, signal) => this.attribute(request, signal),
    sample: (request, signal) => this.sample(request, signal),
    watchSamples: (watch) => this.watchSamples(watch),
    overTraining: (lane) => this.overTraining(lane),
    frameAt: ({ trainingStep }, signal) => this.frameAt(trainingStep, signal),
    targetMatrix: (request, signal) => this.targetMatrix(request, signal),
    truncations: ({ text, k2 }) =>
      this.modelLock.run(() => compareTruncations(this.model.inspector, text, k2, this.model.trainingStep())),
    playground: ({ settings, thresholds }, signal) =>
      this.playground.run(settings, thresholds, () => yieldToMessages(signal)),
    exportModel: ({ path }) => this.exportModel(path),
  };
  private readonly sink: ModelSink = {
    frame: this.emitter('frame'),
    watchFailed: this.emitter('watchFailed'),
    sampleDrawn: this.emitter('sampleDrawn'),
  };
  private readonly playground = new Playground();
  private loaded: LoadedModel | null = null;
  private graph: LoadedGraph | null = null;
  private recording: LoadedRecording | null = null;
  private examined: Examined | null = null;
  private matrices: MatrixSource | null = null;
  private isLoading = false;

  /** @param cores that it may use where a request does not say how many threads */
  constructor(
    private readonly emit: Emit,
    private readonly cores: number,
    private readonly modelLock = new ModelLock(),
  ) {}

  private train(request: TrainRequest, signal: AbortSignal): Promise<RunDescription> {
    return this.load(async () => {
      const parts = await setUpRun(request, this.modelLock, this.cores, signal);
      return this.startRun(parts, new FlowHistory());
    });
  }

  private resumeRun(request: ResumeRequest): Promise<RunDescription> {
    return this.load(async () => {
      const parts = await setUpResumed(request, this.modelLock, this.cores);
      const history = await readFlowHistory(parts.folder.flowsPath);
      history.goBackTo(parts.trainer.step);
      return this.startRun(parts, history);
    });
  }

  private open(request: OpenRequest, signal: AbortSignal): Promise<OpenResult> {
    return this.load(async () => {
      const recording = await RecordingFolder.find(request.path);
      if (recording) return this.openRecording(recording, request, signal);
      const opened = request.allowsGraph
        ? await openModelOrGraph(request, () => yieldToMessages(signal), { signal })
        : await openModel(request, { signal });
      if (opened.mode === 'graph') {
        this.graph = loadGraph(opened, this.modelLock, this.sink);
        return graphResult(opened);
      }
      const { general, plain, vocabulary, trainingStep, folder } = opened;
      const backend = await createBackend(request, this.cores, Infinity);
      const history = folder ? await readFlowHistory(folder.flowsPath) : new FlowHistory();
      const model = { general, plain, isLive: false, vocabulary, backend };
      this.loaded = this.prepare(model, { run: null, history, trainingStep: () => trainingStep });
      const overflow = folder && (await readOverflow(folder.overflowPath));
      const run = folder && {
        description: folder.record.description,
        history: await folder.readHistory(),
        // One that the run has got past by now, as on another machine, is none of this checkpoint's.
        overflow: overflow && overflow.trainingStep > trainingStep ? overflow : null,
      };
      return modelResult(opened, backend.name, run);
    });
  }

  private async openRecording(folder: RecordingFolder, request: OpenRequest, signal: AbortSignal): Promise<OpenResult> {
    if (!request.allowsGraph) throw new UserError('error.recording.notModel', folder.path);
    const backend = await createBackend(request, this.cores, Infinity);
    const reader = new RecordedReader(folder, request, backend);
    const sink = { ...this.sink, progress: this.emitter('progress'), recorded: this.emitter('recorded') };
    this.recording = await LoadedRecording.open(reader, this.modelLock, sink, () => yieldToMessages(signal));
    return openResultOf(this.recording, folder.record, backend.name, await this.recording.unit());
  }

  private async examine(request: ExamineRequest, signal: AbortSignal): Promise<Examination> {
    this.examined = await examineModel(request, () => yieldToMessages(signal));
    return this.examined.report;
  }

  private spectrum(choice: MatrixChoice): Spectrum | null {
    if (!this.examined) throw new UserError('error.model.noneExamined');
    return this.examined.spectrum(choice);
  }

  private watch(watch: Watch | null): null {
    if (this.recording) this.recording.watch(watch);
    else this.frames.watch(watch);
    return null;
  }

  private inspect(request: InspectRequest, signal: AbortSignal): Promise<InspectAnswer> {
    return this.modelLock.run(async () => {
      signal.throwIfAborted();
      const trainingStep = this.model.trainingStep();
      return { ...(await makeReport(this.model.inspector, request, () => yieldToMessages(signal))), trainingStep };
    });
  }

  private inspectGraph(request: GraphRequest, signal: AbortSignal): Promise<GraphReport> {
    return this.modelLock.run(() => {
      signal.throwIfAborted();
      return this.openedGraph.report(request, () => yieldToMessages(signal), this.matrixProgress());
    });
  }

  private inspectRecording(request: RecordingRequest, signal: AbortSignal): Promise<RecordingReport> {
    return this.modelLock.run(() => {
      signal.throwIfAborted();
      if (!this.recording) throw new UserError('error.recording.notOpen');
      return this.recording.report(request, () => yieldToMessages(signal));
    });
  }

  private describeGraph(request: GraphTokenRequest, signal: AbortSignal): Promise<readonly GraphTokenReport[]> {
    return this.modelLock.run(() => this.openedGraph.describe(request, () => yieldToMessages(signal)), true);
  }

  private matrixRows({ text, matrix, from }: MatrixRowsRequest, signal: AbortSignal): Promise<Float64Array> {
    return this.modelLock.run(async () => {
      signal.throwIfAborted();
      if (from === 0 && this.matrices?.given !== text) this.matrices = null;
      this.matrices ??= await MatrixSource.of(this.model.inspector, text);
      return this.matrices.read(matrix, from);
    });
  }

  private async carriedSpectrum(request: SpectrumRequest, signal: AbortSignal): Promise<SpectrumReport> {
    const { inspector, trainingStep } = this.model;
    const source = await this.modelLock.run(() => prepareSpectrum(inspector, request.text, trainingStep()));
    return makeSpectrum(source, request, () => yieldToMessages(signal));
  }

  private describe(
    { text, target, thresholds, tokens }: DescribeRequest,
    signal: AbortSignal,
  ): Promise<readonly TokenReport[]> {
    return this.modelLock.run(async () => {
      signal.throwIfAborted();
      const look = await this.model.inspector.look(text, target, thresholds, { inputs: true });
      return Promise.all(tokens.map((token) => describeToken(look, token)));
    }, true);
  }

  private async attribute(request: AttributeRequest, signal: AbortSignal): Promise<AttributionReport> {
    const { graph } = this;
    if (graph) return this.modelLock.run(() => graph.inspector.attribute(request, () => yieldToMessages(signal)));
    const prepared = await this.modelLock.run(() => prepareAttribution(this.model.inspector, request));
    return 'parts' in prepared ? prepared : attribute(prepared, () => yieldToMessages(signal));
  }

  private sample(request: SampleRequest, signal: AbortSignal): Promise<SampleResult> {
    const { graph, modelLock } = this;
    const pause = () => yieldToMessages(signal);
    const grown = (text: string) => {
      if (request.stream !== undefined) this.emit('sampled', { stream: request.stream, text });
    };
    if (graph)
      return sampleText(() => graph.makeSampler(pause), graph.inspector.vocabulary, request, modelLock, grown, pause);
    const { model } = this.model.inspector;
    return sampleText(() => Sampler.of(model), model.vocabulary, request, modelLock, grown, pause);
  }

  private watchSamples(watch: SampleWatch | null): null {
    (this.graph ?? this.model).samples.watch(watch);
    return null;
  }

  private overTraining(lane: FlowLane): FlowOverTraining {
    return this.recording ? this.recording.overTraining(lane) : this.model.history.lane(lane);
  }

  private async frameAt(trainingStep: number, signal: AbortSignal): Promise<Frame | null> {
    const { recording } = this;
    if (!recording) return this.model.history.at(trainingStep);
    return this.modelLock.run(() => recording.frameAt(trainingStep, () => yieldToMessages(signal)));
  }

  private targetMatrix(request: MatrixRequest, signal: AbortSignal): Promise<TargetMatrix> {
    const progress = this.matrixProgress();
    return this.modelLock.run(() => {
      signal.throwIfAborted();
      if (this.recording) return this.recording.matrix(request, progress, () => yieldToMessages(signal));
      if (this.graph) return makeGraphMatrix(this.graph.inspector, request, () => yieldToMessages(signal), progress);
      return makeTargetMatrix(this.model.inspector, request.text, this.model.trainingStep(), async (done) => {
        progress(done);
        await yieldToMessages(signal);
      });
    });
  }

  /** Tells how far a matrix is, now and then. */
  private matrixProgress(): (done: number) => void {
    let told = 0;
    return (done) => {
      if (done - told >= progressShare) this.emit('matrixProgress', (told = done));
    };
  }

  private prepare(model: InspectedModel, of: TrainedModel): LoadedModel {
    return loadModel(model, of, this.modelLock, this.sink);
  }

  private emitter<K extends keyof EngineEvents>(event: K): (value: EngineEvents[K]) => void {
    return (value) => this.emit(event, value);
  }

  private async exportModel(path: string): Promise<readonly Message[]> {
    const {
      inspector: {
        model: { plain, general, vocabulary },
      },
      trainingStep,
    } = this.model;
    const written = plain ?? exportable(general);
    const notices = await this.modelLock.run(() => exportModel(path, written, vocabulary, trainingStep()));
    return notices.map(({ key, args }) => ({ key, args }));
  }

  /** Ends what is under way, saving a checkpoint of a run. */
  async close(): Promise<void> {
    this.recording?.dispose();
    this.graph?.frames.dispose();
    this.graph?.samples.dispose();
    this.loaded?.frames.dispose();
    this.loaded?.samples.dispose();
    const run = this.loaded?.run;
    if (run && ['running', 'paused'].includes(run.status.state)) await run.stop();
  }

  private get model(): LoadedModel {
    if (this.graph) throw new UserError('error.graph.notAvailable', messageOf(this.graph.inspector.stackRefusal));
    if (this.recording) throw new UserError('error.recording.notAvailable');
    if (!this.loaded) throw new UserError('error.model.noneOpen');
    return this.loaded;
  }

  private get openedGraph(): GraphInspector {
    if (!this.graph) throw new UserError('error.graph.notOpen');
    return this.graph.inspector;
  }

  private get frames(): FrameSource {
    return (this.recording ?? this.graph ?? this.model).frames;
  }

  private get run(): Run {
    const { run } = this.model;
    if (!run) throw new UserError('error.model.notTraining');
    return run;
  }

  /** One model for one engine: a second load is refused, as long as the first has not failed. */
  private async load<T>(work: () => Promise<T>): Promise<T> {
    if (this.loaded || this.graph || this.recording || this.isLoading)
      throw new Error('this engine already has a model');
    this.isLoading = true;
    try {
      return await work();
    } finally {
      this.isLoading = false;
    }
  }

  private startRun(parts: RunParts, history: FlowHistory): RunDescription {
    let historySaved = performance.now();
    const run = new Run(parts, {
      status: (status) => {
        this.emit('status', status);
        this.loaded?.frames.changed();
        this.loaded?.samples.changed();
      },
      progress: (progress) => this.emit('progress', progress),
      finished: (summary) => this.emit('finished', summary),
      saved: async (isLast) => {
        if (!isLast && performance.now() - historySaved < historyInterval) return;
        historySaved = performance.now();
        await parts.folder.reportingRemoval(() => writeFlowHistory(parts.folder.flowsPath, history));
      },
      overflowed: (step) => history.addOverflow(step),
      stepped: async () => {
        this.loaded?.frames.changed();
        await this.loaded?.frames.makeIfDue();
        this.loaded?.samples.changed();
        await this.loaded?.samples.continueIfDue();
      },
    });
    this.loaded = this.prepare(parts.model, { run, history, trainingStep: () => parts.trainer.step });
    this.emit('started', parts.description);
    run.start();
    return parts.description;
  }
}

/** Lets messages in, and throws when the call has been canceled. */
async function yieldToMessages(signal: AbortSignal): Promise<void> {
  await setImmediate();
  signal.throwIfAborted();
}
