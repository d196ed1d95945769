/** State dicts as people save them, beside PyTorch in float64 (test/vectors/weights_vectors.py); and Backflow's own files. */
import { strict as assert } from 'node:assert';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { initialize } from '../../../src/core/model/initialize';
import { plainStack, uniformModel, type StackConfig } from '../../../src/core/model/config';
import { Random } from '../../../src/core/model/random';
import { Float64Reading } from '../../../src/engine/inspect/reading';
import type { GradientNorms } from '../../../src/engine/inspect/gradientReport';
import { decodeSafetensors, encodeSafetensors } from '../../../src/formats/safetensors';
import { readTorchWeights, type TorchWeights } from '../../../src/modelFiles/torchWeights';
import { writeTorchWeights } from '../../../src/modelFiles/writeTorchWeights';
import { defaultTrainingSettings } from '../../../src/protocol/settings';
import { refusalOf } from '../support/refusal';

const folder = join(process.cwd(), 'test/vectors/data/weights');

interface Expected {
  readonly ids?: readonly number[];
  readonly loss?: number;
  /** As `0 forward W`, `output b`, `embedding`. */
  readonly norms?: Readonly<Record<string, number>>;
  readonly choices?: readonly string[];
  readonly refusal?: string;
}

const bytesOf = (name: string) => new Uint8Array(readFileSync(join(folder, `${name}.safetensors`)));
const read = (name: string, tensors: string | null = null): TorchWeights =>
  readTorchWeights(bytesOf(name), `${name}.safetensors`, { activation: 'tanh', tensors });

describe('weights without a graph', () => {
  for (const file of readdirSync(folder)
    .filter((each) => each.endsWith('.json'))
    .sort()) {
    const name = file.slice(0, -'.json'.length);
    const { ids, loss, norms, choices, refusal } = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Expected;
    if (loss !== undefined && norms && ids)
      it(`${name}: the same loss and gradients as PyTorch`, async () => {
        const { model } = read(name);
        const reading = new Float64Reading(model, Int32Array.from(ids));
        assertNear(reading.trace.loss, loss, 'loss');
        assertNorms((await reading.totalsWithInput()).norms, norms);
      });
    else if (choices)
      it(`${name}: asked about`, () => {
        const question = refusalOf(() => read(name));
        assert.equal(question.need, 'tensors');
        assert.deepEqual([...question.choices].sort(), [...choices].sort());
        for (const choice of choices) assert.ok(question.message.includes(choice), question.message);
        for (const choice of choices) assert.ok(read(name, choice).model);
      });
    else
      it(`${name}: refused`, () => {
        const sentence = refusalOf(() => read(name)).message;
        assert.ok(sentence.includes(refusal ?? ''), sentence);
      });
  }

  it('says what it leaves aside', () => {
    const { notices } = read('strangers');
    const [{ message }] = notices;
    for (const name of ['criterion.weight', 'tags.weight', 'best_loss', 'optimizer.exp_avg'])
      assert.match(message, new RegExp(name));
    assert.doesNotMatch(message, /mask|num_batches_tracked/);
  });

  it('takes a LayerNorm only where it has one place, and says so', () => {
    const { model, notices } = read('layer-norm-last');
    assert.equal(model.norm?.gamma.length, 6);
    assert.match(notices[0].message, /LayerNorm “ln_f”/);
  });

  it('leaves out what a person says is not used', () => {
    const { model, notices } = read('refused-positions', 'unused=pos');
    assert.equal(model.layers.length, 1);
    assert.match(notices[0].message, /not used: pos\.weight/);
  });

  it('passes over no answer', () => {
    for (const said of ['unused=pas', 'positive=true', 'heads=2', 'type=mamba', 'form=linear'])
      assert.equal(refusalOf(() => read('layer-norm-last', said)).key, 'error.torch.answerImpossible', said);
    assert.equal(read('layer-norm-last', 'norm=ln_f').model.norm?.gamma.length, 6);
  });

  it('refuses answers that fit nothing, or say nothing', () => {
    assert.match(refusalOf(() => read('no-bias', 'embedding=nothing')).message, /“embedding=nothing”/);
    assert.match(refusalOf(() => read('no-bias', 'embed.weight')).message, /ROLE=NAME/);
  });

  it('reads a module once that is stored under two names', () => {
    const { tensors, metadata } = decodeSafetensors(bytesOf('strangers'));
    const own = Array.from(tensors).filter(([name]) => /^(emb|fc|rnn)\./.test(name));
    const twice = own.map(([name, tensor]) => [name.replace('rnn.', 'layers.0.'), tensor] as const);
    const bytes = encodeSafetensors(new Map([...own, ...twice]), metadata);
    const { layers } = readTorchWeights(bytes, 'twice', { activation: null }).model;
    assert.deepEqual(
      layers.map(({ directions }) => directions),
      read('strangers').model.layers.map(({ directions }) => directions),
    );
  });

  it('takes what save_model left out from the metadata', () => {
    const { metadata } = decodeSafetensors(bytesOf('tied-save-model'));
    assert.equal(metadata['encoder.weight'], 'decoder.weight');
    assert.match(read('tied-save-model').notices[0].message, /decoder\.weight, encoder\.weight/);
  });

  it('asks which of two copies of a model is meant', () => {
    const { tensors, metadata } = decodeSafetensors(bytesOf('embed-unembed'));
    const both = new Map([...tensors, ...Array.from(tensors, ([name, tensor]) => [`ema.${name}`, tensor] as const)]);
    for (const [name, tensor] of tensors)
      if (tensor.dtype === 'F32') both.set(`ema.${name}`, { ...tensor, data: tensor.data.map((x) => x / 2) });
    const bytes = encodeSafetensors(both, metadata);
    const readBoth = (tensors: string | null) => readTorchWeights(bytes, 'both', { activation: null, tensors });
    assert.ok(refusalOf(() => readBoth(null)).choices.includes('unused=ema'));
    assert.deepEqual(readBoth('unused=ema').model, read('embed-unembed').model);
  });
});

