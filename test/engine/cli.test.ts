import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, open, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { version } from '../../package.json';
import { backflow, outcome, parseLines, program, start } from './support/commandLine';

describe('the command line', () => {
  let folder: string;
  /** A run that has learned `hello`, made once. */
  let lines: Record<string, unknown>[];

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'backflow-cli-'));
    await writeFile(join(folder, 'hello.txt'), 'hello '.repeat(400));
    await writeFile(join(folder, 'probe.txt'), 'hello hello hello h');
    const { status, output, errors } = await backflow(
      folder, 'train', 'hello.txt', '--hidden', '32', '--layers', '2', '--window', '16', '--batch', '4', '--steps', '300', '--checkpoint-every', '100', '--out', 'hello', '--json',
    );
    assert.equal(errors, '');
    assert.equal(status, 0);
    lines = parseLines(output);
  });
  after(() => rm(folder, { recursive: true }));

  const here = () => readdir(folder, { recursive: true });

  /** One line on standard error that says this, nothing on standard output, this exit status, and nothing written. */
  async function refuses(status: 1 | 2, sentence: RegExp, ...args: string[]): Promise<void> {
    const before = await here();
    const result = await backflow(folder, ...args);
    assert.match(result.errors, sentence);
    assert.match(result.errors, /^backflow: .*\n$/, 'one line');
    assert.equal(result.output, '');
    assert.equal(result.status, status);
    assert.deepEqual(await here(), before);
  }

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
      assert.deepEqual(await backflow(folder, '--version'), { status: 0, signal: null, output: `${version}\n`, errors: '' });
    });

    it('refuses what it does not know with status 2', async () => {
      await refuses(2, /Say what to do: backflow train, inspect, sample or export/);
      await refuses(2, /trian is no command; there are train, inspect, sample and export/, 'trian', 'hello.txt');
      await refuses(2, /--hiden is no option of backflow train/, 'train', 'hello.txt', '--hiden', '8');
      await refuses(2, /needs CORPUS/, 'train', '--hidden', '8');
      await refuses(2, /takes one CORPUS, and b is a second/, 'train', 'a', 'b');
      await refuses(2, /--hidden needs a value/, 'train', 'hello.txt', '--hidden');
      await refuses(2, /--out needs a value/, 'train', 'hello.txt', '--out', '--json');
      await refuses(2, /needs --text FILE/, 'inspect', 'hello');
    });

    it('refuses wrong values, naming the option, the value and what is allowed', async () => {
      await refuses(2, /--cell is "transformer"; it must be one of rnn, lstm, gru\./, 'train', 'hello.txt', '--cell', 'transformer');
      await refuses(2, /--hidden is "0"; it must be a whole number from 1 to 4096\./, 'train', 'hello.txt', '--hidden', '0');
      await refuses(2, /--learning-rate is "-1"; it must be a number greater than 0\./, 'train', 'hello.txt', '--learning-rate', '-1');
      await refuses(2, /--clip-norm is "0"; it must be a number greater than 0, or none\./, 'train', 'hello.txt', '--clip-norm', '0');
      await refuses(2, /--init is "zeros"; it must be one of pytorch, xavier, orthogonal, identity, gaussian\./, 'train', 'hello.txt', '--init', 'zeros');
      await refuses(2, /--temperature is "hot"; it must be a number from 0 up\./, 'sample', 'hello', '--temperature', 'hot');
      await refuses(2, /--target is "1\.5"; it must be a whole number/, 'inspect', 'hello', '--text', 'probe.txt', '--target', '1.5');
      await refuses(2, /--hidden cannot be given with --resume/, 'train', '--resume', 'hello', '--hidden', '8');
    });
  });

  describe('train', () => {
    it('prints an object a step and one at the end', () => {
      const steps = lines.slice(0, -1);
      assert.equal(steps.length, 300);
      steps.forEach((step, i) => {
        assert.deepEqual(Object.keys(step), ['event', 'step', 'loss', 'gradientNorm', 'clippedNorm', 'tokens', 'tokensPerSecond']);
        assert.equal(step['event'], 'step');
        assert.equal(step['step'], i + 1);
        assert.equal(step['tokens'], (i + 1) * 16 * 4);
        assert.ok(Number(step['clippedNorm']) <= Number(step['gradientNorm']));
      });
      // Five symbols, and no idea yet.
      assert.ok(Math.abs(Number(steps[0]['loss']) - Math.log(5)) < 0.1);
      const done = lines.at(-1)!;
      assert.deepEqual(Object.keys(done), ['event', 'run', 'model', 'loss', 'validationLoss', 'tokensPerSecond', 'backend']);
      assert.equal(done['event'], 'done');
      assert.equal(done['run'], join(folder, 'hello'));
      assert.equal(done['model'], join(folder, 'hello', 'checkpoints', 'step-300.onnx'));
      assert.ok(existsSync(done['model']));
      assert.equal(done['loss'], steps.at(-1)!['loss']);
      assert.ok(Number(done['loss']) < 0.2, 'hello is learned');
    });

    it('keeps the same metrics in the run, its last three checkpoints, and which is the best', async () => {
      const kept = parseLines(await readFile(join(folder, 'hello', 'metrics.jsonl'), 'utf8'));
      assert.deepEqual(kept.filter((line) => 'loss' in line).map((line) => ({ event: 'step', ...line })), lines.slice(0, -1).map((line) => ({ ...line, clippedFraction: 0 })));
      assert.ok(kept.some((line) => line['step'] === 300 && typeof line['validationLoss'] === 'number'));
      assert.deepEqual(
        (await readdir(join(folder, 'hello', 'checkpoints'))).sort(),
        ['best.json', ...[100, 200, 300].flatMap((step) => [`step-${step}.onnx`, `step-${step}.safetensors`])],
      );
    });

    it('shows readable lines to a person, and makes a folder of its own', async () => {
      const { status, output, errors } = await backflow(folder, 'train', 'hello.txt', '--cell', 'gru', '--hidden', '8', '--window', '8', '--batch', '2', '--steps', '5');
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
      const numbers = ({ output }: { output: string }) => parseLines(output).slice(-11, -1).map(({ step, loss, gradientNorm }) => [step, loss, gradientNorm]);
      assert.deepEqual(numbers(second), numbers(whole));
      await Promise.all(['whole', 'halves'].map((name) => rm(join(folder, name), { recursive: true })));
    });

    it('learns words, bytes and graphemes, with a limited vocabulary and for whole epochs', async () => {
      await writeFile(join(folder, 'words.txt'), '안녕, hello world! '.repeat(200));
      const options = ['--hidden', '16', '--window', '10', '--batch', '2', '--learning-rate', '0.02', '--json'];
      for (const [tokens, count, symbols] of [['words', 1600, 6], ['graphemes', 3400, 12], ['bytes', 4200, 15]] as const) {
        const result = await backflow(folder, 'train', 'words.txt', '--tokens', tokens, '--epochs', '2', '--vocabulary-size', '50', '--out', tokens, ...options);
        assert.equal(result.errors, '');
        // Two passes of whole windows over nine tenths of the text.
        assert.equal(parseLines(result.output).length - 1, 2 * Math.floor(Math.floor((0.9 * count - 1) / 2) / 10));
        const record = JSON.parse(await readFile(join(folder, tokens, 'run.json'), 'utf8')) as { corpus: { tokens: number }; model: { vocabularySize: number } };
        assert.deepEqual([record.corpus.tokens, record.model.vocabularySize], [count, symbols + 1], 'and the unknown token');
        const sample = await backflow(folder, 'sample', tokens, '--prompt', '안녕', '--length', tokens === 'words' ? '4' : '7', '--temperature', '0');
        assert.equal(sample.output, tokens === 'words' ? '안녕, hello \n' : '안녕, hello\n');
        const resumed = await backflow(folder, 'train', '--resume', tokens, '--steps', String(parseLines(result.output).length + 4), '--json');
        assert.equal(parseLines(resumed.output).length, 6);
        await rm(join(folder, tokens), { recursive: true });
      }
      await rm(join(folder, 'words.txt'));
    });

    it('learns sequences from their beginning to their end', async () => {
      await writeFile(join(folder, 'lines.txt'), 'one two\n\nthree\r\n'.repeat(40));
      const trained = await backflow(
        folder, 'train', 'lines.txt', '--mode', 'sequences', '--batch', '8', '--hidden', '24', '--learning-rate', '0.02', '--epochs', '30', '--out', 'lines', '--json',
      );
      assert.equal(trained.errors, '');
      // 72 of 80 sequences are for training.
      const steps = parseLines(trained.output).slice(0, -1);
      assert.equal(steps.length, 30 * 9);
      assert.equal(steps[8]['tokens'], 36 * ('one two'.length + 1) + 36 * ('three'.length + 1), 'a pass reads each sequence once, with its EOS');
      const sample = async (...options: string[]) => (await backflow(folder, 'sample', 'lines', '--length', '50', ...options)).output;
      assert.equal(await sample('--temperature', '0', '--prompt', 'on'), 'one two\n');
      for (const seed of ['1', '2', '3']) assert.match(await sample('--top-p', '0.9', '--seed', seed), /^(one two|three)\n$/);
      await rm(join(folder, 'lines'), { recursive: true });
      await rm(join(folder, 'lines.txt'));
    });

    it('learns masked tokens in both directions, and then does not generate', async () => {
      const options = ['--bidirectional', '--embedding', '8', '--hidden', '16', '--window', '16', '--batch', '8', '--learning-rate', '0.02', '--steps', '200'];
      const trained = await backflow(folder, 'train', 'hello.txt', ...options, '--out', 'masked', '--json');
      assert.equal(trained.errors, '');
      assert.ok(Number(parseLines(trained.output).at(-1)!['validationLoss']) < 0.3, 'what stands around it tells the token');
      await refuses(1, /A bidirectional model cannot generate text/, 'sample', 'masked');
      await rm(join(folder, 'masked'), { recursive: true });
    });

    it('refuses a model that cannot be tied, and a sequence that is too long', async () => {
      await refuses(1, /A tied output needs an embedding of the size of the top layer’s output, 16; it is 8/, 'train', 'hello.txt', '--tied', '--embedding', '8', '--hidden', '16');
      await refuses(1, /Sequence 1 of the text has 2400 tokens, and 1000 are allowed/, 'train', 'hello.txt', '--mode', 'sequences', '--longest-sequence', '1000');
    });

    it('refuses a text that cannot be learned from, with one sentence and nothing written', async () => {
      await writeFile(join(folder, 'bad.txt'), '');
      await refuses(1, /bad\.txt is empty/, 'train', 'bad.txt');
      await writeFile(join(folder, 'bad.txt'), new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0, 1]));
      await refuses(1, /bad\.txt looks like a binary file/, 'train', 'bad.txt');
      await writeFile(join(folder, 'bad.txt'), Buffer.from('caf\xe9 au lait', 'latin1'));
      await refuses(1, /bad\.txt is not valid UTF-8 \(first bad byte at offset 3\)/, 'train', 'bad.txt');
      await writeFile(join(folder, 'bad.txt'), 'a'.repeat(5000));
      await refuses(1, /bad\.txt has only one symbol/, 'train', 'bad.txt');
      await writeFile(join(folder, 'bad.txt'), 'too short');
      await refuses(1, /token/, 'train', 'bad.txt');
      await rm(join(folder, 'bad.txt'));
      await refuses(1, /There is no file .*missing\.txt/, 'train', 'missing.txt');
      await refuses(1, /is a folder, not a file/, 'train', '.');
    });

    it('refuses a folder it cannot use', async () => {
      await refuses(1, /The folder .*hello is not empty/, 'train', 'hello.txt', '--out', 'hello');
      await refuses(1, /a part of its path is a file/, 'train', 'hello.txt', '--out', join('hello.txt', 'run'));
      if (process.platform === 'linux') await refuses(1, /The folder \/proc\/.* cannot be made/, 'train', 'hello.txt', '--out', '/proc/runs/hello');
      await refuses(1, /is not the folder of a run/, 'train', '--resume', 'nothing');
    });

    it('saves a checkpoint on Ctrl-C, and says how it ended', async () => {
      const child = start(folder, 'train', 'hello.txt', '--hidden', '8', '--window', '8', '--batch', '2', '--steps', 'none', '--out', 'endless', '--json');
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
      const child = start(folder, 'train', 'hello.txt', '--hidden', '256', '--window', '32', '--batch', '64', '--steps', 'none', '--out', 'endless', '--json');
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
      const child = start(folder, 'train', 'hello.txt', '--hidden', '8', '--window', '8', '--batch', '2', '--steps', 'none', '--out', 'unread', '--json');
      child.stdout.once('data', () => child.stdout.destroy());
      const { status, errors } = await outcome(child);
      assert.deepEqual([status, errors], [0, '']);
      assert.ok((await readdir(join(folder, 'unread', 'checkpoints'))).some((name) => name.endsWith('.onnx')));
      await rm(join(folder, 'unread'), { recursive: true });
    });

    it('waits for a slow reader, and loses no step', async () => {
      const child = start(folder, 'train', 'hello.txt', '--hidden', '4', '--window', '2', '--batch', '1', '--steps', '3000', '--out', 'slow', '--json');
      // Nothing is read for a while: more than a pipe holds.
      await new Promise((resolve) => setTimeout(resolve, 3000));
      const { status, output } = await outcome(child);
      assert.equal(status, 0);
      assert.deepEqual(parseLines(output).slice(0, -1).map(({ step }) => step), Array.from({ length: 3000 }, (_, i) => i + 1));
      await rm(join(folder, 'slow'), { recursive: true });
    });

    if (process.platform === 'linux') {
      it('says so when its output has no room, and saves', async () => {
        const full = await open('/dev/full', 'w');
        const child = spawn(process.execPath, [program, 'train', 'hello.txt', '--hidden', '8', '--window', '8', '--batch', '2', '--steps', 'none', '--out', 'full'], {
          cwd: folder, stdio: ['pipe', full.fd, 'pipe'],
        });
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

  describe('inspect', () => {
    it('prints the object of the contract, for the whole text', async () => {
      const { status, output, errors } = await backflow(folder, 'inspect', 'hello', '--text', 'probe.txt', '--matrix', '--json');
      assert.deepEqual([status, errors], [0, '']);
      assert.equal(output.trimEnd().split('\n').length, 1);
      interface Flow { target: number; log10: (number | null)[]; horizon: number | null }
      const report = JSON.parse(output) as {
        loss: number;
        tokens: string[];
        layers: {
          layer: number; direction: string; hidden: number[]; total: number[]; totalCell: number[]; flow: Flow;
          kind: string; states: { name: string; width: number; norm: number[]; total: number[]; flow: Flow }[];
        }[];
        parameters: Record<string, unknown>[];
        output: Record<string, unknown>;
        regions: Record<string, unknown>[];
        matrix: (number | null)[][];
        inputs: { boundary: number; total: number[]; flow: Flow }[];
        parameterNorms: Record<string, number>;
        inputMatrix: (number | null)[][];
      };
      assert.deepEqual(Object.keys(report), ['loss', 'tokens', 'layers', 'parameters', 'output', 'embedding', 'regions', 'matrix', 'inputs', 'parameterNorms', 'inputMatrix']);
      const text = Array.from(await readFile(join(folder, 'probe.txt'), 'utf8'));
      assert.deepEqual(report.tokens, text.slice(0, -1));
      const steps = text.length - 1;
      report.layers.forEach((layer, l) => {
        assert.deepEqual(Object.keys(layer), ['layer', 'direction', 'hidden', 'total', 'totalCell', 'flow', 'kind', 'states']);
        assert.deepEqual([layer.layer, layer.direction], [l, 'forward']);
        assert.deepEqual(Object.keys(layer.flow), ['target', 'log10', 'horizon']);
        for (const series of [layer.hidden, layer.total, layer.totalCell, layer.flow.log10]) {
          assert.equal(series.length, steps);
          assert.ok(series.every((value) => typeof value === 'number'));
        }
        assert.equal(layer.flow.target, steps - 1);
        const [h, c] = layer.states;
        for (const state of layer.states) assert.deepEqual(Object.keys(state), ['name', 'width', 'norm', 'total', 'flow']);
        assert.deepEqual([layer.kind, h.name, c.name, h.width], ['lstm', 'h', 'c', 32]);
        assert.deepEqual([h.norm, h.total, c.total, h.flow], [layer.hidden, layer.total, layer.totalCell, layer.flow]);
      });
      assert.equal(report.layers.length, 2);
      assert.deepEqual(report.inputs.map((input) => Object.keys(input)), [0, 1, 2].map(() => ['boundary', 'total', 'flow']));
      report.inputs.forEach(({ boundary, total, flow }, l) => assert.deepEqual([boundary, total.length, flow.target, flow.log10.length], [l, steps, steps - 1, steps]));
      // What the output layer reads is the top layer's h.
      report.inputs[2].flow.log10.forEach((value, t) => assert.ok(Math.abs(value! - report.layers[1].flow.log10[t]!) < 1e-12));
      const lstm = [0, 1].flatMap((l) => ['weight_ih', 'weight_hh', 'bias_ih', 'bias_hh'].map((role) => `rnn.${role}_l${l}`));
      assert.deepEqual(Object.keys(report.parameterNorms), [...lstm, 'output.weight', 'output.bias']);
      assert.deepEqual([report.parameterNorms['rnn.weight_ih_l0'], report.parameterNorms['output.bias']], [report.parameters[0]['W'], report.output['b']]);
      report.inputMatrix.forEach((row, target) => row.forEach((value, t) => assert.equal(value === null, t > target, `row ${target}, column ${t} of inputMatrix`)));
      report.inputMatrix[steps - 1].forEach((value, t) => assert.ok(Math.abs(value! - report.inputs[0].flow.log10[t]!) < 1e-9));
      assert.deepEqual(report.parameters.map((p) => Object.keys(p)), [0, 1].map(() => ['layer', 'direction', 'W', 'R', 'Wb', 'Rb']));
      assert.deepEqual(Object.keys(report.output), ['W', 'b']);
      for (const region of report.regions) assert.deepEqual(Object.keys(region), ['layer', 'direction', 'kind', 'from', 'to']);
      assert.equal(report.matrix.length, steps);
      report.matrix.forEach((row, target) => row.forEach((value, t) => assert.equal(value === null, t > target, `row ${target}, column ${t}`)));
      // The matrix's last row is the top layer's flow to the last target.
      report.matrix[steps - 1].forEach((value, t) => assert.ok(Math.abs(value! - report.layers[1].flow.log10[t]!) < 1e-3));
    });

    it('traces another target back, and says null where a state cannot reach it', async () => {
      const { output } = await backflow(folder, 'inspect', join('hello', 'checkpoints', 'step-300.onnx'), '--text', 'probe.txt', '--target', '4', '--json');
      const { layers } = JSON.parse(output) as { layers: { flow: { target: number; log10: (number | null)[] } }[] };
      for (const { flow } of layers) {
        assert.equal(flow.target, 4);
        flow.log10.forEach((value, t) => assert.equal(value === null, t > 4));
      }
      for (const key of ['matrix', 'inputMatrix']) assert.ok(!(key in (JSON.parse(output) as object)), key);
    });

    it('draws the flow of each layer under the text', async () => {
      const { status, output } = await backflow(folder, 'inspect', 'hello', '--text', 'probe.txt');
      assert.equal(status, 0);
      assert.match(output, /^LSTM, 2 layers of 32 units, trained for 300 steps\. 18 inputs, loss /);
      assert.match(output, /\ntext {5}hello hello hello \nlayer 2 {2}[▁▂▃▄▅▆▇█]{18}\nlayer 1 {2}[▁▂▃▄▅▆▇█]{18}\n/);
      assert.match(output, /\nLayer 2: the gradient /);
      assert.ok(!output.includes('\x1b'));
    });

    it('refuses what it cannot inspect', async () => {
      await writeFile(join(folder, 'other.txt'), 'hello Wörld');
      await refuses(1, /“?W/, 'inspect', 'hello', '--text', 'other.txt');
      await writeFile(join(folder, 'other.txt'), 'h');
      await refuses(1, /token|symbol/, 'inspect', 'hello', '--text', 'other.txt');
      await rm(join(folder, 'other.txt'));
      await refuses(1, /There is no file .*other\.txt/, 'inspect', 'hello', '--text', 'other.txt');
      await refuses(1, /There is no file .*nowhere/, 'inspect', 'nowhere', '--text', 'probe.txt');
      await refuses(1, /target/i, 'inspect', 'hello', '--text', 'probe.txt', '--target', '99');
    });

    it('refuses a checkpoint that is broken, wherever it was cut', async () => {
      const whole = await readFile(join(folder, 'hello', 'checkpoints', 'step-300.onnx'));
      const broken = join(folder, 'broken.onnx');
      for (const bytes of [whole.subarray(0, 0), whole.subarray(0, 100), whole.subarray(0, whole.length / 2), whole.subarray(0, -1), Buffer.from('no model at all'), Buffer.alloc(1000, 0xff)]) {
        await writeFile(broken, bytes);
        await refuses(1, /broken\.onnx/, 'inspect', 'broken.onnx', '--text', 'probe.txt');
      }
      await rm(broken);
    });
  });

  describe('export', () => {
    it('writes a graph and weights that inspect as the run they are of', async () => {
      const model = join(folder, 'hello.onnx');
      const weights = join(folder, 'hello.safetensors');
      for (const out of [model, weights]) {
        const { status, output } = await backflow(folder, 'export', 'hello', '--out', out, '--json');
        assert.deepEqual([status, JSON.parse(output)], [0, { path: out }]);
      }
      const [own, graph, bare] = await Promise.all(['hello', model, weights].map(async (path) => {
        const { status, output, errors } = await backflow(folder, 'inspect', path, '--text', 'probe.txt', '--json');
        assert.deepEqual([status, errors], [0, '']);
        return JSON.parse(output) as unknown;
      }));
      assert.deepEqual(graph, own);
      assert.deepEqual(bare, own);
    });

    it('refuses a place it cannot write to', async () => {
      await refuses(1, /cannot be written to/, 'export', 'hello', '--out', join(folder, 'no', 'such', 'm.onnx'));
    });
  });

  describe('sample', () => {
    it('continues hell with o', async () => {
      const { status, output } = await backflow(folder, 'sample', 'hello', '--prompt', 'hell', '--length', '1', '--temperature', '0', '--json');
      assert.equal(status, 0);
      assert.deepEqual(JSON.parse(output), { prompt: 'hell', text: 'o' });
      assert.equal((await backflow(folder, 'sample', 'hello', '--prompt', 'hell', '--length', '7', '--temperature', '0')).output, 'hello hello\n');
    });

    it('gives the same text for the same seed', async () => {
      const text = async (seed: string) => (await backflow(folder, 'sample', 'hello', '--length', '80', '--temperature', '3', '--seed', seed)).output;
      const [first, again, other] = [await text('7'), await text('7'), await text('8')];
      assert.equal(first, again);
      assert.notEqual(first, other);
      assert.equal(first.length, 81);
    });

    it('draws the likeliest token only from one, or from the least probability', async () => {
      const text = async (...options: string[]) => (await backflow(folder, 'sample', 'hello', '--length', '40', '--temperature', '3', ...options)).output;
      const greedy = await text('--temperature', '0');
      assert.equal(await text('--top-k', '1'), greedy);
      assert.equal(await text('--top-p', '0.000001'), greedy);
      assert.notEqual(await text('--top-k', '5'), greedy);
    });

    it('refuses a prompt with symbols the model does not know', async () => {
      await refuses(1, /z/, 'sample', 'hello', '--prompt', 'zoo');
    });

    it('tells where an error arose only when asked', async () => {
      const { errors } = await backflow(folder, 'sample', 'nowhere', '--verbose');
      assert.match(errors, /^backflow: There is no file .*nowhere.*\n.*\n {4}at /s);
    });
  });
});
