import assert from 'node:assert/strict';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../../../../src/userError';
import { RunFolder } from '../../../../src/engine/files/runFolder';
import {
  defaultModelSettings,
  defaultTrainingSettings,
  type TrainingSettings,
  isMixture,
} from '../../../../src/protocol/settings';
import { placeForRun, recordOf } from '../../support/runFolders';

describe('opening a run folder', () => {
  const place = placeForRun();

  it('gives back the record, also after the folder was moved', async () => {
    await RunFolder.create(place.folder, recordOf(place.folder));
    assert.deepEqual((await RunFolder.open(place.folder)).record, recordOf(place.folder));
    const moved = join(place.root, 'moved');
    await rename(place.folder, moved);
    assert.deepEqual((await RunFolder.open(moved)).record, recordOf(moved));
  });

  it('gives back layers that differ, and names the field of the layer that is broken', async () => {
    const record = recordOf(place.folder);
    const { embeddingSize, tied, objective, finalNorm } = defaultModelSettings;
    const layer = { activation: 'tanh', hiddenSize: 8, bidirectional: false, norm: 'none', residual: false } as const;
    const options = { heads: 2, positions: 'rotary', context: 32, biases: false, gelu: 'exact' };
    const model = {
      ...{ embeddingSize, tied, objective, finalNorm, vocabularySize: 5, parameterCount: 7000 },
      layers: [
        { ...layer, cell: 'lstm', options: {} },
        { ...layer, cell: 'attention', norm: 'layerNorm', residual: true, options },
      ],
    } as const;
    const mixture = { ...record, description: { ...record.description, model } };
    await RunFolder.create(place.folder, mixture);
    assert.deepEqual((await RunFolder.open(place.folder)).record, mixture);
    const file = join(place.folder, 'run.json');
    const whole = await readFile(file, 'utf8');
    for (const [from, to, sentence] of [
      ['"cell": "attention"', '"cell": "transformer"', /"model\.layers\[1\]\.cell" should be one of rnn, lstm/],
      ['"heads": 2', '"heads": 0', /"model\.layers\[1\]\.options\.heads" should be a whole number from 1/],
      [/"layers": \[[^]*?\n {4}\]/, '"layers": []', /"model\.layers" should be a list of 1 to 24 objects/],
      [/"layers": \[[^]*?\n {4}\]/, '"layers": [1]', /"model\.layers" should be a list of 1 to 24 objects/],
    ] as const) {
      await writeFile(file, whole.replace(from, to));
      await assert.rejects(RunFolder.open(place.folder), (thrown: unknown) => {
        assert.ok(thrown instanceof UserError);
        assert.match(thrown.message, sentence);
        return true;
      });
    }
  });

  it('refuses what is no run', async () => {
    await assert.rejects(RunFolder.open(place.root), /^UserError: .* is not the folder of a run: it has no run\.json/);
    await assert.rejects(RunFolder.open(join(place.root, 'missing')), /^UserError: .* is not the folder of a run/);
  });

  it('reads every setting of a training, and takes what an older run does not say for the defaults', async () => {
    const record = recordOf(place.folder);
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
      omega: 0.5,
      radiusCap: 1.2,
      flossing: 0.3,
      flossingEvery: 5,
      flossingExponents: 2,
      initialization: 'gaussian',
      initScale: 1.5,
      forgetBias: -1,
    };
    await RunFolder.create(place.folder, { ...record, description: { ...record.description, training } });
    assert.deepEqual((await RunFolder.open(place.folder)).record.description.training, training);

    const file = join(place.folder, 'run.json');
    const json = JSON.parse(await readFile(file, 'utf8')) as { training: TrainingSettings };
    assert.deepEqual(json.training, training);
    const { initialization: initialisation, initScale: gain, ...alike } = training;
    await writeFile(file, JSON.stringify({ ...json, training: { ...alike, initialisation, gain } }));
    assert.deepEqual(
      (await RunFolder.open(place.folder)).record.description.training,
      training,
      'by their older names',
    );
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
    const { model } = record.description;
    assert.ok(!isMixture(model));
    const { cell, activation, layers, hiddenSize, vocabularySize, parameterCount } = model;
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
    const { description } = (await RunFolder.open(place.folder)).record;
    assert.deepEqual(description.training, { ...defaultTrainingSettings, ...old });
    assert.deepEqual(description.model, { ...defaultModelSettings, ...oldModel });
    assert.deepEqual(description.corpus, { name, path, tokens, unit: 'codePoint' });
  });

  it('names the file and the field that is broken', async () => {
    await RunFolder.create(place.folder, recordOf(place.folder));
    const file = join(place.folder, 'run.json');
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
      await assert.rejects(RunFolder.open(place.folder), (thrown: unknown) => {
        assert.ok(thrown instanceof UserError, String(thrown));
        assert.ok(thrown.message.startsWith(`${file} `), thrown.message);
        assert.match(thrown.message, sentence);
        return true;
      });
    };
    await broken(
      (json) => (json.model.cell = 'transformer'),
      /"model\.cell" should be one of rnn, lstm, gru, minGRU, minLSTM, mamba, attention, and is "transformer"/,
    );
    await broken(
      (json) => delete json.model.cell,
      /"model\.cell" should be one of rnn, lstm, gru, minGRU, minLSTM, mamba, attention, and is missing/,
    );
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
    await assert.rejects(RunFolder.open(place.folder), /^UserError: .*run\.json is broken: it is not valid JSON/);
  });
});
