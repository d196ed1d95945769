/** What the engine has of a stack of layers, trained or only opened: an inspector, its frames, and the text it writes. */
import type { EngineEvents } from '../protocol/engine';
import type { FlowHistory } from './inspect/flowHistory';
import { makeFrame } from './inspect/frame';
import { FrameSource, type MakeFrame } from './inspect/frameSource';
import { HistoryKeeper } from './inspect/historyKeeper';
import { Inspector, type InspectedModel } from './inspect/inspector';
import { SpectrumSampler } from './inspect/spectrumSampler';
import type { ModelSink } from './loadedGraph';
import type { ModelLock } from './modelLock';
import { Sampler } from './sampling/sampler';
import { SampleSource } from './sampling/sampleSource';
import type { Run } from './train/run';

/** How far a model has been trained. */
export interface TrainedModel {
  /** Null of a model that is only looked at. */
  readonly run: Run | null;
  /** The flows of one target, over the steps at which somebody looked. */
  readonly history: FlowHistory;
  /** Steps the model has been trained for, now. */
  readonly trainingStep: () => number;
  /** Part of the gate activations, or units, that were saturated in the last step; null where none can be. */
  readonly saturated: () => number | null;
}

export interface LoadedModel extends TrainedModel {
  readonly inspector: Inspector;
  readonly frames: FrameSource;
  readonly samples: SampleSource;
}

export function loadModel(
  model: InspectedModel,
  { run, history, trainingStep, saturated }: TrainedModel,
  lock: ModelLock,
  sink: ModelSink,
): LoadedModel {
  const inspector = new Inspector(model);
  // A model that is only looked at does not change.
  const keeper = run && new HistoryKeeper(model, history);
  const sampler = run && new SpectrumSampler(model, history, saturated);
  const ofFrames = {
    frame: (frame: EngineEvents['frame']) => sink.frame(frame),
    watchFailed: (message: EngineEvents['watchFailed']) => sink.watchFailed(message),
  };
  const make: MakeFrame = async (watch, sequence) => {
    const frame = await makeFrame(inspector, watch, sequence, trainingStep());
    await keeper?.keep(watch, frame);
    const spectrum = sampler?.take(watch);
    return spectrum ? { ...frame, header: { ...frame.header, spectrum } } : frame;
  };
  const isTraining = () => run?.isTraining ?? false;
  const samples = new SampleSource(
    {
      vocabulary: model.vocabulary,
      makeSampler: () => Sampler.of(model),
      trainingStep,
      loss: () => run?.lastLoss ?? null,
      isTraining,
    },
    lock,
    (sample) => sink.sampleDrawn(sample),
  );
  const frames = new FrameSource(make, lock, ofFrames, isTraining, trainingStep, async (watch) => {
    await sampler?.sample(trainingStep(), watch);
  });
  return { inspector, trainingStep, saturated, run, history, frames, samples };
}
