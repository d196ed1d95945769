/** What `torch.save` writes, in the forms people save their models in: the tensors that PyTorch has, under their names, and the loss of the model they are of. */
import { strict as assert } from 'node:assert';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isOfWeights } from '../../../../src/engine/model/bareWeights';
import { readTorchFile } from '../../../../src/engine/model/torchFile';
import { readWeights } from '../../../../src/engine/model/weightFiles';
import { decodeSafetensors } from '../../../../src/formats/safetensors';
import { vocabularyOfMetadata } from '../../../../src/modelFiles/foreignVocabulary';
import { readDecodedWeights } from '../../../../src/modelFiles/torchWeights';
import { UserError } from '../../../../src/userError';
import { assertClose } from '../../../reference/compare';
import { lossesOf } from '../../support/losses';
import { refusalOf } from '../../support/refusal';

const folder = join(process.cwd(), 'test/vectors/data/torchFiles');
const names = readdirSync(folder)
  .filter((name) => name.endsWith('.pt'))
  .map((name) => name.slice(0, -'.pt'.length));
const expected = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')) as Readonly<
  Record<string, { readonly ids: readonly number[]; readonly loss: number }>
>;
/** Of layers that could stand in either order. */
const answers: Readonly<Record<string, string>> = { 'modules-alike': 'layers=lower+upper' };
const pathOf = (name: string) => join(folder, `${name}.pt`);

