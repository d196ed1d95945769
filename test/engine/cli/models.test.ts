/** What the command line does with a trained model: inspect, export, sample. */
import assert from 'node:assert/strict';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { backflow } from '../support/commandLine';
import { HelloFolder } from '../support/helloFolder';

describe('the command line, with a model', () => {
  let hello: HelloFolder;
  let folder: string;

  before(async () => {
    hello = await HelloFolder.shared();
    folder = hello.path;
  });

  describe('inspect', () => {
    it('prints the object of the contract, for the whole text', async () => {
      const { status, output, errors } = await backflow(folder, 'inspect hello --text probe.txt --matrix --json');
      assert.deepEqual([status, errors], [0, '']);
      assert.equal(output.trimEnd().split('\n').length, 1);
      interface Flow {
        target: number;
        log10: (number | null)[];
        horizon: number | null;
      }
      const report = JSON.parse(output) as {
        loss: number;
        tokens: string[];
        layers: {
          layer: number;
          direction: string;
          hidden: number[];
          total: number[];
          totalCell: number[];
          flow: Flow;
          kind: string;
          states: { name: string; width: number; norm: number[]; total: number[]; flow: Flow }[];
        }[];
        parameters: Record<string, unknown>[];
        output: Record<string, unknown>;
        regions: Record<string, unknown>[];
        matrix: (number | null)[][];
        inputs: { boundary: number; total: number[]; flow: Flow }[];
        parameterNorms: Record<string, number>;
        inputMatrix: (number | null)[][];
      };
      assert.deepEqual(Object.keys(report), [
        'loss',
        'tokens',
        'layers',
        'parameters',
        'output',
        'embedding',
        'regions',
        'matrix',
        'inputs',
        'parameterNorms',
        'nonFinite',
        'underflow',
        'inputMatrix',
        'mode',
        'notices',
      ]);
      const text = Array.from(await readFile(join(folder, 'probe.txt'), 'utf8'));
      assert.deepEqual(report.tokens, text.slice(0, -1));
      const steps = text.length - 1;
      report.layers.forEach((layer, l) => {
        assert.deepEqual(Object.keys(layer), [
          'layer',
          'direction',
          'hidden',
          'total',
          'totalCell',
          'flow',
          'kind',
          'states',
        ]);
        assert.deepEqual([layer.layer, layer.direction], [l, 'forward']);
        assert.deepEqual(Object.keys(layer.flow), ['target', 'log10', 'horizon']);
        for (const series of [layer.hidden, layer.total, layer.totalCell, layer.flow.log10]) {
          assert.equal(series.length, steps);
          assert.ok(series.every((value) => typeof value === 'number'));
        }
        assert.equal(layer.flow.target, steps - 1);
        const [h, c] = layer.states;
        for (const state of layer.states)
          assert.deepEqual(Object.keys(state), ['name', 'width', 'norm', 'total', 'flow']);
        assert.deepEqual([layer.kind, h.name, c.name, h.width], ['lstm', 'h', 'c', 32]);
        assert.deepEqual([h.norm, h.total, c.total, h.flow], [layer.hidden, layer.total, layer.totalCell, layer.flow]);
      });
      assert.equal(report.layers.length, 2);
      assert.deepEqual(
        report.inputs.map((input) => Object.keys(input)),
        [0, 1, 2].map(() => ['boundary', 'total', 'flow']),
      );
      report.inputs.forEach(({ boundary, total, flow }, l) =>
        assert.deepEqual([boundary, total.length, flow.target, flow.log10.length], [l, steps, steps - 1, steps]),
      );
      // What the output layer reads is the top layer's h.
      report.inputs[2].flow.log10.forEach((value, t) =>
        assert.ok(Math.abs(value! - report.layers[1].flow.log10[t]!) < 1e-12),
      );
      const lstm = [0, 1].flatMap((l) =>
        ['weight_ih', 'weight_hh', 'bias_ih', 'bias_hh'].map((role) => `rnn.${role}_l${l}`),
      );
      assert.deepEqual(Object.keys(report.parameterNorms), [...lstm, 'output.weight', 'output.bias']);
      assert.deepEqual(
        [report.parameterNorms['rnn.weight_ih_l0'], report.parameterNorms['output.bias']],
        [report.parameters[0]['W'], report.output['b']],
      );
      report.inputMatrix.forEach((row, target) =>
        row.forEach((value, t) =>
          assert.equal(value === null, t > target, `row ${target}, column ${t} of inputMatrix`),
        ),
      );
      report.inputMatrix[steps - 1].forEach((value, t) =>
        assert.ok(Math.abs(value! - report.inputs[0].flow.log10[t]!) < 1e-9),
      );
      assert.deepEqual(
        report.parameters.map((p) => Object.keys(p)),
        [0, 1].map(() => ['layer', 'direction', 'W', 'R', 'Wb', 'Rb']),
      );
      assert.deepEqual(Object.keys(report.output), ['W', 'b']);
      for (const region of report.regions)
        assert.deepEqual(Object.keys(region), ['layer', 'direction', 'kind', 'from', 'to']);
      assert.equal(report.matrix.length, steps);
      report.matrix.forEach((row, target) =>
        row.forEach((value, t) => assert.equal(value === null, t > target, `row ${target}, column ${t}`)),
      );
      // The matrix's last row is the top layer's flow to the last target.
      report.matrix[steps - 1].forEach((value, t) =>
        assert.ok(Math.abs(value! - report.layers[1].flow.log10[t]!) < 1e-3),
      );
    });

    it('traces another target back, and says null where a state cannot reach it', async () => {
      const { output } = await backflow(
        folder,
        'inspect --text probe.txt --target 4 --json',
        join('hello', 'checkpoints', 'step-300.onnx'),
      );
      const { layers } = JSON.parse(output) as { layers: { flow: { target: number; log10: (number | null)[] } }[] };
      for (const { flow } of layers) {
        assert.equal(flow.target, 4);
        flow.log10.forEach((value, t) => assert.equal(value === null, t > 4));
      }
      for (const key of ['matrix', 'inputMatrix']) assert.ok(!(key in (JSON.parse(output) as object)), key);
    });

    it('draws the flow of each layer under the text', async () => {
      const { status, output } = await backflow(folder, 'inspect hello --text probe.txt');
      assert.equal(status, 0);
      assert.match(output, /^LSTM, 2 layers of 32 units, trained for 300 steps\. 18 inputs, loss /);
      const rows = ['2 h', '2 c', '1 h', '1 c'].map((name) => `layer ${name} {2}[▁▂▃▄▅▆▇█]{18}\n`).join('');
      assert.match(output, new RegExp(`\ntext {7}hello hello hello \n${rows}`));
      assert.match(output, /\nLayer 2 h: the gradient .*\n(.*\n)*Layer 2 c: the gradient /);
      assert.ok(!output.includes('\x1b'));
    });

    it('reads a line of a run that was trained on lines, without its line end, and refuses several', async () => {
      await writeFile(join(folder, 'lines.txt'), 'hello\n'.repeat(60));
      const trained = ['--mode', 'sequences', '--hidden', '4', '--steps', '2', '--out', 'ofLines', '--json'];
      assert.equal((await backflow(folder, 'train', 'lines.txt', ...trained)).status, 0);
      const outputs = [];
      for (const text of ['hello', 'hello\n', '\nhello\r\n']) {
        await writeFile(join(folder, 'line.txt'), text);
        const { output, errors } = await backflow(
          folder,
          'inspect',
          'ofLines',
          '--text',
          'line.txt',
          '--matrix',
          '--json',
        );
        assert.equal(errors, '');
        outputs.push(output);
      }
      assert.deepEqual(outputs, [outputs[0], outputs[0], outputs[0]]);
      assert.match(
        (await backflow(folder, 'inspect', 'ofLines', '--text', 'line.txt')).output,
        /predicting “o” at step 3/,
      );
      await hello.refuses(1, /has 60 sequences/, 'inspect', 'ofLines', '--text', 'lines.txt', '--matrix');
    });

    it('reads any file with a model of bytes, and no other', async () => {
      const bytes = Buffer.concat([
        Buffer.from([0xff, 0xfe, 0, 10]),
        Buffer.from('é🙂'),
        Buffer.from([0xc3, 0x80, 0xed]),
      ]);
      await writeFile(join(folder, 'any.bin'), Buffer.concat(Array.from({ length: 40 }, () => bytes)));
      const trained = ['--tokens', 'bytes', '--hidden', '4', '--window', '8', '--batch', '4', '--steps', '2'];
      const training = await backflow(folder, 'train', 'any.bin', ...trained, '--out', 'ofBytes', '--json');
      assert.deepEqual([training.status, training.errors], [0, '']);
      await writeFile(join(folder, 'any.bin'), bytes);
      const { output, errors } = await backflow(
        folder,
        'inspect',
        'ofBytes',
        '--text',
        'any.bin',
        '--tokens',
        'byte',
        '--json',
      );
      assert.equal(errors, '');
      const { tokens } = JSON.parse(output) as { tokens: string[] };
      assert.deepEqual(tokens.slice(0, 6), ['\\xFF', '\\xFE', '\0', '\n', '\\xC3', '\\xA9']);
      assert.equal(tokens.length, bytes.length - 1);
      await hello.refuses(1, /is encoded as UTF-16/, 'inspect', 'hello', '--text', 'any.bin');
      await hello.refuses(1, /tokens are not bytes/, 'inspect', 'hello', '--text', 'probe.txt', '--tokens', 'byte');
      await hello.refuses(2, /--tokens is "word"/, 'inspect', 'hello', '--text', 'probe.txt', '--tokens', 'word');
      await hello.refuses(2, /--tokens and --vocab/, 'inspect', 'x', '--text', 'y', '--tokens', 'byte', '--vocab', 'z');
    });

    it('refuses the matrix of a text too long for it before it writes anything', async () => {
      await writeFile(join(folder, 'long.txt'), 'hello '.repeat(1400));
      await hello.refuses(1, /matrix of 8400 tokens/, 'inspect', 'hello', '--text', 'long.txt', '--matrix', '--json');
    });

    it('refuses what is said of a file that leaves nothing open, and takes another vocabulary', async () => {
      const inspect = 'inspect hello --text probe.txt';
      await hello.refuses(
        1,
        /step-300\.onnx says itself what its tensors are, so “heads=2” cannot be given/,
        `${inspect} --tensors heads=2`,
      );
      await hello.refuses(1, /step-300\.onnx leaves no activation open/, `${inspect} --activation relu`);
      await backflow(folder, 'export hello --out own.safetensors');
      await hello.refuses(
        1,
        /own\.safetensors leaves no activation open, so relu cannot be given/,
        'sample own.safetensors --activation relu',
      );
      await hello.refuses(1, /leaves no activation open/, 'train hello.txt --from own.safetensors --activation relu');
      // Sorted, as a run's own are: the first one renamed.
      await writeFile(join(folder, 'symbols.json'), JSON.stringify(['_', 'e', 'h', 'l', 'o']));
      const { output } = await backflow(
        folder,
        'sample hello --prompt hello --length 1 --temperature 0 --vocab symbols.json',
      );
      assert.equal(output, 'hello_\n');
      await Promise.all(['own.safetensors', 'symbols.json'].map((name) => rm(join(folder, name))));
    });

    it('refuses what it cannot inspect', async () => {
      await writeFile(join(folder, 'other.txt'), 'hello Wörld');
      await hello.refuses(1, /“?W/, 'inspect hello --text other.txt');
      await writeFile(join(folder, 'other.txt'), 'h');
      await hello.refuses(1, /token|symbol/, 'inspect hello --text other.txt');
      await rm(join(folder, 'other.txt'));
      await hello.refuses(1, /There is no file .*other\.txt/, 'inspect hello --text other.txt');
      await hello.refuses(1, /There is no file .*nowhere/, 'inspect nowhere --text probe.txt');
      await hello.refuses(1, /target/i, 'inspect hello --text probe.txt --target 99');
    });

    it('refuses a checkpoint that is broken, wherever it was cut', async () => {
      const whole = await readFile(join(folder, 'hello', 'checkpoints', 'step-300.onnx'));
      const broken = join(folder, 'broken.onnx');
      for (const bytes of [
        whole.subarray(0, 0),
        whole.subarray(0, 100),
        whole.subarray(0, whole.length / 2),
        whole.subarray(0, -1),
        Buffer.from('no model at all'),
        Buffer.alloc(1000, 0xff),
      ]) {
        await writeFile(broken, bytes);
        await hello.refuses(1, /broken\.onnx/, 'inspect broken.onnx --text probe.txt');
      }
      await rm(broken);
    });
  });

  describe('weights that leave open which tensors are what', () => {
    const weights = join(process.cwd(), 'test/vectors/data/weights/no-bias.safetensors');
    const inspected = ['inspect', weights, '--text', 'letters.txt', '--json'] as const;
    before(() => writeFile(join(folder, 'letters.txt'), 'abcdefghijk kja'.replace(' ', '')));
    after(() => rm(join(folder, 'letters.txt')));

    it('are refused, naming the readings and the option', async () => {
      await hello.refuses(
        1,
        /embedding=embed\.weight,output=unembed\.weight \/ embedding=unembed\.weight,output=embed\.weight\. \(--tensors /,
        ...inspected,
      );
    });

    it('are refused with the answer, where the sentence does not name it', async () => {
      const whole = join(process.cwd(), 'test/vectors/data/torchFiles/whole-activation.pt');
      await hello.refuses(
        1,
        /between\.1 \(ReLU\)\. .* \(say it by --tensors: unused=between\.1\)$/m,
        ...['inspect', whole, '--text', 'letters.txt'],
      );
    });

    it('are read as --tensors says', async () => {
      const losses = await Promise.all(
        ['embedding=embed.weight', 'output=embed.weight'].map(async (tensors) => {
          const { status, output } = await backflow(folder, ...inspected, '--tensors', tensors);
          assert.equal(status, 0);
          return (JSON.parse(output) as { loss: number }).loss;
        }),
      );
      assert.notEqual(losses[0], losses[1]);
    });

    it('are refused where the answer fits nothing', async () => {
      await hello.refuses(1, /fit together with “output=no.such”/, ...inspected, '--tensors', 'output=no.such');
    });
  });

  describe('export', () => {
    it('writes a graph and weights that inspect as the run they are of', async () => {
      const model = join(folder, 'hello.onnx');
      const weights = join(folder, 'hello.safetensors');
      for (const out of [model, weights]) {
        const { status, output } = await backflow(folder, 'export hello --out', out, '--json');
        assert.deepEqual([status, JSON.parse(output)], [0, { path: out }]);
      }
      const [own, graph, bare] = await Promise.all(
        ['hello', model, weights].map(async (path) => {
          const { status, output, errors } = await backflow(folder, 'inspect --text probe.txt --json', path);
          assert.deepEqual([status, errors], [0, '']);
          return JSON.parse(output) as unknown;
        }),
      );
      assert.deepEqual(graph, own);
      assert.deepEqual(bare, own);
    });

    it('refuses a place it cannot write to', async () => {
      await hello.refuses(
        1,
        /There is no folder .*such to write into/,
        'export hello --out',
        join(folder, 'no', 'such', 'm.onnx'),
      );
    });
  });

  describe('sample', () => {
    it('continues hell with o', async () => {
      const { status, output } = await backflow(folder, 'sample hello --prompt hell --length 1 --temperature 0 --json');
      assert.equal(status, 0);
      assert.deepEqual(JSON.parse(output), { prompt: 'hell', text: 'o' });
      assert.equal(
        (await backflow(folder, 'sample hello --prompt hell --length 7 --temperature 0')).output,
        'hello hello\n',
      );
    });

    it('gives the same text for the same seed', async () => {
      const text = async (seed: number) =>
        (await backflow(folder, `sample hello --length 80 --temperature 3 --seed ${seed}`)).output;
      const [first, again, other] = [await text(7), await text(7), await text(8)];
      assert.equal(first, again);
      assert.notEqual(first, other);
      assert.equal(first.length, 81);
    });

    it('draws the likeliest token only from one, or from the least probability', async () => {
      const text = async (options: string) =>
        (await backflow(folder, `sample hello --length 40 --temperature 3 ${options}`)).output;
      const greedy = await text('--temperature 0');
      assert.equal(await text('--top-k 1'), greedy);
      assert.equal(await text('--top-p 0.000001'), greedy);
      assert.notEqual(await text('--top-k 5'), greedy);
    });

    it('refuses a prompt with symbols the model does not know', async () => {
      await hello.refuses(1, /z/, 'sample hello --prompt zoo');
    });

    it('tells where an error arose only when asked', async () => {
      const { errors } = await backflow(folder, 'sample nowhere --verbose');
      assert.match(errors, /^backflow: There is no file .*nowhere.*\n.*\n {4}at /s);
    });
  });
});
