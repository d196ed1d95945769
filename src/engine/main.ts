/** The engine process: the engine behind the channel to its parent. It ends when its parent does. */
import { availableParallelism, constants, setPriority } from 'node:os';
import type { EngineCalls, EngineEvents } from '../protocol/engine';
import english from '../../l10n/bundle.l10n.json';
import { setEnglishSource } from '../messages';
import { Server, type Channel } from '../protocol/rpc';
import { Engine } from './engine';
import { enableRelaxedSimd } from './relaxedSimd';
import { toError } from './toError';

enableRelaxedSimd();
setEnglishSource(() => english);
// Where processors are short, typing, scrolling and drawing go first; training takes what is left.
setPriority(constants.priority.PRIORITY_BELOW_NORMAL);

const channel: Channel = {
  send: (message) => {
    // A failed send means that the parent is gone; 'disconnect' deals with that.
    if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
  },
  onMessage: (listener) => process.on('message', listener),
  onClose: (listener) => process.on('disconnect', listener),
};

// The editor keeps a core for itself, where there are more than two.
const cores = availableParallelism();
const engine = new Engine((event, value) => server.emit(event, value), cores > 2 ? cores - 1 : cores);
const server = new Server<EngineCalls, EngineEvents>(channel, engine.handlers, toError);

channel.onClose(() => {
  engine.close().then(
    () => process.exit(0),
    (thrown: unknown) => {
      process.stderr.write(`${String(thrown)}\n`);
      process.exit(1);
    },
  );
});
