/** Where the program writes: it knows when the reader is slow, and when there is no reader any more. */
import { once } from 'node:events';
import type { WriteStream } from 'node:tty';

/** A stream like standard output: a terminal, a pipe or a file. */
export type OutputStream = NodeJS.WritableStream &
  Partial<Pick<WriteStream, 'isTTY' | 'columns' | 'getColorDepth'>> & { writableNeedDrain?: boolean };

export class Output {
  private gone = false;
  private failed: Error | null = null;
  private readonly whenGone: (() => void)[] = [];

  constructor(private readonly stream: OutputStream) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      // A reader that has ended (`backflow … | head`) is no failure; a full disk is.
      if (error.code !== 'EPIPE' && error.code !== 'ERR_STREAM_DESTROYED') this.failed ??= error;
      this.gone = true;
      for (const listener of this.whenGone.splice(0)) listener();
    });
  }

  /** Writes, while there is somewhere to write to. */
  write(text: string): void {
    if (!this.gone) this.stream.write(text);
  }

  /** Why writing failed, if it did. */
  get failure(): Error | null {
    return this.failed;
  }

  /** One JSON object on a line; numbers that are not finite become null. */
  writeJson(value: unknown): void {
    this.write(`${JSON.stringify(value)}\n`);
  }

  /** More has been written than the reader has taken. */
  get isCongested(): boolean {
    return !this.gone && this.stream.writableNeedDrain === true;
  }

  /** Settles when the reader has caught up, or is gone. */
  async caughtUp(): Promise<void> {
    if (!this.isCongested) return;
    await Promise.race([once(this.stream, 'drain'), new Promise<void>((resolve) => this.onGone(resolve))]);
  }

  /** Calls `listener` once when nothing can be written any more. */
  onGone(listener: () => void): void {
    if (this.gone) listener();
    else this.whenGone.push(listener);
  }

  get isTerminal(): boolean {
    return this.stream.isTTY === true;
  }

  /** Columns of the terminal; 80 where there is none. */
  get columns(): number {
    return this.stream.columns ?? 80;
  }

  /** Bits of color, as `WriteStream.getColorDepth` says it: 1 is none, 8 the 256 colors, 24 true color. */
  colorDepth(environment: NodeJS.ProcessEnv): number {
    if (environment['NO_COLOR'] !== undefined && environment['NO_COLOR'] !== '') return 1;
    const forced = environment['FORCE_COLOR'];
    if (!this.isTerminal) return forced === '3' ? 24 : forced === '2' ? 8 : 1;
    return this.stream.getColorDepth?.(environment) ?? 1;
  }
}
