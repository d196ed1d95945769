/** ONNX Runtime in a process of its own: whatever a graph does to it, the engine goes on. */
import { fork, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { Caller, RpcError, type RequestOf, type ResultOf } from '../../protocol/rpc';
import { UserError } from '../../userError';
import type { PlainTensors, RuntimeCalls, RuntimeEvents } from './calls';

/** Seconds without an answer after which it counts as hanging. */
const patience = 60;

/** The build puts it beside the programs that start it; tests, whose bundles lie elsewhere, say where. */
let program = join(__dirname, 'runtime.js');

export function setRuntimeProgram(path: string): void {
  program = path;
}

interface End {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Why it has never started; null for one that has. */
  readonly error: Error | null;
}

export interface RuntimeOptions {
  /** Ends the process when it is aborted; what was asked of it rejects with the reason. */
  readonly signal?: AbortSignal;
  /** Seconds. */
  readonly patience?: number;
}

/** A graph that has been loaded. */
export interface RuntimeSession {
  /** Rejects as `RuntimeProcess.load` does. */
  run(feeds: PlainTensors, outputs: readonly string[]): Promise<PlainTensors>;
  close(): Promise<void>;
}

/** Starts at once, and ends by `close`, with this process, or when this process is ended by force. */
export class RuntimeProcess {
  private readonly child: ChildProcess;
  private readonly calls: Caller<RuntimeCalls, RuntimeEvents>;
  private end: End | null = null;
  private isSilent = false;
  private readonly patience: number;
  private readonly signal: AbortSignal | undefined;
  private readonly kill = () => void this.child.kill('SIGKILL');

  constructor({ signal, patience: seconds = patience }: RuntimeOptions = {}) {
    this.patience = seconds;
    this.signal = signal;
    this.child = fork(program, [], {
      // The editor's own runtime; under Electron it has to be set to act as Node.
      execPath: process.execPath,
      execArgv: [],
      env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' },
      serialization: 'advanced',
      // Whoever holds the other end of its standard input lives.
      stdio: ['pipe', 'ignore', 'ignore', 'ipc'],
    });
    const closers: (() => void)[] = [];
    this.calls = new Caller({
      send: (message) => {
        if (this.child.connected) this.child.send(message as object, () => undefined);
      },
      onMessage: (listener) => void this.child.on('message', listener),
      // Not when the channel closes: how the process ended is known a moment later.
      onClose: (listener) => closers.push(listener),
    });
    const ended = (end: End) => {
      if (this.end) return;
      this.end = end;
      process.removeListener('exit', this.kill);
      signal?.removeEventListener('abort', this.kill);
      for (const close of closers) close();
    };
    this.child.on('exit', (code, ending) => ended({ code, signal: ending, error: null }));
    // It also says that a message could not be sent; only a process that never started has no exit after it.
    this.child.on('error', (error) => {
      if (this.child.pid === undefined) ended({ code: null, signal: null, error });
    });
    this.child.stdin?.on('error', () => undefined);
    process.on('exit', this.kill);
    signal?.addEventListener('abort', this.kill, { once: true });
    if (signal?.aborted === true) this.kill();
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  /** Whether ONNX Runtime can be loaded on this system. Rejects as `load` does. */
  isAvailable(): Promise<boolean> {
    return this.ask('isAvailable', null);
  }

  /** Rejects with a UserError where ONNX Runtime refuses the graph, ends, or does not answer. */
  async load(graph: Uint8Array): Promise<RuntimeSession> {
    const session = await this.ask('load', graph);
    return {
      run: (feeds, outputs) => this.ask('run', { session, feeds, outputs }),
      close: async () => {
        await this.ask('close', session);
      },
    };
  }

  /** Ends the process at once: it has nothing to save. */
  close(): void {
    if (!this.end) this.kill();
  }

  private async ask<K extends keyof RuntimeCalls>(
    method: K,
    request: RequestOf<RuntimeCalls[K]>,
  ): Promise<ResultOf<RuntimeCalls[K]>> {
    const timer = setTimeout(() => {
      this.isSilent = true;
      this.kill();
    }, this.patience * 1000);
    try {
      return await this.calls.call(method, request);
    } catch (thrown) {
      this.signal?.throwIfAborted();
      throw this.sentenceOf(thrown);
    } finally {
      clearTimeout(timer);
    }
  }

  private sentenceOf(thrown: unknown): UserError {
    if (!(thrown instanceof RpcError))
      // What is too large to be sent.
      return new UserError('notice.verification.cannotRun', firstLine(String(thrown)));
    const [reason] = thrown.sentence.args;
    if (thrown.code !== 'closed')
      return new UserError('notice.verification.cannotRun', typeof reason === 'string' ? firstLine(reason) : '?');
    if (this.isSilent) return new UserError('notice.verification.silent', this.patience);
    const { code: status, signal, error } = this.end ?? { code: null, signal: null, error: null };
    if (error) return new UserError('notice.verification.notStarted', firstLine(error.message));
    return signal === null
      ? new UserError('notice.verification.endedWithStatus', status ?? '?')
      : new UserError('notice.verification.endedBySignal', signal);
  }
}

function firstLine(text: string): string {
  return text.split('\n')[0].slice(0, 200);
}
