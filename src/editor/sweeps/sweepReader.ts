/** A sweep as it is in its folder now. What is known of a trial that has its result is not read again, so that a sweep of thousands can be followed. */
import type { ShownSweep, ShownTrial, TrialResult } from '../../pageContract/sweep';
import type { LossUnit } from '../../protocol/run';
import { UserError } from '../../userError';
import { recordedStepOf } from '../recordings/recordingFile';
import { checkpointStep } from '../runs/runRecord';
import {
  isOfFunction,
  parseSweepFile,
  parseTrialResult,
  sweepFileName,
  trialsOf,
  type PlannedTrial,
  type SweepPlan,
} from './sweepFile';

/** A sweep's folder; paths are relative to it, with slashes. */
export interface SweepFiles {
  /** Its path, for sentences. */
  readonly path: string;
  /** Null where there is no such file, or it cannot be read. @throws UserError where it has more bytes than `max` */
  read(path: string, max: number): Promise<string | null>;
  /** Names of what is in a folder; none where there is no such folder. */
  list(path: string): Promise<readonly string[]>;
}

/** Bytes. */
const maxPlan = 2 ** 21;
const maxResult = 2 ** 16;
/** Trials that are read at once. */
const together = 64;
const trialsFolder = 'trials';
const runFolder = 'run';

const nothing: Omit<TrialResult, 'state'> = {
  step: null,
  loss: null,
  validationLoss: null,
  horizon: null,
  within: null,
  reason: null,
};

interface Plan extends SweepPlan {
  readonly text: string;
  readonly trials: readonly PlannedTrial[];
}

type Known = Omit<ShownTrial, 'at'>;

export class SweepReader {
  private plan: Plan | null = null;
  /** Of trials that have their results, by name. */
  private readonly results = new Map<string, Known>();
  /** Some trial has said that its losses are squared errors. */
  private isOfNumbers = false;

  constructor(private readonly files: SweepFiles) {}

  /** The path of the text, as the sweep has it; null before the first reading. */
  get corpus(): string | null {
    return this.plan?.corpus ?? null;
  }

  /** Its result is to be read again. @param trial name of its folder */
  forget(trial: string): void {
    this.results.delete(trial);
  }

  /** The folder of a trial's run, relative to the sweep's; undefined where there is no such trial. */
  runOf(trial: number): string | undefined {
    const planned = this.plan?.trials.at(trial);
    return planned && `${trialsFolder}/${planned.name}/${runFolder}`;
  }

  /** @throws UserError where the folder holds no sweep that can be read */
  async read(): Promise<ShownSweep> {
    const { files } = this;
    const plan = await this.readPlan();
    const there = new Set(await files.list(trialsFolder));
    const trials: ShownTrial[] = [];
    for (let i = 0; i < plan.trials.length; i += together) {
      const some = plan.trials.slice(i, i + together);
      trials.push(
        ...(await Promise.all(
          some.map(async ({ name, at }) => ({ at, ...(await this.trial(name, there.has(name))) })),
        )),
      );
    }
    return {
      name: lastPart(files.path),
      corpus: lastPart(plan.corpus),
      lossUnit: this.lossUnit(plan),
      steps: plan.steps,
      axes: plan.axes,
      trials,
    };
  }

  private lossUnit({ corpus }: Plan): LossUnit {
    if (isOfFunction(corpus)) return null;
    return this.isOfNumbers ? 'squaredError' : 'nats';
  }

  private async readPlan(): Promise<Plan> {
    const path = `${this.files.path}/${sweepFileName}`;
    const text = await this.files.read(sweepFileName, maxPlan);
    if (text === null) throw new UserError('error.sweep.none', this.files.path);
    if (text === this.plan?.text) return this.plan;
    const plan = parseSweepFile(text, path);
    this.results.clear();
    this.isOfNumbers = false;
    return (this.plan = { ...plan, text, trials: trialsOf(plan) });
  }

  private async trial(name: string, isThere: boolean): Promise<Known> {
    if (!isThere) {
      // It was deleted, to be trained again.
      this.results.delete(name);
      return { state: 'waiting', ...nothing, canOpen: false };
    }
    const before = this.results.get(name);
    if (before) return before;
    const folder = `${trialsFolder}/${name}`;
    const text = await this.files.read(`${folder}/result.json`, maxResult).catch(refusedIsNone);
    const result = text === null ? null : parseTrialResult(text);
    const hasRun = (await this.files.list(folder)).includes(runFolder);
    const canOpen = hasRun && (await this.isReadable(`${folder}/${runFolder}`));
    if (!result) return { state: hasRun ? 'begun' : 'waiting', ...nothing, canOpen };
    const { isOfNumbers, ...known } = result;
    this.isOfNumbers ||= isOfNumbers;
    const now = { ...known, canOpen };
    this.results.set(name, now);
    return now;
  }

  /** Whether a run has a checkpoint, or a recording a step: before its first one nothing can be shown of it. */
  private async isReadable(run: string): Promise<boolean> {
    const { files } = this;
    const isCheckpoint = (name: string) => checkpointStep(name) !== undefined;
    return (
      (await files.list(`${run}/checkpoints`)).some(isCheckpoint) ||
      (await files.list(`${run}/steps`)).some((name) => recordedStepOf(name) !== undefined)
    );
  }
}

function refusedIsNone(error: unknown): null {
  if (error instanceof UserError) return null;
  throw error;
}

/** Of a path of whatever system. */
function lastPart(path: string): string {
  return path.split(/[/\\]/).findLast((part) => part !== '') ?? path;
}
