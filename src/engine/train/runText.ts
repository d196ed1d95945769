/** The text of a run: where it is, its copy in the run's folder, and how it is read again. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { CorpusOptions } from '../../core/corpus/corpusBuilder';
import type { Vocabulary } from '../../core/corpus/vocabulary';
import type { CorpusSource } from '../../protocol/engine';
import type { ModelSettings, TrainingSettings } from '../../protocol/settings';
import { UserError } from '../../userError';
import { writeFileAtomic } from '../files/atomicWrite';
import { corpusOfFile, readText, type CorpusText } from '../files/corpusFile';
import { keepCopy } from '../files/keptCorpus';
import type { RunFolder } from '../files/runFolder';
import { readKnownCorpus, readNumbers, type ReadCorpus } from './readCorpus';

/** A copy of the text is kept in the run's folder, so that the run can be resumed. */
const keptCorpus = 'corpus.txt';

/** Keeps a copy, also where the folder has to be made again. */
export async function keepCorpusIn(folder: RunFolder, source: CorpusSource): Promise<void> {
  await keepCorpus(folder, source);
  folder.remake = () => keepCorpusAgain(folder, source);
}

/** For a folder that has the copy, in case it has to be made again. */
export async function rememberText(folder: RunFolder): Promise<void> {
  const source = await sourceOf(folder);
  folder.remake = () => keepCorpusAgain(folder, source);
}

function keepCorpus({ path }: RunFolder, source: CorpusSource): Promise<void> {
  const kept = join(path, keptCorpus);
  return source.kind === 'text' ? writeFileAtomic(kept, source.text) : keepCopy(source.path, kept);
}

/** The text may have gone too; the run has what it needs of it, and its weights are worth more. */
async function keepCorpusAgain(folder: RunFolder, source: CorpusSource): Promise<void> {
  await keepCorpus(folder, source).catch((thrown: unknown) => {
    if (!(thrown instanceof UserError)) throw thrown;
  });
}

/** Where the run's text is, or itself where it is nowhere but in the folder. */
async function sourceOf({
  path: folder,
  record: {
    description: {
      corpus: { path, name },
    },
  },
}: RunFolder): Promise<CorpusSource> {
  return path === null
    ? { kind: 'text', text: await readText(join(folder, keptCorpus)), name }
    : { kind: 'file', path };
}

/** The same, from its copy in the folder where there is one: the text itself may have changed since. */
export async function keptSource(folder: RunFolder): Promise<CorpusSource> {
  const kept = join(folder.path, keptCorpus);
  return stat(kept).then(
    () => ({ kind: 'file', path: kept }),
    () => sourceOf(folder),
  );
}

/** The text the run began with: where it was, or, where it has changed or gone, the copy in the run's folder. */
export async function corpusOf(
  folder: RunFolder,
  vocabulary: Vocabulary,
  training: TrainingSettings,
): Promise<ReadCorpus> {
  const {
    description: {
      corpus: { path },
      model,
    },
    corpusSha256,
  } = folder.record;
  const options = { ...optionsOf(model, training), unit: vocabulary.unit, vocabularySize: null };
  const read = (text: CorpusText) =>
    vocabulary.unit === 'numbers'
      ? readNumbers(text, corpusSha256)
      : readKnownCorpus(text, vocabulary, options, corpusSha256);
  const kept = corpusOfFile(join(folder.path, keptCorpus));
  if (path === null) return read(kept);
  try {
    return await read(corpusOfFile(path));
  } catch (thrown) {
    if (!(thrown instanceof UserError)) throw thrown;
    return read(kept).catch(() => {
      throw thrown;
    });
  }
}

export function optionsOf(
  { objective }: ModelSettings,
  { mode, split }: TrainingSettings,
): Pick<CorpusOptions, 'split' | 'masked'> {
  return { split: mode === 'sequences' ? split : null, masked: objective === 'masked' };
}
