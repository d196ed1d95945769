/** backflow train: what it prints and keeps, and what it learns. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { backflow, backflowProcess, parseLines } from '../support/commandLine';
import { HelloFolder } from '../support/helloFolder';

describe('backflow train', () => {
  let hello: HelloFolder;
  let folder: string;
  /** What the training of `hello` printed. */
  let lines: Record<string, unknown>[];

  before(async () => {
    hello = await HelloFolder.shared();
    folder = hello.path;
    lines = hello.lines;
  });

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
    const { status, output, errors } = await backflowProcess(
      folder,
      'train hello.txt --cell gru --hidden 8 --window 8 --batch 2 --steps 5',
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
    const train = (steps: number, run: string) =>
      backflow(folder, `train hello.txt --hidden 8 --window 8 --batch 2 --steps ${steps} --out ${run} --json`);
    const whole = await train(20, 'whole');
    await train(10, 'halves');
    const second = await backflow(folder, 'train --resume halves --steps 20 --json');
    assert.equal(second.errors, '');
    const numbers = ({ output }: { output: string }) =>
      parseLines(output)
        .slice(-11, -1)
        .map(({ step, loss, gradientNorm }) => [step, loss, gradientNorm]);
    assert.deepEqual(numbers(second), numbers(whole));
    const files = () => readdir(join(folder, 'halves'), { recursive: true });
    const before = await files();
    const fewer = await backflow(folder, 'train --resume halves --steps 10');
    assert.deepEqual([fewer.status, fewer.output], [1, '']);
    assert.match(fewer.errors, /halves has trained 20 steps already\. To go on it needs more than that, not 10\.\n$/);
    const same = await backflow(folder, 'train --resume halves --steps 20');
    assert.deepEqual([same.status, same.errors], [0, '']);
    assert.match(
      same.output,
      /\nThe run already has its 20 steps, so nothing was trained: loss as before, validation /,
    );
    assert.deepEqual(await files(), before);
    await Promise.all(['whole', 'halves'].map((name) => rm(join(folder, name), { recursive: true })));
  });

  it('learns words, bytes and graphemes, with a limited vocabulary and for whole epochs', async () => {
    await writeFile(join(folder, 'words.txt'), '안녕, hello world! '.repeat(200));
    const options = '--hidden 16 --window 10 --batch 2 --learning-rate 0.02 --epochs 2 --vocabulary-size 50';
    for (const [tokens, count, symbols] of [
      ['words', 1600, 6],
      ['graphemes', 3400, 12],
      ['bytes', 4200, 15],
    ] as const) {
      const result = await backflow(folder, `train words.txt --tokens ${tokens} ${options} --out ${tokens} --json`);
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
      const length = tokens === 'words' ? 4 : 7;
      const sample = await backflow(folder, `sample ${tokens} --prompt 안녕 --length ${length} --temperature 0`);
      assert.equal(sample.output, tokens === 'words' ? '안녕, hello \n' : '안녕, hello\n');
      const steps = parseLines(result.output).length + 4;
      const resumed = await backflow(folder, `train --resume ${tokens} --steps ${steps} --json`);
      assert.equal(parseLines(resumed.output).length, 6);
      await rm(join(folder, tokens), { recursive: true });
    }
    await rm(join(folder, 'words.txt'));
  });

  it('learns sequences from their beginning to their end', async () => {
    await writeFile(join(folder, 'lines.txt'), 'one two\n\nthree\r\n'.repeat(40));
    const trained = await backflow(
      folder,
      'train lines.txt --mode sequences --batch 8 --hidden 24 --learning-rate 0.02 --epochs 30 --out lines --json',
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
    const sample = async (options: string) => (await backflow(folder, `sample lines --length 50 ${options}`)).output;
    assert.equal(await sample('--temperature 0 --prompt on'), 'one two\n');
    for (const seed of [1, 2, 3]) assert.match(await sample(`--top-p 0.9 --seed ${seed}`), /^(one two|three)\n$/);
    await rm(join(folder, 'lines'), { recursive: true });
    await rm(join(folder, 'lines.txt'));
  });

  it('learns masked tokens in both directions, and then does not generate', async () => {
    const sizes = '--embedding 8 --hidden 16 --window 16 --batch 8 --learning-rate 0.02 --steps 200';
    const trained = await backflow(folder, `train hello.txt --bidirectional ${sizes} --out masked --json`);
    assert.equal(trained.errors, '');
    assert.ok(
      Number(parseLines(trained.output).at(-1)!['validationLoss']) < 0.3,
      'what stands around it tells the token',
    );
    await hello.refuses(1, /A bidirectional model cannot generate text/, 'sample masked');
    await rm(join(folder, 'masked'), { recursive: true });
  });
});
