/** The process in which ONNX Runtime runs the graphs of files: where one ends it, nothing else ends. It ends when its parent does. */
import { Worker } from 'node:worker_threads';
import type * as runtimeModule from '../onnxRuntime';
import type { InferenceSession, Tensor } from '../onnxRuntime';
import { Server } from '../../protocol/rpc';
import type { PlainTensor, PlainTensors, RuntimeCalls, RuntimeEvents } from './calls';
import watch from './parentWatch.thread';

type Runtime = typeof runtimeModule;

const options: InferenceSession.SessionOptions = {
  intraOpNumThreads: 1,
  executionMode: 'sequential',
  logSeverityLevel: 4,
  // Else a product with a dequantized matrix rounds its other factor to eight bits.
  extra: { session: { qdq_matmulnbits_accuracy_level: '0' } },
};

new Worker(watch, { eval: true });

const sessions = new Map<number, InferenceSession>();
let made = 0;

/** Null where there is no binary for this system or it does not load. It loads while the parent still reads the file. */
const loading: Promise<Runtime | null> = import('../onnxRuntime').catch(() => null);

async function available(): Promise<Runtime> {
  const runtime = await loading;
  if (!runtime) throw new Error('ONNX Runtime cannot be loaded');
  return runtime;
}

function sessionOf(number: number): InferenceSession {
  const session = sessions.get(number);
  if (!session) throw new Error(`There is no session ${number}`);
  return session;
}

// The keys that end a command in a terminal reach this process too; the command ends it.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined);

new Server<RuntimeCalls, RuntimeEvents>(
  {
    // A failed send means that the parent is gone, which the watch sees.
    send: (message) => process.send?.(message, undefined, undefined, () => undefined),
    onMessage: (listener) => process.on('message', listener),
    onClose: () => undefined,
  },
  {
    isAvailable: async () => (await loading) !== null,
    async load(graph) {
      const { InferenceSession } = await available();
      sessions.set(++made, await InferenceSession.create(graph, options));
      return made;
    },
    async run({ session, feeds, outputs }) {
      const { Tensor } = await available();
      const results = await sessionOf(session).run(
        Object.fromEntries(
          Object.entries(feeds).map(([name, { type, dims, data }]) => [name, new Tensor(type, data, dims)]),
        ),
        [...outputs],
      );
      return plainTensors(results);
    },
    async close(session) {
      await sessionOf(session).release();
      sessions.delete(session);
      return null;
    },
  },
  (thrown) => ({
    code: 'internal',
    sentence: { key: 'error.internal', args: [thrown instanceof Error ? thrown.message : String(thrown)] },
    need: null,
    choices: [],
  }),
);

function plainTensors(tensors: Readonly<Record<string, Tensor>>): PlainTensors {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, { type, dims, data }]) => [
      name,
      {
        type: type as PlainTensor['type'],
        dims,
        data: type === 'float16' ? bitsOf(data) : (data as PlainTensor['data']),
      },
    ]),
  );
}

/** Newer versions of Node have an array type of halves, others get their bits. */
function bitsOf(data: Tensor['data']): Uint16Array {
  const { buffer, byteOffset, length } = data as unknown as Uint16Array;
  return new Uint16Array(buffer, byteOffset, length);
}