describe('weights that Backflow has written', () => {
  const plain: StackConfig = {
    cell: 'lstm',
    activation: 'tanh',
    layers: 1,
    hiddenSize: 7,
    vocabularySize: 7,
    ...plainStack,
  };
  const variants: Record<string, Partial<StackConfig>> = {
    'one-hot, as many units as symbols': {},
    'an embedding of the output’s shape': { embeddingSize: 7 },
    'tied, square': { embeddingSize: 7, tied: true },
    'two directions and two layers of relu': {
      cell: 'rnn',
      activation: 'relu',
      layers: 2,
      bidirectional: true,
      objective: 'masked',
    },
    'a one-directional model of masked tokens': { cell: 'gru', objective: 'masked', hiddenSize: 3 },
  };
  const vocabulary = { vocabulary: '["a"]', tokens: '{}' };
  for (const [name, changes] of Object.entries(variants)) {
    const config = uniformModel({ ...plain, ...changes });
    const parameters = initialize(config, Random.fromSeed(6), defaultTrainingSettings);
    const bytes = writeTorchWeights({ config, parameters }, 12, vocabulary);

    it(`${name}: read as they were written`, () => {
      const found = readTorchWeights(bytes, 'own', { activation: null });
      assert.deepEqual(found.plain?.config, config);
      assert.deepEqual(found.plain.parameters.values, parameters.values);
      assert.equal(found.trainingStep, 12);
      assert.deepEqual(found.notices, []);
    });

    it(`${name}: read from a file of before, whose metadata did not have the configuration`, () => {
      const { tensors, metadata } = decodeSafetensors(bytes);
      const { cell, activation } = metadata;
      const before = encodeSafetensors(tensors, { ...vocabulary, cell, activation });
      const found = readTorchWeights(before, 'own', { activation: null });
      const objective = config.layers[0].bidirectional ? 'masked' : 'next';
      assert.deepEqual(found.plain?.config, { ...config, objective });
      assert.deepEqual(found.plain.parameters.values, parameters.values);
    });
  }

  it('are no longer that where tensors were added', () => {
    const config = uniformModel({ ...plain, embeddingSize: 7, tied: true });
    const parameters = initialize(config, Random.fromSeed(6), defaultTrainingSettings);
    const { tensors, metadata } = decodeSafetensors(writeTorchWeights({ config, parameters }, 0, vocabulary));
    tensors.set('norm.weight', { dtype: 'F32', shape: [7], data: new Float32Array(7) });
    assert.match(
      refusalOf(() => readTorchWeights(encodeSafetensors(tensors, metadata), 'own', { activation: null })).message,
      /norm\.weight/,
    );
  });
});

function assertNear(actual: number, expected: number, what: string): void {
  assert.ok(Math.abs(actual / expected - 1) < 1e-10, `${what}: ${actual} beside ${expected}`);
}

function assertNorms(
  { parameters, output, embedding }: GradientNorms,
  expected: Readonly<Record<string, number>>,
): void {
  const found = new Map<string, number | null>([
    ['embedding', embedding],
    ['output b', output.b],
    ...('W' in output ? ([['output W', output.W]] as const) : []),
    ...parameters.flatMap(({ layer, direction, norms }) =>
      Object.entries(norms).map(([role, norm]) => [`${layer} ${direction} ${role}`, norm] as const),
    ),
  ]);
  for (const [name, norm] of Object.entries(expected)) assertNear(found.get(name) ?? NaN, norm, name);
}
