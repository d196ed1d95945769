/** From a request to a run: the corpus read, the model made or loaded, the folder written. Nothing is written before all is well. */
import { stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import type { Corpus, CorpusOptions } from '../../core/corpus/corpusBuilder';
import { isOfNumbers } from '../../terms/choices';
import { isForeign, isTokenizer, type NumberUnit } from '../../tokens/tokenUnit';
import type { TokenizerDefinition } from '../../tokens/tokenizer/tokenizer';
import type { Vocabulary } from '../../core/corpus/vocabulary';
import type { ModelConfig } from '../../core/model/config';
import { initialize } from '../../core/model/initialize';
import { layoutOf, type Parameters } from '../../core/model/parameters';
import { Random } from '../../core/model/random';
import { UserError } from '../../userError';
import type { CorpusSource, StartingModel, TrainRequest } from '../../protocol/engine';
import type { RunDescription } from '../../protocol/run';
import type { ModelSettings, TokenUnit, TrainingSettings } from '../../protocol/settings';
import { machineBytes } from '../backend';
import { corpusOfFile, corpusOfText, readTextIfAny, type CorpusText } from '../files/corpusFile';
import { readError } from '../files/fileErrors';
import { RunFolder } from '../files/runFolder';
import { notFinite } from '../model/finiteness';
import { openModel } from '../model/openModel';
import { versions } from '../versions';
import type { ModelLock } from '../modelLock';
import { assemble } from './assemble';
import { checkLayers, checkTogether, checkTraining, checkWindows } from './checkTraining';
import { modelOfSettings, settingsInFull, settingsOfModel, sizesInRun, type CorpusSizes } from './modelOfSettings';
import { readKnownCorpus, readNewCorpus, readNumbers, type ReadCorpus } from './readCorpus';
import { readersOf, type Readers } from './readers';
import type { RunParts } from './run';
import { keepCorpusIn, optionsOf } from './runText';

/** Texts up to this are looked at as a whole for the symbols of a model without a vocabulary. */
const maxSampledBytes = 100_000_000;
/** UTF-16 units that are read with a tokenizer.json, at once and with a place for each. */
const maxTokenizedLength = 20_000_000;

export async function setUpRun(
  request: TrainRequest,
  modelLock: ModelLock,
  cores: number,
  signal: AbortSignal,
): Promise<RunParts> {
  const { corpus: source, training: asked, folder: path } = request;
  // Of a model in a file it is not known yet whether it reads numbers.
  const mayReadNumbers = request.from !== null || isOfNumbers(request.model.objective);
  checkTraining(mayReadNumbers ? inSequences(asked) : asked);
  const text = source.kind === 'file' ? corpusOfFile(source.path) : corpusOfText(source.text, source.name);
  const { model, unit, corpus, config, initial } = await (request.from
    ? startFrom(request, request.from, text, signal)
    : startAnew(request, text));
  checkSize(config);
  const reading = checkTraining(config.features === null ? asked : inSequences(asked));
  const readers = readersOf(corpus, reading, config);
  checkLayers(config, reading, readers.training.steps);
  if (!initial) checkWindows(config, reading);
  const training = withSteps(reading, readers);
  const parameters = initial ?? initialize(config, Random.fromSeed(training.seed), training);
  const parts = await assemble(config, parameters, corpus, readers, training, modelLock, cores);

  const description: RunDescription = {
    name: basename(resolve(path)),
    folder: resolve(path),
    corpus: { ...nameOf(source), tokens: corpus.ids.length, unit: isTokenizer(unit) ? 'tokenizer' : unit },
    ...(isTokenizer(unit) && { tokenizer: unit }),
    model: {
      ...settingsInFull(model, config),
      ...sizesInRun(config),
      parameterCount: parameters.values.length,
    },
    training,
    backend: parts.model.backend.name,
  };
  const folder = await RunFolder.create(path, {
    description,
    corpusSha256: corpus.sha256,
    created: new Date().toISOString(),
    versions: versions(description.backend),
  });
  await folder.whole(async () => {
    await folder.acquire();
    await keepCorpusIn(folder, source);
  });
  return { ...parts, description, folder, modelLock, bestValidation: null };
}

/** As numbers are read, whatever is chosen for texts. */
function inSequences(training: TrainingSettings): TrainingSettings {
  return { ...training, mode: 'sequences', split: 'lines' };
}

/** Parameters, gradient, two moments and a copy: what any training needs of a model, in values of 4 bytes. */
const copiesInTraining = 5;

/** Before anything of the model's size is made. Throws a UserError for a model that this machine cannot hold. */
function checkSize(config: ModelConfig): void {
  const { length } = layoutOf(config);
  const [needed, max] = [4 * copiesInTraining * length, machineBytes()];
  if (needed <= max) return;
  throw new UserError('error.model.tooLargeForMemory', length, Math.ceil(needed / 1e6), Math.floor(max / 1e6));
}

/** What a model of this corpus reads and predicts. */
function sizesOf({ vocabulary, numbers }: Corpus): CorpusSizes {
  return numbers
    ? { vocabularySize: numbers.outputSize, features: numbers.inputSize }
    : { vocabularySize: vocabulary.size, features: null };
}

interface Start {
  readonly model: ModelSettings;
  readonly unit: TokenUnit | NumberUnit | TokenizerDefinition;
  readonly corpus: ReadCorpus;
  readonly config: ModelConfig;
  /** Null where they are to be made. */
  readonly initial: Parameters | null;
}

async function startAnew(
  { vocabulary: { unit, size }, model, training }: TrainRequest,
  text: CorpusText,
): Promise<Start> {
  checkTogether(model, training);
  if (isOfNumbers(model.objective)) {
    const corpus = await readNumbers(text, null);
    return { model, unit: 'numbers', corpus, config: modelOfSettings(model, sizesOf(corpus)), initial: null };
  }
  const corpus = await readNewCorpus(text, { ...optionsOf(model, training), unit, vocabularySize: size });
  return { model, unit, corpus, config: modelOfSettings(model, sizesOf(corpus)), initial: null };
}

/** The model of a file, its vocabulary being that of the corpus. Throws a UserError where it cannot be trained, or lacks a special symbol. */
async function startFrom(
  { corpus: source, training }: TrainRequest,
  from: StartingModel,
  text: CorpusText,
  signal: AbortSignal,
): Promise<Start> {
  const sample = source.kind === 'text' ? { text: source.text, refusal: null } : await wholeText(source.path);
  const { general, plain, trainingRefusal, vocabulary } = await openModel(
    { ...from, text: sample.text },
    { signal },
  ).catch((thrown: unknown) => {
    throw sample.refusal ?? thrown;
  });
  if (!plain) throw trainingRefusal ?? new UserError('error.trainFrom.refused', from.path);
  const broken = notFinite(general);
  if (broken.length > 0) throw new UserError('error.trainFrom.notFinite', from.path, broken.join(', '));
  const { config, parameters } = plain;
  const model = settingsOfModel(config);
  checkTogether(model, training);
  const { unit } = vocabulary;
  if (unit === 'numbers') {
    const corpus = await readNumbers(text, null);
    checkNumbers(config, corpus, text.name);
    return { model, unit, corpus, config, initial: parameters };
  }
  if (isForeign(unit)) throw new UserError('error.trainFrom.words', from.path, unit);
  if (isTokenizer(unit) && (sample.text?.length ?? Infinity) > maxTokenizedLength)
    throw new UserError('error.tokenizer.tooLong', text.name, maxTokenizedLength / 1e6);
  const options = { ...optionsOf(model, training), unit, vocabularySize: null };
  checkSpecials(vocabulary, options, from.path);
  return { model, unit, corpus: await readKnownCorpus(text, vocabulary, options, null), config, initial: parameters };
}

/** Throws a UserError for numbers of another width than the model reads or predicts. */
function checkNumbers({ features, vocabularySize }: ModelConfig, { numbers }: Corpus, name: string): void {
  if (numbers?.inputSize === features && numbers.outputSize === vocabularySize) return;
  const found = [numbers?.inputSize ?? 0, numbers?.outputSize ?? 0] as const;
  throw new UserError('error.numbers.otherWidth', name, ...found, features ?? 0, vocabularySize);
}

/** Reading sequences, or masked tokens, needs symbols that a model has or has not. */
function checkSpecials(
  { specials }: Vocabulary,
  { split, masked }: Pick<CorpusOptions, 'split' | 'masked'>,
  model: string,
): void {
  if (split !== null && (specials.sos === null || specials.eos === null)) {
    throw new UserError('error.trainFrom.noSequenceSymbols', model);
  }
  if (masked && specials.mask === null) throw new UserError('error.trainFrom.noMaskSymbol', model);
}

/** Where a vocabulary may have to be made of it; null for a text that is too long to hold, and for what is none: bytes are read from that too. */
async function wholeText(path: string): Promise<{ readonly text: string | null; readonly refusal: UserError | null }> {
  const { size } = await stat(path).catch((thrown: unknown) => {
    throw readError(thrown, path);
  });
  const none = { text: null, refusal: null };
  return size > maxSampledBytes ? none : { ...none, ...(await readTextIfAny(path)) };
}

/** Epochs as steps. */
function withSteps(training: TrainingSettings, { training: reader }: Readers): TrainingSettings {
  return training.epochs === null
    ? training
    : { ...training, steps: training.epochs * reader.windowsPerPass, epochs: null };
}

function nameOf(source: CorpusSource): { name: string; path: string | null } {
  return source.kind === 'file'
    ? { name: basename(source.path), path: resolve(source.path) }
    : { name: source.name, path: null };
}
