/**
 * A run's folder: run.json, metrics.jsonl, and checkpoints/step-N.onnx with step-N.safetensors beside it. One engine at a time
 * writes to it.
 */
import { access, mkdir, readdir, rm, rmdir } from 'node:fs/promises';
import { basename, dirname, join, parse, resolve, sep } from 'node:path';
import { UserError } from '../../userError';
import type { Progress, ValidationPoint } from '../../protocol/run';
import { defaultTrainingSettings } from '../../protocol/settings';
import { temporaryFile, writeFileAtomic } from './atomicWrite';
import { Fields } from './checkedJson';
import { errorCode, FolderMissing, readError, writeError } from './fileErrors';
import { MetricsWriter, readMetrics } from './metricsFile';
import { RunLock } from './runLock';
import { formatRunRecord, parseRunRecord, type RunRecord } from './runRecord';
import { readWhole } from './smallFile';

export interface Checkpoint {
  readonly step: number;
  /** Absolute path of the model, step-N.onnx. */
  readonly model: string;
  /** Absolute path of the optimizer and random state, step-N.safetensors. */
  readonly state: string;
}

const recordName = 'run.json';
/** Of run.json: far more than any has. */
const maxRecordBytes = 1_000_000;
/** Of a checkpoint's files: what Node reads at once. */
const maxCheckpointBytes = 2_000_000_000;

export interface BestCheckpoint {
  readonly step: number;
  /** Nats per predicted token, or the mean squared error. */
  readonly validationLoss: number;
}

export class RunFolder {
  private readonly metrics: MetricsWriter;
  private lock: RunLock | null = null;
  /** That the folder is gone has been reported; if the run continues nevertheless, the folder is recreated. */
  private isRemovalReported = false;
  /** Puts back what the run was made with besides run.json, where the folder has to be recreated. */
  remake: () => Promise<void> = () => Promise.resolve();

  private constructor(
    /** Absolute. */
    readonly path: string,
    readonly record: RunRecord,
  ) {
    this.metrics = new MetricsWriter(this.metricsPath, () => this.ensureFolder());
  }

  /** Makes the folder, which must not exist or be empty. Throws a UserError, and has then written nothing. */
  static async create(folder: string, record: RunRecord): Promise<RunFolder> {
    const path = resolve(folder);
    const made: string[] = [];
    const written: string[] = [];
    try {
      await makeFolders(path, made);
      const isEmpty = (await readdir(path)).length === 0;
      const checkpoints = join(path, 'checkpoints');
      if (isEmpty) await makeFolders(checkpoints, made);
      // Of two that begin at once, the folder belongs to the one that wrote its content.
      if (!made.includes(checkpoints)) throw new UserError('error.run.folderNotEmpty', path);
      await ignoreInGit(path, written);
      await writeFileAtomic(join(path, recordName), formatRunRecord(record));
    } catch (thrown) {
      for (const file of written) await rm(file, { force: true }).catch(() => undefined);
      // Only what was made here, and only where nobody else has put anything since.
      for (const empty of made.reverse()) await rmdir(empty).catch(() => undefined);
      throw writeError(thrown, path);
    }
    return new RunFolder(path, record);
  }

  /** Opens a run. Throws a UserError when the folder holds none, or a broken run.json. */
  static async open(folder: string): Promise<RunFolder> {
    const path = resolve(folder);
    const file = join(path, recordName);
    if (!(await exists(file))) throw new UserError('error.run.noRunFolder', path);
    const text = (await readWhole(file, maxRecordBytes)).toString('utf8');
    return new RunFolder(path, parseRunRecord(text, file, path));
  }

  /** Does what belongs to the making of the run; where that fails, the run is removed again. */
  async whole(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (thrown) {
      await this.release();
      await rm(this.path, { recursive: true, force: true }).catch(() => undefined);
      throw thrown;
    }
  }

  /** Makes this process the one that writes to the folder. Throws a UserError where another does. */
  async acquire(): Promise<void> {
    this.lock ??= await RunLock.acquire(this.path);
  }

