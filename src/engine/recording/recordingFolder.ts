/** A recording's folder: run.json, metrics.jsonl and steps/step-N.safetensors. The recorder may write to it meanwhile; a file is whole once it has its name. */
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { isOfSeries, recordedStep, wrongField, type RecordedStep } from '../../formats/recording/stepFile';
import { UserError } from '../../userError';
import { errorCode, readError } from '../files/fileErrors';
import { readTensors } from '../files/safetensorsPart';
import { readWhole } from '../files/smallFile';
import { isOfRecording, parseRecordingRecord, type RecordingRecord } from './runFile';

const recordName = 'run.json';
/** Of run.json, which holds the vocabulary. */
const maxRecordBytes = 256_000_000;
const nameOfStep = /^step-(\d{6,15})\.safetensors$/;
/** Steps that a sentence names. */
const namedSteps = 4;

export class RecordingFolder {
  private constructor(
    /** Absolute. */
    readonly path: string,
    readonly record: RecordingRecord,
  ) {}

  /** Null where a path is that of anything else. @param path of the folder, or of its run.json  Throws a UserError for a recording that cannot be read */
  static async find(path: string): Promise<RecordingFolder | null> {
    const folder = await folderOf(path);
    if (folder === null) return null;
    const file = join(folder, recordName);
    const isThere = await stat(file).then(
      (found) => found.isFile(),
      () => false,
    );
    if (!isThere) return null;
    const text = (await readWhole(file, maxRecordBytes)).toString('utf8');
    return isOfRecording(text) ? new RecordingFolder(folder, parseRecordingRecord(text, file)) : null;
  }

  get metricsPath(): string {
    return join(this.path, 'metrics.jsonl');
  }

  /** Updates that have a file, in order; none before the first. Throws a UserError where the folder is gone. */
  async steps(): Promise<number[]> {
    return [...(await this.files()).keys()].sort((a, b) => a - b);
  }

  /** Throws a UserError where there is no such step, or its file is broken. @param part the series alone, or everything */
  async read(step: number, part: 'all' | 'series' = 'all'): Promise<RecordedStep> {
    const files = await this.files();
    const file = files.get(step);
    if (file === undefined) {
      const steps = [...files.keys()].sort((a, b) => a - b);
      if (steps.length === 0) throw this.noStep();
      const shown = steps.length > namedSteps ? ['…', ...steps.slice(-namedSteps)] : steps;
      throw new UserError('error.recording.noSuchStep', this.path, step, shown.join(', '));
    }
    const path = join(this.stepsPath, file);
    const wanted =
      part === 'all'
        ? () => true
        : (name: string) => isOfSeries(name) || name === ':lengths' || name === ':ids' || name === ':targets';
    const found = recordedStep(await readTensors(path, wanted), path);
    if (found.step !== step) throw wrongField(path, 'step', found.step);
    return found;
  }

  /** Why there is no step: none has come yet, or none will, since nothing in the model carries a state. */
  noStep(): UserError {
    const { modules, model } = this.record;
    return modules.length === 0
      ? new UserError('error.recording.noModules', this.path, model)
      : new UserError('error.recording.noStepYet', this.path);
  }

  private get stepsPath(): string {
    return join(this.path, 'steps');
  }

  private async files(): Promise<ReadonlyMap<number, string>> {
    const names = await readdir(this.stepsPath).catch((thrown: unknown) => {
      if (errorCode(thrown) === 'ENOENT') return [];
      throw readError(thrown, this.stepsPath);
    });
    return new Map(
      names.flatMap((name) => {
        const digits = nameOfStep.exec(name)?.[1];
        return digits === undefined ? [] : [[Number(digits), name] as const];
      }),
    );
  }
}

/** Null where there is nothing, or a file that is no run.json. */
async function folderOf(path: string): Promise<string | null> {
  const absolute = resolve(path);
  try {
    if ((await stat(absolute)).isDirectory()) return absolute;
  } catch {
    return null;
  }
  return basename(absolute) === recordName ? dirname(absolute) : null;
}
