/** Mamba as transformers saves it: what it computes is what transformers computes; out and in again it is the same; what is another model is refused by name. */
import { strict as assert } from 'node:assert';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { float64Gradient } from '../../../../src/core/float64/float64Backward';
import { readInFloat64 } from '../../../../src/core/float64/float64Trace';
import { generalModelOf, plainModelOf } from '../../../../src/core/model/plainModel';
import { lengthOf } from '../../../../src/core/numeric';
import { decodeSafetensors, encodeSafetensors, type Tensor } from '../../../../src/formats/safetensors';
import { writePublished } from '../../../../src/modelFiles/torch/published/registry';
import { readTorchWeights } from '../../../../src/modelFiles/torchWeights';
import { assertClose, assertNear } from '../../../reference/compare';
import { lossesOf } from '../../support/losses';
import { refusalOf } from '../../support/refusal';

const folder = join(process.cwd(), 'test/vectors/data/mamba/published');

interface Expected {
  readonly ids: readonly number[];
  readonly losses: readonly number[];
  readonly gradientNorms: Readonly<Record<string, number>>;
}

function parsed(name: string, file: string): unknown {
  return JSON.parse(readFileSync(join(folder, name, file), 'utf8'));
}

function expectedOf(name: string): Expected {
  return parsed(name, 'expected.json') as Expected;
}

function configOf(name: string): Readonly<Record<string, unknown>> {
  return parsed(name, 'config.json') as Readonly<Record<string, unknown>>;
}

function bytesOf(name: string): Uint8Array {
  return readFileSync(join(folder, name, 'model.safetensors'));
}

type Config = Readonly<Record<string, unknown>> | null;

function read(bytes: Uint8Array, config: Config): ReturnType<typeof readTorchWeights> {
  return readTorchWeights(bytes, 'model.safetensors', { activation: null, config });
}

function readKept(name: string): ReturnType<typeof readTorchWeights> {
  return read(bytesOf(name), configOf(name));
}

/** With some tensors changed, left out (null) or added. */
function changed(name: string, changes: Readonly<Record<string, Tensor | null>>): Uint8Array {
  const tensors = new Map(decodeSafetensors(bytesOf(name), name).tensors);
  for (const [tensor, to] of Object.entries(changes)) {
    if (to) tensors.set(tensor, to);
    else tensors.delete(tensor);
  }
  return encodeSafetensors(tensors, {});
}

