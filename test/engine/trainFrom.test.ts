/** Training that continues from models of PyTorch's: its first step beside PyTorch's own (test/vectors/first_step.py). */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onnxFolder, vocabularyFile } from '../reference/onnxReferences';
import { backflow, parseLines, words } from './support/commandLine';

interface FirstStep {
  readonly window: number;
  readonly batch: number;
  readonly clipNorm: number;
  readonly text: string;
  readonly cases: Readonly<
    Record<string, { readonly loss: number; readonly gradientNorm: number; readonly clippedNorm: number }>
  >;
}

const expected = JSON.parse(readFileSync('test/vectors/data/first-step.json', 'utf8')) as FirstStep;
/** Relative: the engine trains in float32. */
const tolerance = 1e-4;

describe('train --from', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'backflow-from-'));
    await writeFile(join(folder, 'text.txt'), expected.text);
  });
  after(() => rm(folder, { recursive: true }));

  const { window, batch, clipNorm } = expected;
  const train = (file: string, ...others: string[]) =>
    backflow(
      folder,
      `train text.txt --window ${window} --batch ${batch} --clip-norm ${clipNorm} --from`,
      join(onnxFolder, file),
      ...others,
    );

  for (const file of [
    'lstm-2.plain-torch.onnx',
    'lstm-2.float32.safetensors',
    'gru-2.plain-script11.onnx',
    'lstm-tied.plain-torch.onnx',
    'lstm-tied.float32.safetensors',
  ]) {
    it(`${file}: the first step is PyTorch’s; the run goes on, resumes and opens`, async () => {
      const { status, output, errors } = await train(
        file,
        ...words(`--steps 3 --out ${file} --json --vocab`),
        vocabularyFile,
      );
      assert.equal(status, 0, errors);
      const [first] = parseLines(output);
      for (const [name, value] of Object.entries(expected.cases[file.slice(0, file.indexOf('.'))])) {
        assert.ok(
          Math.abs(Number(first[name]) / value - 1) <= tolerance,
          `${name}: ${String(first[name])} instead of ${value}`,
        );
      }
      const resumed = await backflow(folder, `train --resume ${file} --steps 5 --json`);
      assert.equal(resumed.status, 0, resumed.errors);
      assert.deepEqual(
        parseLines(resumed.output)
          .slice(0, -1)
          .map(({ step }) => step),
        [4, 5],
      );
      const inspected = await backflow(folder, `inspect ${file} --text text.txt --json`);
      assert.equal(inspected.status, 0, inspected.errors);
    });
  }

  it('the same with a tokenizer.json, which the checkpoints keep', async () => {
    const symbols = JSON.parse(await readFile(vocabularyFile, 'utf8')) as string[];
    const tokenizer = {
      added_tokens: [{ id: 0, content: symbols[0], special: true }],
      pre_tokenizer: { type: 'Split', pattern: { String: '' }, behavior: 'Isolated', invert: false },
      model: {
        type: 'WordLevel',
        vocab: Object.fromEntries(symbols.map((symbol, id) => [symbol, id])),
        unk_token: '?',
      },
    };
    await writeFile(join(folder, 'tokenizer.json'), JSON.stringify(tokenizer));
    const { status, output, errors } = await train(
      'lstm-2.plain-torch.onnx',
      '--vocab',
      'tokenizer.json',
      '--steps',
      '3',
      '--out',
      'tokenized',
      '--json',
    );
    assert.equal(status, 0, errors);
    const { loss } = expected.cases['lstm-2'];
    assert.ok(Math.abs(Number(parseLines(output)[0]['loss']) / loss - 1) <= tolerance);
    const resumed = await backflow(folder, 'train', '--resume', 'tokenized', '--steps', '5', '--json');
    assert.equal(resumed.status, 0, resumed.errors);
    const inspected = await backflow(folder, 'inspect', 'tokenized', '--text', 'text.txt', '--json');
    assert.equal(inspected.status, 0, inspected.errors);
    assert.deepEqual(parseLines(inspected.output)[0]['tokens'], Array.from(expected.text).slice(0, -1));
  });

  it('refuses in one sentence, with nothing written', async () => {
    const words = ['<unk>', ...Array.from('bcdefghijk'), 'words'];
    await writeFile(join(folder, 'words.json'), JSON.stringify(words));
    const files = await readdir(folder);
    const refuses = async (sentence: RegExp, file: string, ...others: string[]) => {
      const { status, output, errors } = await train(file, '--steps', '1', '--out', 'refused', ...others);
      assert.match(errors, sentence);
      assert.match(errors, /^backflow: .*\n$/, 'one line');
      assert.equal(output, '');
      assert.notEqual(status, 0);
      assert.deepEqual(await readdir(folder), files);
    };
    await refuses(
      /reads words in a way that can be inspected here, but not trained/,
      'lstm-2.plain-torch.onnx',
      '--vocab',
      'words.json',
    );
    await refuses(
      /reads in both directions and has no symbol for a masked token/,
      'lstm-2-both.plain-torch.onnx',
      '--vocab',
      vocabularyFile,
    );
    await refuses(/--hidden cannot be given with --from/, 'lstm-2.plain-torch.onnx', '--hidden', '8');
  });
});
