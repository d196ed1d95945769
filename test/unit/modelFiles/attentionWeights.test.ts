/** GPT-2-like weights: read as what PyTorch computes from them, written so that they come back, refused by name where they are another variant. */
import { strict as assert } from 'node:assert';
import { readFileSync } from 'node:fs';
import { readInFloat64 } from '../../../src/core/float64/float64Trace';
import type { GeneralModel } from '../../../src/core/model/generalModel';
import { generalModelOf, type PlainModel } from '../../../src/core/model/plainModel';
import { checkConfig, plainLayer } from '../../../src/core/model/config';
import { initialize } from '../../../src/core/model/initialize';
import { Random } from '../../../src/core/model/random';
import { decodeSafetensors, encodeSafetensors, type Tensor } from '../../../src/formats/safetensors';
import { readTorchWeights, type RequestedArchitecture } from '../../../src/modelFiles/torchWeights';
import { writePublished } from '../../../src/modelFiles/torch/published/registry';
import { writeTorchWeights } from '../../../src/modelFiles/writeTorchWeights';
import type { LayerOptions } from '../../../src/layers/options';
import { UserError } from '../../../src/userError';
import { assertClose } from '../../reference/compare';
import { randomModel } from '../support/models';

const folder = 'test/vectors/data/gptWeights';
const expected = JSON.parse(readFileSync(`${folder}/expected.json`, 'utf8')) as {
  readonly ids: readonly number[];
  readonly logProbabilities: Readonly<Record<string, readonly (readonly number[])[]>>;
};
const bytesOf = (name: string) => new Uint8Array(readFileSync(`${folder}/${name}.safetensors`));
const asked = (tensors: string | null, config: RequestedArchitecture['config'] = null) => ({
  activation: null,
  tensors,
  config,
});

/** The same file with some tensors changed. */
function changed(name: string, change: (tensors: Map<string, Tensor>) => void): Uint8Array {
  const { tensors, metadata } = decodeSafetensors(bytesOf(name), name);
  const copy = new Map(tensors);
  change(copy);
  return encodeSafetensors(copy, metadata);
}

function refusal(bytes: Uint8Array, request = asked(null)): UserError {
  let found: unknown;
  try {
    readTorchWeights(bytes, 'model.safetensors', request);
  } catch (thrown) {
    found = thrown;
  }
  assert.ok(found instanceof Error && 'key' in found, 'it was not refused');
  return found as UserError;
}

const reshaped = (shape: readonly number[]): Tensor => ({
  dtype: 'F32',
  shape: [...shape],
  data: new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(0.01),
});

