/** Writing the open model for other tools. */
import { existsSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { formatVocabulary } from '../../modelFiles/vocabularyFormat';
import type { Vocabulary } from '../../core/corpus/vocabulary';
import type { GeneralModel } from '../../core/model/generalModel';
import { plainModelOf, type PlainModel } from '../../core/model/plainModel';
import { encodeSafetensors } from '../../formats/safetensors';
import type { PublishedFiles } from '../../modelFiles/torch/published/published';
import { writePublished } from '../../modelFiles/torch/published/registry';
import { writeTorchWeights } from '../../modelFiles/writeTorchWeights';
import { checkExportable } from '../../modelFiles/onnx/languageModelGraph';
import { encodeCheckpoint } from '../../modelFiles/checkpointFile';
import { UserError } from '../../userError';
import { writeFileAtomic } from '../files/atomicWrite';
import { messageOf } from './examination';
import { configBeside } from './openModel';

/** The form that can be written, which is the one that can be trained. Throws a UserError that says why there is none. */
export function exportable(general: GeneralModel): PlainModel {
  try {
    return plainModelOf(general);
  } catch (thrown) {
    throw thrown instanceof UserError ? new UserError('error.model.notExportable', messageOf(thrown)) : thrown;
  }
}

/** What is to be said of what was written. @param step steps it has been trained for  Throws a UserError for another ending, and where the file cannot be written. */
export async function exportModel(
  path: string,
  { config, parameters }: PlainModel,
  vocabulary: Vocabulary,
  step: number,
): Promise<readonly UserError[]> {
  switch (extname(path).toLowerCase()) {
    case '.onnx':
      checkExportable(config);
      await writeFileAtomic(path, encodeCheckpoint({ config, parameters, vocabulary, step }));
      return [];
    case '.safetensors': {
      const { symbols, tokens } = formatVocabulary(vocabulary);
      const metadata = { vocabulary: symbols, tokens };
      const published = writePublished({ config, parameters });
      if (published && 'tensors' in published) {
        await writeFiles(path, published, metadata);
        return published.notices;
      }
      await writeFileAtomic(path, writeTorchWeights({ config, parameters }, step, metadata));
      return published ? [published] : [];
    }
    default:
      throw new UserError('error.export.extension', path);
  }
}

/**
 * The weights, and config.json beside them. Throws a UserError where there is one of another model: of another type, or of other weights than those that are written
 * anew, which would be without theirs.
 */
async function writeFiles(
  path: string,
  { tensors, config }: PublishedFiles,
  metadata: Readonly<Record<string, string>>,
): Promise<void> {
  const place = join(dirname(path), 'config.json');
  const { config: there, isBroken } = await configBeside(path);
  const isOther =
    there && (there['model_type'] !== config['model_type'] || (!isDeepStrictEqual(there, config) && !existsSync(path)));
  if (isBroken || isOther) throw new UserError('error.export.configInTheWay', path);
  await writeFileAtomic(place, new TextEncoder().encode(`${JSON.stringify(config, null, 2)}\n`));
  await writeFileAtomic(path, encodeSafetensors(tensors, { ...metadata, format: 'pt' }));
}
