/** Makes the models of the trial: trains them by the engine itself, in this process, and opens what it has saved. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Vocabulary } from '../../src/core/corpus/vocabulary';
import { weightsOf, type GeneralModel } from '../../src/core/model/generalModel';
import { connectInProcess } from '../../src/engine/inProcess';
import { createBackend } from '../../src/engine/backend';
import { Inspector } from '../../src/engine/inspect/inspector';
import { openModel } from '../../src/engine/model/openModel';
import { firstUnitMapOf } from '../../src/layers/catalog';
import type { Watch } from '../../src/protocol/engine';
import type { FlowLane, FlowOverTraining } from '../../src/protocol/overTraining';
import { readLayers } from '../../src/protocol/layerList';
import type { RunDescription, RunSummary } from '../../src/protocol/run';
import {
  completeModel,
  defaultModelSettings,
  defaultThresholds,
  defaultTrainingSettings,
  defaultVocabularySettings,
  layersOf,
  type ModelSettings,
} from '../../src/protocol/settings';
import type { TrainedCase } from './cases';
import { textNamed } from './texts';

export interface TrainedModel {
  readonly run: RunDescription;
  readonly summary: RunSummary;
  /** Why the run paused by itself; null where it did not. */
  readonly problem: string | null;
  /** Of the top layer's farthest state, or of what the lowest layer reads. */
  readonly history: FlowOverTraining;
  readonly general: GeneralModel;
  readonly vocabulary: Vocabulary;
  readonly inspector: Inspector;
}

export function modelOf({ model }: TrainedCase): ModelSettings {
  const open = { ...defaultModelSettings, objective: null, norm: null, finalNorm: null, residual: null };
  const { list, ...given } = model;
  return completeModel({ ...open, ...given, ...(list && { layers: readLayers(list) }) });
}

/** What is watched of a model; the unit map is of its lowest layer's first quantity. */
export function watchOf(model: ModelSettings, text: string, target: Watch['target']): Watch {
  const [{ cell }] = layersOf(model);
  return {
    text,
    target,
    thresholds: defaultThresholds,
    unitMap: { layer: 0, direction: 'forward', quantity: firstUnitMapOf(cell) ?? 'hidden' },
    total: false,
    inputs: true,
    maxRate: 1000,
  };
}

/** @param probe the text that is watched while it trains, always of the same target */
export async function train(
  trial: TrainedCase,
  probe: string,
  lane: (model: ModelSettings) => FlowLane,
): Promise<TrainedModel> {
  const home = await mkdtemp(join(tmpdir(), 'backflow-verdicts-'));
  const connection = connectInProcess();
  const { engine } = connection;
  try {
    const model = modelOf(trial);
    const folder = join(home, 'run');
    let problem: string | null = null;
    const ended = new Promise<RunSummary>((resolve, reject) => {
      engine.on('finished', resolve);
      engine.on('status', ({ state, message }) => {
        if (message === null) return;
        problem ??= message.key;
        if (state === 'failed') reject(new Error(message.key));
        else engine.call('stop', null).catch(reject);
      });
    });
    const { text } = textNamed(trial.text);
    const run = await engine.call('train', {
      corpus: { kind: 'text', text, name: trial.text },
      from: null,
      vocabulary: defaultVocabularySettings,
      model,
      training: {
        ...defaultTrainingSettings,
        batch: 8,
        steps: 400,
        backend: 'wasm',
        threads: 1,
        seed: 7,
        validateEvery: 50,
        ...trial.training,
      },
      folder,
    });
    engine.on('frame', ({ header: { sequence } }) => void engine.call('frameDrawn', { sequence }));
    await engine.call('watch', { ...watchOf(model, probe, 'last'), atCommonSteps: true });
    const summary = await ended;
    const history = await engine.call('overTraining', lane(model));
    const opened = await openModel({ path: folder, vocabulary: null, text: null, architecture: { activation: null } });
    const { vocabulary, plain } = opened;
    const general = trial.spoil ? spoiled(opened.general, trial.spoil) : opened.general;
    const backend = await createBackend({ backend: 'wasm', threads: 1 }, 1, Infinity);
    const inspector = new Inspector({ general, plain: trial.spoil ? null : plain, isLive: false, vocabulary, backend });
    return { run, summary, problem, history, general, vocabulary, inspector };
  } finally {
    await connection.close();
    await rm(home, { recursive: true, force: true });
  }
}

function spoiled(general: GeneralModel, how: NonNullable<TrainedCase['spoil']>): GeneralModel {
  if (how === 'noOutput') general.output.W.fill(0);
  else
    for (const { directions } of general.layers)
      for (const direction of directions)
        for (const weights of weightsOf(direction)) if (weights.length > 0) weights[0] = NaN;
  return general;
}
