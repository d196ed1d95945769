/** A model whose layers differ, from the command line: trained, resumed, inspected, sampled, exported, opened again and trained further. */
import assert from 'node:assert/strict';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { backflow, parseLines } from '../support/commandLine';
import { HelloFolder } from '../support/helloFolder';

const small = '--window 8 --batch 2 --learning-rate 0.01';

describe('backflow with layers of several kinds', () => {
  let hello: HelloFolder;
  let folder: string;

  before(async () => {
    hello = await HelloFolder.shared();
    folder = hello.path;
  });

  const remove = (...names: string[]) =>
    Promise.all(names.map((name) => rm(join(folder, name), { recursive: true, force: true })));

  for (const [list, options, name] of [
    ['lstm:8,attention:8', '--positions learned --window 24 --context 24 --heads 2', 'LSTM 8 + Attention 8'],
    ['mamba:8,attention:8x2', '--context 32 --positions rotary --heads 2', 'Mamba 8 + Attention 2 × 8'],
    ['gru:8,minGRU:6', '--positive --truncate 4', 'GRU 8 + minGRU 6'],
  ] as const) {
    it(`trains ${list}, says what it is, and resumes with the same bits`, async () => {
      const train = (steps: number, run: string) =>
        backflow(folder, `train hello.txt --layers ${list} ${small} ${options} --steps ${steps} --out ${run} --json`);
      const whole = await train(16, 'whole');
      assert.deepEqual([whole.status, whole.errors], [0, '']);
      await train(7, 'halves');
      const second = await backflow(folder, 'train --resume halves --steps 16 --json');
      assert.equal(second.errors, '');
      const numbers = ({ output }: { output: string }) =>
        parseLines(output)
          .slice(-10, -1)
          .map(({ step, loss, gradientNorm }) => [step, loss, gradientNorm]);
      assert.deepEqual(numbers(second), numbers(whole));
      const bytes = (run: string) => readFile(join(folder, run, 'checkpoints', 'step-16.onnx'));
      assert.ok((await bytes('whole')).equals(await bytes('halves')));
      const said = await backflow(folder, 'inspect whole --text probe.txt');
      assert.ok(said.output.startsWith(`${name}, trained for 16 steps. `), said.output);
      await remove('whole', 'halves');
    });
  }

  it('exports it as ONNX and as weights, which open as the same model, write text and can be trained further', async () => {
    const options = `--context 32 --heads 2 ${small} --steps 12 --out mixed`;
    const trained = await backflow(folder, `train hello.txt --layers lstm:8,attention:8 ${options}`);
    assert.match(trained.output, /^LSTM 8 \+ Attention \(heads 2, context 32\) 8, [\d,]+ parameters, on hello\.txt: /);
    const files = ['mixed', 'mixed.onnx', 'mixed.safetensors'];
    for (const file of files.slice(1)) await backflow(folder, `export mixed --out ${file}`);
    const reports = await Promise.all(
      files.map(async (file) => (await backflow(folder, `inspect ${file} --text probe.txt --matrix --json`)).output),
    );
    assert.equal(reports[1], reports[0]);
    assert.equal(reports[2], reports[0]);
    const report = JSON.parse(reports[0]) as {
      layers: { kind: string; states: { name: string }[] }[];
      inputs: { boundary: number }[];
      parameterNorms: Record<string, number>;
    };
    assert.deepEqual(
      report.layers.map(({ kind, states }) => [kind, states.map((state) => state.name)]),
      [
        ['lstm', ['h', 'c']],
        ['attention', []],
      ],
    );
    assert.deepEqual(
      report.inputs.map(({ boundary }) => boundary),
      [0, 1, 2],
    );
    const samples = await Promise.all(
      files.map(async (file) => (await backflow(folder, `sample ${file} --length 30 --seed 3`)).output),
    );
    assert.equal(samples[0].length, 31);
    assert.deepEqual(samples, [samples[0], samples[0], samples[0]]);
    const further = await backflow(
      folder,
      'train hello.txt --from mixed.safetensors --window 8 --steps 3 --out further',
    );
    assert.match(further.output, /^LSTM 8 \+ Attention \(heads 2, context 32\) 8, /);
    const record = JSON.parse(await readFile(join(folder, 'further', 'run.json'), 'utf8')) as {
      model: { layers: { cell: string; hiddenSize: number }[] };
    };
    assert.deepEqual(
      record.model.layers.map(({ cell, hiddenSize }) => [cell, hiddenSize]),
      [
        ['lstm', 8],
        ['attention', 8],
      ],
    );
    const resumed = await backflow(folder, 'train --resume further --steps 5 --json');
    assert.equal(parseLines(resumed.output).length, 3);
    await remove('mixed', 'mixed.onnx', 'mixed.safetensors', 'further');
  });

  it('refuses what a layer cannot be or do where it stands, in one sentence each', async () => {
    for (const [line, sentence] of [
      [
        '--layers lstm:8,attention:16',
        /Layer 2 reads 8 numbers a step and gives 16: a residual connection needs as many/,
      ],
      [
        '--layers lstm:8,attention:16 --residual off --positions learned --context 64',
        /In layer 2, learned positions are added to what the layer reads, which must be as wide as the layer: 16, not 8/,
      ],
      ['--layers lstm:6,attention:6', /In layer 2, 4 heads do not divide the width 6/],
      [
        '--layers lstm:8,attention:8 --positions learned --window 32',
        /A learned table of 256 positions with windows of 32/,
      ],
      [
        '--layers lstm:8,attention:8 --positions learned --window 1',
        /Windows of 1 token train the first row .* Choose windows of 2 or more/,
      ],
      ['--layers gru:8,attention:8 --truncate 4', /Truncation 4: Attention carries no state from step to step/],
      ['--layers lstm:8,mamba:16 --bidirectional --residual off', /Layer 2 \(Mamba\) reads forward only/],
      [
        '--layers lstm:8,attention:8 --context 16 --window 32',
        /The model reads 16 tokens at most, and a window has 32/,
      ],
      ['--layers attention:8,lstm:4 --tied', /residual connection needs as many/],
      ['--layers lstm:8,gru:8 --norm layerNorm --embedding 0', /--embedding is "0"/],
    ] as const)
      await hello.refuses(2, sentence, `train hello.txt ${line}`);
  });
});
