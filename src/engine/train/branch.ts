/**
 * A run that goes on from a checkpoint of another: in a folder of its own, with the optimizer's moments, the place in the text and the carried state of that step, and with
 * what is to be different. With a change that needs new weights it begins anew, from the same seed.
 */
import { basename, resolve } from 'node:path';
import { Parameters } from '../../core/model/parameters';
import type { ModelConfig } from '../../core/model/config';
import { initialize } from '../../core/model/initialize';
import { Random } from '../../core/model/random';
import { canChange, changeWeights, type Stretch } from '../../core/model/weightChange';
import { decodeCheckpoint } from '../../modelFiles/checkpointFile';
import type { BranchRequest, FreshStart } from '../../protocol/engine';
import type { RunDescription } from '../../protocol/run';
import { isMixture, type ModelSettings, type TrainingSettings } from '../../protocol/settings';
import { isTokenizer } from '../../tokens/tokenUnit';
import { UserError } from '../../userError';
import { RunFolder, type Checkpoint } from '../files/runFolder';
import type { ModelLock } from '../modelLock';
import { versions } from '../versions';
import { assemble } from './assemble';
import { checkLayers, checkTogether, checkTraining, checkWindows } from './checkTraining';
import { modelOfSettings, settingsInFull, sizesInRun } from './modelOfSettings';
import { broken, newestWhole } from './newestWhole';
import { readersOf } from './readers';
import type { RunParts } from './run';
import { corpusOf, keepCorpusIn, keptSource } from './runText';

/** Throws a UserError for a run without the checkpoint, or where something cannot be changed so; nothing has then been written. */
export async function setUpBranch(request: BranchRequest, modelLock: ModelLock, cores: number): Promise<RunParts> {
  const { run, step, folder: path, training: changes, fresh } = request;
  const origin = await RunFolder.open(run);
  const { description: before } = origin.record;
  const training = checkTraining({ ...before.training, ...changes });
  checkTogether(before.model, training);
  const checkpoints = step === null ? await origin.checkpoints() : [await checkpointAt(origin, step)];
  const parts = await newestWhole(origin, checkpoints, (checkpoint) =>
    branched(request, origin, checkpoint, training, modelLock, cores),
  );
  const { plain, model } = parts;
  const description: RunDescription = {
    ...before,
    name: basename(resolve(path)),
    folder: resolve(path),
    model: {
      ...settingsInFull(fresh ? freshModel(before.model, fresh) : before.model, plain.config),
      ...sizesInRun(plain.config),
      parameterCount: plain.parameters.values.length,
    },
    training,
    backend: model.backend.name,
  };
  const folder = await RunFolder.create(path, {
    ...origin.record,
    description,
    created: new Date().toISOString(),
    versions: versions(description.backend),
  });
  await folder.whole(async () => {
    await folder.acquire();
    await keepCorpusIn(folder, await keptSource(origin));
  });
  const { unit } = model.vocabulary;
  return {
    ...parts,
    description: { ...description, ...(isTokenizer(unit) && { tokenizer: unit }) },
    folder,
    modelLock,
    bestValidation: null,
  };
}

async function checkpointAt(origin: RunFolder, step: number): Promise<Checkpoint> {
  const found = (await origin.checkpoints()).find((checkpoint) => checkpoint.step === step);
  if (!found) throw new UserError('error.branch.noCheckpoint', origin.path, step);
  return found;
}

async function branched(
  { weights, fresh }: BranchRequest,
  origin: RunFolder,
  checkpoint: Checkpoint,
  training: TrainingSettings,
  modelLock: ModelLock,
  cores: number,
) {
  const { description } = origin.record;
  const { onnx, state } = await broken(() => origin.read(checkpoint));
  const saved = await broken(() => decodeCheckpoint(onnx, checkpoint.model));
  const corpus = await corpusOf(origin, saved.vocabulary, training);
  const config = fresh ? freshConfig(description.model, fresh, saved.config) : saved.config;
  const readers = readersOf(corpus, training, config);
  checkLayers(config, training, readers.training.steps);
  if (fresh) checkWindows(config, training);
  const random = Random.fromSeed(training.seed);
  const parameters = fresh
    ? initialize(config, random, training)
    : new Parameters(config, saved.parameters.values.slice());
  let restarted: readonly Stretch[] = [];
  if (weights) {
    if (!canChange(config, weights)) throw new UserError('error.branch.nothingToChange');
    restarted = changeWeights(parameters, config, weights, random);
  }
  const parts = await assemble(config, parameters, corpus, readers, training, modelLock, cores);
  if (fresh) return parts;
  const isSameWindow = training.mode === 'sequences' || training.window === description.training.window;
  await broken(() => parts.trainer.restoreState(state, checkpoint.state, isSameWindow));
  parts.trainer.forgetMoments(restarted);
  return parts;
}

function freshModel(model: RunDescription['model'], { embeddingSize, norm, residual }: FreshStart): ModelSettings {
  const around = { ...(norm !== null && { norm }), ...(residual !== null && { residual }) };
  return isMixture(model)
    ? { ...model, embeddingSize, layers: model.layers.map((layer) => ({ ...layer, ...around })) }
    : { ...model, embeddingSize, ...around };
}

function freshConfig(model: RunDescription['model'], fresh: FreshStart, sizes: ModelConfig): ModelConfig {
  return modelOfSettings(freshModel(model, fresh), sizes);
}
