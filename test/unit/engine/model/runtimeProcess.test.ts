/** What becomes of a model when ONNX Runtime ends, hangs or is missing while it runs the file. Harmless stand-ins take the runtime's place. */
import { strict as assert } from 'node:assert';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { openModel, type OpenedModel } from '../../../../src/engine/model/openModel';
import { RuntimeProcess, setRuntimeProgram } from '../../../../src/engine/runtime/runtimeProcess';
import { onnxFolder, onnxReference, symbols, textOf, vocabularyFile } from '../../../reference/onnxReferences';
import { temporaryFolder } from '../../../engine/support/engineProcess';

/** Answers that the runtime is there; then does this with whatever else it is asked. */
const standIn = (act: string) => `process.on('message', ({ call, method }) => {
  if (method === 'isAvailable') process.send({ reply: call, value: true });
  else { ${act} }
});`;

const source = {
  path: join(onnxFolder, 'lstm-2.plain-torch.onnx'),
  vocabulary: vocabularyFile,
  text: textOf(onnxReference('lstm-2')),
  architecture: { activation: null },
} as const;

describe('ONNX Runtime in a process of its own', () => {
  const folder = temporaryFolder();
  after(() => folder.remove());
  afterEach(() => setRuntimeProgram(resolve('dist/runtime.js')));

  function useStandIn(program: string): void {
    const path = join(folder.path, 'standIn.js');
    writeFileSync(path, program);
    setRuntimeProgram(path);
  }

  /** The model is there, and its reading is verified in another way. */
  async function openedWith(runtime: RuntimeProcess): Promise<string[]> {
    const { general, verification, notices }: OpenedModel = await openModel(source, { runtime });
    assert.equal(general.layers.length, 2);
    assert.equal(verification?.by, 'graph');
    assert.ok(verification.agrees && verification.tokens > 1);
    await gone(runtime);
    return notices.map(({ message }) => message);
  }

  for (const { what, patience, act, says } of [
    {
      what: 'crashes',
      patience: 60,
      act: `process.kill(process.pid, 'SIGSEGV');`,
      says: /ended while it ran this model \(signal SIG/,
    },
    {
      what: 'exits',
      patience: 60,
      act: 'process.exit(139);',
      says: /ended while it ran this model \(exit status 139\)/,
    },
    { what: 'hangs', patience: 0.5, act: 'for (;;);', says: /gave no answer on this model within 0\.5 seconds/ },
  ])
    it(`${what}: the model opens, verified in float64, and the notice says so`, async () => {
      useStandIn(standIn(act));
      const notices = await openedWith(new RuntimeProcess({ patience }));
      assert.equal(notices.length, 1);
      assert.match(notices[0], says);
    });

  it('cannot be started: the model opens, verified in float64', async () => {
    setRuntimeProgram(join(folder.path, 'missing.js'));
    assert.match((await openedWith(new RuntimeProcess())).join(' '), /ended while it ran this model \(exit status 1\)/);
  });

  it('is not there for this system: the model opens, verified in float64, without a word about it', async () => {
    useStandIn(`process.on('message', ({ call }) => process.send({ reply: call, value: false }));`);
    const runtime = new RuntimeProcess();
    const { verification, notices } = await openModel(source, { runtime });
    runtime.close();
    await gone(runtime);
    assert.deepEqual([verification?.by, verification?.agrees, notices], ['graph', true, []]);
  });

  it('answers otherwise than the operators’ text says: that is said, with how far it is off', async () => {
    const size = symbols().length;
    // The file's graph is its first session, the recognized model the others.
    useStandIn(`let sessions = 0;
process.on('message', ({ call, method, request }) => {
  const answer = () => {
    if (method === 'load') return ++sessions;
    if (method !== 'run') return true;
    const steps = Object.values(request.feeds).find(({ type }) => type === 'int64').data.length;
    const data = Float32Array.from({ length: steps * ${size} }, (_, i) => (i * request.session) % 5);
    return Object.fromEntries(request.outputs.map((name) => [name, { type: 'float32', dims: [data.length], data }]));
  };
  process.send({ reply: call, value: answer() });
});`);
    const runtime = new RuntimeProcess();
    const { verification, notices } = await openModel(source, { runtime });
    runtime.close();
    await gone(runtime);
    assert.deepEqual([verification?.by, verification?.agrees], ['graph', true]);
    assert.equal(notices.length, 1);
    assert.match(notices[0].message, /^On ONNX Runtime the file’s log-probabilities are 0\.\d\d of their size away/);
  });

  it('ends when it is canceled, and what was asked of it rejects with the reason', async () => {
    useStandIn(standIn('for (;;);'));
    const controller = new AbortController();
    const runtime = new RuntimeProcess({ signal: controller.signal });
    const opening = openModel(source, { runtime });
    await runtime.isAvailable();
    controller.abort(new Error('enough'));
    await assert.rejects(opening, /enough/);
    await gone(runtime);
  });

  it('ends with the opening that has started it', async () => {
    const before = new Set(process.listeners('exit'));
    const { verification } = await openModel(source);
    assert.equal(verification?.by, 'onnxRuntime');
    // Each living process has a listener that would end it.
    while (process.listeners('exit').some((listener) => !before.has(listener)))
      await new Promise((done) => setTimeout(done, 5));
  });
});

async function gone({ pid }: RuntimeProcess): Promise<void> {
  assert.ok(pid !== undefined);
  for (;;) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await new Promise((done) => setTimeout(done, 5));
  }
}