describe('files of torch.save', () => {
  for (const name of names)
    it(`${name}: every tensor, to the bit`, async () => {
      const { tensors } = await readTorchFile(pathOf(name));
      const { tensors: wanted } = decodeSafetensors(readFileSync(join(folder, `${name}.safetensors`)), name);
      assert.deepEqual(Array.from(tensors.keys()).sort(), Array.from(wanted.keys()).sort());
      for (const [key, { shape, data }] of wanted) {
        const tensor = tensors.get(key);
        assert.deepEqual(tensor?.shape, shape, key);
        // As plain numbers: of what is not a number the bits are not the same in every precision.
        assert.deepEqual(Array.from(tensor.data as Float32Array), Array.from(data as Float64Array), key);
      }
    });

  for (const [name, { ids, loss }] of Object.entries(expected))
    it(`${name}: the loss of the model`, async () => {
      const tensors = answers[name] ?? null;
      const { model } = readDecodedWeights(await readTorchFile(pathOf(name)), name, { activation: null, tensors });
      const losses = lossesOf(model, ids);
      assertClose([losses.reduce((sum, each) => sum + each, 0) / losses.length], [loss], 1e-12, name);
    });

  it('of layers that are alike, each saved by itself, none is left out: which is the lower is asked', async () => {
    const read = await readTorchFile(pathOf('modules-alike'));
    assert.deepEqual(read.leftOut, []);
    const { choices } = refusalOf(() => readDecodedWeights(read, 'model.pt', { activation: null }));
    assert.deepEqual(choices, ['layers=lower+upper', 'layers=upper+lower']);
  });

  it('tensors of other types than real numbers are known to be there', async () => {
    const { unread } = await readTorchFile(pathOf('types'));
    assert.deepEqual(Object.fromEntries(unread), {
      whole: { type: 'I64', shape: [3] },
      truth: { type: 'BOOL', shape: [1] },
    });
  });

  it('of an average and the weights themselves the weights are taken, and the others named', async () => {
    const { leftOut = [] } = await readTorchFile(pathOf('average'));
    assert.ok(leftOut.includes('ema.core.weight_ih_l0'), leftOut.join(' '));
  });

  it('of an average in a wrapper too the weights themselves are taken', async () => {
    const { leftOut = [] } = await readTorchFile(pathOf('average-wrapped'));
    assert.ok(leftOut.includes('callbacks.EMA.module.core.weight_ih_l0'), leftOut.join(' '));
  });

  it('what stands in a recurrent module of a class of one’s own is named, whatever its shape', async () => {
    const read = await readTorchFile(pathOf('peepholes'));
    const refusal = refusalOf(() => readDecodedWeights(read, 'model.pt', { activation: null }));
    assert.match(refusal.message, /may take part in the computation, .*: cell\.peepholes\./);
  });

  it('so are modules without weights of a scripted module', async () => {
    const read = await readTorchFile(pathOf('scripted-activation'));
    const refusal = refusalOf(() => readDecodedWeights(read, 'model.pt', { activation: null }));
    assert.match(refusal.message, /: between \(ReLU\)\./);
  });

  it('of weights alone a gap in a row of modules is said', async () => {
    const read = await readTorchFile(pathOf('row'));
    const { notices } = readDecodedWeights(read, 'model.pt', { activation: null });
    assert.match(notices.map(({ message }) => message).join(' '), /“head\.1\.weight” behind “head\.0”/);
  });

  it('of several models in places alike none is taken', async () => {
    const read = await readTorchFile(pathOf('folds'));
    const { choices } = refusalOf(() => readDecodedWeights(read, 'model.pt', { activation: null }));
    assert.deepEqual(choices, ['unused=fold_0', 'unused=fold_1']);
  });

  it('one of several files stands for all of them', async () => {
    const { tensors: wanted } = decodeSafetensors(readFileSync(join(folder, 'parts.safetensors')), 'parts');
    for (const i of [1, 2]) {
      const { tensors } = await readWeights(join(folder, `parts-0000${i}-of-00002.bin`));
      assert.deepEqual(Array.from(tensors.keys()).sort(), Array.from(wanted.keys()).sort());
    }
  });

  it('a file is known by its content where its name is another', async () => {
    const made = mkdtempSync(join(tmpdir(), 'backflow-torch-'));
    try {
      for (const [name, isOne] of [
        ['run.pt', true],
        ['older-form-4.pt', true],
        ['parts.safetensors', false],
      ] as const) {
        const path = join(made, 'model.pth.tar');
        writeFileSync(path, readFileSync(join(folder, name)));
        assert.equal(await isOfWeights(path), isOne, name);
      }
    } finally {
      rmSync(made, { recursive: true });
    }
  });

  it('an ε that a module was saved with counts, and is said', async () => {
    const read = await readTorchFile(pathOf('whole-norm'));
    const { model, notices } = readDecodedWeights(read, 'model.pt', { activation: null });
    assert.equal(model.norm?.epsilon, 0.05);
    assert.match(notices.map(({ message }) => message).join(' '), /“between”.*ε = 0\.05/);
  });

  it('a module without weights between the layers is named, and can be said not to be used', async () => {
    const read = await readTorchFile(pathOf('whole-activation'));
    const refusal = refusalOf(() => readDecodedWeights(read, 'model.pt', { activation: null }));
    assert.match(refusal.message, /modules without weights .*: between\.1 \(ReLU\)\./);
    assert.deepEqual(refusal.choices, ['unused=between.1']);
    readDecodedWeights(read, 'model.pt', { activation: null, tensors: 'unused=between.1' });
  });

  it('an embedding that shortens its rows when it is read is refused', async () => {
    const read = await readTorchFile(pathOf('whole-max-norm'));
    const refusal = refusalOf(() => readDecodedWeights(read, 'model.pt', { activation: null }));
    assert.match(refusal.message, /embedding\.max_norm = 0\.5/);
  });

  it('a vocabulary is found by its form where its name is one of a person’s own, and it is said where', async () => {
    const { metadata } = await readTorchFile(pathOf('whole-norm'));
    const found = vocabularyOfMetadata(new Map(Object.entries(metadata)), 7, 'model.pt');
    assert.deepEqual(found?.vocabulary.symbols, Array.from('abcde \n'));
    assert.match(found.notices[0].message, /“tokenizer\.char_to_id”/);
  });

  for (const name of ['run', 'lightning'])
    it(`${name}: the vocabulary that it keeps beside the weights`, async () => {
      const { metadata } = await readTorchFile(pathOf(name));
      const found = vocabularyOfMetadata(new Map(Object.entries(metadata)), 7, name);
      assert.deepEqual(found?.vocabulary.symbols, Array.from('abcde \n'));
    });

  it('ends of files, and files of other kinds, are refused in a sentence', async () => {
    const made = mkdtempSync(join(tmpdir(), 'backflow-torch-'));
    try {
      const refused = async (bytes: Uint8Array, sentence: RegExp) => {
        const path = join(made, 'model.pt');
        writeFileSync(path, bytes);
        await assert.rejects(
          readTorchFile(path),
          (thrown) => thrown instanceof UserError && sentence.test(thrown.message),
        );
      };
      const [zip, older] = [readFileSync(pathOf('run')), readFileSync(pathOf('run-older-form'))];
      await refused(zip.subarray(0, zip.length / 2), /is a broken zip archive/);
      for (const length of [30, 400, older.length - 1]) await refused(older.subarray(0, length), /is cut short/);
      await refused(new Uint8Array(0), /is not a file that torch\.save has written/);
      await refused(Buffer.from('a text'), /is not a file that torch\.save has written/);
      // An archive in which the numbers of a tensor are missing: its name in the directory is another.
      const renamed = Buffer.from(zip);
      for (let at = renamed.indexOf('run/data/0'); at >= 0; at = renamed.indexOf('run/data/0', at + 1))
        renamed[at + 9] = 0x78;
      await refused(renamed, /run\/data\/0 is missing in it/);
    } finally {
      rmSync(made, { recursive: true });
    }
  });
});
