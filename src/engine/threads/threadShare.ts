/** A share of a training batch on a thread of its own, with an arena and sessions of its own: all that both sides see is the board. */
import { Worker } from 'node:worker_threads';
import { supportedSimd } from '../../kernels/program';
import type { ShareAnswer, ShareThreadData } from './shareThread';
import source from './shareThread.thread';
import type { OtherShare, ShareOrder } from '../train/share';

/** A program that is given as text looks for packages where the process was started; this one looks where the engine does. */
const program = `((require) => {${source}\n})(require('node:module').createRequire(require('node:worker_threads').workerData.program))`;

interface Waiting {
  readonly resolve: () => void;
  readonly reject: (reason: Error) => void;
}

export class ThreadShare implements OtherShare {
  readonly isHere = false;
  private waiting: Waiting | null = null;
  /** Why the thread has ended. */
  private failure: Error | null = null;

  private constructor(private readonly worker: Worker) {
    worker.on('message', ({ error }: ShareAnswer) => this.settle(error === null ? null : new Error(error)));
    worker.on('error', (thrown) => this.fail(thrown instanceof Error ? thrown : new Error(String(thrown))));
    worker.on('exit', () => this.fail(new Error('A thread of the training has ended')));
    worker.unref();
  }

  /** Null where this process cannot have one: where the library does not load a second time, or there is no memory. */
  static async start(data: Omit<ShareThreadData, 'program' | 'simd'>): Promise<ThreadShare | null> {
    const workerData: ShareThreadData = { ...data, program: __filename, simd: supportedSimd() };
    const share = new ThreadShare(new Worker(program, { eval: true, workerData }));
    try {
      await share.answer();
      return share;
    } catch {
      share.end();
      return null;
    }
  }

  run(order: ShareOrder): Promise<void> {
    const done = this.answer();
    this.worker.postMessage(order);
    return done;
  }

  end(): void {
    void this.worker.terminate();
  }

  /** The thread keeps the process alive while it is waited for, and only then. */
  private answer(): Promise<void> {
    if (this.failure) return Promise.reject(this.failure);
    this.worker.ref();
    return new Promise((resolve, reject) => (this.waiting = { resolve, reject }));
  }

  private fail(failure: Error): void {
    this.failure ??= failure;
    this.settle(this.failure);
  }

  private settle(failure: Error | null): void {
    const { waiting } = this;
    this.waiting = null;
    this.worker.unref();
    if (failure) waiting?.reject(failure);
    else waiting?.resolve();
  }
}
