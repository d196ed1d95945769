/** One engine: a child process with at most one model. A crash of it takes nothing else along. */
import { fork, type ChildProcess } from 'node:child_process';
import type { EngineCalls, EngineEvents } from '../../protocol/engine';
import { Caller, type Channel } from '../../protocol/rpc';
import { memoryWords, type EngineEnd } from './endOfEngine';

/** Where lines about the engine go; the editor's log channel has this form. */
export interface EngineLog {
  info(line: string): void;
  warn(line: string): void;
}

/** Milliseconds an engine has to save a checkpoint when it is asked to end, then to follow SIGTERM. */
const saveTimeout = 3000;
const endTimeout = 1000;
/** Milliseconds after its end in which an engine's output may still arrive. */
const outputTimeout = 200;

/** Milliseconds from one question whether it is alive to the next, and how many go by without an answer until it counts as hanging. */
const askingInterval = 5000;
const unansweredUntilHang = 6;

/** Lines of one engine's output that are kept in parts at most this long. */
const maxLineLength = 2000;

export class EngineProcess {
  readonly calls: Caller<EngineCalls, EngineEvents>;
  private readonly child: ChildProcess;
  private readonly endListeners = new Set<(end: EngineEnd) => void>();
  private ended: EngineEnd | null = null;
  private closing: Promise<void> | null = null;
  private isOutOfMemory = false;
  private readonly hangListeners = new Set<(isHanging: boolean) => void>();

  /** @param file the engine's bundle  @param interval of the questions whether it is alive, milliseconds */
  constructor(file: string, log: EngineLog, interval = askingInterval) {
    this.child = fork(file, [], {
      // The editor's own runtime; under Electron it has to be set to act as Node.
      execPath: process.execPath,
      execArgv: [],
      env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' },
      serialization: 'advanced',
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    const name = `engine ${this.child.pid ?? '?'}`;
    forwardLines(this.child.stdout, (line) => log.info(`[${name}] ${line}`));
    forwardLines(this.child.stderr, (line) => {
      if (memoryWords.test(line)) this.isOutOfMemory = true;
      log.warn(`[${name}] ${line}`);
    });
    const spoken = new Promise<void>((resolve) => this.child.stderr?.once('end', resolve));
    this.child.on('exit', (code, signal) => {
      // Its last words, which say why, may be heard after its end.
      void withinTime(spoken, outputTimeout).then(() =>
        this.didEnd({ code, signal, error: null, isOutOfMemory: this.isOutOfMemory }),
      );
    });
    // 'error' also says that a message could not be sent; only a process that never started has no exit after it.
    this.child.on('error', (error) => {
      log.warn(`[${name}] ${error.message}`);
      if (this.child.pid === undefined) this.didEnd({ code: null, signal: null, error, isOutOfMemory: false });
    });
    this.calls = new Caller<EngineCalls, EngineEvents>(this.channel());
    const watch = this.watchFor(interval);
    this.onEnd(() => clearInterval(watch));
    this.onEnd(({ code, signal }) => log.info(`[${name}] ended (${signal ?? `exit status ${code ?? '?'}`})`));
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  get isAlive(): boolean {
    return this.ended === null;
  }

  /** Whether it was asked to end. */
  get isClosing(): boolean {
    return this.closing !== null;
  }

  /** How the process ended; null while it lives. */
  get ending(): EngineEnd | null {
    return this.ended;
  }

  /** Calls `listener` once, when the process has ended, however it did. */
  onEnd(listener: (end: EngineEnd) => void): void {
    if (this.ended) listener(this.ended);
    else this.endListeners.add(listener);
  }

  /** Calls `listener` with true when the process lives but has not answered for half a minute, and with false when it does again. */
  onHang(listener: (isHanging: boolean) => void): void {
    this.hangListeners.add(listener);
  }

  /** Ends the process at once, nothing saved: for one that hangs. */
  kill(): void {
    if (this.isAlive) this.child.kill('SIGKILL');
  }

  /** Counts questions, not time: a machine that slept for hours is not told that its engine hangs. */
  private watchFor(interval: number): NodeJS.Timeout {
    let isWaiting = false;
    let unanswered = 0;
    const answered = () => {
      if (unanswered >= unansweredUntilHang) for (const listener of this.hangListeners) listener(false);
      isWaiting = false;
      unanswered = 0;
    };
    return setInterval(() => {
      if (this.closing) return;
      if (!isWaiting) {
        isWaiting = true;
        // Its end is reported elsewhere.
        this.calls.call('ping', null).then(answered, () => undefined);
      } else if (++unanswered === unansweredUntilHang) {
        for (const listener of this.hangListeners) listener(true);
      }
    }, interval).unref();
  }

  /**
   * Ends the process: it is asked to stop, which saves a checkpoint of a run; then disconnected, after which it ends by
   * itself; then signaled. Resolves when it has ended.
   */
  close(): Promise<void> {
    this.closing ??= this.endInOrder();
    return this.closing;
  }

  private async endInOrder(): Promise<void> {
    if (this.ended) return;
    const ended = new Promise<void>((resolve) => this.onEnd(() => resolve()));
    // A model that is not in training refuses `stop`; that is an answer too.
    const stopped = this.calls.call('stop', null).then(
      () => undefined,
      () => undefined,
    );
    await withinTime(stopped, saveTimeout);
    if (this.child.connected) this.child.disconnect();
    await withinTime(ended, endTimeout);
    if (this.isAlive) this.child.kill('SIGTERM');
    await withinTime(ended, endTimeout);
    if (this.isAlive) this.child.kill('SIGKILL');
    await ended;
  }

  private didEnd(end: EngineEnd): void {
    if (this.ended) return;
    this.ended = end;
    for (const listener of this.endListeners) listener(end);
    this.endListeners.clear();
  }

  private channel(): Channel {
    const { child } = this;
    return {
      send: (message) => {
        // The end of a process is reported by 'exit', so a failed send needs no second report.
        if (child.connected) child.send(message as object, () => undefined);
      },
      onMessage: (listener) => void child.on('message', listener),
      onClose: (listener) => {
        let isOpen = true;
        const close = () => {
          if (isOpen) listener();
          isOpen = false;
        };
        child.on('disconnect', close);
        this.onEnd(close);
      },
    };
  }
}

/** Resolves with the promise or when the time is over. */
async function withinTime(promise: Promise<unknown>, milliseconds: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<void>((resolve) => (timer = setTimeout(resolve, milliseconds)));
  await Promise.race([promise, over]);
  clearTimeout(timer);
}

function forwardLines(stream: NodeJS.ReadableStream | null, write: (line: string) => void): void {
  let rest = '';
  stream?.setEncoding('utf8');
  stream?.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = (lines.pop() ?? '').slice(-maxLineLength);
    for (const line of lines) write(line.slice(0, maxLineLength));
  });
  stream?.on('end', () => {
    if (rest !== '') write(rest);
  });
}
