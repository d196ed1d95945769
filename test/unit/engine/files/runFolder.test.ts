import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { appendFile, mkdir, mkdtemp, readFile, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { UserError } from '../../../../src/userError';
import { RunFolder } from '../../../../src/engine/files/runFolder';
import type { RunRecord } from '../../../../src/engine/files/runRecord';
import { progressColumns } from '../../../../src/protocol/run';
import {
  defaultModelSettings,
  defaultTrainingSettings,
  type TrainingSettings,
} from '../../../../src/protocol/settings';
import { removeFolder } from '../../../support/removeFolder';
import { onFaultyDisk } from '../../support/faultyDisk';

function recordOf(folder: string): RunRecord {
  return {
    description: {
      name: 'hello-lstm',
      folder,
      corpus: { name: 'hello.txt', path: '/texts/hello.txt', tokens: 600, unit: 'codePoint' },
      model: { ...defaultModelSettings, vocabularySize: 5, parameterCount: 70_000 },
      training: { ...defaultTrainingSettings, steps: 100 },
      backend: 'ort',
    },
    corpusSha256: 'ab'.repeat(32),
    created: '2025-01-02T03:04:05.000Z',
    versions: { backflow: '0.1.0', onnxruntime: '1.30.0', node: '20.20.2' },
  };
}

/** Rows of the progress columns for these steps, loss = 1/step. */
function rowsOf(...steps: number[]): Float64Array {
  return Float64Array.from(steps.flatMap((step) => [step, 1 / step, 2, 1, step * 64, 1000, 0]));
}

const bytes = (text: string) => new TextEncoder().encode(text);

describe('a run folder', () => {
  let root: string;
  let folder: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'backflow-run-'));
    folder = join(root, '.backflow', 'runs', 'hello-lstm');
  });
  // Metrics are written in the background, perhaps at this very moment.
  afterEach(() => removeFolder(root));

  const everything = async (path: string) => (await readdir(path, { recursive: true })).sort();
  const stepsOf = (rows: Float64Array) => [...rows].filter((_, i) => i % progressColumns.length === 0);

  describe('making', () => {
    it('writes run.json, and keeps the runs out of commits', async () => {
      await RunFolder.create(folder, recordOf(folder));
      assert.deepEqual(await everything(folder), ['checkpoints', 'run.json']);
      assert.equal(await readFile(join(root, '.backflow', '.gitignore'), 'utf8'), '*\n');
      const json = JSON.parse(await readFile(join(folder, 'run.json'), 'utf8')) as {
        corpus: unknown;
        versions: unknown;
      };
      assert.deepEqual(json.corpus, {
        name: 'hello.txt',
        path: '/texts/hello.txt',
        tokens: 600,
        unit: 'codePoint',
        sha256: 'ab'.repeat(32),
      });
      assert.deepEqual(json.versions, { backflow: '0.1.0', onnxruntime: '1.30.0', node: '20.20.2' });
    });

    it('uses an empty folder, leaves a .gitignore of yours alone, and writes none elsewhere', async () => {
      await mkdir(folder, { recursive: true });
      await writeFile(join(root, '.backflow', '.gitignore'), 'mine\n');
      await RunFolder.create(folder, recordOf(folder));
      assert.equal(await readFile(join(root, '.backflow', '.gitignore'), 'utf8'), 'mine\n');
      await RunFolder.create(join(root, 'elsewhere'), recordOf(folder));
      assert.deepEqual(await everything(join(root, 'elsewhere')), ['checkpoints', 'run.json']);
    });

    it('refuses a folder with something in it, and leaves it as it was', async () => {
      await mkdir(folder, { recursive: true });
      await writeFile(join(folder, 'notes.txt'), 'keep me');
      await assert.rejects(
        RunFolder.create(folder, recordOf(folder)),
        /^UserError: The folder .*hello-lstm is not empty/,
      );
      assert.deepEqual(await everything(join(root, '.backflow')), [
        'runs',
        join('runs', 'hello-lstm'),
        join('runs', 'hello-lstm', 'notes.txt'),
      ]);
    });

    it('is given to one of many that ask for the same at once', async () => {
      const made = await Promise.allSettled(
        Array.from({ length: 12 }, () => RunFolder.create(folder, recordOf(folder))),
      );
      assert.equal(made.filter(({ status }) => status === 'fulfilled').length, 1);
      for (const each of made)
        if (each.status === 'rejected')
          assert.match(String(each.reason), /^UserError: The folder .*hello-lstm is not empty/);
      assert.deepEqual(await everything(folder), ['checkpoints', 'run.json']);
    });

    it('writes nothing where the path leads through a file, is too long, or is in no real file system', async () => {
      await writeFile(join(root, 'file'), 'x');
      const throughFile = join(root, 'file', 'runs', 'a');
      await assert.rejects(
        RunFolder.create(throughFile, recordOf(throughFile)),
        /^UserError: The folder .* cannot be created: a part of its path is a file/,
      );
      const tooLong = join(root, 'new', 'newer', 'x'.repeat(300));
      await assert.rejects(
        RunFolder.create(tooLong, recordOf(tooLong)),
        /^UserError: The folder .* its path is too long/,
      );
      if (process.platform === 'linux') {
        await assert.rejects(
          RunFolder.create('/proc/runs/a', recordOf('/proc/runs/a')),
          /^UserError: The folder .* cannot be created/,
        );
      }
      assert.deepEqual(await everything(root), ['file']);
    });

    if (process.platform === 'linux') {
      const create = `
        import { readdirSync } from 'node:fs';
        import { RunFolder } from './src/engine/files/runFolder';
        const record = JSON.parse(${JSON.stringify(JSON.stringify(recordOf('x')))});
        FILL
        RunFolder.create(process.cwd() + '/.backflow/runs/a', record).catch((thrown) => {
          console.log(JSON.stringify([thrown.name, thrown.message, readdirSync('.')]));
        });`;

      it('writes nothing on a read-only disk', async () => {
        const output = await onFaultyDisk('read-only', create.replace('FILL', ''));
        const [name, sentence, files] = JSON.parse(output) as [string, string, string[]];
        assert.equal(name, 'UserError');
        assert.match(sentence, /^The folder .*\.backflow.* cannot be (written to|made)/);
        assert.ok(!files.includes('.backflow'));
      });

      it('writes nothing on a full disk', async () => {
        // The folders still fit (they take no blocks), their files do not.
        const fill =
          "import { writeFileSync } from 'node:fs'; try { writeFileSync('filler', new Uint8Array(65536)); } catch {} record.description.name = 'x'.repeat(1e5);";
        const output = await onFaultyDisk('full', create.replace('FILL', fill));
        const [name, sentence, files] = JSON.parse(output) as [string, string, string[]];
        assert.equal(name, 'UserError');
        assert.match(sentence, /^The folder .* cannot be written to: (the disk is full|.*too large)/i);
        assert.deepEqual(files, ['filler']);
      });
    }
  });

  describe('opening', () => {
    it('gives back the record, also after the folder was moved', async () => {
      await RunFolder.create(folder, recordOf(folder));
      assert.deepEqual((await RunFolder.open(folder)).record, recordOf(folder));
      const moved = join(root, 'moved');
      await rename(folder, moved);
      assert.deepEqual((await RunFolder.open(moved)).record, recordOf(moved));
    });

    it('refuses what is no run', async () => {
      await assert.rejects(RunFolder.open(root), /^UserError: .* is not the folder of a run: it has no run\.json/);
      await assert.rejects(RunFolder.open(join(root, 'missing')), /^UserError: .* is not the folder of a run/);
    });

    it('reads every setting of a training, and takes what an older run does not say for the defaults', async () => {
      const record = recordOf(folder);
      const training: TrainingSettings = {
        ...record.description.training,
        optimizer: 'sgd',
        momentum: 0.9,
        nesterov: true,
        weightDecay: 0,
        schedule: 'step',
        warmupSteps: 3,
        finalFraction: 0.5,
        decaySteps: 7,
        decayFactor: 0.25,
        mode: 'sequences',
        split: 'paragraphs',
        longestSequence: 30,
        truncation: 5,
        dropout: 0.2,
        clipNorm: null,
        clipValue: 0.1,
        initialization: 'gaussian',
        initScale: 1.5,
        forgetBias: -1,
      };
      await RunFolder.create(folder, { ...record, description: { ...record.description, training } });
      assert.deepEqual((await RunFolder.open(folder)).record.description.training, training);

      const file = join(folder, 'run.json');
      const json = JSON.parse(await readFile(file, 'utf8')) as { training: TrainingSettings };
      assert.deepEqual(json.training, training);
      const { initialization: initialisation, initScale: gain, ...alike } = training;
      await writeFile(file, JSON.stringify({ ...json, training: { ...alike, initialisation, gain } }));
      assert.deepEqual((await RunFolder.open(folder)).record.description.training, training, 'by their older names');
      const {
        window,
        batch,
        steps,
        optimizer,
        learningRate,
        momentum,
        clipNorm,
        seed,
        checkpointEvery,
        validateEvery,
        backend,
        threads,
      } = training;
      const old = {
        window,
        batch,
        steps,
        optimizer,
        learningRate,
        momentum,
        clipNorm,
        seed,
        checkpointEvery,
        validateEvery,
        backend,
        threads,
      };
      const { cell, activation, layers, hiddenSize, vocabularySize, parameterCount } = record.description.model;
      const oldModel = { cell, activation, layers, hiddenSize, vocabularySize, parameterCount };
      const { name, path, tokens } = record.description.corpus;
      await writeFile(
        file,
        JSON.stringify({
          ...json,
          corpus: { name, path, tokens, sha256: record.corpusSha256 },
          model: oldModel,
          training: old,
        }),
      );
      const { description } = (await RunFolder.open(folder)).record;
      assert.deepEqual(description.training, { ...defaultTrainingSettings, ...old });
      assert.deepEqual(description.model, { ...defaultModelSettings, ...oldModel });
      assert.deepEqual(description.corpus, { name, path, tokens, unit: 'codePoint' });
    });

    it('names the file and the field that is broken', async () => {
      await RunFolder.create(folder, recordOf(folder));
      const file = join(folder, 'run.json');
      const whole = await readFile(file, 'utf8');
      type Json = {
        format: number;
        corpus: { tokens: unknown };
        model: { cell?: unknown };
        training: { seed: unknown; clipNorm: unknown; nesterov: unknown; schedule: unknown };
      };
      const broken = async (change: (json: Json) => void, sentence: RegExp) => {
        const json = JSON.parse(whole) as Json;
        change(json);
        await writeFile(file, JSON.stringify(json));
        await assert.rejects(RunFolder.open(folder), (thrown: unknown) => {
          assert.ok(thrown instanceof UserError, String(thrown));
          assert.ok(thrown.message.startsWith(`${file} `), thrown.message);
          assert.match(thrown.message, sentence);
          return true;
        });
      };
      await broken(
        (json) => (json.model.cell = 'transformer'),
        /"model\.cell" should be one of rnn, lstm, gru, and is "transformer"/,
      );
      await broken((json) => delete json.model.cell, /"model\.cell" should be one of rnn, lstm, gru, and is missing/);
      await broken((json) => (json.corpus.tokens = -1), /"corpus\.tokens" should be a whole number from 1, and is -1/);
      await broken((json) => (json.training.seed = 1.5), /"training\.seed" should be a whole number, and is 1\.5/);
      await broken(
        (json) => (json.training.clipNorm = '1'),
        /"training\.clipNorm" should be a number from 0, and is "1"/,
      );
      await broken((json) => (json.training.nesterov = 1), /"training\.nesterov" should be true or false, and is 1/);
      await broken(
        (json) => (json.training.schedule = null),
        /"training\.schedule" should be one of constant, cosine, step, and is null/,
      );
      await broken((json) => (json.format = 2), /written by a newer Backflow/);
      await writeFile(file, whole.slice(0, 40));
      await assert.rejects(RunFolder.open(folder), /^UserError: .*run\.json is broken: it is not valid JSON/);
    });
  });

  describe('metrics', () => {
    it('are one JSON object a line, with null for what is not finite', async () => {
      const run = await RunFolder.create(folder, recordOf(folder));
      run.appendMetrics(Float64Array.from([1, 0.5, Infinity, NaN, 64, 1000, 0.25]), [{ step: 1, loss: 0.75 }]);
      await run.flush();
      assert.equal(
        await readFile(join(folder, 'metrics.jsonl'), 'utf8'),
        '{"step":1,"loss":0.5,"gradientNorm":null,"clippedNorm":null,"tokens":64,"tokensPerSecond":1000,"clippedFraction":0.25}\n{"step":1,"validationLoss":0.75}\n',
      );
      const { rows, validation } = await run.readHistory();
      assert.deepEqual([...rows], [1, 0.5, NaN, NaN, 64, 1000, 0.25]);
      assert.deepEqual(validation, [{ step: 1, loss: 0.75 }]);
    });

    it('reach the disk by themselves', async () => {
      const run = await RunFolder.create(folder, recordOf(folder));
      run.appendMetrics(rowsOf(1), []);
      const file = join(folder, 'metrics.jsonl');
      while (!existsSync(file) || !(await readFile(file, 'utf8')).endsWith('\n')) await wait(50);
      assert.match(await readFile(file, 'utf8'), /^\{"step":1,/);
    });

    it('survive a torn last line, and what is appended after it', async () => {
      const first = await RunFolder.create(folder, recordOf(folder));
      first.appendMetrics(rowsOf(1, 2), []);
      await first.flush();
      await appendFile(join(folder, 'metrics.jsonl'), '{"step":3,"lo');
      const second = await RunFolder.open(folder);
      assert.deepEqual(stepsOf((await second.readHistory()).rows), [1, 2]);
      second.appendMetrics(rowsOf(3, 4), []);
      assert.deepEqual(stepsOf((await second.readHistory()).rows), [1, 2, 3, 4]);
    });

    it('of a run that went back to a checkpoint count once, the later ones', async () => {
      const run = await RunFolder.create(folder, recordOf(folder));
      run.appendMetrics(rowsOf(1, 2, 3, 4, 5), [
        { step: 2, loss: 1 },
        { step: 4, loss: 1 },
      ]);
      await run.flush();
      run.appendMetrics(rowsOf(3, 4), [{ step: 4, loss: 2 }]);
      const { rows, validation } = await run.readHistory();
      assert.deepEqual(stepsOf(rows), [1, 2, 3, 4]);
      assert.deepEqual(validation, [
        { step: 2, loss: 1 },
        { step: 4, loss: 2 },
      ]);
    });

    it('of a long run are thinned, and keep every spike and the last step', async () => {
      const run = await RunFolder.create(folder, recordOf(folder));
      const rows = rowsOf(...Array.from({ length: 50_000 }, (_, i) => i + 1));
      const width = progressColumns.length;
      for (let i = 0; i < rows.length; i += width) rows[i + 2] = 2 + Math.sin(i);
      for (const spike of [137, 25_001, 49_998]) rows[(spike - 1) * width + 2] = 1e6;
      rows[(30_000 - 1) * width + 2] = NaN;
      run.appendMetrics(rows, []);
      const kept = stepsOf((await run.readHistory()).rows);
      assert.ok(kept.length <= 4000 && kept.length >= 2000, `${kept.length} rows`);
      for (const step of [1, 137, 25_001, 30_000, 49_998, 50_000]) assert.ok(kept.includes(step), `step ${step}`);
      assert.deepEqual(
        kept,
        [...kept].sort((a, b) => a - b),
      );
    });

    it('are an empty history before the first step', async () => {
      const run = await RunFolder.create(folder, recordOf(folder));
      assert.deepEqual(await run.readHistory(), { rows: new Float64Array(0), validation: [] });
    });

    if (process.platform === 'linux') {
      it('tell of a full disk, and are written once there is room', async () => {
        const run = await RunFolder.create(folder, recordOf(folder));
        const file = join(folder, 'metrics.jsonl');
        await symlink('/dev/full', file);
        run.appendMetrics(rowsOf(1), []);
        await assert.rejects(run.flush(), /^UserError: The folder .*hello-lstm cannot be written to: the disk is full/);
        await rm(file);
        run.appendMetrics(rowsOf(2), []);
        assert.deepEqual(stepsOf((await run.readHistory()).rows), [1, 2]);
      });

      it('tell of a full disk also when written in the background', async () => {
        const run = await RunFolder.create(folder, recordOf(folder));
        await symlink('/dev/full', join(folder, 'metrics.jsonl'));
        run.appendMetrics(rowsOf(1), []);
        const isTold = () => {
          try {
            run.appendMetrics(rowsOf(2), []);
            return false;
          } catch (thrown) {
            assert.match(String(thrown), /^UserError: The folder .* the disk is full/);
            return true;
          }
        };
        while (!isTold()) await wait(50);
      });
    }
  });

  describe('checkpoints', () => {
    it('are saved with their metrics, and the newest three stay', async () => {
      const run = await RunFolder.create(folder, recordOf(folder));
      assert.equal(await run.newestCheckpoint(), null);
      run.appendMetrics(rowsOf(1), []);
      for (const step of [5, 50, 500, 1000])
        await run.saveCheckpoint(step, bytes(`model ${step}`), bytes(`state ${step}`));
      assert.deepEqual(await everything(join(folder, 'checkpoints')), [
        'step-1000.onnx',
        'step-1000.safetensors',
        'step-50.onnx',
        'step-50.safetensors',
        'step-500.onnx',
        'step-500.safetensors',
      ]);
      assert.match(await readFile(join(folder, 'metrics.jsonl'), 'utf8'), /"step":1/);
      const newest = await (await RunFolder.open(folder)).newestCheckpoint();
      assert.equal(newest?.step, 1000);
      assert.equal(await readFile(newest.model, 'utf8'), 'model 1000');
      assert.equal(await readFile(newest.state, 'utf8'), 'state 1000');
    });

    it('without their state do not count', async () => {
      const run = await RunFolder.create(folder, recordOf(folder));
      const { model } = await run.saveCheckpoint(10, bytes('model'), bytes('state'));
      await writeFile(join(dirname(model), 'step-20.onnx'), 'model');
      await writeFile(join(dirname(model), 'step-30.safetensors'), 'state');
      assert.equal((await run.newestCheckpoint())?.step, 10);
    });

    it('clear away what a crash left half written', async () => {
      const run = await RunFolder.create(folder, recordOf(folder));
      await writeFile(join(folder, 'checkpoints', '.step-5.onnx.0123456789ab.tmp'), 'half');
      await writeFile(
        join(folder, 'checkpoints', 'step-5.safetensors'),
        'a state whose model was not written any more',
      );
      await run.saveCheckpoint(10, bytes('model'), bytes('state'));
      assert.deepEqual(await everything(join(folder, 'checkpoints')), ['step-10.onnx', 'step-10.safetensors']);
    });

    it('that cannot be saved leave the older ones', async () => {
      const run = await RunFolder.create(folder, recordOf(folder));
      await run.saveCheckpoint(10, bytes('model'), bytes('state'));
      await mkdir(join(folder, 'checkpoints', 'step-20.safetensors'));
      await assert.rejects(run.saveCheckpoint(20, bytes('model'), bytes('state')), UserError);
      assert.equal((await run.newestCheckpoint())?.step, 10);
    });

    it('saved while the folder is removed: all of it, or the removal is reported, whenever it comes', async () => {
      for (let microtasks = 0; microtasks < 40; microtasks++) {
        const path = join(root, `removed-${microtasks}`);
        const run = await RunFolder.create(path, recordOf(path));
        run.appendMetrics(rowsOf(1), []);
        const saved = run.saveCheckpoint(1, bytes('model'), bytes('state')).then(
          () => 'saved',
          (thrown: unknown) => (thrown as Error).message,
        );
        for (let i = 0; i < microtasks; i++) await Promise.resolve();
        await wait(microtasks / 10);
        await rm(path, { recursive: true, force: true }).catch(() => undefined);
        assert.match(await saved, /^saved$|^The folder .* of this run was moved or deleted\./);
      }
    });

    it('go back: one of an earlier step is kept when it is the one just saved', async () => {
      const run = await RunFolder.create(folder, recordOf(folder));
      for (const step of [10, 20, 30]) await run.saveCheckpoint(step, bytes('model'), bytes('state'));
      await run.saveCheckpoint(5, bytes('model'), bytes('state'));
      assert.deepEqual(
        (await run.checkpoints()).map(({ step }) => step),
        [30, 20, 5],
      );
    });
  });
});
