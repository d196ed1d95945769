/** From a run's folder to the run as it was at its newest checkpoint. */
import { decodeCheckpoint } from '../../modelFiles/checkpointFile';
import type { ResumeRequest } from '../../protocol/engine';
import type { TrainingSettings } from '../../protocol/settings';
import { isTokenizer } from '../../tokens/tokenUnit';
import { UserError } from '../../userError';
import { RunFolder, type Checkpoint } from '../files/runFolder';
import type { ModelLock } from '../modelLock';
import { assemble } from './assemble';
import { checkTraining } from './checkTraining';
import { broken, newestWhole } from './newestWhole';
import { readersOf } from './readers';
import type { RunParts } from './run';
import { corpusOf, rememberText } from './runText';

/** The run as it was at its newest checkpoint that is whole. Throws a UserError when there is none, the corpus has changed, another engine is at work on the run, or it has trained more steps than are asked for. */
export async function setUpResumed(
  { folder: path, steps }: ResumeRequest,
  modelLock: ModelLock,
  cores: number,
): Promise<RunParts> {
  const folder = await RunFolder.open(path);
  await folder.acquire();
  try {
    const { description: before } = folder.record;
    const training = checkTraining(steps === null ? before.training : { ...before.training, steps });
    const parts = await newestWhole(folder, await folder.checkpoints(), (checkpoint) => {
      if (steps !== null && steps < checkpoint.step)
        throw new UserError('error.run.fewerSteps', path, checkpoint.step, steps);
      return restored(folder, checkpoint, training, modelLock, cores);
    });
    const { unit } = parts.model.vocabulary;
    await rememberText(folder);
    const bestValidation = (await folder.best())?.validationLoss ?? null;
    return {
      ...parts,
      description: {
        ...before,
        ...(isTokenizer(unit) && { tokenizer: unit }),
        training,
        backend: parts.model.backend.name,
      },
      folder,
      modelLock,
      bestValidation,
    };
  } catch (thrown) {
    await folder.release();
    throw thrown;
  }
}

/** Throws BrokenCheckpoint for one that cannot be read, a UserError for what no other checkpoint would help. */
async function restored(
  folder: RunFolder,
  checkpoint: Checkpoint,
  training: TrainingSettings,
  modelLock: ModelLock,
  cores: number,
) {
  const { onnx, state } = await broken(() => folder.read(checkpoint));
  const { config, parameters, vocabulary } = await broken(() => decodeCheckpoint(onnx, checkpoint.model));
  const corpus = await corpusOf(folder, vocabulary, training);
  const parts = await assemble(
    config,
    parameters,
    corpus,
    readersOf(corpus, training, config),
    training,
    modelLock,
    cores,
  );
  await broken(() => parts.trainer.restoreState(state, checkpoint.state));
  return parts;
}
