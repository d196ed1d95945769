/** The memory that the calling thread and one thread of a thread pool share to give orders and report: integers, then arguments, then an error. */

/** Places in `Control.state`. */
export const place = {
  /** Number of the last order given … */
  order: 0,
  /** … and done. The thread is ready when this first becomes 0. */
  done: 1,
  /** What the order is: `orders`, or from 0 on the index of a kernel. */
  what: 2,
  arena: 3,
  arguments: 4,
  /** Bytes of the error's text; 0 is success. */
  errorLength: 5,
} as const;

export const orders = { join: -1, leave: -2, end: -3 } as const;

const stateLength = 16;
const maxArguments = 32;
const maxErrorBytes = 1024;

export interface Control {
  readonly state: Int32Array<SharedArrayBuffer>;
  readonly arguments: Float64Array<SharedArrayBuffer>;
  readonly error: Uint8Array<SharedArrayBuffer>;
}

export const controlBytes = 4 * stateLength + 8 * maxArguments + maxErrorBytes;

export function controlOver(memory: SharedArrayBuffer): Control {
  const argumentsAt = 4 * stateLength;
  return {
    state: new Int32Array(memory, 0, stateLength),
    arguments: new Float64Array(memory, argumentsAt, maxArguments),
    error: new Uint8Array(memory, argumentsAt + 8 * maxArguments, maxErrorBytes),
  };
}

/** Looks this often before it sleeps: about as long as waking a thread takes. */
const looks = 2000;

/**
 * Waits while a place of `state` holds `value`. Looks for a moment, since most waits are short, then sleeps. Returns whether it changed
 * within `timeout` milliseconds.
 */
export function waitWhile(
  state: Int32Array<SharedArrayBuffer>,
  index: number,
  value: number,
  timeout = Infinity,
): boolean {
  for (let i = 0; i < looks; i++) if (Atomics.load(state, index) !== value) return true;
  // The thread that changed it earlier may notify only now: being woken does not mean that it has changed again.
  while (Atomics.load(state, index) === value)
    if (Atomics.wait(state, index, value, timeout) === 'timed-out') return false;
  return true;
}
