/** A thread pool of worker threads that take their orders over shared memory: neither side needs its event loop. */
import { MessageChannel, Worker, type MessagePort } from 'node:worker_threads';
import type { ArenaThreadPool, PoolMemory, ThreadPool } from '../../kernels/threadPool';
import { controlBytes, controlOver, orders, place, waitWhile, type Control } from './control';
import source from './poolThread.thread';
import type { JoinMessage, ThreadData } from './poolThread';

type Kernel = (...args: number[]) => unknown;

/** Milliseconds for a thread to start. */
const startTimeout = 30_000;

/** @param size threads in all, the calling one among them. They do not keep the process alive. Throws where one does not start. */
export function createThreadPool(size: number): WorkerThreadPool {
  return new WorkerThreadPool(Array.from({ length: size - 1 }, () => new PoolThread()));
}

export class WorkerThreadPool implements ThreadPool {
  readonly size: number;
  private arenas = 0;

  constructor(private readonly threads: readonly PoolThread[]) {
    this.size = threads.length + 1;
    for (const thread of threads) thread.started();
  }

  join({ module, memory, kernels }: PoolMemory): ArenaThreadPool {
    const { threads, size } = this;
    const arena = this.arenas++;
    const names = Object.keys(kernels);
    const functions = Object.values(kernels) as Kernel[];
    for (const thread of threads) thread.join(arena, { module, memory, names });
    return {
      size,
      run: (kernel, parts) => {
        if (parts.length > size)
          throw new RangeError(`${parts.length} parts are more than the thread pool's ${size} threads`);
        const index = names.indexOf(kernel);
        runParts(threads, arena, index, functions[index], parts);
      },
      leave: () => {
        for (const thread of threads) thread.call(orders.leave, arena, []);
      },
    };
  }

  /** Ends the threads. */
  end(): void {
    for (const thread of this.threads) thread.end();
  }
}

function runParts(
  threads: readonly PoolThread[],
  arena: number,
  index: number,
  own: Kernel,
  parts: readonly (readonly number[])[],
): void {
  for (let part = 1; part < parts.length; part++) threads[part - 1].order(index, arena, parts[part]);
  let failure: Error | null = null;
  try {
    if (parts.length > 0) own(...parts[0]);
  } catch (thrown) {
    failure = thrown as Error;
  }
  // All are waited for even then: code that catches the error may use the memory again.
  for (let part = 1; part < parts.length; part++) failure = threads[part - 1].finished() ?? failure;
  if (failure !== null) throw failure;
}

class PoolThread {
  private readonly control: Control;
  private readonly port: MessagePort;
  private orders = 0;

  constructor() {
    const memory = new SharedArrayBuffer(controlBytes);
    this.control = controlOver(memory);
    this.control.state[place.done] = -1;
    const { port1, port2 } = new MessageChannel();
    this.port = port1;
    const workerData: ThreadData = { control: memory, port: port2 };
    new Worker(source, { eval: true, workerData, transferList: [port2] }).unref();
  }

  started(): void {
    if (!waitWhile(this.control.state, place.done, -1, startTimeout))
      throw new Error('A thread of the kernels does not start');
  }

  join(arena: number, message: JoinMessage): void {
    this.port.postMessage(message);
    this.call(orders.join, arena, []);
  }

  /** `order` and `finished`; throws what went wrong there. */
  call(what: number, arena: number, args: readonly number[]): void {
    this.order(what, arena, args);
    const failure = this.finished();
    if (failure) throw failure;
  }

  order(what: number, arena: number, args: readonly number[]): void {
    const { state, arguments: places } = this.control;
    state[place.what] = what;
    state[place.arena] = arena;
    state[place.arguments] = args.length;
    places.set(args);
    Atomics.store(state, place.order, ++this.orders);
    Atomics.notify(state, place.order);
  }

  /** Waits for the last order to be done; returns what went wrong, or null. */
  finished(): Error | null {
    const { state, error } = this.control;
    waitWhile(state, place.done, this.orders - 1);
    const length = state[place.errorLength];
    return length > 0 ? new Error(new TextDecoder().decode(error.slice(0, length))) : null;
  }

  end(): void {
    this.order(orders.end, 0, []);
    this.port.close();
  }
}