  /** Lets others write to the folder. */
  async release(): Promise<void> {
    const { lock } = this;
    this.lock = null;
    await lock?.release();
  }

  /** Buffers metrics; they are on disk within a second or so. Throws the error of an earlier write in the background. */
  appendMetrics(rows: Float64Array, validation: readonly ValidationPoint[]): void {
    try {
      this.metrics.append(rows, validation);
    } catch (thrown) {
      throw this.withRemoval(thrown);
    }
  }

  /** Writes the metrics that are still buffered: when a run pauses or ends. */
  flush(): Promise<void> {
    return this.reportingRemoval(() => this.metrics.flush());
  }

  /** Every step so far, thinned; what is still buffered is written first. */
  async readHistory(): Promise<Progress> {
    await this.flush();
    return readMetrics(this.metricsPath);
  }

  /**
   * Saves model and state, forgets all but the newest `kept` and the best, and writes the buffered metrics. Throws a UserError; a
   * folder that has been removed is recreated when that has been reported once.
   */
  async saveCheckpoint(
    step: number,
    onnx: Uint8Array,
    state: Uint8Array,
    kept = defaultTrainingSettings.keptCheckpoints,
  ): Promise<Checkpoint> {
    const checkpoint = this.checkpointOf(step);
    await this.reportingRemoval(async () => {
      await this.metrics.flush();
      await this.ensureFolder();
      await this.lock?.check();
      await this.makeCheckpointsFolder();
      // The state first: a model that is there always has its state.
      await writeFileAtomic(checkpoint.state, state);
      await writeFileAtomic(checkpoint.model, onnx);
    });
    await this.prune(step, kept);
    return checkpoint;
  }

  /** Notes that the checkpoint of this step, which has been saved, is the best by validation: it stays until another is. */
  async markBest(best: BestCheckpoint): Promise<void> {
    await this.reportingRemoval(() => writeFileAtomic(this.bestPath, `${JSON.stringify(best)}\n`));
  }

  /** The checkpoint with the lowest validation loss; null before the first validation, or where the note of it cannot be read. */
  async best(): Promise<BestCheckpoint | null> {
    try {
      const fields = Fields.parse(this.bestPath, (await readWhole(this.bestPath, maxRecordBytes)).toString('utf8'));
      return { step: fields.integer('step', { min: 0 }), validationLoss: fields.number('validationLoss') };
    } catch {
      return null;
    }
  }

  /** The bytes of a checkpoint's files. Throws a UserError. */
  async read({ model, state }: Checkpoint): Promise<{ readonly onnx: Uint8Array; readonly state: Uint8Array }> {
    return { onnx: await readWhole(model, maxCheckpointBytes), state: await readWhole(state, maxCheckpointBytes) };
  }

  async newestCheckpoint(): Promise<Checkpoint | null> {
    return (await this.checkpoints())[0] ?? null;
  }

  /** Newest first; only those whose state is there too. */
  async checkpoints(): Promise<Checkpoint[]> {
    const names = new Set(await this.checkpointFiles());
    const steps = [...names].flatMap((name) => {
      const step = /^step-(\d+)\.onnx$/.exec(name)?.[1];
      return step !== undefined && names.has(`step-${step}.safetensors`) ? [Number(step)] : [];
    });
    return steps.sort((a, b) => b - a).map((step) => this.checkpointOf(step));
  }

  /** What flowHistoryFile.ts writes. */
  get flowsPath(): string {
    return join(this.path, 'flows.safetensors');
  }

  /** What overflowFile.ts writes. */
  get overflowPath(): string {
    return join(this.path, 'overflow.safetensors');
  }

  private async ensureFolder(): Promise<void> {
    if (await exists(join(this.path, recordName))) return;
    if (!this.isRemovalReported) throw this.removal();
    try {
      await mkdir(this.checkpointsPath, { recursive: true });
    } catch (thrown) {
      throw writeError(thrown, this.path);
    }
    await this.remake();
    await writeFileAtomic(join(this.path, recordName), formatRunRecord(this.record));
    this.isRemovalReported = false;
  }

