/**
 * metrics.jsonl: one JSON object a line. A step is an object of the progress columns, a validation is
 * {"step", "validationLoss"}. What is not finite is null. A run that went back to a checkpoint (resumed after a crash) writes the
 * steps since then again; the later lines count.
 */
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { progressColumns, type Progress, type ValidationPoint } from '../../protocol/run';
import { errorCode, readError, writeError } from './fileErrors';
import { ThinnedHistory } from './thinnedHistory';

const flushMilliseconds = 1000;

/** Code units of a line that can be one of ours: far more than any has. A longer one is passed over, and never held. */
const maxLineLength = 10_000;

/** Rows a history is thinned to: more than a chart has pixels. */
export const maxHistoryRows = 4000;

/** Appends to a metrics file, at most about once a second. */
export class MetricsWriter {
  private buffered: string[] = [];
  private timer: NodeJS.Timeout | null = null;
  private writing: Promise<void> = Promise.resolve();
  private failure: Error | null = null;
  /** Whether the file may end in a torn line: after a crash, or after a failed write. */
  private mayBeTorn = true;

  /** @param prepare makes sure, before every write, that the folder is there */
  constructor(
    private readonly path: string,
    private readonly prepare: () => Promise<void>,
  ) {}

  /**
   * Buffers rows × progressColumns, row-major, and validation points; they are on disk within a second or so.
   * Throws the error of an earlier write in the background.
   */
  append(rows: Float64Array, validation: readonly ValidationPoint[]): void {
    this.throwFailure();
    const width = progressColumns.length;
    for (let start = 0; start + width <= rows.length; start += width) {
      this.buffered.push(JSON.stringify(Object.fromEntries(progressColumns.map((name, i) => [name, rows[start + i]]))));
    }
    for (const { step, loss } of validation) this.buffered.push(JSON.stringify({ step, validationLoss: loss }));
    if (this.buffered.length === 0) return;
    this.timer ??= setTimeout(() => {
      this.flush().catch((thrown: unknown) => {
        this.failure = thrown instanceof Error ? thrown : new Error(String(thrown));
      });
    }, flushMilliseconds).unref();
  }

  /** Writes what is buffered. Throws a UserError where the file system refuses; the lines are kept and written with the next. */
  async flush(): Promise<void> {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    this.throwFailure();
    const turn = this.writing.then(() => this.writeBuffered());
    this.writing = turn.catch(() => undefined);
    await turn;
  }

  private async writeBuffered(): Promise<void> {
    if (this.buffered.length === 0) return;
    await this.prepare();
    const lines = this.buffered;
    this.buffered = [];
    try {
      const file = await open(this.path, 'a+');
      try {
        const text = `${lines.join('\n')}\n`;
        await file.appendFile(this.mayBeTorn && (await endsInsideLine(file)) ? `\n${text}` : text);
        this.mayBeTorn = false;
      } finally {
        await file.close();
      }
    } catch (thrown) {
      this.mayBeTorn = true;
      this.buffered = [...lines, ...this.buffered];
      throw writeError(thrown, dirname(this.path));
    }
  }

  private throwFailure(): void {
    const { failure } = this;
    this.failure = null;
    if (failure !== null) throw failure;
  }
}

async function endsInsideLine(file: Awaited<ReturnType<typeof open>>): Promise<boolean> {
  const { size } = await file.stat();
  if (size === 0) return false;
  const { buffer, bytesRead } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
  return bytesRead === 1 && buffer[0] !== 0x0a;
}

/**
 * The history in a metrics file, thinned to `maxHistoryRows`; empty if there is no file. Torn lines are passed over.
 * Read as a stream: a long run's file never lies in memory whole.
 */
export async function readMetrics(path: string): Promise<Progress> {
  const history = new ThinnedHistory(maxHistoryRows);
  try {
    let rest = '';
    for await (const chunk of createReadStream(path, 'utf8') as AsyncIterable<string>) {
      const lines = (rest + chunk).split('\n');
      // What is cut off of a line that is too long makes what is left of it no JSON.
      rest = (lines.pop() ?? '').slice(-maxLineLength);
      for (const line of lines) if (line.length < maxLineLength) readLine(line, history);
    }
    readLine(rest, history);
  } catch (thrown) {
    if (errorCode(thrown) !== 'ENOENT') throw readError(thrown, path);
  }
  return history.progress();
}

function readLine(line: string, history: ThinnedHistory): void {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  const entry = value as Record<string, unknown>;
  if (!Number.isSafeInteger(entry['step'])) return;
  if ('validationLoss' in entry)
    history.addValidation({ step: entry['step'] as number, loss: numberOf(entry['validationLoss']) });
  else history.addRow(progressColumns.map((name) => numberOf(entry[name])));
}

function numberOf(value: unknown): number {
  return typeof value === 'number' ? value : NaN;
}
