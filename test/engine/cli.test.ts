import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { open, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { version } from '../../package.json';
import { backflow, outcome, parseLines, program, start } from './support/commandLine';
import { HelloFolder } from './support/helloFolder';

describe('the command line', () => {
  let hello: HelloFolder;
  let folder: string;
  /** What the training of `hello` printed. */
  let lines: Record<string, unknown>[];

  before(async () => {
    hello = await HelloFolder.make();
    folder = hello.path;
    lines = hello.lines;
  });
  after(() => hello.remove());

  describe('usage', () => {
    it('explains itself', async () => {
      const general = await backflow(folder, '--help');
      assert.equal(general.status, 0);
      for (const command of ['train', 'inspect', 'sample', 'export']) {
        assert.match(general.output, new RegExp(`backflow ${command} `));
        const { status, output, errors } = await backflow(folder, command, '--help');
        assert.deepEqual([status, errors], [0, '']);
        assert.match(output, new RegExp(`^Usage: backflow ${command} `));
        assert.ok(output.split('\n').every((line) => line.length <= 130));
      }
      assert.deepEqual(await backflow(folder, '--version'), {
        status: 0,
        signal: null,
        output: `${version}\n`,
        errors: '',
      });
    });

    it('refuses what it does not know with status 2', async () => {
      await hello.refuses(2, /No command was given. The commands are train, inspect, sample and export/);
      await hello.refuses(
        2,
        /trian is not a command; the commands are train, inspect, sample and export/,
        'trian',
        'hello.txt',
      );
      await hello.refuses(2, /--hiden is not an option of backflow train/, 'train', 'hello.txt', '--hiden', '8');
      await hello.refuses(2, /needs CORPUS/, 'train', '--hidden', '8');
      await hello.refuses(2, /takes one CORPUS; b is a second one/, 'train', 'a', 'b');
      await hello.refuses(2, /--hidden needs a value/, 'train', 'hello.txt', '--hidden');
      await hello.refuses(2, /--out needs a value/, 'train', 'hello.txt', '--out', '--json');
      await hello.refuses(2, /needs --text FILE/, 'inspect', 'hello');
    });

    it('refuses wrong values, naming the option, the value and what is allowed', async () => {
      await hello.refuses(
        2,
        /--cell is "transformer"; it must be one of rnn, lstm, gru\./,
        'train',
        'hello.txt',
        '--cell',
        'transformer',
      );
      await hello.refuses(
        2,
        /--hidden is "0"; it must be a whole number from 1 to 4096\./,
        'train',
        'hello.txt',
        '--hidden',
        '0',
      );
      await hello.refuses(
        2,
        /--learning-rate is "-1"; it must be a number greater than 0\./,
        'train',
        'hello.txt',
        '--learning-rate',
        '-1',
      );
      await hello.refuses(
        2,
        /--clip-norm is "0"; it must be a number greater than 0, or none\./,
        'train',
        'hello.txt',
        '--clip-norm',
        '0',
      );
      await hello.refuses(
        2,
        /--init is "zeros"; it must be one of pytorch, xavier, orthogonal, identity, gaussian\./,
        'train',
        'hello.txt',
        '--init',
        'zeros',
      );
      await hello.refuses(
        2,
        /--temperature is "hot"; it must be a number of at least 0\./,
        'sample',
        'hello',
        '--temperature',
        'hot',
      );
      await hello.refuses(
        2,
        /--target is "1\.5"; it must be a whole number/,
        'inspect',
        'hello',
        '--text',
        'probe.txt',
        '--target',
        '1.5',
      );
      await hello.refuses(2, /--hidden cannot be given with --resume/, 'train', '--resume', 'hello', '--hidden', '8');
    });
  });

  describe('train', () => {
    it('prints an object a step and one at the end', () => {
      const steps = lines.slice(0, -1);
      assert.equal(steps.length, 300);
      steps.forEach((step, i) => {
        assert.deepEqual(Object.keys(step), [
          'event',
          'step',
          'loss',
          'gradientNorm',
          'clippedNorm',
          'tokens',
          'tokensPerSecond',
        ]);
        assert.equal(step['event'], 'step');
        assert.equal(step['step'], i + 1);
        assert.equal(step['tokens'], (i + 1) * 16 * 4);
        assert.ok(Number(step['clippedNorm']) <= Number(step['gradientNorm']));
      });
      // Five symbols, and no idea yet.
      assert.ok(Math.abs(Number(steps[0]['loss']) - Math.log(5)) < 0.1);
      const done = lines.at(-1)!;
      assert.deepEqual(Object.keys(done), [
        'event',
        'run',
        'model',
        'loss',
        'validationLoss',
        'tokensPerSecond',
        'backend',
      ]);
      assert.equal(done['event'], 'done');
      assert.equal(done['run'], join(folder, 'hello'));
      assert.equal(done['model'], join(folder, 'hello', 'checkpoints', 'step-300.onnx'));
      assert.ok(existsSync(done['model']));
      assert.equal(done['loss'], steps.at(-1)!['loss']);
      assert.ok(Number(done['loss']) < 0.2, 'hello is learned');
    });

    it('keeps the same metrics in the run, its last three checkpoints, and which is the best', async () => {
      const kept = parseLines(await readFile(join(folder, 'hello', 'metrics.jsonl'), 'utf8'));
      assert.deepEqual(
        kept.filter((line) => 'loss' in line).map((line) => ({ event: 'step', ...line })),
        lines.slice(0, -1).map((line) => ({ ...line, clippedFraction: 0 })),
      );
      assert.ok(kept.some((line) => line['step'] === 300 && typeof line['validationLoss'] === 'number'));
      assert.deepEqual((await readdir(join(folder, 'hello', 'checkpoints'))).sort(), [
        'best.json',
        ...[100, 200, 300].flatMap((step) => [`step-${step}.onnx`, `step-${step}.safetensors`]),
      ]);
    });

    it('shows readable lines to a person, and makes a folder of its own', async () => {
      const { status, output, errors } = await backflow(
        folder,
        'train',
        'hello.txt',
        '--cell',
        'gru',
        '--hidden',
        '8',
        '--window',
        '8',
        '--batch',
        '2',
        '--steps',
        '5',
      );
      assert.deepEqual([status, errors], [0, '']);
      assert.match(output, /^GRU, 1 layer of 8 units, \d+ parameters, on hello\.txt: 2,400 tokens, 5 symbols\.\n/);
      assert.match(output, /step 5 of 5 {2}loss \d\.\d+ nats \(\d\.\d+ bits\) {2}gradient /);
      const run = /\nRun {4}(\.backflow\/runs\/hello-gru-\d{8}-\d{6})\n/.exec(output)?.[1];
      assert.ok(run !== undefined && existsSync(join(folder, run, 'checkpoints', 'step-5.onnx')), output);
      assert.equal(await readFile(join(folder, '.backflow', '.gitignore'), 'utf8'), '*\n');
      await rm(join(folder, '.backflow'), { recursive: true });
    });

    it('goes on where a run ended, with the same bits as one that never stopped', async () => {
      const options = ['--hidden', '8', '--window', '8', '--batch', '2', '--json'];
      const whole = await backflow(folder, 'train', 'hello.txt', ...options, '--steps', '20', '--out', 'whole');
      await backflow(folder, 'train', 'hello.txt', ...options, '--steps', '10', '--out', 'halves');
      const second = await backflow(folder, 'train', '--resume', 'halves', '--steps', '20', '--json');
      assert.equal(second.errors, '');
      const numbers = ({ output }: { output: string }) =>
        parseLines(output)
          .slice(-11, -1)
          .map(({ step, loss, gradientNorm }) => [step, loss, gradientNorm]);
      assert.deepEqual(numbers(second), numbers(whole));
      await Promise.all(['whole', 'halves'].map((name) => rm(join(folder, name), { recursive: true })));
    });

    it('learns words, bytes and graphemes, with a limited vocabulary and for whole epochs', async () => {
      await writeFile(join(folder, 'words.txt'), '안녕, hello world! '.repeat(200));
      const options = ['--hidden', '16', '--window', '10', '--batch', '2', '--learning-rate', '0.02', '--json'];
      for (const [tokens, count, symbols] of [
        ['words', 1600, 6],
        ['graphemes', 3400, 12],
        ['bytes', 4200, 15],
      ] as const) {
        const result = await backflow(
          folder,
          'train',
          'words.txt',
          '--tokens',
          tokens,
          '--epochs',
          '2',
          '--vocabulary-size',
          '50',
          '--out',
          tokens,
          ...options,
        );
        assert.equal(result.errors, '');
        // Two passes of whole windows over nine tenths of the text.
        assert.equal(parseLines(result.output).length - 1, 2 * Math.floor(Math.floor((0.9 * count - 1) / 2) / 10));
        const record = JSON.parse(await readFile(join(folder, tokens, 'run.json'), 'utf8')) as {
          corpus: { tokens: number };
          model: { vocabularySize: number };
        };
        assert.deepEqual(
          [record.corpus.tokens, record.model.vocabularySize],
          [count, symbols + 1],
          'and the unknown token',
        );
        const sample = await backflow(
          folder,
          'sample',
          tokens,
          '--prompt',
          '안녕',
          '--length',
          tokens === 'words' ? '4' : '7',
          '--temperature',
          '0',
        );
        assert.equal(sample.output, tokens === 'words' ? '안녕, hello \n' : '안녕, hello\n');
        const resumed = await backflow(
          folder,
          'train',
          '--resume',
          tokens,
          '--steps',
          String(parseLines(result.output).length + 4),
          '--json',
        );
        assert.equal(parseLines(resumed.output).length, 6);
        await rm(join(folder, tokens), { recursive: true });
      }
      await rm(join(folder, 'words.txt'));
    });

    it('learns sequences from their beginning to their end', async () => {
      await writeFile(join(folder, 'lines.txt'), 'one two\n\nthree\r\n'.repeat(40));
      const trained = await backflow(
        folder,
        'train',
        'lines.txt',
        '--mode',
        'sequences',
        '--batch',
        '8',
        '--hidden',
        '24',
        '--learning-rate',
        '0.02',
        '--epochs',
        '30',
        '--out',
        'lines',
        '--json',
      );
      assert.equal(trained.errors, '');
      // 72 of 80 sequences are for training.
      const steps = parseLines(trained.output).slice(0, -1);
      assert.equal(steps.length, 30 * 9);
      assert.equal(
        steps[8]['tokens'],
        36 * ('one two'.length + 1) + 36 * ('three'.length + 1),
        'a pass reads each sequence once, with its EOS',
      );
      const sample = async (...options: string[]) =>
        (await backflow(folder, 'sample', 'lines', '--length', '50', ...options)).output;
      assert.equal(await sample('--temperature', '0', '--prompt', 'on'), 'one two\n');
      for (const seed of ['1', '2', '3'])
        assert.match(await sample('--top-p', '0.9', '--seed', seed), /^(one two|three)\n$/);
      await rm(join(folder, 'lines'), { recursive: true });
      await rm(join(folder, 'lines.txt'));
    });

    it('learns masked tokens in both directions, and then does not generate', async () => {
      const options = [
        '--bidirectional',
        '--embedding',
        '8',
        '--hidden',
        '16',
        '--window',
        '16',
        '--batch',
        '8',
        '--learning-rate',
        '0.02',
        '--steps',
        '200',
      ];
      const trained = await backflow(folder, 'train', 'hello.txt', ...options, '--out', 'masked', '--json');
      assert.equal(trained.errors, '');
      assert.ok(
        Number(parseLines(trained.output).at(-1)!['validationLoss']) < 0.3,
        'what stands around it tells the token',
      );
      await hello.refuses(1, /A bidirectional model cannot generate text/, 'sample', 'masked');
      await rm(join(folder, 'masked'), { recursive: true });
    });

    it('refuses a model that cannot be tied, and a sequence that is too long', async () => {
      await hello.refuses(
        1,
        /A tied output needs an embedding of the size of the top layer’s output, 16; it is 8/,
        'train',
        'hello.txt',
        '--tied',
        '--embedding',
        '8',
        '--hidden',
        '16',
      );
      await hello.refuses(
        1,
        /Sequence 1 of the text has 2400 tokens, and 1000 are allowed/,
        'train',
        'hello.txt',
        '--mode',
        'sequences',
        '--longest-sequence',
        '1000',
      );
    });

    it('refuses a text that cannot be learned from, with one sentence and nothing written', async () => {
      await writeFile(join(folder, 'bad.txt'), '');
      await hello.refuses(1, /bad\.txt is empty/, 'train', 'bad.txt');
      await writeFile(join(folder, 'bad.txt'), new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0, 1]));
      await hello.refuses(1, /bad\.txt looks like a binary file/, 'train', 'bad.txt');
      await writeFile(join(folder, 'bad.txt'), Buffer.from('caf\xe9 au lait', 'latin1'));
      await hello.refuses(1, /bad\.txt is not valid UTF-8 \(first bad byte at offset 3\)/, 'train', 'bad.txt');
      await writeFile(join(folder, 'bad.txt'), 'a'.repeat(5000));
      await hello.refuses(1, /bad\.txt has only one symbol/, 'train', 'bad.txt');
      await writeFile(join(folder, 'bad.txt'), 'too short');
      await hello.refuses(1, /token/, 'train', 'bad.txt');
      await rm(join(folder, 'bad.txt'));
      await hello.refuses(1, /There is no file .*missing\.txt/, 'train', 'missing.txt');
      await hello.refuses(1, /is a folder, not a file/, 'train', '.');
    });

    it('refuses a folder it cannot use', async () => {
      await hello.refuses(1, /The folder .*hello is not empty/, 'train', 'hello.txt', '--out', 'hello');
      await hello.refuses(1, /a part of its path is a file/, 'train', 'hello.txt', '--out', join('hello.txt', 'run'));
      if (process.platform === 'linux')
        await hello.refuses(
          1,
          /The folder \/proc\/.* cannot be created/,
          'train',
          'hello.txt',
          '--out',
          '/proc/runs/hello',
        );
      await hello.refuses(1, /is not the folder of a run/, 'train', '--resume', 'nothing');
    });

    it('saves a checkpoint on Ctrl-C, and says how it ended', async () => {
      const child = start(
        folder,
        'train',
        'hello.txt',
        '--hidden',
        '8',
        '--window',
        '8',
        '--batch',
        '2',
        '--steps',
        'none',
        '--out',
        'endless',
        '--json',
      );
      child.stdout.once('data', () => child.kill('SIGINT'));
      const { status, output, errors } = await outcome(child);
      assert.deepEqual([status, errors], [0, '']);
      const done = parseLines(output).at(-1)!;
      assert.equal(done['event'], 'done');
      assert.ok(existsSync(done['model'] as string));
      assert.equal((await backflow(folder, 'sample', 'endless', '--length', '3')).status, 0);
      await rm(join(folder, 'endless'), { recursive: true });
    });

    it('leaves at once on a second Ctrl-C', async () => {
      const child = start(
        folder,
        'train',
        'hello.txt',
        '--hidden',
        '256',
        '--window',
        '32',
        '--batch',
        '64',
        '--steps',
        'none',
        '--out',
        'endless',
        '--json',
      );
      child.stdout.once('data', () => {
        child.kill('SIGINT');
        setTimeout(() => child.kill('SIGINT'), 20);
      });
      const { status, signal, output } = await outcome(child);
      // Or it was quick enough to save.
      assert.ok(signal === 'SIGINT' || (status === 0 && output.includes('"done"')), `status ${String(status)}`);
      await rm(join(folder, 'endless'), { recursive: true });
    });

    it('ends, and saves, when nobody reads what it prints', async () => {
      const child = start(
        folder,
        'train',
        'hello.txt',
        '--hidden',
        '8',
        '--window',
        '8',
        '--batch',
        '2',
        '--steps',
        'none',
        '--out',
        'unread',
        '--json',
      );
      child.stdout.once('data', () => child.stdout.destroy());
      const { status, errors } = await outcome(child);
      assert.deepEqual([status, errors], [0, '']);
      assert.ok((await readdir(join(folder, 'unread', 'checkpoints'))).some((name) => name.endsWith('.onnx')));
      await rm(join(folder, 'unread'), { recursive: true });
    });

    it('waits for a slow reader, and loses no step', async () => {
      const child = start(
        folder,
        'train',
        'hello.txt',
        '--hidden',
        '4',
        '--window',
        '2',
        '--batch',
        '1',
        '--steps',
        '3000',
        '--out',
        'slow',
        '--json',
      );
      // Nothing is read for a while: more than a pipe holds.
      await new Promise((resolve) => setTimeout(resolve, 3000));
      const { status, output } = await outcome(child);
      assert.equal(status, 0);
      assert.deepEqual(
        parseLines(output)
          .slice(0, -1)
          .map(({ step }) => step),
        Array.from({ length: 3000 }, (_, i) => i + 1),
      );
      await rm(join(folder, 'slow'), { recursive: true });
    });

    if (process.platform === 'linux') {
      it('says so when its output has no room, and saves', async () => {
        const full = await open('/dev/full', 'w');
        const child = spawn(
          process.execPath,
          [
            program,
            'train',
            'hello.txt',
            '--hidden',
            '8',
            '--window',
            '8',
            '--batch',
            '2',
            '--steps',
            'none',
            '--out',
            'full',
          ],
          {
            cwd: folder,
            stdio: ['pipe', full.fd, 'pipe'],
          },
        );
        let errors = '';
        child.stderr?.setEncoding('utf8').on('data', (text: string) => (errors += text));
        const status = await new Promise((end) => child.on('close', end));
        await full.close();
        assert.equal(status, 1);
        assert.match(errors, /^backflow: .*no space left.*\n$/i);
        assert.ok((await readdir(join(folder, 'full', 'checkpoints'))).length > 0);
        await rm(join(folder, 'full'), { recursive: true });
      });
    }
  });
});
