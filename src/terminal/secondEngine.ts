/** Half of the work of a matrix for an engine in a process of its own, where there is another core. */
import { fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { EngineCalls, EngineEvents, MatrixRowsRequest, OpenRequest } from '../protocol/engine';
import { Caller, type Channel } from '../protocol/rpc';
import type { RowsOf } from './inspectJson';

/** Steps of a text from which a second process pays, which takes a second to begin. */
const minSteps = 1500;
/** Blocks that may be computed before the next one to be written is there: what bounds the memory. */
const maxAhead = 16;

type Engine = Pick<Caller<EngineCalls, EngineEvents>, 'call'>;

export interface SecondEngine {
  readonly engine: Engine;
  end(): void;
}

/** Null where it would not pay, or there is none: then one engine does all. */
export function secondEngineFor(request: OpenRequest, steps: number): SecondEngine | null {
  const program = join(__dirname, 'engine.js');
  if (steps < minSteps || availableParallelism() < 2 || !existsSync(program)) return null;
  const child = fork(program, [], { serialization: 'advanced', stdio: 'ignore' });
  const channel: Channel = {
    send: (message) => {
      if (child.connected) child.send(message as object, () => undefined);
    },
    onMessage: (listener) => void child.on('message', listener),
    onClose: (listener) => {
      child.on('exit', listener);
      child.on('error', listener);
    },
  };
  const caller = new Caller<EngineCalls, EngineEvents>(channel);
  const opened = caller.call('open', request);
  // It is told by every call that needs it.
  opened.catch(() => undefined);
  return {
    engine: {
      call: async (method, ...rest) => {
        await opened;
        return caller.call(method, ...rest);
      },
    },
    end: () => child.kill(),
  };
}

/** Whole rows of a matrix in order, each block computed by the engine that has time for it; the bits are the same. */
export function rowsOfBoth(first: Engine, second: Engine | null, text: string, steps: number): RowsOf {
  const read = (engine: Engine, matrix: MatrixRowsRequest['matrix'], from: number) =>
    engine.call('matrixRows', { text, matrix, from });
  return async function* rowsOf(matrix) {
    const block = await read(first, matrix, 0);
    yield block;
    const size = block.length / steps;
    // Null where an engine failed: then the first is asked, perhaps once more, and says why.
    const ready = new Map<number, Float64Array | null>();
    let next = size;
    let written = size;
    let isOver = false;
    const change = new Change();
    const work = async (engine: Engine) => {
      for (;;) {
        while (!isOver && next - written >= maxAhead * size) await change.next();
        if (isOver || next >= steps) return;
        const from = next;
        next += size;
        const rows = await read(engine, matrix, from).catch(() => null);
        ready.set(from, rows);
        change.tell();
        if (!rows) return;
      }
    };
    for (const engine of second ? [first, second] : [first]) void work(engine);
    try {
      for (; written < steps; written += size) {
        while (!ready.has(written) && written < next) await change.next();
        const rows = ready.get(written) ?? (await read(first, matrix, written));
        ready.delete(written);
        yield rows;
        change.tell();
      }
    } finally {
      isOver = true;
      change.tell();
    }
  };
}

/** Tells those who wait that something is otherwise now. */
class Change {
  private waiting: (() => void)[] = [];

  next(): Promise<void> {
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  tell(): void {
    for (const resolve of this.waiting.splice(0)) resolve();
  }
}
