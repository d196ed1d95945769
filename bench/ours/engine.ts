/** All that the measurements use of the engine, in one place. */
import { availableParallelism } from 'node:os';
import { createBackend, stepWorkOf, windowWorkOf } from '../../src/engine/backend';
import { generalModelOf } from '../../src/core/model/plainModel';
import { FastReading, Float64Reading } from '../../src/engine/inspect/reading';
import { Inspector } from '../../src/engine/inspect/inspector';
import { makeFrame } from '../../src/engine/inspect/frame';
import { Trainer } from '../../src/engine/train/trainer';
import { Vocabulary } from '../../src/core/corpus/vocabulary';
import { plainStack, uniformModel, type StackConfig } from '../../src/core/model/config';
import { initialize } from '../../src/core/model/initialize';
import { Random } from '../../src/core/model/random';
import { Arena } from '../../src/kernels/arena';
import { unitMapNamesOf, type CellName } from '../../src/layers/catalog';
import type { LayerOptions } from '../../src/layers/options';
import {
  defaultThresholds,
  defaultTrainingSettings,
  type BackendName,
  type TrainingSettings,
} from '../../src/protocol/settings';
import { readerOf, type ReaderRequest } from './readers';
import { sampledStep } from './sampled';

/** A row of the grid, and the backend that computes it; `threads` null lets the engine choose. */
export interface TrainingRequest extends ReaderRequest {
  readonly cell: CellName;
  readonly hidden: number;
  readonly layers: number;
  readonly backend: BackendName;
  readonly threads: number | null;
  /** Of the cell's kind; by default its own. */
  readonly options?: LayerOptions;
  /** What stands around the layers, with an embedding of their size; by default nothing, and tokens are one-hot. */
  readonly around?: Pick<StackConfig, 'norm' | 'finalNorm' | 'residual' | 'tied'>;
  /** False leaves the recording out, to measure what it costs. */
  readonly recording?: boolean;
  /** What differs from the engine's default settings. */
  readonly settings?: Partial<TrainingSettings>;
}

/** A model in training, and one probe of its text. */
export interface Training {
  /** One ordinary training step, its recording included. */
  readonly step: () => Promise<void>;
  /** The same with samples of what the model writes. */
  readonly sampledStep: () => Promise<void>;
  /** A frame of the probe, as the panel asks for it between two steps. */
  readonly frame: () => Promise<void>;
  /** The same where the text has changed: nothing that has been computed is used again. */
  readonly newFrame: () => Promise<void>;
  /** The source × target matrix of a probe that has changed; it is read with it. */
  readonly matrix: () => Promise<void>;
  /** That of what the lowest layer reads, in float64; the probe is read with it. */
  readonly inputMatrix: () => Promise<void>;
}

const probeTokens = 257;

/** Trains on uniformly random tokens with Adam and clipping to norm 1, as the peer does. The weights are the engine's defaults. */
export async function createTraining(request: TrainingRequest): Promise<Training> {
  const { cell, layers, hidden, vocabulary: symbols, window, batch } = request;
  const random = Random.fromSeed(1);
  const vocabulary = new Vocabulary(Array.from({ length: symbols }, (_, i) => String.fromCodePoint(0x30 + i)));
  const reader = readerOf(request, random);
  const settings = {
    ...defaultTrainingSettings,
    window,
    batch,
    learningRate: 1e-3,
    clipNorm: 1,
    backend: request.backend,
    threads: request.threads,
    ...request.settings,
  };
  const config = uniformModel({
    ...plainStack,
    ...(request.around && { ...request.around, embeddingSize: hidden }),
    cell,
    activation: 'tanh',
    options: request.options ?? {},
    layers,
    hiddenSize: hidden,
    vocabularySize: symbols,
  });
  const backend = await createBackend(
    settings,
    availableParallelism(),
    stepWorkOf(config, batch),
    windowWorkOf(config, batch),
  );
  if (backend.name !== request.backend) throw new Error(`the backend ${request.backend} is not available here`);
  const trainer = Trainer.create(
    config,
    settings,
    initialize(config, random, settings),
    reader,
    backend,
    request.recording ?? true,
  );

  const inspecting = await createBackend(settings, availableParallelism(), Infinity);
  const plain = { config, parameters: trainer.parameters };
  const model = {
    general: generalModelOf(config, trainer.parameters),
    plain,
    isLive: true,
    vocabulary,
    backend: inspecting,
  };
  const inspector = new Inspector(model);
  const text = Array.from(
    { length: probeTokens },
    () => vocabulary.symbols[Math.floor(symbols * random.uniform())],
  ).join('');
  const watch = {
    text,
    target: 'last',
    thresholds: defaultThresholds,
    unitMap: { layer: 0, direction: 'forward', quantity: unitMapNamesOf(cell)[0] },
    total: false,
    maxRate: 20,
  } as const;
  const texts = [text, text.slice(1) + text[0]];
  const probes = texts.map((each) => vocabulary.encode(each));
  // A mixer has none: made where it is asked for.
  let reading: FastReading | null = null;
  let frames = 0;
  let matrices = 0;
  return {
    async step() {
      await trainer.next();
    },
    sampledStep: sampledStep(model, trainer),
    async frame() {
      await makeFrame(inspector, watch, ++frames, trainer.step);
    },
    async newFrame() {
      await makeFrame(inspector, { ...watch, text: texts[++frames % texts.length] }, frames, trainer.step);
    },
    async inputMatrix() {
      await new Float64Reading(model.general, probes[0]).inputMatrix(() => Promise.resolve());
    },
    async matrix() {
      reading ??= FastReading.ofSize(probes[0].length - 1, plain, inspecting, true);
      await reading.read({ ids: probes[++matrices % probes.length], numbers: null }, plain);
      await reading.matrix(() => Promise.resolve());
    },
  };
}

/** Names of the exported kernels by their index in the WebAssembly module, which is all that a profile knows of them. */
export function kernelNames(): ReadonlyMap<string, string> {
  // The specification makes the index the exported function's own name.
  const { kernels } = Arena.build((arena) => arena);
  return new Map(
    Object.entries(kernels).flatMap(([name, kernel]: [string, unknown]): [string, string][] =>
      kernel instanceof Function ? [[kernel.name, name]] : [],
    ),
  );
}
