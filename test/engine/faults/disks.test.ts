/** Disks that fill up, folders that cannot be written to or vanish, texts that change: during a run. */
import { strict as assert } from 'node:assert';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inEnglish } from '../../../src/messages';
import { RpcError } from '../../../src/protocol/rpc';
import { removeFolder } from '../../support/removeFolder';
import { backflowProcess } from '../support/commandLine';
import { smallDisk, type Disk } from '../support/disk';
import { endEngines, requestFor, startEngine, temporaryFolder, type TestEngine } from '../support/engineProcess';
import {
  assertSameRun,
  checkpointAfter,
  checkpointSteps,
  end,
  pangrams,
  stopLater,
  trainToEnd,
} from '../support/faults';

/** Without an end: the test ends it. */
const settings = { steps: null, checkpointEvery: 40, validateEvery: 500 };

/** Resolves with the sentence with which the run pauses by itself. */
async function pausedWith(engine: TestEngine): Promise<string> {
  const { message } = await engine.next('status', ({ state, message: why }) => state === 'paused' && why !== null);
  return inEnglish(message!);
}

describe('a run whose disk or text fails it', () => {
  const folder = temporaryFolder();
  /** What a run was to become that nothing happened to, after so many steps. */
  const undisturbed = async (steps: number) => {
    const whole = join(folder.path, `whole-${steps}`);
    if (!existsSync(whole)) await trainToEnd(whole, { ...settings, steps });
    return whole;
  };
  const disks: Disk[] = [];
  const disk = (bytes: number) => {
    const made = smallDisk(bytes);
    if (made) disks.push(made);
    return made;
  };

  afterEach(endEngines);
  after(async () => {
    for (const one of disks) one.remove();
    await folder.remove();
  });

  it('a disk that fills up: paused with a sentence, can be stopped only with room, goes on with the same bits', async () => {
    const small = disk(4_000_000);
    if (!small) return;
    const run = join(small.path, 'run');
    const engine = startEngine();
    try {
      await engine.calls.call('train', requestFor(pangrams, run, settings));
      await checkpointAfter(run, 0);
      const paused = pausedWith(engine);
      small.fill();
      assert.match(await paused, /disk is full. Free some space/);
      await assert.rejects(
        engine.calls.call('stop', null),
        (error: unknown) => error instanceof RpcError && error.code === 'user' && /disk is full/.test(error.message),
      );
      await engine.calls.call('ping', null);
      assert.deepEqual(
        readdirSync(join(run, 'checkpoints')).filter((name) => name.endsWith('.tmp')),
        [],
        'nothing half written',
      );
      small.makeRoom();
      assert.equal((await engine.calls.call('resume', null)).state, 'running');
      const step = await stopLater(engine, run);
      assertSameRun(await undisturbed(step), run, step);
    } finally {
      await end(engine);
    }
  });

  it('a disk that fills up and an engine that is killed then: goes on from the last whole checkpoint with the same bits', async () => {
    const small = disk(4_000_000);
    if (!small) return;
    const run = join(small.path, 'run');
    const engine = startEngine();
    await engine.calls.call('train', requestFor(pangrams, run, settings));
    await checkpointAfter(run, 0);
    const paused = pausedWith(engine);
    small.fill();
    await paused;
    await end(engine);
    small.makeRoom();
    const next = startEngine();
    await next.calls.call('resumeRun', { folder: run, steps: null });
    const step = await stopLater(next, run);
    assertSameRun(await undisturbed(step), run, step);
  });

  it('a disk that becomes read-only: paused with a sentence, goes on with the same bits when it no longer is', async () => {
    const small = disk(4_000_000);
    if (!small) return;
    const run = join(small.path, 'run');
    const engine = startEngine();
    try {
      await engine.calls.call('train', requestFor(pangrams, run, settings));
      await checkpointAfter(run, 0);
      const paused = pausedWith(engine);
      small.setReadOnly(true);
      assert.match(await paused, /read-only/);
      small.setReadOnly(false);
      await engine.calls.call('resume', null);
      const step = await stopLater(engine, run);
      assertSameRun(await undisturbed(step), run, step);
    } finally {
      await end(engine);
    }
  });

  it('in the terminal: one line, exit status 1, and no trace of a new run on a full disk', async () => {
    const small = disk(1_000_000);
    if (!small) return;
    const text = join(folder.path, 'text.txt');
    writeFileSync(text, pangrams);
    small.fill();
    const train = () => backflowProcess(folder.path, 'train --steps 50 --out', join(small.path, 'run'), text);
    const { status, errors } = await train();
    assert.equal(status, 1);
    assert.match(errors, /^backflow: .*disk is full[^\n]*\n$/);
    assert.deepEqual(readdirSync(small.path), ['ballast']);
    small.makeRoom();
    // Room to begin, but not for a checkpoint: 128 units need half a megabyte.
    const late = await train();
    assert.equal(late.status, 1);
    assert.match(late.errors, /^backflow: .*disk is full[^\n]*\n$/);
  });

  it('in the terminal: a run on a full disk is not resumed, and stays as it was, without a lock', async () => {
    const small = disk(4_000_000);
    if (!small) return;
    const text = join(folder.path, 'text.txt');
    writeFileSync(text, pangrams);
    const run = join(small.path, 'run');
    await backflowProcess(folder.path, 'train --steps 3 --hidden 8 --out', run, text);
    const files = () => readdirSync(run, { recursive: true, encoding: 'utf8' }).sort();
    const before = files();
    assert.ok(before.includes('run.json') && !before.includes('lock'), before.join(', '));
    small.fill();
    const { status, errors } = await backflowProcess(folder.path, 'train --steps 6 --resume', run);
    assert.equal(status, 1);
    assert.match(errors, /^backflow: .*disk is full[^\n]*\n$/);
    assert.deepEqual(files(), before);
  });

  it('a folder that is removed: paused with a sentence; resumed, it is made anew and the run ends with the same weights', async () => {
    const run = join(folder.path, 'removed');
    const engine = startEngine();
    let step: number;
    try {
      await engine.calls.call('train', requestFor(pangrams, run, settings));
      await checkpointAfter(run, 0);
      const paused = pausedWith(engine);
      await removeFolder(run);
      assert.match(await paused, /removed.* was moved or deleted/);
      assert.ok(!existsSync(run), 'what was deleted stays so until somebody says otherwise');
      await engine.calls.call('resume', null);
      step = await stopLater(engine, run);
      const whole = await undisturbed(step);
      for (const name of [`step-${step}.onnx`, `step-${step}.safetensors`]) {
        assert.ok(
          readFileSync(join(run, 'checkpoints', name)).equals(readFileSync(join(whole, 'checkpoints', name))),
          name,
        );
      }
    } finally {
      await end(engine);
    }
    const again = startEngine();
    await again.calls.call('resumeRun', { folder: run, steps: step + 1 });
    await end(again);
  });

  for (const [what, harm] of [
    ['changed', (text: string) => writeFileSync(text, 'quite another text, as long as it likes. '.repeat(100))],
    ['deleted', (text: string) => rmSync(text)],
  ] as const) {
    it(`a text ${what} during the run: goes on, also after a kill, with the same bits; without its copy, a sentence`, async () => {
      const run = join(folder.path, what);
      const text = join(folder.path, `${what}.txt`);
      writeFileSync(text, pangrams);
      const engine = startEngine();
      await engine.calls.call('train', { ...requestFor('', run, settings), corpus: { kind: 'file', path: text } });
      await checkpointAfter(run, 0);
      harm(text);
      await checkpointAfter(run, checkpointSteps(run).at(-1)!);
      await end(engine);
      const next = startEngine();
      await next.calls.call('resumeRun', { folder: run, steps: null });
      const step = await stopLater(next, run);
      assertSameRun(await undisturbed(step), run, step);

      rmSync(join(run, 'corpus.txt'));
      const last = startEngine();
      await assert.rejects(
        last.calls.call('resumeRun', { folder: run, steps: step + 1 }),
        what === 'changed' ? /has changed since this run began/ : /There is no file/,
      );
      await end(last);
    });
  }

  it('a model and a window that no machine can hold: the sentence says how much they need, and nothing is written', async () => {
    const engine = startEngine();
    const run = join(folder.path, 'huge');
    const long = 'the quick brown fox jumps over the lazy dog. '.repeat(65_000);
    await assert.rejects(
      engine.calls.call('train', requestFor(long, run, { window: 50_000, batch: 50 }, { hiddenSize: 512 })),
      /needs \d{5,} MB of memory/,
    );
    await assert.rejects(
      engine.calls.call(
        'train',
        requestFor(pangrams, run, {}, { hiddenSize: 4096, layers: 8, bidirectional: true, objective: 'masked' }),
      ),
      /needs at least \d{5,} MB of memory/,
    );
    assert.ok(!existsSync(run));
    await end(engine);
  });
});
