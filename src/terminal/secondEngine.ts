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
/** Blocks that the second engine is asked for ahead, and that the first computes ahead while it waits for one of them. */
const maxAsked = 2;
const maxAhead = 2;

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
    const asked = new Map<number, Promise<Float64Array>>();
    const ready = new Map<number, Float64Array>();
    let next = size;
    let isWilling = second !== null;
    const ask = (engine: Engine, from: number) => {
      const rows = read(engine, matrix, from).then(
        (found) => void ready.set(from, found),
        () => void (isWilling = false),
      );
      asked.set(
        from,
        rows.then(async () => ready.get(from) ?? read(first, matrix, from)),
      );
    };
    for (let from = size; from < steps; from += size) {
      for (let waits = true; waits;) {
        for (; second && isWilling && asked.size < maxAsked && next < steps; next += size) ask(second, next);
        waits = false;
        if (from === next || (asked.has(from) && !ready.has(from) && next < steps && ready.size < maxAhead)) {
          // Not idle while the other is at the next block.
          waits = from !== next;
          ready.set(next, await read(first, matrix, next));
          next += size;
        }
      }
      const rows = ready.get(from) ?? (await (asked.get(from) ?? read(first, matrix, from)));
      asked.delete(from);
      ready.delete(from);
      yield rows;
    }
  };
}