describe('Mamba under transformers’ names', () => {
  for (const name of ['tied', 'untied', 'without-head']) {
    it(`${name}: the losses and gradients of transformers, in float64`, () => {
      const { ids, losses, gradientNorms } = expectedOf(name);
      const { model, notices } = readKept(name);
      assert.deepEqual(notices, []);
      assertClose(lossesOf(model, ids), losses, 1e-12, 'losses');
      const { layers, embedding } = float64Gradient(
        readInFloat64(model, Int32Array.from(ids.slice(0, -1)), Int32Array.from(ids.slice(1))),
      );
      const prefix = name === 'without-head' ? '' : 'backbone.';
      const norm = (of: string) => gradientNorms[prefix + of];
      assertNear(lengthOf(embedding ?? new Float64Array(0)), norm('embeddings.weight'), 1e-10, 'embedding');
      const { own } = layers[0][0];
      assertNear(lengthOf(own['A_log']), norm('layers.0.mixer.A_log'), 1e-10, 'A_log');
      assertNear(lengthOf(own['W_conv']), norm('layers.0.mixer.conv1d.weight'), 1e-10, 'conv1d');
      assertNear(lengthOf(own['W_in']), norm('layers.0.mixer.in_proj.weight'), 1e-10, 'in_proj');
    });
  }

  it('can be trained further, and goes out and in again as the same model', () => {
    for (const name of ['tied', 'without-head']) {
      const { ids } = expectedOf(name);
      const { model } = readKept(name);
      const plain = plainModelOf(model);
      assertClose(
        lossesOf(generalModelOf(plain.config, plain.parameters), ids),
        lossesOf(model, ids),
        1e-12,
        'as it is trained',
      );
      const files = writePublished(plain);
      assert.ok(files && 'tensors' in files);
      const again = read(encodeSafetensors(files.tensors, {}), files.config);
      assertClose(lossesOf(again.model, ids), lossesOf(model, ids), 1e-12, 'written and read');
      assert.deepEqual(plainModelOf(again.model).config, plain.config);
    }
  });

  it('is written with the names, shapes and settings that transformers has', () => {
    const files = writePublished(plainModelOf(readKept('tied').model));
    assert.ok(files && 'tensors' in files);
    const shapes = (tensors: ReadonlyMap<string, Tensor>) =>
      [...tensors].map(([tensor, { shape }]) => `${tensor} ${shape.join()}`).sort();
    assert.deepEqual(shapes(files.tensors), shapes(decodeSafetensors(bytesOf('tied'), 'tied').tensors));
    const theirs = configOf('tied');
    for (const [key, value] of Object.entries(files.config)) assert.deepEqual(value, theirs[key], key);
  });

  it('has norms whose ε is in the config.json', () => {
    const { model } = readKept('untied');
    assert.equal(model.norm?.epsilon, 1e-4);
    assert.throws(() => plainModelOf(model), /ε = 0\.0001/);
    const config = configOf('tied');
    for (const epsilon of [0, -1, 'small'])
      assert.throws(() => read(bytesOf('tied'), { ...config, layer_norm_epsilon: epsilon }), /layer_norm_epsilon/);
  });

  it('is asked about without a config.json, since FalconMamba’s weights look the same', () => {
    const question = refusalOf(() => read(bytesOf('tied'), null));
    assert.deepEqual([question.need, question.choices], ['tensors', ['type=mamba', 'type=falcon_mamba']]);
    const said = (tensors: string) =>
      readTorchWeights(bytesOf('tied'), 'model.safetensors', { activation: null, tensors });
    const { model, notices } = said('type=mamba');
    assert.deepEqual(
      notices.map(({ key }) => key),
      ['notice.torch.noConfig'],
    );
    assertClose(lossesOf(model, expectedOf('tied').ids), expectedOf('tied').losses, 1e-12, 'losses');
    assert.throws(() => said('type=falcon_mamba'), /falcon_mamba/);
    for (const unused of ['type=mamba,form=linear', 'type=mamba,output=lm_head.weight', 'type=mamba,heads=2'])
      assert.equal(refusalOf(() => said(unused)).key, 'error.torch.answerImpossible', unused);
    assert.equal(refusalOf(() => read(bytesOf('tied'), { vocab_size: 6 })).key, 'error.torch.typeUnsaid');
    // What says it in other words.
    for (const config of [{ architectures: ['MambaForCausalLM'] }, { d_model: 8, n_layer: 2, ssm_cfg: {} }])
      assert.ok(read(bytesOf('tied'), config).model);
    for (const config of [{ architectures: ['FalconMambaForCausalLM'] }, { ssm_cfg: {}, mixer_rms_eps: 1e-6 }])
      assert.equal(refusalOf(() => read(bytesOf('tied'), config)).key, 'error.torch.otherVariant');
  });

  it('of the original code’s names needs no config.json, and that of Backflow’s files neither', () => {
    const tensors = decodeSafetensors(bytesOf('tied'), 'tied').tensors;
    const renamed = Array.from(
      tensors,
      ([name, tensor]) => [name.replace('embeddings.weight', 'embedding.weight'), tensor] as const,
    );
    assert.ok(read(encodeSafetensors(new Map(renamed), {}), null).model);
    assert.ok(read(encodeSafetensors(tensors, { vocabulary: '[]', tokens: '' }), null).model);
  });

  it('is refused with a config.json of another model, or one that cannot be read', () => {
    const config = configOf('tied');
    for (const [key, value] of Object.entries({
      hidden_size: 16,
      num_hidden_layers: 3,
      vocab_size: 7,
      state_size: 16,
      conv_kernel: 3,
      intermediate_size: 8,
      time_step_rank: 2,
    })) {
      const { key: sentence, message } = refusalOf(() => read(bytesOf('tied'), { ...config, [key]: value }));
      assert.equal(sentence, 'error.torch.configOfAnother');
      assert.ok(message.includes(`${key} = ${value}`), message);
    }
    assert.ok(read(bytesOf('tied'), { ...config, vocab_size: 5, pad_vocab_size_multiple: 8 }).model);
    const broken = () =>
      readTorchWeights(bytesOf('tied'), 'model.safetensors', { activation: null, isConfigBroken: true });
    assert.equal(refusalOf(broken).key, 'error.torch.configBroken');
  });

  it('is refused without the biases that its config.json says it has', () => {
    const lost = refusalOf(() => read(bytesOf('tied'), { ...configOf('tied'), use_bias: true }));
    assert.match(lost.message, /lacks the tensor backbone\.layers\.0\.mixer\.in_proj\.bias/);
    const without = changed('tied', { 'backbone.layers.0.mixer.conv1d.bias': null });
    assert.match(refusalOf(() => read(without, configOf('tied'))).message, /conv1d\.bias/);
  });

  it('is refused without its own head where it is said not to be tied, and where some layers are others', () => {
    const config = configOf('tied');
    const apart = refusalOf(() => read(bytesOf('tied'), { ...config, tie_word_embeddings: false }));
    assert.match(apart.message, /lm_head\.weight/);
    const { tensors } = decodeSafetensors(bytesOf('tied'), 'tied');
    const mixed = Array.from(tensors).map(
      ([name, tensor]) => [name.replace('1.mixer.A_log', '1.mixer.B_log'), tensor] as const,
    );
    assert.match(
      refusalOf(() => read(encodeSafetensors(new Map(mixed), {}), config)).message,
      /another form \(backbone\.layers\.1\./,
    );
  });

  it('is refused by name where it is another model of the family', () => {
    assert.throws(() => readKept('second-version'), /Mamba-2/);
    const config = configOf('tied');
    assert.throws(() => read(bytesOf('tied'), { ...config, model_type: 'falcon_mamba' }), /falcon_mamba/);
    assert.throws(() => read(bytesOf('tied'), { ...config, hidden_act: 'gelu' }), /gelu/);
    assert.throws(() => read(bytesOf('tied'), { ssm_cfg: { layer: 'Mamba2' } }), /Mamba-2/);
  });

  it('is refused with the tensor that is missing, of a wrong shape, or left over', () => {
    const config = configOf('tied');
    const two = { dtype: 'F32', shape: [2], data: new Float32Array(2) } as const;
    const name = 'backbone.layers.1.mixer.D';
    assert.throws(
      () => read(changed('tied', { [name]: null }), config),
      /lacks the tensor backbone\.layers\.1\.mixer\.D/,
    );
    assert.throws(() => read(changed('tied', { [name]: two }), config), /\[2\]; \[16\] was expected/);
    assert.throws(
      () => read(changed('tied', { 'backbone.position.weight': two }), config),
      /backbone\.position\.weight/,
    );
  });
});
