/** metrics.jsonl of a recording, which grows while it is read: one JSON object a line, whole once its line end is there. */
import { open, type FileHandle } from 'node:fs/promises';
import type { RecordedMetrics } from '../../protocol/recording';
import { errorCode, readError } from '../files/fileErrors';

const chunkBytes = 1 << 20;
/** Of a line: far more than one has, of a model of thousands of parameters too. A longer one is passed over, and never held. */
const maxLineBytes = 8 << 20;
const lineEnd = 0x0a;

export class MetricsTail {
  /** What was read so far, and the beginning of a line that has no end yet. */
  private read = 0;
  private rest: Uint8Array[] = [];
  private restBytes = 0;

  constructor(private readonly path: string) {}

  /** Gives what was written since the last reading, step by step; nothing where there is no file. A file that has become shorter is read anew. Throws a UserError. */
  async next(each: (metrics: RecordedMetrics) => void): Promise<void> {
    let file: FileHandle | null = null;
    try {
      file = await open(this.path);
      const { size } = await file.stat();
      if (size < this.read) this.begin();
      const chunk = new Uint8Array(Math.min(chunkBytes, size - this.read));
      while (this.read < size) {
        const { bytesRead } = await file.read(chunk, 0, Math.min(chunk.length, size - this.read), this.read);
        if (bytesRead === 0) break;
        this.read += bytesRead;
        this.take(chunk.subarray(0, bytesRead), each);
      }
    } catch (thrown) {
      if (errorCode(thrown) !== 'ENOENT') throw readError(thrown, this.path);
    } finally {
      await file?.close();
    }
  }

  private begin(): void {
    this.read = this.restBytes = 0;
    this.rest = [];
  }

  private take(bytes: Uint8Array, each: (metrics: RecordedMetrics) => void): void {
    let from = 0;
    for (let end = bytes.indexOf(lineEnd); end >= 0; end = bytes.indexOf(lineEnd, from)) {
      this.keep(bytes.subarray(from, end));
      const metrics = this.restBytes <= maxLineBytes ? metricsOf(Buffer.concat(this.rest).toString('utf8')) : null;
      this.rest = [];
      this.restBytes = 0;
      if (metrics) each(metrics);
      from = end + 1;
    }
    this.keep(bytes.subarray(from));
  }

  private keep(part: Uint8Array): void {
    this.restBytes += part.length;
    if (this.restBytes <= maxLineBytes) this.rest.push(part.slice());
    else this.rest = [];
  }
}

/** Null for a line that is none of ours, as one that was torn by a crash. */
export function metricsOf(line: string): RecordedMetrics | null {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null) return null;
  const { step, loss, gradientNorm, clippedNorm, scale } = value as Readonly<Record<string, unknown>>;
  if (!Number.isSafeInteger(step) || (step as number) < 0) return null;
  return {
    step: step as number,
    loss: numberOf(loss),
    gradientNorm: numberOf(gradientNorm),
    clippedNorm: numberOf(clippedNorm),
    scale: numberOf(scale),
  };
}

/** JSON has no word for what is not finite, so the recorder writes one as a text. */
function numberOf(value: unknown): number | null {
  if (typeof value === 'number') return value;
  return value === 'NaN' || value === 'Infinity' || value === '-Infinity' ? Number(value) : null;
}
