/** run.json of a recording: what was recorded, and on which side of clipping. */
import { checkVersion } from '../../formats/recording/stepFile';
import type { RecordedModule, RecordingSide } from '../../protocol/recording';
import { UserError } from '../../userError';
import { Fields } from '../files/checkedJson';

export interface RecordingRecord {
  /** The model's class. */
  readonly model: string;
  readonly modules: readonly RecordedModule[];
  /** Paths of the modules in the model; null where they are not known. */
  readonly embedding: string | null;
  readonly head: string | null;
  /** By id; null where it is not known. */
  readonly vocabulary: readonly string[] | null;
  readonly side: RecordingSide;
  /** Every how many steps one is recorded. */
  readonly every: number;
  /** File name of the script. */
  readonly script: string | null;
  /** Version of PyTorch. */
  readonly torch: string | null;
}

const format = 'backflow-recording';
const ofFormat = new RegExp(`"format"\\s*:\\s*"${format}"`);
const maxModules = 100_000;
const maxSymbols = 10_000_000;

/** Whether a run.json says that it is of a recording, also one that is cut or broken. */
export function isOfRecording(text: string): boolean {
  return ofFormat.test(text);
}

/** Whether a step's file is written. @param every as run.json has it */
export function isRecorded(step: number, every: number): boolean {
  return step === 1 || step % every === 0;
}

/** Throws a UserError that names what is wrong. @param file for the sentences */
export function parseRecordingRecord(text: string, file: string): RecordingRecord {
  const fields = Fields.parse(file, text);
  if (fields.added('format', '', (key) => fields.string(key)) !== format)
    throw new UserError('error.recording.notOne', file);
  checkVersion(fields.number('version'), file);
  const model = fields.object('model');
  const optional = <T>(of: Fields, key: string, read: (key: string) => T): T | null =>
    of.added(key, null, () => of.nullable(key, read));
  const framework = fields.added('framework', null, (key) => fields.object(key));
  return {
    model: model.added('class', '', (key) => model.string(key)),
    modules: model.objects('modules', maxModules, 0).map((module) => ({
      name: module.string('name'),
      class: module.added('class', '', (key) => module.string(key)),
      nonlinearity: optional(module, 'nonlinearity', (key) => module.string(key)),
    })),
    embedding: optional(model, 'embedding', (key) => model.string(key)),
    head: optional(model, 'head', (key) => model.string(key)),
    vocabulary: optional(fields, 'vocabulary', (key) => fields.strings(key, maxSymbols)),
    side: fields.oneOf<RecordingSide>('side', ['before-clipping', 'after-clipping']),
    every: fields.added('every', 1, (key) => fields.integer(key, { min: 1 })),
    script: optional(fields, 'script', (key) => fields.string(key)),
    torch: framework && optional(framework, 'torch', (key) => framework.string(key)),
  };
}
