/** From a request to a run: the corpus read, the model made or loaded, the folder written. Nothing is written before all is well. */
import { readFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import type { Corpus, CorpusOptions } from '../../core/corpus/corpusBuilder';
import { checkConfig, type ModelConfig } from '../../core/model/config';
import { initialise } from '../../core/model/initialise';
import type { Parameters } from '../../core/model/parameters';
import { Random } from '../../core/model/random';
import { decodeCheckpoint } from '../../core/onnx/checkpointFile';
import { UserError } from '../../core/userError';
import type { CorpusSource, ResumeRequest, TrainRequest } from '../../protocol/engine';
import type { RunDescription } from '../../protocol/run';
import type { ModelSettings, TrainingSettings } from '../../protocol/settings';
import { createBackend } from '../backend';
import { writeFileAtomic } from '../files/atomicWrite';
import { corpusOfFile, corpusOfText } from '../files/corpusFile';
import { RunFolder } from '../files/runFolder';
import { versions } from '../versions';
import type { Turns } from '../turns';
import { checkTogether, checkTraining } from './checkTraining';
import { readKnownCorpus, readNewCorpus } from './readCorpus';
import { readersOf, type Readers } from './readers';
import type { RunParts } from './run';
import { Trainer } from './trainer';
import { Validator } from './validator';

/** A text that is no file is kept in the run's folder, so that the run can be resumed. */
const keptCorpus = 'corpus.txt';

export async function setUpRun({ corpus: source, vocabulary: tokens, model, training: asked, folder: path }: TrainRequest, turns: Turns, cores: number): Promise<RunParts> {
  checkTraining(asked);
  checkTogether(model, asked);
  const text = source.kind === 'file' ? corpusOfFile(source.path) : corpusOfText(source.text, source.name);
  const corpus = await readNewCorpus(text, { ...optionsOf(model, asked), unit: tokens.unit, vocabularySize: tokens.size });
  const config = checkConfig({ ...model, vocabularySize: corpus.vocabulary.size });
  const readers = readersOf(corpus, asked);
  const training = withSteps(asked, readers);
  const parameters = initialise(config, Random.fromSeed(training.seed), training);
  const parts = await assemble(config, parameters, corpus, readers, training, cores);

  const description: RunDescription = {
    name: basename(resolve(path)),
    folder: resolve(path),
    corpus: { ...nameOf(source), tokens: corpus.ids.length, unit: tokens.unit },
    model: { ...model, vocabularySize: config.vocabularySize, parameterCount: parameters.values.length },
    training,
    backend: parts.model.backend.name,
  };
  const folder = await RunFolder.create(path, { description, corpusSha256: corpus.sha256, created: new Date().toISOString(), versions: versions(description.backend) });
  if (source.kind === 'text') await writeFileAtomic(join(folder.path, keptCorpus), source.text);
  return { ...parts, description, folder, turns };
}

/** The run as it was at its newest checkpoint. Throws a UserError when there is none, or the corpus has changed. */
export async function setUpResumed({ folder: path, steps }: ResumeRequest, turns: Turns, cores: number): Promise<RunParts> {
  const folder = await RunFolder.open(path);
  const checkpoint = await folder.newestCheckpoint();
  if (!checkpoint) throw new UserError('{0} has no checkpoint to resume from.', folder.path);
  const { description: before, corpusSha256 } = folder.record;
  const training = checkTraining(steps === null ? before.training : { ...before.training, steps });
  const { config, parameters, vocabulary } = decodeCheckpoint(await readFile(checkpoint.model), checkpoint.model);
  const text = corpusOfFile(before.corpus.path ?? join(folder.path, keptCorpus));
  const options = { ...optionsOf(before.model, training), unit: vocabulary.unit, vocabularySize: null };
  const corpus = await readKnownCorpus(text, vocabulary, options, corpusSha256);
  const parts = await assemble(config, parameters, corpus, readersOf(corpus, training), training, cores);
  parts.trainer.restoreState(await readFile(checkpoint.state), checkpoint.state);
  return { ...parts, description: { ...before, training, backend: parts.model.backend.name }, folder, turns };
}

function optionsOf({ objective }: ModelSettings, { mode, split }: TrainingSettings): Pick<CorpusOptions, 'split' | 'masked'> {
  return { split: mode === 'sequences' ? split : null, masked: objective === 'masked' };
}

/** Epochs as steps. */
function withSteps(training: TrainingSettings, { training: reader }: Readers): TrainingSettings {
  return training.epochs === null ? training : { ...training, steps: training.epochs * reader.windowsPerPass, epochs: null };
}

function nameOf(source: CorpusSource): { name: string; path: string | null } {
  return source.kind === 'file' ? { name: basename(source.path), path: resolve(source.path) } : { name: source.name, path: null };
}

async function assemble(config: ModelConfig, parameters: Parameters, { vocabulary }: Corpus, readers: Readers, training: TrainingSettings, cores: number): Promise<Pick<RunParts, 'model' | 'trainer' | 'validator'>> {
  const backend = await createBackend(training, cores);
  const trainer = Trainer.create(config, training, parameters, readers.training, backend);
  const validator = readers.validation && Validator.create(config, readers.validation, trainer.parameters, backend);
  return { model: { config, parameters: trainer.parameters, vocabulary, backend }, trainer, validator };
}
