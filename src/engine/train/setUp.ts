/** From a request to a run: the corpus read, the model made or loaded, the folder written. Nothing is written before all is well. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { Streams } from '../../core/corpus/streams';
import { splitCorpus } from '../../core/corpus/split';
import { Vocabulary } from '../../core/corpus/vocabulary';
import { checkConfig, plainStack, type ModelConfig } from '../../core/model/config';
import { initialise } from '../../core/model/initialise';
import type { Parameters } from '../../core/model/parameters';
import { Random } from '../../core/model/random';
import { decodeCheckpoint } from '../../core/onnx/checkpointFile';
import { UserError } from '../../core/userError';
import type { CorpusSource, ResumeRequest, TrainRequest } from '../../protocol/engine';
import type { CorpusDescription, RunDescription } from '../../protocol/run';
import type { TrainingSettings } from '../../protocol/settings';
import { createBackend } from '../backend';
import { writeFileAtomic } from '../files/atomicWrite';
import { checkCorpusText, readCorpus } from '../files/corpusFile';
import { RunFolder } from '../files/runFolder';
import { versions } from '../versions';
import type { Turns } from '../turns';
import { checkTraining } from './checkTraining';
import type { RunParts } from './run';
import { Trainer } from './trainer';
import { Validator } from './validator';

/** A text that is no file is kept in the run's folder, so that the run can be resumed. */
const keptCorpus = 'corpus.txt';

export async function setUpRun(request: TrainRequest, turns: Turns, cores: number): Promise<RunParts> {
  const training = checkTraining(request.training);
  const { text, name, path } = await readSource(request.corpus);
  const vocabulary = Vocabulary.of(text);
  if (vocabulary.size < 2) throw new UserError('{0} has only one symbol, “{1}”: there is nothing to predict.', name, vocabulary.symbols[0]);
  const { cell, activation, layers, hiddenSize } = request.model;
  const config = checkConfig({ ...plainStack, cell, activation, layers, hiddenSize, vocabularySize: vocabulary.size });
  const ids = vocabulary.encode(text);
  const parameters = initialise(config, Random.fromSeed(training.seed), training);
  const parts = await assemble(config, parameters, vocabulary, ids, training, cores);

  const description = describe(request.folder, { name, path, tokens: ids.length }, config, parameters, training, parts.model.backend.name);
  const folder = await RunFolder.create(request.folder, { description, corpusSha256: sha256(text), created: new Date().toISOString(), versions: versions(description.backend) });
  if (path === null) await writeFileAtomic(join(folder.path, keptCorpus), text);
  return { ...parts, description, folder, turns };
}

/** The run as it was at its newest checkpoint. Throws a UserError when there is none, or the corpus has changed. */
export async function setUpResumed({ folder: path, steps }: ResumeRequest, turns: Turns, cores: number): Promise<RunParts> {
  const folder = await RunFolder.open(path);
  const checkpoint = await folder.newestCheckpoint();
  if (!checkpoint) throw new UserError('{0} has no checkpoint to resume from.', folder.path);
  const { record } = folder;
  const training = checkTraining(steps === null ? record.description.training : { ...record.description.training, steps });
  const corpusPath = record.description.corpus.path ?? join(folder.path, keptCorpus);
  const text = await readCorpus(corpusPath);
  if (sha256(text) !== record.corpusSha256) {
    throw new UserError('{0} has changed since this run began, so the run cannot go on with it. Train a new run on the changed text.', corpusPath);
  }
  const content = decodeCheckpoint(await readFile(checkpoint.model), checkpoint.model);
  const { config, parameters, vocabulary } = content;
  const parts = await assemble(config, parameters, vocabulary, vocabulary.encode(text), training, cores);
  parts.trainer.restoreState(await readFile(checkpoint.state), checkpoint.state);
  const description = describe(folder.path, record.description.corpus, config, parameters, training, parts.model.backend.name);
  return { ...parts, description, folder, turns };
}

async function readSource(source: CorpusSource): Promise<{ text: string; name: string; path: string | null }> {
  if (source.kind === 'file') return { text: await readCorpus(source.path), name: basename(source.path), path: resolve(source.path) };
  checkCorpusText(source.text, source.name);
  return { text: source.text, name: source.name, path: null };
}

async function assemble(config: ModelConfig, parameters: Parameters, vocabulary: Vocabulary, ids: Int32Array, training: TrainingSettings, cores: number): Promise<Pick<RunParts, 'model' | 'trainer' | 'validator'>> {
  const backend = await createBackend(training, cores);
  const { training: trainingIds, validation } = splitCorpus(ids);
  const trainer = Trainer.create(config, training, parameters, new Streams(trainingIds, training.window, training.batch), backend);
  const model = { config, parameters: trainer.parameters, vocabulary, backend };
  return { model, trainer, validator: validatorOf(model, validation, training) };
}

/** Null when the tokens are too few to predict any. Few tokens are read as one stream. */
function validatorOf({ config, parameters, backend }: RunParts['model'], ids: Int32Array, { window, batch }: TrainingSettings): Validator | null {
  if (ids.length < 2) return null;
  const streams = new Streams(ids, Math.min(window, ids.length - 1), ids.length - 1 >= window * batch ? batch : 1);
  return Validator.create(config, streams, streams.windows, parameters, backend);
}

function describe(folder: string, corpus: CorpusDescription, config: ModelConfig, parameters: Parameters, training: TrainingSettings, backend: RunDescription['backend']): RunDescription {
  const path = resolve(folder);
  return { name: basename(path), folder: path, corpus, model: { ...config, parameterCount: parameters.values.length }, training, backend };
}

function sha256(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}
