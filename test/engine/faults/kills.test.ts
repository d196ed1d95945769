/** Engines that end in the middle: killed, crashed, without memory; and runs that continue with the same bits. */
import { strict as assert } from 'node:assert';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync, truncateSync, writeFileSync, copyFileSync, mkdtempSync } from 'node:fs';
import { utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { inEnglish } from '../../../src/messages';
import { decodeCheckpoint } from '../../../src/modelFiles/checkpointFile';
import { decodeSafetensors } from '../../../src/formats/safetensors';
import { UserError } from '../../../src/userError';
import { endSentence, type EngineEnd } from '../../../src/editor/process/endOfEngine';
import { EngineProcess } from '../../../src/editor/process/engineProcess';
import { RpcError } from '../../../src/protocol/rpc';
import { endEngines, requestFor, startEngine, temporaryFolder } from '../support/engineProcess';
import { backflowProcess, outcome, start } from '../support/commandLine';
import {
  assertSameRun,
  checkpointSteps,
  chosenSeed,
  end,
  itWithSignals,
  lossesOf,
  pangrams,
  stopLater,
  trainToEnd,
} from '../support/faults';
import { mulberry32 } from '../../support/mulberry32';

const silent = { info: () => undefined, warn: () => undefined };
const engineFile = join(process.cwd(), 'dist/engine.js');
const endOf = (engine: EngineProcess) => new Promise<EngineEnd>((resolve) => engine.onEnd(resolve));

describe('a run whose engine ends in the middle', () => {
  const folder = temporaryFolder();
  afterEach(endEngines);
  after(() => folder.remove());

  it('killed again and again at random instants, ends with the bits of an uninterrupted one', async () => {
    const steps = 1600;
    const settings = { steps, checkpointEvery: 67, validateEvery: 170 };
    const model = { hiddenSize: 48, layers: 2 };
    const [whole, torn] = [join(folder.path, 'whole'), join(folder.path, 'torn')];
    const began = Date.now();
    await trainToEnd(whole, settings, model);
    const length = Date.now() - began;
    const random = mulberry32(chosenSeed());
    let kills = 0;
    // Three kills are not enough for a whole run; on a machine that is faster now than it was, once more, killed sooner.
    for (let share = 1; kills < 3; share /= 2) {
      kills = 0;
      rmSync(torn, { recursive: true, force: true });
      for (let isOver = false; !isOver;) {
        const engine = startEngine();
        const finished = engine.next('finished').then(() => true);
        const isNew = checkpointSteps(torn).length === 0;
        // Killed before its first checkpoint there is nothing to continue from.
        if (isNew) rmSync(torn, { recursive: true, force: true });
        const begun = isNew
          ? engine.calls.call('train', requestFor(pangrams, torn, settings, model))
          : engine.calls.call('resumeRun', { folder: torn, steps: null });
        begun.catch(() => undefined);
        isOver = await Promise.race([
          finished,
          ...(kills < 8 ? [wait(share * length * (0.08 + 0.2 * random())).then(() => false)] : []),
        ]);
        await end(engine);
        if (!isOver) kills++;
      }
    }
    assertSameRun(whole, torn, steps);
  });

  it('killed in the terminal, goes on with --resume and ends with the same bits', async () => {
    const [whole, torn] = [join(folder.path, 'cli-whole'), join(folder.path, 'cli-torn')];
    const text = join(folder.path, 'text.txt');
    writeFileSync(text, pangrams);
    const train = 'train --hidden 16 --window 16 --batch 4 --threads 1 --checkpoint-every 10 --json';
    // Without an end, which it could reach before it is killed.
    const child = start(folder.path, `${train} --steps none --out`, torn, text);
    child.stdout.on('data', (chunk: Buffer) => {
      if (/"step":[1-9]\d{2}/.test(chunk.toString('utf8'))) child.kill('SIGKILL');
    });
    assert.equal((await outcome(child)).signal, 'SIGKILL');
    const steps = checkpointSteps(torn).at(-1)! + 50;
    const { status, errors } = await backflowProcess(folder.path, `train --steps ${steps} --json --resume`, torn);
    assert.equal(status, 0, errors);
    assert.equal((await backflowProcess(folder.path, `${train} --steps ${steps} --out`, whole, text)).status, 0);
    assertSameRun(whole, torn, steps);
  });

  it('loses at most the steps since the last checkpoint, which is due by time too', async () => {
    const run = join(folder.path, 'by-time');
    const engine = startEngine();
    // Never due by steps: each of these is there because of its second.
    await engine.calls.call(
      'train',
      requestFor(pangrams, run, { checkpointEvery: 1_000_000_000, validateEvery: 1_000_000_000, checkpointSeconds: 1 }),
    );
    const seen = new Set<number>();
    while (seen.size < 3) {
      await wait(50);
      for (const step of checkpointSteps(run)) seen.add(step);
    }
    // Also a paused run's steps are saved when their time has come, those of the step included that it was in.
    await engine.calls.call('pause', null);
    const isSaved = () => checkpointSteps(run).at(-1) === Math.max(...lossesOf(run).keys());
    for (let calm = 0; calm < 5; calm = isSaved() ? calm + 1 : 0) await wait(300);
    await end(engine);
    assert.ok(isSaved());
  });

  it('keeps the newest few checkpoints and the one with the lowest validation loss', async () => {
    const run = join(folder.path, 'best');
    // A rate so large that the loss first falls and then rises.
    await trainToEnd(run, {
      steps: 120,
      checkpointEvery: 10,
      validateEvery: 10,
      keptCheckpoints: 2,
      optimizer: 'sgd',
      learningRate: 60,
      clipNorm: 1,
      schedule: 'constant',
      warmupSteps: 100,
    });
    const points = readFileSync(join(run, 'metrics.jsonl'), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { step: number; validationLoss?: number });
    const validated = points.filter(({ validationLoss }) => validationLoss !== undefined) as {
      step: number;
      validationLoss: number;
    }[];
    const best = validated.reduce((a, b) => (b.validationLoss < a.validationLoss ? b : a));
    assert.ok(best.step < 110, `the best is at ${best.step}, before the newest two`);
    assert.deepEqual(checkpointSteps(run), [best.step, 110, 120]);
    assert.deepEqual(JSON.parse(readFileSync(join(run, 'checkpoints/best.json'), 'utf8')), best);
  });

  it('goes on from the checkpoint before when the newest is cut anywhere, and refuses every cut file in a sentence', async () => {
    const run = join(folder.path, 'cut');
    const settings = { steps: 30, checkpointEvery: 10 };
    const tiny = startEngine();
    const finished = tiny.next('finished');
    await tiny.calls.call('train', requestFor('hello '.repeat(100), run, settings, { hiddenSize: 2, cell: 'rnn' }));
    await finished;
    await end(tiny);
    const place = (name: string) => join(run, 'checkpoints', name);
    const onnx = readFileSync(place('step-30.onnx'));
    const state = readFileSync(place('step-30.safetensors'));
    for (let length = 0; length < onnx.length; length++)
      assert.throws(() => decodeCheckpoint(onnx.subarray(0, length), 'm.onnx'), UserError, `model cut at ${length}`);
    for (let length = 0; length < state.length; length++)
      assert.throws(
        () => decodeSafetensors(state.subarray(0, length), 's.safetensors'),
        UserError,
        `state cut at ${length}`,
      );

    const random = mulberry32(chosenSeed());
    for (const name of ['step-30.onnx', 'step-30.safetensors', 'step-30.onnx', 'step-30.safetensors']) {
      const kept = mkdtempSync(join(tmpdir(), 'backflow-cut-'));
      copyFileSync(place(name), join(kept, name));
      truncateSync(place(name), Math.floor(random() * (name.endsWith('.onnx') ? onnx : state).length));
      const engine = startEngine();
      const progress = engine.next('progress');
      await engine.calls.call('resumeRun', { folder: run, steps: 31 });
      assert.equal((await progress).rows[0], 21, 'the first step after the checkpoint at 20');
      await end(engine);
      copyFileSync(join(kept, name), place(name));
      rmSync(place('step-31.onnx'), { force: true });
      rmSync(place('step-31.safetensors'), { force: true });
      rmSync(kept, { recursive: true });
    }
  });

  it('resumed while another engine has it: refused in a sentence; after that one was killed: at once', async () => {
    const run = join(folder.path, 'two');
    const first = startEngine();
    await first.calls.call('train', requestFor(pangrams, run, { checkpointEvery: 5 }));
    await first.next('progress', ({ rows }) => rows[rows.length - 7] >= 10);
    const second = startEngine();
    await assert.rejects(
      second.calls.call('resumeRun', { folder: run, steps: null }),
      (error: unknown) =>
        error instanceof RpcError &&
        error.code === 'user' &&
        /open in another window/.test(error.message) &&
        error.message.includes(String(first.child.pid)),
    );
    await end(first);
    // The lock continues showing what would be signs of life, if anybody asked for them of a process that is gone.
    const touching = setInterval(
      () => void utimes(join(run, 'lock'), new Date(), new Date()).catch(() => undefined),
      100,
    );
    await second.calls.call('resumeRun', { folder: run, steps: null }).finally(() => clearInterval(touching));
    await end(second);
  });

  itWithSignals(
    'stopped for long (a sleeping machine) and taken over meanwhile: the sleeper wakes, says so, and writes nothing more',
    async () => {
      const run = join(folder.path, 'sleeper');
      const sleeper = startEngine();
      await sleeper.calls.call('train', requestFor(pangrams, run, { checkpointEvery: 5 }));
      await sleeper.next('progress', ({ rows }) => rows[rows.length - 7] >= 10);
      sleeper.child.kill('SIGSTOP');
      const heir = startEngine();
      await heir.calls.call('resumeRun', { folder: run, steps: null });
      const told = sleeper.next('status', ({ state, message }) => state === 'paused' && message !== null);
      sleeper.child.kill('SIGCONT');
      assert.match(inEnglish((await told).message!), /taken over/);
      await heir.next('progress');
      await end(sleeper);
      await end(heir);
    },
  );

  itWithSignals('asleep for a while, goes on as if nothing had been', async () => {
    const [whole, slept] = [join(folder.path, 'awake'), join(folder.path, 'slept')];
    const settings = { checkpointEvery: 100 };
    const engine = startEngine();
    await engine.calls.call('train', requestFor(pangrams, slept, { ...settings, steps: null }));
    for (let i = 0; i < 5; i++) {
      engine.child.kill('SIGSTOP');
      await wait(100);
      engine.child.kill('SIGCONT');
      await engine.next('progress');
    }
    const step = await stopLater(engine, slept);
    await trainToEnd(whole, { ...settings, steps: step });
    assertSameRun(whole, slept, step);
  });

  for (const signal of ['SIGSEGV', 'SIGABRT', 'SIGKILL'] as const) {
    itWithSignals(`ended by ${signal}: told in a sentence, and every call is settled`, async () => {
      const engine = new EngineProcess(engineFile, silent);
      const ended = endOf(engine);
      await engine.calls.call('train', requestFor(pangrams, join(folder.path, signal)));
      const waiting = assert.rejects(
        engine.calls.call('sample', {
          prompt: 'the',
          length: 1_000_000,
          temperature: 1,
          topK: null,
          topP: null,
          seed: 1,
        }),
        RpcError,
      );
      process.kill(engine.pid!, signal);
      await waiting;
      assert.match(
        inEnglish(endSentence(await ended)),
        signal === 'SIGKILL' ? /Another process ended.*SIGKILL/ : new RegExp(`crashed.*${signal}`),
      );
    });
  }

  it('without memory: the end is told as such', async () => {
    process.env['NODE_OPTIONS'] = '--max-old-space-size=24';
    const engine = new EngineProcess(engineFile, silent);
    delete process.env['NODE_OPTIONS'];
    const ended = endOf(engine);
    const words = Array.from({ length: 400_000 }, (_, i) => `w${i.toString(36)}`).join(' ');
    const request = requestFor(words, join(folder.path, 'memory'));
    await assert.rejects(
      engine.calls.call('train', { ...request, vocabulary: { unit: 'word', size: null } }),
      RpcError,
    );
    assert.match(inEnglish(endSentence(await ended)), /out of memory/);
    assert.ok(!existsSync(join(folder.path, 'memory')), 'nothing half written');
  });

  it('that does not even start: told, and settled', async () => {
    for (const [name, program] of [
      ['missing.js', null],
      ['broken.js', 'throw new Error("no such luck")'],
    ] as const) {
      const file = join(folder.path, name);
      if (program !== null) writeFileSync(file, program);
      const engine = new EngineProcess(file, silent);
      await assert.rejects(engine.calls.call('pause', null), RpcError);
      assert.match(inEnglish(endSentence(await endOf(engine))), /ended unexpectedly/);
    }
  });

  itWithSignals('that hangs: noticed, told once, and heard again when it answers', async () => {
    const interval = 200;
    const engine = new EngineProcess(engineFile, silent, interval);
    const heard: boolean[] = [];
    engine.onHang((isHanging) => heard.push(isHanging));
    /** Until it counts as hanging, or no longer does. What has been told before is told no more. */
    const until = async (isHanging: boolean) => {
      while ((heard.at(-1) ?? false) !== isHanging) await wait(interval / 10);
    };
    // Idle it answers, if a busy machine lets it: not one of these questions is left open.
    for (let i = 0; i < 10; i++) {
      await engine.calls.call('ping', null);
      await wait(interval);
    }
    await until(false);
    process.kill(engine.pid!, 'SIGSTOP');
    await until(true);
    const told = heard.length;
    await wait(10 * interval);
    assert.equal(heard.length, told, 'told once');
    process.kill(engine.pid!, 'SIGCONT');
    await until(false);
    assert.deepEqual(
      heard,
      heard.map((_, i) => i % 2 === 0),
      'one and the other in turn',
    );
    process.kill(engine.pid!, 'SIGSTOP');
    const ended = endOf(engine);
    engine.kill();
    assert.equal((await ended).signal, 'SIGKILL');
  });

  it('does not outlive its editor, even one that is killed', async () => {
    const program = `
      const { fork } = require('node:child_process');
      const child = fork(${JSON.stringify(engineFile)}, [], { serialization: 'advanced' });
      process.stdout.write(String(child.pid));
      setInterval(() => undefined, 1000);`;
    const host = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
    const pid = Number(String(await new Promise<Buffer>((resolve) => host.stdout.once('data', resolve))));
    await wait(500);
    host.kill('SIGKILL');
    while (isThere(pid)) await wait(100);
  });

  it('whose clock jumps by years, back and forth: checkpoints stay due, the lock stays its own, the bits are the same', async () => {
    const [whole, jumped] = [join(folder.path, 'steady'), join(folder.path, 'jumped')];
    const settings = { checkpointEvery: 1_000_000_000, validateEvery: 1_000_000_000, checkpointSeconds: 1 };
    const model = { hiddenSize: 48, layers: 2 };
    const jumps = join(folder.path, 'jumps.js');
    writeFileSync(
      jumps,
      `
      const real = Date;
      const year = 31_557_600_000;
      const now = () => real.now() + year * Math.round(10 * Math.sin(performance.now() / 50));
      globalThis.Date = class extends real { constructor(...args) { args.length > 0 ? super(...args) : super(now()); } static now() { return now(); } };`,
    );
    process.env['NODE_OPTIONS'] = `--require ${jumps}`;
    const engine = startEngine();
    delete process.env['NODE_OPTIONS'];
    await engine.calls.call('train', requestFor(pangrams, jumped, { ...settings, steps: null }, model));
    // Both due by their time: stopping comes later.
    while (checkpointSteps(jumped).length < 2) await wait(50);
    const { step } = await engine.calls.call('stop', null);
    await end(engine);
    await trainToEnd(whole, { ...settings, steps: step }, model);
    assertSameRun(whole, jumped, step);
  });
});

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
