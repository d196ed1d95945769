/** Models in folders as libraries leave them: one file or several, with what their config.json says; names that PyTorch wraps; vocabularies rounded up. */
import { strict as assert } from 'node:assert';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readInFloat64 } from '../../../../src/core/float64/float64Trace';
import type { GeneralModel } from '../../../../src/core/model/generalModel';
import { openModel } from '../../../../src/engine/model/openModel';
import { decodeSafetensors, encodeSafetensors } from '../../../../src/formats/safetensors';
import { vocabularyOfFile } from '../../../../src/modelFiles/foreignVocabulary';
import { readTorchWeights } from '../../../../src/modelFiles/torchWeights';
import { assertClose } from '../../../reference/compare';

const folder = 'test/vectors/data/gptWeights';

interface Expected {
  readonly ids: readonly number[];
  readonly logProbabilities: readonly (readonly number[])[];
}

function assertPredictions(model: GeneralModel, name: string): void {
  const { ids, logProbabilities } = JSON.parse(readFileSync(`${folder}/${name}/expected.json`, 'utf8')) as Expected;
  const inputs = Int32Array.from(ids);
  const { probabilities } = readInFloat64(model, inputs, inputs);
  assertClose(probabilities.map(Math.log), logProbabilities.flat(), 1e-10, name);
}

const source = (path: string) => ({
  path,
  vocabulary: null,
  text: 'abcdefg',
  architecture: { activation: null },
});

describe('models in the folders of libraries', () => {
  it('GPT-2 with the library’s own GELU predicts what transformers does, and can be trained further', async () => {
    const { general, plain } = await openModel(source(join(folder, 'default')));
    assertPredictions(general, 'default');
    assert.equal(plain?.config.layers[0].options['gelu'], 'tanh');
  });

  it('in several files, by the folder, the index or any of the files; with the ε of its config.json', async () => {
    for (const path of ['', 'model.safetensors.index.json', 'model-00002-of-00003.safetensors']) {
      const { general } = await openModel(source(join(folder, 'sharded', path)));
      assertPredictions(general, 'sharded');
      assert.equal(general.norm?.epsilon, 1e-3);
    }
  });

  it('with a config.json that is no JSON is refused, where what it says is needed', async () => {
    const place = mkdtempSync(join(tmpdir(), 'backflow-config-'));
    try {
      copyFileSync(join(folder, 'default', 'model.safetensors'), join(place, 'model.safetensors'));
      for (const text of ['', '{"n_head": 2', '[]', 'null']) {
        writeFileSync(join(place, 'config.json'), text);
        await assert.rejects(openModel(source(place)), { key: 'error.torch.configBroken' });
      }
      copyFileSync('test/vectors/data/weights/minimal-gru.safetensors', join(place, 'rnn.safetensors'));
      const { general } = await openModel({ ...source(join(place, 'rnn.safetensors')), text: 'abcdefghi' });
      assert.equal(general.layers.length, 2);
    } finally {
      rmSync(place, { recursive: true });
    }
  });

  it('with numbers that are not finite opens with a notice that names them', async () => {
    const place = mkdtempSync(join(tmpdir(), 'backflow-finite-'));
    try {
      const { tensors, metadata } = decodeSafetensors(
        readFileSync('test/vectors/data/weights/minimal-gru.safetensors'),
      );
      const broken = new Map(tensors);
      const name = 'layers.1.to_hidden_and_gate.weight';
      const tensor = tensors.get(name);
      assert.ok(tensor?.dtype === 'F32');
      broken.set(name, { ...tensor, data: tensor.data.map((value, i) => (i === 7 ? NaN : value)) });
      const path = join(place, 'model.safetensors');
      writeFileSync(path, encodeSafetensors(broken, metadata));
      const { notices } = await openModel({ ...source(path), text: 'abcdefghi' });
      const notice = notices.find(({ key }) => key === 'notice.model.notFinite');
      assert.match(
        notice?.message ?? '',
        /model\.safetensors has numbers that are not finite .*: layer1\.forward\.W\./,
      );
    } finally {
      rmSync(place, { recursive: true });
    }
  });

  it('an index that is none, or names files elsewhere, is refused', async () => {
    const place = mkdtempSync(join(tmpdir(), 'backflow-index-'));
    const path = join(place, 'model.safetensors.index.json');
    try {
      for (const text of ['[', '{}', '{"weight_map":{}}', '{"weight_map":{"a":"../a.safetensors"}}']) {
        writeFileSync(path, text);
        await assert.rejects(openModel(source(path)), { key: 'error.safetensors.index' });
      }
    } finally {
      rmSync(place, { recursive: true });
    }
  });

  it('names that torch.compile and others put modules around mean the same', () => {
    const { tensors } = decodeSafetensors(readFileSync(`${folder}/default/model.safetensors`), 'default');
    const config = JSON.parse(readFileSync(`${folder}/default/config.json`, 'utf8')) as Record<string, unknown>;
    for (const wrap of [
      (name: string) => `_orig_mod.${name}`,
      (name: string) => `model.${name}`,
      (name: string) => name.replace(/h\.(\d+)/, 'h.$1._orig_mod'),
    ]) {
      const bytes = encodeSafetensors(new Map(Array.from(tensors, ([name, tensor]) => [wrap(name), tensor])), {});
      assertPredictions(readTorchWeights(bytes, 'wrapped', { activation: null, config }).model, 'default');
    }
  });

  it('models whose names are alike but which compute something else are refused by their type', () => {
    const bytes = readFileSync(`${folder}/default/model.safetensors`);
    assert.throws(
      () => readTorchWeights(bytes, 'model', { activation: null, config: { model_type: 'gpt_bigcode', n_head: 2 } }),
      { key: 'error.torch.otherVariant' },
    );
  });
});

describe('vocabularies of models that have rounded theirs up', () => {
  const symbols = JSON.stringify(Array.from({ length: 65 }, (_, i) => String.fromCodePoint(0x4e00 + i)));

  it('are filled with padding, and a notice says so', () => {
    const { vocabulary, notices } = vocabularyOfFile(symbols, 128, 'symbols.json');
    assert.equal(vocabulary.size, 128);
    assert.deepEqual(Array.from(vocabulary.encode('一')), [0]);
    assert.deepEqual(
      notices.map(({ key }) => key),
      ['notice.vocabulary.padded'],
    );
  });

  it('are refused where no rounding explains the number', () => {
    assert.throws(() => vocabularyOfFile(symbols, 66, 'symbols.json'), { key: 'error.vocabularyFile.wrongSize' });
    assert.throws(() => vocabularyOfFile(symbols, 64, 'symbols.json'), { key: 'error.vocabularyFile.wrongSize' });
  });
});
