/** minGRU and minLSTM in bare weights: Backflow's own, and what is assumed, asked and refused of others. */
import { strict as assert } from 'node:assert';
import { readFileSync } from 'node:fs';
import { plainStack, uniformModel } from '../../../src/core/model/config';
import { decodeSafetensors } from '../../../src/formats/safetensors';
import { readTorchWeights } from '../../../src/modelFiles/torchWeights';
import { writeTorchWeights } from '../../../src/modelFiles/writeTorchWeights';
import { randomModel } from '../support/models';

const bytesOf = (name: string) => new Uint8Array(readFileSync(`test/vectors/data/weights/${name}.safetensors`));
const read = (name: string, tensors: string | null = null) =>
  readTorchWeights(bytesOf(name), name, { activation: null, tensors });

describe('weights of minGRU and minLSTM', () => {
  for (const [cell, linear, order] of [
    ['minGRU', 'to_hidden_and_gate', [1, 0]],
    ['minLSTM', 'to_hidden_and_f_i_gate', [2, 0, 1]],
  ] as const) {
    for (const bidirectional of [false, true]) {
      it(`${cell}${bidirectional ? ', both ways' : ''}: come back as they were written, the hidden block first`, () => {
        const H = 3;
        const config = uniformModel({
          ...plainStack,
          cell,
          activation: 'tanh',
          options: { positive: true },
          layers: 2,
          hiddenSize: H,
          vocabularySize: 5,
          bidirectional,
          objective: bidirectional ? 'masked' : 'next',
        });
        const { parameters } = randomModel(config, 2, 2);
        const bytes = writeTorchWeights({ config, parameters }, 7, { vocabulary: '["a","b","c","d","e"]', tokens: '' });
        const { tensors } = decodeSafetensors(bytes, 'own');
        const names = ['', ...(bidirectional ? ['reverse.'] : [])].map((way) => `rnn.0.${way}${linear}.weight`);
        for (const [d, name] of names.entries()) {
          const { data } = tensors.get(name)!;
          const { W } = parameters.layers[0][d];
          order.forEach((block, b) => {
            assert.deepEqual(
              Array.from(data as Float32Array).slice(b * H * 5, (b + 1) * H * 5),
              Array.from(W.subarray(block * H * 5, (block + 1) * H * 5)),
            );
          });
        }
        const found = readTorchWeights(bytes, 'own', { activation: null });
        assert.deepEqual(found.plain?.config, config);
        assert.deepEqual(found.plain.parameters.values, parameters.values);
        assert.deepEqual(found.notices, []);
      });
    }
  }

  it('are positive by the library’s names, unless a person says otherwise', () => {
    const { model, notices } = read('minimal-gru');
    assert.deepEqual(
      model.layers.map(({ options }) => options),
      [{ positive: true }, { positive: true }],
    );
    assert.match(notices[1].message, /“to_hidden_and_gate”.*minGRU-pytorch.*positive=true/);
    const said = read('minimal-gru', 'positive=false');
    assert.deepEqual(said.model.layers[0].options, { positive: false });
    assert.equal(said.notices.length, notices.length - 1);
    assert.throws(() => read('minimal-gru', 'positive=maybe'), /must be true or false/);
  });

  it('of one linear a gate are joined in our order', () => {
    const { model } = read('minimal-linears', 'positive=false');
    const { tensors } = decodeSafetensors(bytesOf('minimal-linears'), 'x');
    const expected = (names: readonly string[], leaf: string) =>
      names.flatMap((name) => Array.from(tensors.get(`layers.${name}.${leaf}`)!.data as Float32Array));
    for (const [layer, names] of [
      [0, ['0.linear_z', '0.linear_h']],
      [1, ['1.linear_f', '1.linear_i', '1.linear_h']],
    ] as const) {
      const [{ W, Wb }] = model.layers[layer].directions;
      assert.deepEqual(Array.from(W), expected(names, 'weight'));
      assert.deepEqual(Array.from(Wb), expected(names, 'bias'));
    }
  });
});
