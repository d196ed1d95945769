/** A model in graph mode that an engine has open, and all that works on it. */
import { totalmem } from 'node:os';
import { setImmediate } from 'node:timers/promises';
import { FrameSource, type FrameSink, type MakeFrame } from './inspect/frameSource';
import { makeGraphFrame } from './inspect/graph/graphFrame';
import { GraphInspector } from './inspect/graph/graphInspector';
import type { Pause } from './inspect/graph/inTurns';
import type { OpenedGraph } from './model/openModel';
import type { ModelLock } from './modelLock';
import type { ModelSample } from '../protocol/sample';
import { GraphSampler } from './sampling/graphSampler';
import { SampleSource } from './sampling/sampleSource';

/** Bytes of tensors that graph mode keeps for the way back. */
const maxTape = 3e9;

export interface LoadedGraph {
  readonly inspector: GraphInspector;
  readonly frames: FrameSource;
  readonly samples: SampleSource;
  /** Throws a UserError for a model that cannot generate. */
  makeSampler(pause: Pause): GraphSampler;
}

/** Where an engine sends what comes of its model. */
export interface ModelSink extends FrameSink {
  sampleDrawn(sample: ModelSample): void;
}

export function loadGraph(
  { graph, vocabulary, stackRefusal }: OpenedGraph,
  modelLock: ModelLock,
  sink: ModelSink,
): LoadedGraph {
  const most = Math.min(totalmem() / 4, maxTape);
  const inspector = new GraphInspector(graph, vocabulary, stackRefusal, most);
  const makeFrame: MakeFrame = (watch, sequence, pause) => makeGraphFrame(inspector, watch, sequence, pause);
  const makeSampler = (pause: Pause) => GraphSampler.of(graph, vocabulary, most, pause);
  const sampled = {
    vocabulary,
    makeSampler: () => makeSampler(() => setImmediate()),
    trainingStep: () => 0,
    loss: () => null,
    isTraining: () => false,
  };
  return {
    inspector,
    frames: new FrameSource(
      makeFrame,
      modelLock,
      sink,
      () => false,
      () => 0,
    ),
    samples: new SampleSource(sampled, modelLock, (sample) => sink.sampleDrawn(sample)),
    makeSampler,
  };
}
