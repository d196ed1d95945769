/** Opens what a path names, to be looked at: a model, a model in graph mode, or a recording. */
import type { OpenRequest, OpenResult } from '../protocol/engine';
import { UserError } from '../userError';
import { createBackend } from './backend';
import { emitter, modelSink, type Emit } from './emit';
import { readFlowHistory } from './files/flowHistoryFile';
import { readOverflow } from './files/overflowFile';
import type { RunFolder } from './files/runFolder';
import { FlowHistory } from './inspect/flowHistory';
import { loadGraph } from './loadedGraph';
import { loadModel } from './loadedModel';
import { LoadedRecording } from './loadedRecording';
import { openModel, openModelOrGraph, type OpenedModel } from './model/openModel';
import { graphResult, modelResult } from './model/openResult';
import type { Held } from './modelHolder';
import type { ModelLock } from './modelLock';
import { openResultOf } from './recording/openedRecording';
import { RecordedReader } from './recording/recordedReader';
import { RecordingFolder } from './recording/recordingFolder';

/** What is open, and what is said of it. */
export type Opened = Held & { readonly result: OpenResult };

/** What an engine gives to what it opens. */
export interface Opening {
  readonly emit: Emit;
  readonly modelLock: ModelLock;
  /** That it may use where the request does not say how many threads. */
  readonly cores: number;
  /** Ended when the call is canceled. */
  readonly signal: AbortSignal;
  /** Called between parts of the work; throws when the call has been canceled. */
  readonly pause: () => Promise<void>;
}

/** Throws a UserError for what cannot be opened. */
export async function open(request: OpenRequest, opening: Opening): Promise<Opened> {
  const { emit, modelLock, signal } = opening;
  const recording = await RecordingFolder.find(request.path);
  if (recording) return openRecording(recording, request, opening);
  const opened = request.allowsGraph
    ? await openModelOrGraph(request, opening.pause, { signal })
    : await openModel(request, { signal });
  if (opened.mode !== 'graph') return openStack(opened, request, opening);
  return { mode: 'graph', graph: loadGraph(opened, modelLock, modelSink(emit)), result: graphResult(opened) };
}

async function openStack(
  opened: OpenedModel,
  request: OpenRequest,
  { emit, modelLock, cores }: Opening,
): Promise<Opened> {
  const { general, plain, vocabulary, trainingStep, folder } = opened;
  const backend = await createBackend(request, cores, Infinity);
  const history = folder ? await readFlowHistory(folder.flowsPath) : new FlowHistory();
  const model = loadModel(
    { general, plain, isLive: false, vocabulary, backend },
    { run: null, history, trainingStep: () => trainingStep, saturated: () => null },
    modelLock,
    modelSink(emit),
  );
  return {
    mode: 'stack',
    model,
    result: modelResult(opened, backend.name, folder && (await runOf(folder, trainingStep))),
  };
}

/** What a run's folder says. @param trainingStep of the checkpoint that is opened */
async function runOf(folder: RunFolder, trainingStep: number): Promise<OpenResult['run']> {
  const overflow = await readOverflow(folder.overflowPath);
  return {
    description: folder.record.description,
    history: await folder.readHistory(),
    // One that the run has got past by now, as on another machine, is none of this checkpoint's.
    overflow: overflow && overflow.trainingStep > trainingStep ? overflow : null,
  };
}

async function openRecording(
  folder: RecordingFolder,
  request: OpenRequest,
  { emit, modelLock, cores, pause }: Opening,
): Promise<Opened> {
  if (!request.allowsGraph) throw new UserError('error.recording.notModel', folder.path);
  const backend = await createBackend(request, cores, Infinity);
  const reader = new RecordedReader(folder, request, backend);
  const sink = { ...modelSink(emit), progress: emitter(emit, 'progress'), recorded: emitter(emit, 'recorded') };
  const recording = await LoadedRecording.open(reader, modelLock, sink, pause);
  const result = openResultOf(recording, folder.record, backend.name, await recording.unit());
  return { mode: 'recording', recording, result };
}
