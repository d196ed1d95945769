/** Writing the open model for other tools. */
import { extname } from 'node:path';
import { formatVocabulary } from '../../modelFiles/vocabularyFormat';
import type { Vocabulary } from '../../core/corpus/vocabulary';
import type { PlainModel } from '../../core/model/plainModel';
import { writeTorchWeights } from '../../modelFiles/writeTorchWeights';
import { checkExportable } from '../../modelFiles/onnx/languageModelGraph';
import { encodeCheckpoint } from '../../modelFiles/checkpointFile';
import { UserError } from '../../userError';
import { writeFileAtomic } from '../files/atomicWrite';

/** @param step steps it has been trained for  Throws a UserError for another ending, and where the file cannot be written. */
export async function exportModel(
  path: string,
  { config, parameters }: PlainModel,
  vocabulary: Vocabulary,
  step: number,
): Promise<void> {
  switch (extname(path).toLowerCase()) {
    case '.onnx':
      checkExportable(config);
      return writeFileAtomic(path, encodeCheckpoint({ config, parameters, vocabulary, step }));
    case '.safetensors': {
      const { symbols, tokens } = formatVocabulary(vocabulary);
      const weights = writeTorchWeights({ config, parameters }, step, { vocabulary: symbols, tokens });
      return writeFileAtomic(path, weights);
    }
    default:
      throw new UserError('error.export.extension', path);
  }
}