  /** Writes to the folder. One that is removed while this writes is reported as one that was gone before. */
  async reportingRemoval(write: () => Promise<void>): Promise<void> {
    try {
      await write();
    } catch (thrown) {
      throw this.withRemoval(thrown);
    }
  }

  private withRemoval(thrown: unknown): unknown {
    return thrown instanceof FolderMissing ? this.removal() : thrown;
  }

  private removal(): UserError {
    this.isRemovalReported = true;
    return new UserError('error.run.folderGone', this.path);
  }

  /** Not with the folders above it: they would be there again after a removal. */
  private async makeCheckpointsFolder(): Promise<void> {
    try {
      await mkdir(this.checkpointsPath);
    } catch (thrown) {
      if (errorCode(thrown) !== 'EEXIST') throw writeError(thrown, this.checkpointsPath);
    }
  }

  private get bestPath(): string {
    return join(this.checkpointsPath, 'best.json');
  }

  private get metricsPath(): string {
    return join(this.path, 'metrics.jsonl');
  }

  private get checkpointsPath(): string {
    return join(this.path, 'checkpoints');
  }

  private checkpointOf(step: number): Checkpoint {
    const stem = join(this.checkpointsPath, `step-${step}`);
    return { step, model: `${stem}.onnx`, state: `${stem}.safetensors` };
  }

  private async checkpointFiles(): Promise<string[]> {
    try {
      return await readdir(this.checkpointsPath);
    } catch (thrown) {
      if (errorCode(thrown) === 'ENOENT') return [];
      throw readError(thrown, this.checkpointsPath);
    }
  }

  /** Removes old checkpoints and what a crash left half written. That something cannot be removed does not stop a run. */
  private async prune(newest: number, kept: number): Promise<void> {
    const complete = await this.checkpoints();
    const best = (await this.best())?.step;
    const old = complete.filter(({ step }) => step !== newest && step !== best).slice(kept - 1);
    const states = new Set(complete.map(({ state }) => basename(state)));
    const leftOver = (await this.checkpointFiles()).filter(
      (name) => temporaryFile.test(name) || (/^step-\d+\.safetensors$/.test(name) && !states.has(name)),
    );
    // The model first, for the same reason.
    const files = [
      ...old.flatMap(({ model, state }) => [model, state]),
      ...leftOver.map((name) => join(this.checkpointsPath, name)),
    ];
    for (const file of files) await rm(file, { force: true }).catch(() => undefined);
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch (thrown) {
    const code = errorCode(thrown);
    if (code === 'ENOENT' || code === 'ENOTDIR') return false;
    throw readError(thrown, path);
  }
}

/** Makes the folder and the missing ones above it, one by one, noting in `made` each that it made, outermost first. */
async function makeFolders(path: string, made: string[]): Promise<void> {
  if (await makeFolder(path, made)) return;
  await makeFolders(dirname(path), made);
  if (!(await makeFolder(path, made))) {
    throw new UserError('error.run.folderNotMade', path);
  }
}

/** Whether the folder is there now; not where the one above it is missing, or (in /proc) where nothing can be made. */
async function makeFolder(path: string, made: string[]): Promise<boolean> {
  try {
    await mkdir(path);
    made.push(path);
    return true;
  } catch (thrown) {
    const code = errorCode(thrown);
    // A root always exists, whatever making it says.
    if (code === 'EEXIST' || dirname(path) === path) return true;
    if (code === 'ENOENT') return false;
    throw thrown;
  }
}

/** A run under a `.backflow` folder stays out of commits. Notes the file in `written` when it made one. */
async function ignoreInGit(path: string, written: string[]): Promise<void> {
  const parts = path.split(sep);
  const index = parts.lastIndexOf('.backflow');
  if (index <= 0) return;
  const folder = parts.slice(0, index + 1).join(sep);
  const file = join(folder, '.gitignore');
  if (parse(path).root === folder || (await readdir(folder)).includes('.gitignore')) return;
  await writeFileAtomic(file, '*\n');
  written.push(file);
}
