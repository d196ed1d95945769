import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inEnglish } from '../../../../src/messages';
import { endSentence, type EngineEnd } from '../../../../src/editor/process/endOfEngine';
import { EngineProcess } from '../../../../src/editor/process/engineProcess';
import { RpcError } from '../../../../src/protocol/rpc';

/** Answers `pause`, never answers `step`, dies of `resume`, and does not end when its parent leaves. */
const stubbornEngine = `
  process.on('SIGTERM', () => undefined);
  setInterval(() => undefined, 1000);
  process.stdout.write('up\\nand run');
  process.stdout.write('ning\\n');
  process.on('message', ({ call, method }) => {
    if (method === 'pause') process.send({ reply: call, value: new Float64Array([1, 2]) });
    if (method === 'resume') process.exit(3);
    if (method === 'stop') process.send({ reply: call, error: { code: 'user', sentence: { key: 'error.internal', args: ['No run is on.'] } } });
  });
`;

describe('an engine’s process', () => {
  const folder = mkdtempSync(join(tmpdir(), 'backflow-process-'));
  const file = join(folder, 'engine.js');
  const lines: string[] = [];
  const log = { info: (line: string) => void lines.push(line), warn: (line: string) => void lines.push(line) };
  const engines: EngineProcess[] = [];

  const start = (program = stubbornEngine) => {
    writeFileSync(file, program);
    const engine = new EngineProcess(file, log);
    engines.push(engine);
    return engine;
  };
  const endOf = (engine: EngineProcess) => new Promise<EngineEnd>((resolve) => engine.onEnd(resolve));

  after(() => {
    for (const { pid, isAlive } of engines) if (isAlive && pid !== undefined) process.kill(pid, 'SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });

  it('answers calls, with typed arrays as typed arrays', async () => {
    const engine = start();
    assert.deepEqual(await engine.calls.call('pause', null), new Float64Array([1, 2]));
    await engine.close();
  });

  it('settles a call it died of, and says with which exit status', async () => {
    const engine = start();
    const end = endOf(engine);
    await assert.rejects(
      engine.calls.call('resume', null),
      (error) => error instanceof RpcError && error.code === 'closed',
    );
    assert.deepEqual(await end, { code: 3, signal: null, error: null, isOutOfMemory: false });
    await assert.rejects(engine.calls.call('pause', null), RpcError);
    assert.equal(engine.isAlive, false);
  });

  it('is noticed when it is killed', async () => {
    const engine = start();
    await engine.calls.call('pause', null);
    const waiting = assert.rejects(engine.calls.call('step', null), RpcError);
    process.kill(engine.pid!, 'SIGKILL');
    assert.equal((await endOf(engine)).signal, 'SIGKILL');
    await waiting;
  });

  it('ends even when it neither leaves with its parent nor follows SIGTERM', async () => {
    const engine = start();
    await engine.calls.call('pause', null);
    await engine.close();
    assert.equal(engine.isAlive, false);
    await engine.close();
  });

  it('writes its output to the log in whole lines', async () => {
    const engine = start();
    await engine.calls.call('pause', null);
    await engine.close();
    assert.ok(lines.includes(`[engine ${engine.pid!}] up`), lines.join('\n'));
    assert.ok(lines.includes(`[engine ${engine.pid!}] and running`));
  });

  it('says in one sentence how it ended', () => {
    const ends: EngineEnd[] = [
      { code: 3, signal: null, error: null, isOutOfMemory: false },
      { code: null, signal: 'SIGKILL', error: null, isOutOfMemory: false },
      { code: null, signal: null, error: new Error('spawn ENOMEM'), isOutOfMemory: false },
      { code: 134, signal: null, error: null, isOutOfMemory: false },
      { code: null, signal: 'SIGABRT', error: null, isOutOfMemory: true },
    ];
    const said = ends.map((end) => inEnglish(endSentence(end)));
    assert.match(said[0], /exit status.*3/);
    assert.match(said[1], /signal.*SIGKILL/);
    assert.match(said[2], /spawn ENOMEM/);
    assert.match(said[3], /crashed .*134/);
    assert.match(said[4], /out of memory/);
  });
});
