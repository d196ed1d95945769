/** ONNX Runtime ends, or hangs, while it runs a file that somebody has made: the command line and the engine go on, and nothing stays behind. */
import { strict as assert } from 'node:assert';
import { fork, spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { EngineCalls, EngineEvents } from '../../src/protocol/engine';
import { Caller } from '../../src/protocol/rpc';
import { onnxFolder, onnxReference, textOf, vocabularyFile } from '../reference/onnxReferences';
import { outcome, type Outcome } from './support/commandLine';
import { temporaryFolder } from './support/engineProcess';
import { itWithSignals } from './support/faults';

/** A package in ONNX Runtime's place: it does this as soon as a graph of a file is loaded, and is missing to the programs that run none, which start all the same. */
const standIn = `
if (!require.main.filename.endsWith('runtime.js')) throw new Error('not here');
require('node:fs').writeFileSync(process.env.STAND_IN_PID, String(process.pid));
exports.InferenceSession = {
  create() {
    if (process.env.STAND_IN === 'crash') process.kill(process.pid, 'SIGSEGV');
    for (;;);
  },
};
exports.Tensor = class {};
`;
type Command = ChildProcessWithoutNullStreams & { readonly ended: Promise<Outcome> };

const model = resolve(onnxFolder, 'lstm-2.plain-torch.onnx');
const vocabulary = resolve(vocabularyFile);

describe('a graph that ends ONNX Runtime', () => {
  const folder = temporaryFolder();
  const pidFile = join(folder.path, 'pid');
  const dist = join(folder.path, 'dist');
  const text = textOf(onnxReference('lstm-2'));

  before(() => {
    const runtime = join(folder.path, 'node_modules/onnxruntime-node');
    for (const path of [dist, runtime]) mkdirSync(path, { recursive: true });
    for (const program of ['cli.js', 'engine.js', 'runtime.js'])
      copyFileSync(join('dist', program), join(dist, program));
    writeFileSync(join(runtime, 'index.js'), standIn);
    writeFileSync(join(folder.path, 'text.txt'), text);
    writeFileSync(join(folder.path, 'long.txt'), text.repeat(200));
  });
  afterEach(() => rmSync(pidFile, { force: true }));
  after(() => folder.remove());

  const environment = (act: 'crash' | 'hang') => ({
    ...process.env,
    NODE_OPTIONS: '',
    NO_COLOR: '',
    STAND_IN: act,
    STAND_IN_PID: pidFile,
  });

  function startIn(locale: string, act: 'crash' | 'hang', ...args: string[]): Command {
    const child = spawn(process.execPath, [join(dist, 'cli.js'), ...args, '--vocab', vocabulary], {
      cwd: folder.path,
      env: { ...environment(act), LC_ALL: locale },
    });
    return Object.assign(child, { ended: outcome(child) });
  }

  const start = (act: 'crash' | 'hang', ...args: string[]) => startIn('C', act, ...args);

  /** Of the process that runs the graph, once it does. */
  async function runtimePid(): Promise<number> {
    while (!existsSync(pidFile) || readFileSync(pidFile, 'utf8') === '') await wait(5);
    return Number(readFileSync(pidFile, 'utf8'));
  }

  async function gone(pid: number): Promise<void> {
    while (isAlive(pid)) await wait(5);
  }

  it('inspect shows the model, and says in one sentence what happened', async () => {
    const { status, errors, output } = await start('crash', 'inspect', model, '--text', 'text.txt', '--json').ended;
    assert.deepEqual([status, errors], [0, '']);
    const { loss, proof, notices } = JSON.parse(output) as {
      loss: number;
      proof: { by: string; agrees: boolean };
      notices: string[];
    };
    assert.ok(Math.abs(loss - onnxReference('lstm-2').loss) < 1e-6);
    assert.deepEqual([proof.by, proof.agrees], ['graph', true]);
    assert.equal(notices.length, 1);
    assert.match(notices[0], /^ONNX Runtime ended while it ran this model \(/);
    await gone(await runtimePid());
  });

  it('the text view says it too, in the reader’s language', async () => {
    for (const [locale, sentences] of [
      ['C', /Read correctly: .* in float64, .*\nONNX Runtime ended while it ran this model/],
      ['ko_KR.UTF-8', /바르게 읽었습니다\. .*float64로 .*\nONNX Runtime이 이 모델을 실행하다가 종료되었습니다/],
    ] as const) {
      const { output } = await startIn(locale, 'crash', 'inspect', model, '--text', 'text.txt').ended;
      assert.match(output, sentences);
    }
  });

  it('sample, export and train --from go on', async () => {
    for (const args of [
      ['sample', model, '--length', '5'],
      ['export', model, '--out', 'exported.onnx'],
      ['train', 'long.txt', '--from', model, '--steps', '2', '--out', 'run'],
    ]) {
      const { status, errors } = await start('crash', ...args).ended;
      assert.deepEqual([status, errors], [0, ''], args[0]);
    }
  });

  itWithSignals('SIGTERM ends a command whose graph hangs, and its process', async () => {
    for (const args of [
      ['inspect', model, '--text', 'text.txt'],
      ['train', 'long.txt', '--from', model, '--steps', '2', '--out', 'hanging'],
    ]) {
      const child = start('hang', ...args);
      const pid = await runtimePid();
      child.kill('SIGTERM');
      const { status, errors, output } = await child.ended;
      assert.deepEqual([status, errors, output], [1, 'backflow: Canceled.\n', ''], args[0]);
      await gone(pid);
      rmSync(pidFile);
    }
  });

  it('a command that is killed leaves no process behind, busy as it may be', async () => {
    const child = start('hang', 'inspect', model, '--text', 'text.txt');
    const pid = await runtimePid();
    child.kill('SIGKILL');
    await child.ended;
    await gone(pid);
  });

  it('the engine opens the model, and answers while the graph hangs; its end is the end of both', async () => {
    for (const end of ['SIGKILL', 'disconnect'] as const) {
      const child = fork(join(dist, 'engine.js'), [], { serialization: 'advanced', env: environment('hang') });
      const exited = new Promise((done) => child.once('exit', done));
      const calls = new Caller<EngineCalls, EngineEvents>({
        send: (message) => child.send(message as object),
        onMessage: (listener) => void child.on('message', listener),
        onClose: (listener) => void child.on('disconnect', listener),
      });
      const opening = calls.call('open', {
        path: model,
        vocabulary,
        text,
        architecture: { activation: null },
        allowsGraph: false,
        backend: 'ort',
        threads: 1,
      });
      opening.catch(() => undefined);
      const pid = await runtimePid();
      assert.equal(await calls.call('ping', null), null);
      if (end === 'disconnect') child.disconnect();
      else child.kill('SIGKILL');
      await exited;
      await gone(pid);
      rmSync(pidFile);
    }
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
