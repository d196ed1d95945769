import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import type { EngineCalls, EngineEvents } from '../../../src/protocol/engine';
import { Caller, RpcError, Server, type Channel, type Handlers } from '../../../src/protocol/rpc';
import { defaultModelSettings, defaultTrainingSettings } from '../../../src/protocol/settings';
import { readCommand, type TrainCommand } from '../../../src/terminal/commandLine';
import { Output, type OutputStream } from '../../../src/terminal/output';
import { train } from '../../../src/terminal/train';

const summary = {
  run: '/r',
  model: '/r/checkpoints/step-2.onnx',
  step: 2,
  loss: 1,
  validationLoss: null,
  tokensPerSecond: 10,
  backend: 'ort',
} as const;

/** An engine that does what a test tells it, and notes the calls it gets. */
class ScriptedEngine {
  readonly calls: string[] = [];
  readonly caller: Caller<EngineCalls, EngineEvents>;
  private readonly server: Server<EngineCalls, EngineEvents>;
  onStop: () => void = () => this.finish();

  constructor() {
    const listeners: [((message: unknown) => void)[], ((message: unknown) => void)[]] = [[], []];
    const end = (own: 0 | 1): Channel => ({
      send: (message) => void setImmediate(() => listeners[1 - own].forEach((listener) => listener(message))),
      onMessage: (listener) => void listeners[own].push(listener),
      onClose: () => undefined,
    });
    const note = (name: string) => {
      this.calls.push(name);
      return { state: 'running' as const, step: 0, message: null };
    };
    const handlers = {
      train: ({ model, training, folder }: TrainCommand['request']) => {
        const description = {
          name: 'r',
          folder,
          corpus: { name: 'c.txt', path: null, tokens: 100, unit: 'codePoint' as const },
          model: { ...model, vocabularySize: 5, parameterCount: 9 },
          training,
          backend: 'ort' as const,
        };
        this.server.emit('started', description);
        return description;
      },
      pause: () => note('pause'),
      resume: () => note('resume'),
      stop: () => {
        note('stop');
        this.onStop();
        return summary;
      },
    } as unknown as Handlers<EngineCalls>;
    this.server = new Server(end(1), handlers, (thrown) => ({
      code: 'internal',
      sentence: { key: 'error.internal', args: [String(thrown)] },
      need: null,
      choices: [],
    }));
    this.caller = new Caller(end(0));
  }

  step(...row: number[]): void {
    this.server.emit('progress', { rows: Float64Array.from(row), validation: [] });
  }

  status(state: 'paused' | 'failed', why: string): void {
    this.server.emit('status', { state, step: 1, message: { key: 'error.internal', args: [why] } });
  }

  finish(): void {
    this.server.emit('finished', summary);
  }
}

/** What was written, from a stream that is a terminal or not, and takes what it is given or not. */
function stream({ isTTY = false, takes = true } = {}): { stream: OutputStream; text: () => string; take: () => void } {
  let text = '';
  let waiting: (() => void) | null = null;
  let isOpen = takes;
  const writable = new Writable({
    highWaterMark: 10,
    decodeStrings: false,
    write(chunk: string, _encoding, done) {
      text += chunk;
      if (isOpen) done();
      else waiting = done;
    },
  });
  const take = () => {
    isOpen = true;
    waiting?.();
    waiting = null;
  };
  return { stream: Object.assign(writable, { isTTY, columns: 100, getColorDepth: () => 1 }), text: () => text, take };
}

const command = readCommand(['train', 'c.txt', '--json'], new Date());
assert.ok(command.kind === 'train');
const readable: TrainCommand = { ...command, json: false };
const soon = () => new Promise((resolve) => setTimeout(resolve, 20));
const never = new AbortController().signal;

describe('train in a terminal', () => {
  it('uses the settings’ defaults for what is not said', () => {
    assert.deepEqual(command.request.model, defaultModelSettings);
    assert.equal(command.request.training.window, defaultTrainingSettings.window);
  });

  it('prints numbers that are not finite as null', async () => {
    const engine = new ScriptedEngine();
    const { stream: to, text } = stream();
    const ended = train(engine.caller, command, new Output(to), {}, never);
    await soon();
    engine.step(1, NaN, Infinity, 1, 8, 5, 0);
    engine.finish();
    assert.equal(await ended, null);
    const [step] = text().split('\n');
    assert.equal(
      step,
      '{"event":"step","step":1,"loss":null,"gradientNorm":null,"clippedNorm":1,"tokens":8,"tokensPerSecond":5}',
    );
  });

  it('ends a run that paused because something is wrong, and says what', async () => {
    const engine = new ScriptedEngine();
    const ended = train(engine.caller, command, new Output(stream().stream), {}, never);
    await soon();
    engine.status('paused', 'At step 2 the loss is not finite.');
    const problem = await ended;
    assert.ok(problem instanceof RpcError);
    assert.equal(problem.message, 'At step 2 the loss is not finite.');
    assert.deepEqual(engine.calls, ['stop']);
  });

  it('fails with the first problem when the run cannot even be saved', async () => {
    const engine = new ScriptedEngine();
    engine.onStop = () => engine.status('failed', 'still full');
    const ended = train(engine.caller, command, new Output(stream().stream), {}, never);
    await soon();
    engine.status('paused', 'The disk is full.');
    await assert.rejects(ended, /^RpcError: The disk is full\.$/);
  });

  it('pauses the run while nobody takes its output', async () => {
    const engine = new ScriptedEngine();
    const { stream: to, take } = stream({ takes: false });
    const ended = train(engine.caller, command, new Output(to), {}, never);
    await soon();
    engine.step(1, 1, 1, 1, 8, 5, 0);
    await soon();
    assert.deepEqual(engine.calls, ['pause']);
    take();
    await soon();
    assert.deepEqual(engine.calls, ['pause', 'resume']);
    engine.finish();
    await ended;
  });

  it('does not resume a run that is to end', async () => {
    const engine = new ScriptedEngine();
    const { stream: to, take } = stream({ takes: false });
    const stop = new AbortController();
    engine.onStop = () => undefined;
    const ended = train(engine.caller, command, new Output(to), {}, stop.signal);
    await soon();
    engine.step(1, 1, 1, 1, 8, 5, 0);
    await soon();
    stop.abort();
    take();
    await soon();
    assert.deepEqual(engine.calls, ['pause', 'stop']);
    engine.finish();
    assert.equal(await ended, null);
  });

  it('redraws one line in a terminal, and leaves it when the run ends', async () => {
    const engine = new ScriptedEngine();
    const { stream: to, text } = stream({ isTTY: true });
    const ended = train(engine.caller, readable, new Output(to), {}, never);
    await soon();
    engine.step(1, 1.5, 1, 1, 8, 5, 0);
    engine.step(2, 1.25, 1, 1, 16, 5, 0);
    engine.finish();
    await ended;
    const redrawn = text().split('\r').slice(1);
    assert.equal(redrawn.length, 2);
    assert.match(redrawn[0], /step 1 of 1,000 {2}loss 1\.500 nats/);
    assert.match(redrawn[1], /step 2 of 1,000 {2}loss 1\.250 nats.*\n/);
    assert.match(
      redrawn[1],
      /\nStopped after 2 steps: loss 1\.000 nats \(1\.443 bits\); 10 tokens\/s\.\nRun {4}\/r\nModel {2}\/r\/checkpoints\/step-2\.onnx\n$/,
    );
  });
});
