/** `train --tensorboard DIR`: every step's numbers, and now and then how far the gradient reaches back. */
import { open } from 'node:fs/promises';
import { firstSequenceOfFile } from '../engine/files/fileOfNumbers';
import { TensorBoardLog } from '../engine/files/tensorBoardLog';
import { toError } from '../engine/toError';
import type { EngineCalls, EngineEvents } from '../protocol/engine';
import { RpcError, type Caller } from '../protocol/rpc';
import type { Progress, RunDescription } from '../protocol/run';
import { defaultThresholds } from '../protocol/settings';
import { stepRows } from './progressLine';

/** Bytes of the corpus that are looked at: some hundred symbols, whatever their unit. */
const probeBytes = { codePoint: 256, grapheme: 256, byte: 256, word: 1024, tokenizer: 1024 } as const;

export class TensorBoardView {
  /** What went wrong; the training goes on without the log. */
  problem: RpcError | null = null;
  private readonly log: TensorBoardLog;
  private run: RunDescription | null = null;
  private nextLook = 0;
  private look: Promise<void> = Promise.resolve();
  private isLooking = false;
  /** The training step of the last report. */
  private reported = -1;

  /** Throws a UserError where the folder cannot be written to. */
  constructor(
    private readonly engine: Caller<EngineCalls, EngineEvents>,
    folder: string,
  ) {
    this.log = new TensorBoardLog(folder, Date.now);
  }

  started(run: RunDescription): void {
    this.run = run;
  }

  progress(progress: Progress): void {
    const { run } = this;
    if (!run) return;
    this.guarded(() => {
      this.log.progress(progress, run.training);
    });
    const step = stepRows(progress.rows).at(-1)?.step ?? 0;
    if (step < this.nextLook || this.isLooking) return;
    this.nextLook = step + run.training.validateEvery;
    this.isLooking = true;
    this.look = this.inspect(run).finally(() => {
      this.isLooking = false;
    });
  }

  /** Looks a last time, at the model as it has become. */
  async finished(): Promise<void> {
    await this.look;
    if (this.run) await this.inspect(this.run);
  }

  private async inspect(run: RunDescription): Promise<void> {
    try {
      const { unit } = run.corpus;
      const isOfNumbers = unit === 'numbers';
      const text = isOfNumbers
        ? firstSequenceOfFile(run.corpus.path ?? '')
        : await beginningOf(run.corpus.path, probeBytes[unit]);
      if (text === null || this.problem) return;
      const request = { text, target: 'last', thresholds: defaultThresholds, matrix: !isOfNumbers } as const;
      const report = await this.engine.call('inspect', request);
      // The run may end at the step that has just been looked at.
      if (report.trainingStep === this.reported) return;
      this.reported = report.trainingStep;
      this.guarded(() => {
        this.log.report(report);
      });
    } catch (thrown) {
      this.problem ??= errorOf(thrown);
    }
  }

  private guarded(write: () => void): void {
    if (this.problem) return;
    try {
      write();
    } catch (thrown) {
      this.problem = errorOf(thrown);
    }
  }
}

function errorOf(thrown: unknown): RpcError {
  if (thrown instanceof RpcError) return thrown;
  const { code, sentence } = toError(thrown);
  return new RpcError(code, sentence);
}

/** Null for a text that is no file, or none in UTF-8, of which a model of bytes can learn too. */
async function beginningOf(path: string | null, length: number): Promise<string | null> {
  if (path === null) return null;
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, 0);
    // A symbol that is cut at the end is left out.
    const text = new TextDecoder('utf-8').decode(buffer.subarray(0, bytesRead), { stream: bytesRead === length });
    return text.includes('\ufffd') ? null : text;
  } finally {
    await file.close();
  }
}