describe('GPT-2-like weights', () => {
  for (const [name, request] of [
    ['linear', asked(null)],
    ['conv1d', asked(null)],
    ['bare-names', asked('heads=2,positions=rotary')],
    ['bare-names', asked('positions=rotary', { n_head: 2, activation_function: 'gelu', n_positions: 64 })],
  ] as const)
    it(`${name}${request.config ? ' with config.json' : ''}: predicts what PyTorch does`, () => {
      const { model, notices } = readTorchWeights(bytesOf(name), name, request);
      const ids = Int32Array.from(expected.ids);
      const { probabilities } = readInFloat64(model, ids, ids);
      expected.logProbabilities[name].forEach((row, t) => {
        assertClose(probabilities.subarray(t * 7, (t + 1) * 7).map(Math.log), row, 1e-7, `step ${t}`);
      });
      const saysGelu = name === 'linear' || request.config;
      assert.deepEqual(
        notices.map(({ key }) => key),
        saysGelu ? [] : ['notice.torch.gelu'],
      );
    });

  it('asks for the heads, and for the positions of a model without a table of them', () => {
    const heads = refusal(bytesOf('bare-names'), asked('positions=rotary'));
    assert.equal(heads.key, 'error.torch.headsUnsaid');
    assert.deepEqual(heads.choices, ['heads=1', 'heads=2', 'heads=4', 'heads=8']);
    assert.equal(refusal(bytesOf('bare-names'), asked('heads=2')).key, 'error.torch.positionsUnsaid');
  });

  it('asks whether weights of this form are GPTBigCode’s, unless something says that they are not', () => {
    const { tensors } = decodeSafetensors(bytesOf('linear'), 'linear');
    const unsaid = encodeSafetensors(tensors, {});
    const { key, choices } = refusal(unsaid, asked('heads=2'));
    assert.deepEqual([key, choices], ['error.torch.typeUnsaid', ['type=nanogpt', 'type=gpt_bigcode']]);
    assert.equal(refusal(unsaid, asked('heads=2,type=gpt_bigcode')).key, 'error.torch.otherVariant');
    const ids = Int32Array.from(expected.ids);
    const masked = encodeSafetensors(new Map([...tensors, ['transformer.h.0.attn.bias', reshaped([1, 1, 8, 8])]]), {});
    for (const [bytes, request] of [
      [unsaid, asked('heads=2,type=nanogpt')],
      [unsaid, asked(null, { n_head: 2 })],
      [masked, asked('heads=2')],
    ] as const) {
      const { probabilities } = readInFloat64(readTorchWeights(bytes, 'unsaid', request).model, ids, ids);
      const first = expected.logProbabilities['linear'][0];
      assertClose(probabilities.subarray(0, 7).map(Math.log), first, 1e-7, JSON.stringify(request));
    }
  });

  it('passes over nothing that a person says', () => {
    for (const said of ['form=conv1d', 'embedding=transformer.wte.weight', 'unused=transformer.wxe', 'rank=2'])
      assert.equal(refusal(bytesOf('linear'), asked(said)).key, 'error.torch.answerImpossible', said);
    assert.doesNotThrow(() => readTorchWeights(bytesOf('linear'), 'linear', asked('form=linear')));
  });

  it('asks whether a square matrix is transposed where the others do not agree', () => {
    const mixed = changed('linear', (tensors) => {
      const { data } = tensors.get('transformer.h.0.mlp.c_fc.weight')!;
      tensors.set('transformer.h.0.mlp.c_fc.weight', { dtype: 'F32', shape: [8, 32], data } as Tensor);
    });
    const { key, choices } = refusal(mixed);
    assert.equal(key, 'error.torch.formUnsaid');
    assert.deepEqual(choices, ['form=linear', 'form=conv1d']);
  });

  it('refuses grouped attention by name, in either way of keeping it', () => {
    const together = changed('linear', (tensors) =>
      tensors.set('transformer.h.0.attn.c_attn.weight', reshaped([16, 8])),
    );
    assert.equal(refusal(together).key, 'error.torch.groupedAttention');
    const apart = encodeSafetensors(
      new Map([
        ['model.layers.0.self_attn.q_proj.weight', reshaped([8, 8])],
        ['model.layers.0.self_attn.k_proj.weight', reshaped([4, 8])],
      ]),
      {},
    );
    assert.equal(refusal(apart).key, 'error.torch.groupedAttention');
  });

  it('refuses variants that are computed otherwise, and tensors that have no place', () => {
    const said = (config: Readonly<Record<string, unknown>>) => refusal(bytesOf('conv1d'), asked(null, config)).key;
    assert.equal(said({ activation_function: 'relu' }), 'error.torch.variant');
    assert.equal(said({ scale_attn_by_inverse_layer_idx: true }), 'error.torch.variant');
    const more = changed('linear', (tensors) =>
      tensors.set('transformer.h.0.crossattention.c_attn.weight', reshaped([24, 8])),
    );
    assert.equal(refusal(more).key, 'error.torch.tensorsInTheWay');
    const wide = changed('linear', (tensors) => tensors.set('transformer.h.0.mlp.c_fc.weight', reshaped([24, 8])));
    assert.match(refusal(wide).message, /n_inner = 24; only n_inner = 32/);
    const long = changed('linear', (tensors) => tensors.set('transformer.h.1.mlp.c_fc.bias', reshaped([24])));
    assert.equal(refusal(long).key, 'error.torch.tensorShape');
  });

  describe('as transformers’ GPT-2', () => {
    const layer = {
      ...plainLayer,
      cell: 'attention',
      activation: 'tanh',
      hiddenSize: 8,
      norm: 'layerNorm',
      residual: true,
    } as const;
    const options = { heads: 2, positions: 'learned', context: 16, biases: true, gelu: 'exact' } as const;
    const made = (own: LayerOptions, tied: boolean, bias: number) => {
      const config = checkConfig({
        layers: Array.from({ length: 2 }, () => ({ ...layer, options: { ...options, ...own } })),
        ...{ vocabularySize: 7, embeddingSize: 8, tied, objective: 'next', finalNorm: 'layerNorm' },
      });
      const { parameters } = randomModel(config, 5, 0.5);
      parameters.output.b.forEach((_, v, b) => (b[v] = bias * Math.sin(v + 1)));
      return { config, parameters };
    };

    for (const tied of [false, true])
      for (const bias of [0, 3])
        it(`${tied ? 'tied' : 'untied'} with ${bias ? 'a' : 'no'} bias: predicts the same without one, in Conv1D’s form`, () => {
          const plain = made({ gelu: tied ? 'tanh' : 'exact' }, tied, bias);
          const files = writePublished(plain);
          assert.ok(files && 'tensors' in files);
          const { tensors, config, notices } = files;
          assert.deepEqual(
            notices.map(({ key }) => key),
            bias ? ['notice.export.biasMoved'] : [],
          );
          // GPT2LMHeadModel(config).state_dict() has these; a tied head is not saved.
          const theirs = decodeSafetensors(bytesOf('conv1d'), 'conv1d').tensors;
          // Its masks are no weights.
          const names = [...theirs.keys()].filter((name) => !/lm_head\.weight$|\.attn\.bias$/.test(name));
          assert.deepEqual([...tensors.keys()].filter((name) => name !== 'lm_head.weight').sort(), names.sort());
          assert.equal(tensors.has('lm_head.weight'), !tied || bias !== 0);
          assert.deepEqual(tensors.get('transformer.h.1.attn.c_attn.weight')?.shape, [8, 24]);
          assert.deepEqual(tensors.get('transformer.h.1.mlp.c_fc.weight')?.shape, [8, 32]);
          const again = readTorchWeights(encodeSafetensors(tensors, {}), 'model', asked(null, config));
          const ids = Int32Array.from(expected.ids);
          const logsOf = (model: GeneralModel) => readInFloat64(model, ids, ids).probabilities.map(Math.log);
          const own = logsOf(generalModelOf(plain.config, plain.parameters));
          assertClose(logsOf(again.model), own, bias ? 1e-6 : 1e-12, 'log-probabilities');
        });

    const whyNot = (plain: PlainModel): string => {
      const written = writePublished(plain);
      assert.ok(written instanceof UserError);
      return written.message;
    };

    it('is not written where GPT-2 has something otherwise, and says what', () => {
      for (const [own, what] of [
        [{ positions: 'rotary' }, /positions = learned, and this model has rotary/],
        [{ biases: false }, /biases = true, and this model has false/],
      ] as const)
        assert.match(whyNot(made(own, false, 0)), what);
      const { config, parameters } = made({}, false, 1);
      parameters.finalNorm?.gamma.fill(0, 3, 4);
      assert.match(whyNot({ config, parameters }), /ln_f\.weight = ≠ 0, and this model has 0/);
    });
  });

  it('comes back from what is written, bit for bit', () => {
    for (const positions of ['learned', 'rotary', 'none'])
      for (const norm of ['layerNorm', 'rmsNorm', 'none'] as const) {
        const options = { heads: 2, positions, context: 16, biases: positions !== 'rotary' };
        const layer = {
          cell: 'attention',
          activation: 'tanh',
          hiddenSize: 8,
          ...plainLayer,
          norm,
          residual: true,
          options,
        } as const;
        const config = checkConfig({
          layers: [layer, layer],
          vocabularySize: 7,
          embeddingSize: 8,
          tied: positions === 'none',
          objective: 'next',
          finalNorm: norm,
        });
        const parameters = initialize(config, Random.fromSeed(3));
        const bytes = writeTorchWeights({ config, parameters }, 12, {});
        const read = readTorchWeights(bytes, 'model.safetensors', asked(null));
        assert.deepEqual(read.plain?.config, config);
        assert.deepEqual(read.plain.parameters.values, parameters.values);
        assert.equal(read.trainingStep, 12);
        assert.ok(decodeSafetensors(bytes, 'model').tensors.has('transformer.h.1.attn.c_attn.weight'));
      }
  });
});
