/** The program of a thread pool's thread: waits for orders and calls kernels. It is bundled as text and never returns to its event loop. */
import { receiveMessageOnPort, workerData, type MessagePort } from 'node:worker_threads';
import { controlOver, orders, place, waitWhile } from './control';

type Kernel = (...args: number[]) => unknown;

export interface ThreadData {
  readonly control: SharedArrayBuffer;
  readonly port: MessagePort;
}

export interface JoinMessage {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  /** Kernels' names by their index. */
  readonly names: readonly string[];
}

const { control, port } = workerData as ThreadData;
const { state, arguments: args, error } = controlOver(control);
const arenas = new Map<number, readonly Kernel[]>();

function join(arena: number): void {
  const { module, memory, names } = (receiveMessageOnPort(port) as { message: JoinMessage }).message;
  const kernels = new WebAssembly.Instance(module, { env: { memory } }).exports as Record<string, Kernel>;
  arenas.set(
    arena,
    names.map((name) => kernels[name]),
  );
}

function call(arena: number, kernel: number): void {
  const kernels = arenas.get(arena);
  if (!kernels) throw new Error('The thread pool has left this arena');
  kernels[kernel](...args.subarray(0, state[place.arguments]));
}

function execute(what: number): void {
  const arena = state[place.arena];
  if (what === orders.join) join(arena);
  else if (what === orders.leave) arenas.delete(arena);
  else call(arena, what);
}

function report(thrown: unknown): void {
  const { written } = new TextEncoder().encodeInto(String(thrown), error);
  state[place.errorLength] = written;
}

for (let done = 0; ; done++) {
  Atomics.store(state, place.done, done);
  Atomics.notify(state, place.done);
  waitWhile(state, place.order, done);
  if (state[place.what] === orders.end) break;
  state[place.errorLength] = 0;
  try {
    execute(state[place.what]);
  } catch (thrown) {
    report(thrown);
  }
}
