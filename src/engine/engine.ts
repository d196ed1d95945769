/** The engine: answers the calls of the protocol with at most one model, training or not. It does not know the wire. */
import { setImmediate } from 'node:timers/promises';
import { UserError } from '../userError';
import type {
  AttributeRequest,
  AttributionReport,
  BranchRequest,
  DescribeRequest,
  EngineCalls,
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
import type { Emit } from './emit';
import { readFlowHistory } from './files/flowHistoryFile';
import { FlowHistory } from './inspect/flowHistory';
import { attribute, prepareAttribution } from './inspect/attribution';
import { makeGraphMatrix } from './inspect/graph/graphFrame';
import type { GraphInspector } from './inspect/graph/graphInspector';
import { PartOfTime } from './inspect/partOfTime';
import { Playground } from './inspect/playground';
import { MatrixSource } from './inspect/matrixRows';
import { makeReport } from './inspect/report';
import { makeSpectrum, prepareSpectrum } from './inspect/spectrum';
import { makeTargetMatrix } from './inspect/targetMatrix';
import { describeToken } from './inspect/tokenReport';
import { compareTruncations } from './inspect/truncations';
import { examineModel, type Examined } from './model/examination';
import { exportable, exportModel } from './model/exportModel';
import { Sampler } from './sampling/sampler';
import { sampleText } from './sampling/sampleText';
import type { Run, RunParts } from './train/run';
import { setUpBranch } from './train/branch';
import { setUpResumed } from './train/resume';
import { setUpRun } from './train/setUp';
import type { Message } from '../messages';
import { loadRun } from './loadedRun';
import type { LoadedModel } from './loadedModel';
import { ModelHolder } from './modelHolder';
import { ModelLock } from './modelLock';
import { open } from './opening';

/** Part of a target matrix, or of a spectrum, after which its progress is reported again. */
const progressShare = 0.02;
/** Part of the time that a spectrum may take while a run is on. */
const spectrumShare = 0.25;

export class Engine {
  readonly handlers: Handlers<EngineCalls> = {
    train: (request, signal) => this.train(request, signal),
    resumeRun: (request) => this.resumeRun(request),
    branchRun: (request) => this.branchRun(request),
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
      this.holder.frames.frameDrawn(sequence);
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
  private readonly holder = new ModelHolder();
  private readonly playground = new Playground();
  private examined: Examined | null = null;
  private matrices: MatrixSource | null = null;

  /** @param cores that it may use where a request does not say how many threads */
  constructor(
    private readonly emit: Emit,
    private readonly cores: number,
    private readonly modelLock = new ModelLock(),
  ) {}

  private train(request: TrainRequest, signal: AbortSignal): Promise<RunDescription> {
    return this.startRun(async () => ({
      parts: await setUpRun(request, this.modelLock, this.cores, signal),
      history: new FlowHistory(),
    }));
  }

  private resumeRun(request: ResumeRequest): Promise<RunDescription> {
    return this.startRun(async () => {
      const parts = await setUpResumed(request, this.modelLock, this.cores);
      const history = await readFlowHistory(parts.folder.flowsPath);
      history.goBackTo(parts.trainer.step);
      return { parts, history };
    });
  }

  private branchRun(request: BranchRequest): Promise<RunDescription> {
    return this.startRun(async () => ({
      parts: await setUpBranch(request, this.modelLock, this.cores),
      history: new FlowHistory(),
    }));
  }

  private async startRun(
    setUp: () => Promise<{ readonly parts: RunParts; readonly history: FlowHistory }>,
  ): Promise<RunDescription> {
    const { run } = await this.holder.load(async () => {
      const { parts, history } = await setUp();
      return { mode: 'stack', ...loadRun(parts, history, this.emit) };
    });
    this.emit('started', run.description);
    run.start();
    return run.description;
  }

  private async open(request: OpenRequest, signal: AbortSignal): Promise<OpenResult> {
    const { emit, modelLock, cores } = this;
    const opening = { emit, modelLock, cores, signal, pause: () => yieldToMessages(signal) };
    const { result } = await this.holder.load(() => open(request, opening));
    return result;
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
    (this.holder.recording ?? this.holder.frames).watch(watch);
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
      const { recording } = this.holder;
      if (!recording) throw new UserError('error.recording.notOpen');
      return recording.report(request, () => yieldToMessages(signal));
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
    const { inspector, trainingStep, run } = this.model;
    const source = await this.modelLock.run(() => {
      signal.throwIfAborted();
      return prepareSpectrum(inspector, request.text, trainingStep());
    });
    const progress = this.toldNowAndThen('spectrumProgress');
    const part = new PartOfTime(spectrumShare);
    return makeSpectrum(source, request, async (done) => {
      progress(done);
      await (run?.isTraining === true ? part.rest(signal) : yieldToMessages(signal));
    });
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
    const { graph } = this.holder;
    if (graph) return this.modelLock.run(() => graph.inspector.attribute(request, () => yieldToMessages(signal)));
    const prepared = await this.modelLock.run(() => prepareAttribution(this.model.inspector, request));
    return 'parts' in prepared ? prepared : attribute(prepared, () => yieldToMessages(signal));
  }

  private sample(request: SampleRequest, signal: AbortSignal): Promise<SampleResult> {
    const { graph } = this.holder;
    const { modelLock } = this;
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
    this.holder.samples.watch(watch);
    return null;
  }

  private overTraining(lane: FlowLane): FlowOverTraining {
    return this.holder.recording?.overTraining(lane) ?? this.model.history.lane(lane);
  }

  private async frameAt(trainingStep: number, signal: AbortSignal): Promise<Frame | null> {
    const { recording } = this.holder;
    if (!recording) return this.model.history.at(trainingStep);
    return this.modelLock.run(() => recording.frameAt(trainingStep, () => yieldToMessages(signal)));
  }

  private targetMatrix(request: MatrixRequest, signal: AbortSignal): Promise<TargetMatrix> {
    const progress = this.matrixProgress();
    return this.modelLock.run(() => {
      signal.throwIfAborted();
      const { recording, graph } = this.holder;
      if (recording) return recording.matrix(request, progress, () => yieldToMessages(signal));
      if (graph) return makeGraphMatrix(graph.inspector, request, () => yieldToMessages(signal), progress);
      return makeTargetMatrix(this.model.inspector, request.text, this.model.trainingStep(), async (done) => {
        progress(done);
        await yieldToMessages(signal);
      });
    });
  }

  private matrixProgress(): (done: number) => void {
    return this.toldNowAndThen('matrixProgress');
  }

  /** Tells how far something is. */
  private toldNowAndThen(event: 'matrixProgress' | 'spectrumProgress'): (done: number) => void {
    let told = 0;
    return (done) => {
      if (done - told >= progressShare) this.emit(event, (told = done));
    };
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
  close(): Promise<void> {
    return this.holder.close();
  }

  private get model(): LoadedModel {
    return this.holder.model;
  }

  private get run(): Run {
    return this.holder.run;
  }

  private get openedGraph(): GraphInspector {
    const { graph } = this.holder;
    if (!graph) throw new UserError('error.graph.notOpen');
    return graph.inspector;
  }
}

/** Lets messages in, and throws when the call has been canceled. */
async function yieldToMessages(signal: AbortSignal): Promise<void> {
  await setImmediate();
  signal.throwIfAborted();
}
