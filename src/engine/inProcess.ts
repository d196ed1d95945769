/** The same engine without a process of its own, for the command line and for tests. */
import { availableParallelism } from 'node:os';
import type { EngineCalls, EngineEvents } from '../protocol/engine';
import { Caller, Server, type Channel } from '../protocol/rpc';
import { Engine } from './engine';
import { toError } from './toError';
import { ModelLock } from './modelLock';

export function connectInProcess(): { engine: Caller<EngineCalls, EngineEvents>; close(): Promise<void> } {
  const [near, far] = channelPair();
  const engine: Engine = new Engine(
    (event, value) => server.emit(event, value),
    availableParallelism(),
    new ModelLock(Infinity),
  );
  const server = new Server<EngineCalls, EngineEvents>(far, engine.handlers, toError);
  return { engine: new Caller<EngineCalls, EngineEvents>(near), close: () => engine.close() };
}

/** Two ends of a channel in memory; messages arrive in order, after the current work. */
function channelPair(): [Channel, Channel] {
  const listeners: [((message: unknown) => void)[], ((message: unknown) => void)[]] = [[], []];
  const end = (own: 0 | 1): Channel => ({
    send: (message) => {
      setImmediate(() => {
        for (const listener of listeners[own === 0 ? 1 : 0]) listener(message);
      });
    },
    onMessage: (listener) => void listeners[own].push(listener),
    onClose: () => undefined,
  });
  return [end(0), end(1)];
}
