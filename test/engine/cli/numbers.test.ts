/** backflow train and inspect on sequences of numbers: a file of them is recognized, its squared error falls, a resumed run has the same bits, and what does not fit is refused. */
import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { backflow, parseLines } from '../support/commandLine';

const sample = resolve('media/samples/adding.txt');
const common = '--hidden 12 --batch 16 --backend wasm --threads 1';

describe('sequences of numbers on the command line', () => {
  let folder: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'backflow-numbers-'));
    const lines = (await readFile(sample, 'utf8')).split('\n');
    await writeFile(join(folder, 'few.txt'), lines.slice(0, 60).join('\n'));
    await writeFile(join(folder, 'other.txt'), '1 2 3 = 6\n4 5 = 9\n');
    await writeFile(join(folder, 'text.txt'), 'hello '.repeat(200));
    await writeFile(join(folder, 'slip.txt'), ['0.37,0 0.81;1 = 0.81', ...lines.slice(3, 60)].join('\n'));
    await writeFile(join(folder, 'heading.txt'), ['value,mark', ...lines.slice(3, 60)].join('\n'));
  });

  after(() => rm(folder, { recursive: true }));

  async function train(line: string): Promise<Record<string, unknown>[]> {
    const { status, output, errors } = await backflow(folder, `train ${line} --json`);
    assert.equal(errors, '');
    assert.equal(status, 0);
    return parseLines(output);
  }

  it('the sample is recognized, and learned', async () => {
    const { output, errors } = await backflow(
      folder,
      'train',
      sample,
      ...`${common} --cell gru --steps 400 --out gru`.split(' '),
    );
    assert.equal(errors, '');
    assert.match(
      output,
      /^GRU, 1 layer of 12 units, 589 parameters, on adding\.txt: 17,962 steps, 2 numbers a step, 1 to predict\.\n/,
    );
    assert.match(
      output,
      /Done after 400 steps: loss 0\.\d+ \(mean squared error\), validation 0\.\d+ \(mean squared error\)/,
    );
    assert.doesNotMatch(output, /nats/);
    const record = JSON.parse(await readFile(join(folder, 'gru/run.json'), 'utf8')) as Record<
      string,
      Record<string, unknown>
    >;
    const { objective, features, vocabularySize, embeddingSize } = record['model'];
    assert.deepEqual([objective, features, vocabularySize, embeddingSize], ['squaredError', 2, 1, null]);
    assert.deepEqual([record['corpus']['unit'], record['training']['mode']], ['numbers', 'sequences']);
    // One who always says 1 has 1/6.
    const validations = parseLines(await readFile(join(folder, 'gru/metrics.jsonl'), 'utf8')).flatMap((line) =>
      typeof line['validationLoss'] === 'number' ? [line['validationLoss']] : [],
    );
    assert.ok(validations.at(-1)! < 0.15, validations.join());
  });

  it('a run in two halves ends with the bits of one whole', async () => {
    await train(`few.txt ${common} --steps 14 --out whole`);
    await train(`few.txt ${common} --steps 6 --out halves`);
    await train('--resume halves --steps 14');
    for (const file of ['step-14.onnx', 'step-14.safetensors'])
      assert.deepEqual(
        await readFile(join(folder, 'halves/checkpoints', file)),
        await readFile(join(folder, 'whole/checkpoints', file)),
        file,
      );
  });

  it('a trained model goes on, is inspected line by line, and exported', async () => {
    await train(`few.txt ${common} --cell lstm --steps 5 --out lstm`);
    const lines = await train(`few.txt --from lstm --steps 3 --batch 16 --backend wasm --out further`);
    assert.equal(lines.length, 4);

    const { output, errors } = await backflow(folder, 'inspect lstm --text few.txt --line 5 --json');
    assert.equal(errors, '');
    const report = JSON.parse(output) as {
      loss: number;
      numbers: { predicted: number[]; target: number[] };
      tokens: string[];
      layers: { states: { name: string; flow: { target: number; log10: number[] } }[] }[];
      inputs: { flow: { log10: number[] } }[];
      parameterNorms: Record<string, number>;
    };
    const [steps, target] = (await readFile(join(folder, 'few.txt'), 'utf8')).split('\n')[4].split(' = ');
    assert.deepEqual(report.tokens, steps.split(' '));
    assert.deepEqual(report.numbers.target, [Number(target)]);
    assert.ok(Math.abs(report.loss - (report.numbers.predicted[0] - Number(target)) ** 2) < 1e-12);
    const last = report.tokens.length - 1;
    for (const { flow } of [...report.layers[0].states, report.inputs[0]])
      assert.ok(flow.log10.length === last + 1 && flow.log10.every(Number.isFinite));
    assert.deepEqual(Object.keys(report.parameterNorms), [
      ...['rnn.weight_ih_l0', 'rnn.weight_hh_l0', 'rnn.bias_ih_l0', 'rnn.bias_hh_l0', 'output.weight', 'output.bias'],
    ]);

    const readable = await backflow(folder, 'inspect lstm --text few.txt --line 5');
    assert.match(
      readable.output,
      /^LSTM, 1 layer of 12 units, trained for 5 steps\. \d+ inputs, loss \S+ \(mean squared error\)\.\n/,
    );
    assert.match(readable.output, new RegExp(`Traced back: the loss of predicting “= ${target}” at step ${last}\\.`));
    assert.match(readable.output, /The model predicts \S+, and \S+ is right\./);
    assert.doesNotMatch(readable.output, /bits/);

    for (const name of ['model.onnx', 'model.safetensors']) {
      assert.equal((await backflow(folder, `export lstm --out ${name}`)).errors, '');
      const again = await backflow(folder, `inspect ${name} --text few.txt --line 5 --json`);
      assert.equal(again.errors, '');
      assert.equal((JSON.parse(again.output) as { loss: number }).loss, report.loss, name);
    }
  });

  const refusals: readonly (readonly [string, 1 | 2, RegExp])[] = [
    ['sample lstm', 1, /predicts numbers, not text, so it cannot generate text/],
    ['inspect lstm --text few.txt', 1, /57 sequences of numbers, and the model reads each by itself/],
    ['inspect lstm --text few.txt --line 99', 2, /few\.txt has no line 99; it has 60/],
    ['inspect lstm --text few.txt --line 1', 1, /no sequence of numbers/],
    ['inspect lstm --line 1', 2, /--line needs --text FILE/],
    ['inspect lstm --text other.txt --line 3', 2, /other\.txt has no line 3; it has 2/],
    ['inspect lstm --text few.txt --line 5 --matrix', 1, /There is no matrix of targets/],
    ['inspect lstm --text few.txt --line 5 --target 0', 1, /The target 0 is not the last step/],
    [
      'inspect lstm --text other.txt --line 1',
      1,
      /The text has 1 number in a step and 1 to predict, and the model reads 2/,
    ],
    ['inspect lstm --text text.txt', 1, /Line 1 has no target/],
    ['inspect lstm --text few.txt --line 5 --vocab few.txt', 1, /reads numbers, so it has no vocabulary/],
    [
      'train other.txt --from lstm --steps 1 --out no',
      1,
      /other\.txt has 1 number in a step and 1 to predict, and the model reads 2/,
    ],
    ['train text.txt --from lstm --steps 1 --out no', 1, /Line 1 has no target/],
    ['train text.txt --objective squaredError --steps 1 --out no', 1, /Line 1 has no target/],
    ['train slip.txt --out no', 1, /Line 1, column 8: “0\.81;1” is no number/],
    [
      'train heading.txt --out no',
      1,
      /Line 1 has no target: behind its steps, at column 11, put “=”.* or “#” before a comment/,
    ],
    ['train few.txt --objective squaredError --tokens word --out no', 2, /--tokens is for texts/],
    ['train few.txt --objective squaredError --mode stream --out no', 2, /sequence by sequence, a line each/],
    ['train few.txt --embedding 8 --out no', 2, /Numbers are read as they are/],
    ['train few.txt --bidirectional --out no', 2, /Choose one direction/],
    ['train few.txt --cell attention --out no', 2, /Attention cannot read numbers/],
    ['train few.txt --cell mamba --out no', 2, /Mamba cannot read numbers/],
    ['train few.txt --residual on --out no', 2, /a residual connection needs as many/],
  ];
  for (const [line, status, sentence] of refusals)
    it(`refuses ${line}`, async () => {
      const refused = await backflow(folder, line);
      assert.match(refused.errors, sentence);
      assert.match(refused.errors, /^backflow: .*\n$/, 'one line');
      assert.equal(refused.status, status);
      assert.equal(refused.output, '');
    });

  it('a file of numbers is read as a text where that is asked for', async () => {
    const lines = await train(
      'few.txt --tokens codePoint --hidden 8 --window 8 --batch 2 --steps 2 --backend wasm --out asText',
    );
    assert.ok(Number(lines[0]['loss']) > 1.5, 'nats among its characters');
    const line = 'train few.txt --from asText --window 8 --batch 2 --steps 1 --backend wasm --out more';
    const further = await backflow(folder, line);
    assert.equal(further.errors, '');
    assert.match(further.output, /tokens, \d+ symbols\.[^]*nats/);
    const record = JSON.parse(await readFile(join(folder, 'more/run.json'), 'utf8')) as { model: object };
    assert.ok(!('features' in record.model));
  });

  it('TensorBoard gets horizons of the first sequence, and no histograms', async () => {
    // Ten times less with each step back.
    const small = '--cell rnn --hidden 12 --init orthogonal --init-scale 0.1 --learning-rate 1e-9 --backend wasm';
    const { errors, status } = await backflow(
      folder,
      `train few.txt ${small} --batch 16 --steps 3 --out board --tensorboard events`,
    );
    assert.equal(errors, '');
    assert.equal(status, 0);
    const inspected = await backflow(folder, 'inspect board --text few.txt --line 4 --json');
    const { inputs } = JSON.parse(inspected.output) as { inputs: { flow: { horizon: number } }[] };
    const [file] = await readdir(join(folder, 'events'));
    const events = await readFile(join(folder, 'events', file));
    assert.ok(!events.includes('at lag'));
    const tag = 'horizon/log10 tokens, input';
    // Behind the tag its simple_value, a float32: field 2 of event.proto's Summary.Value.
    const at = events.indexOf(tag) + tag.length;
    assert.equal(events[at], 0x15);
    assert.ok(Math.abs(events.readFloatLE(at + 1) - Math.log10(inputs[0].flow.horizon)) < 1e-6);
  });

  it('a line is read without its line end, of either kind', async () => {
    await writeFile(join(folder, 'windows.txt'), 'one two\r\nsix ten\r\n'.repeat(40));
    const options = '--mode sequences --hidden 6 --batch 4 --steps 2 --backend wasm';
    await train(`windows.txt ${options} --out windows`);
    const { output, errors } = await backflow(folder, 'inspect windows --text windows.txt --line 2 --json');
    assert.equal(errors, '');
    const { tokens } = JSON.parse(output) as { tokens: string[] };
    assert.equal(tokens.join(''), 'six te');
  });
});
