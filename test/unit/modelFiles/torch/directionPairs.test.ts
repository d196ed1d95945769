/** Two directions of modules that know one (their numbers beside PyTorch's: minimal-two-directions in torchWeights.test.ts). */
import { strict as assert } from 'node:assert';
import { readFileSync } from 'node:fs';
import { decodeSafetensors, encodeSafetensors, type Tensor } from '../../../../src/formats/safetensors';
import { readTorchWeights, type TorchWeights } from '../../../../src/modelFiles/torchWeights';
import { refusalOf } from '../../support/refusal';

const { tensors: kept } = decodeSafetensors(
  readFileSync('test/vectors/data/weights/minimal-two-directions.safetensors'),
  'kept',
);

/** The kept model under other names. */
function renamed(rename: (name: string) => string): Uint8Array {
  return encodeSafetensors(new Map(Array.from(kept, ([name, tensor]) => [rename(name), tensor])), {});
}

const read = (bytes: Uint8Array, tensors: string | null = null): TorchWeights =>
  readTorchWeights(bytes, 'model.safetensors', { activation: 'tanh', tensors });

/** Of nn.Linear or of a recurrent cell's matrices; the numbers differ, so that no two tensors are the same. */
function matrix(rows: number, columns: number, seed: number): Tensor {
  const data = Float32Array.from({ length: rows * columns }, (_, i) => Math.sin(seed + i));
  return { dtype: 'F32', shape: [rows, columns], data };
}

describe('two directions of modules that know one', () => {
  const expected = read(renamed((name) => name)).model;

  it('are read as one layer, and said to be', () => {
    const { model, notices } = read(renamed((name) => name));
    assert.deepEqual(
      model.layers.map(({ cell, directions }) => [cell, directions.map(({ direction }) => direction)]),
      [
        ['minGRU', ['forward', 'backward']],
        ['minLSTM', ['forward', 'backward']],
      ],
    );
    const said = notices.find(({ key }) => key === 'notice.torch.directions');
    assert.ok(said?.message.includes('layers.0.forward_rnn, layers.0.backward_rnn'), said?.message);
  });

  for (const [forward, backward] of [
    ['fwd', 'bwd'],
    ['rnn_fw', 'rnn_bw'],
    ['l2r', 'r2l'],
    ['rnn_forward', 'rnn_back'],
    ['Forward', 'backward'],
    ['gru', 'gru_reverse'],
    ['gru', 'gru.reverse'],
  ])
    it(`are known by the names ${forward} and ${backward}`, () => {
      const bytes = renamed((name) => name.replace('forward_rnn', forward).replace('backward_rnn', backward));
      assert.deepEqual(
        read(bytes).model.layers.map(({ directions }) => directions),
        expected.layers.map(({ directions }) => directions),
      );
    });

  it('of names that say nothing are asked about, either way round', () => {
    const bytes = encodeSafetensors(
      new Map([
        ['emb.weight', matrix(5, 4, 1)],
        ['gru_f.to_hidden_and_gate.weight', matrix(8, 4, 2)],
        ['gru_b.to_hidden_and_gate.weight', matrix(8, 4, 3)],
        ['out.weight', matrix(5, 8, 4)],
      ]),
      {},
    );
    const question = refusalOf(() => read(bytes));
    assert.equal(question.key, 'error.torch.ambiguous');
    assert.deepEqual([...question.choices].sort(), ['layers=gru_b:gru_f', 'layers=gru_f:gru_b']);
    const [{ directions }] = read(bytes, 'layers=gru_f:gru_b').model.layers;
    assert.deepEqual(
      directions.map(({ direction, W }) => [direction, W.includes(Math.fround(Math.sin(2)))]),
      [
        ['forward', true],
        ['backward', false],
      ],
    );
  });

  it('may be a model and an average of it, which can be left out where its sizes would fit both directions too', () => {
    const own: readonly (readonly [string, Tensor])[] = [
      ['model.b.weight', matrix(7, 6, 1)],
      ['model.a.weight', matrix(7, 3, 2)],
      ['model.rnn.weight_ih_l0', matrix(9, 6, 3)],
      ['model.rnn.weight_hh_l0', matrix(9, 3, 4)],
    ];
    const averages = own.map(([name, { shape }], i) => [`ema.${name}`, matrix(shape[0], shape[1], 5 + i)] as const);
    const bytes = encodeSafetensors(new Map([...own, ...averages]), {});
    const question = refusalOf(() => read(bytes));
    assert.equal(question.need, 'tensors');
    assert.ok(question.choices.includes('unused=ema'), question.message);
    const { model } = read(bytes, 'unused=ema');
    assert.equal(model.layers[0].directions.length, 1);
    assert.deepEqual([model.embedding, model.output.W], [own[0][1].data, own[1][1].data]);
  });

  it('are refused as such where what reads them does not read both, whatever is said of their options', () => {
    const bytes = encodeSafetensors(
      new Map([
        ['emb.weight', matrix(5, 4, 1)],
        ['fwd.to_hidden_and_gate.weight', matrix(8, 4, 2)],
        ['bwd.to_hidden_and_gate.weight', matrix(8, 4, 3)],
        ['out.weight', matrix(5, 4, 4)],
      ]),
      {},
    );
    assert.equal(refusalOf(() => read(bytes, 'positive=true')).key, 'error.torch.twoDirections');
  });

  it('of a plain list are asked about, and read as they are said to be', () => {
    const bytes = renamed((name) =>
      name.replace(/layers\.(\d)\.(forward|backward)_rnn/, (_, layer: string, way: string) => {
        return `rnn.layers.${2 * Number(layer) + Number(way === 'backward')}`;
      }),
    );
    const { key, need, choices } = refusalOf(() => read(bytes));
    assert.deepEqual([key, need], ['error.torch.ambiguous', 'tensors']);
    const layers = 'layers=rnn.layers.0:rnn.layers.1+rnn.layers.2:rnn.layers.3';
    assert.deepEqual(choices, [`${layers},embedding=embed.weight,output=to_logits.weight,bias=to_logits.bias`]);
    assert.deepEqual(
      read(bytes, layers).model.layers.map(({ directions }) => directions),
      expected.layers.map(({ directions }) => directions),
    );
  });

  it('whose states are added, or go through a layer between, are refused with what to do', () => {
    const [V, D] = [6, 4];
    const ofWay = (way: string, seed: number): [string, Tensor][] => [
      [`bi.${way}.linear_z.weight`, matrix(D, D, seed)],
      [`bi.${way}.linear_h.weight`, matrix(D, D, seed + 1)],
    ];
    const all: [string, Tensor][] = [
      ['embed.weight', matrix(V, D, 1)],
      ...ofWay('forward_rnn', 2),
      ...ofWay('backward_rnn', 4),
      ['head.weight', matrix(V, D, 6)],
    ];
    const refused = (more: readonly [string, Tensor][]) =>
      refusalOf(() => read(encodeSafetensors(new Map([...all, ...more]), {})));
    assert.match(refused([]).message, /bi\.forward_rnn, bi\.backward_rnn.*save the model as ONNX/);
    const between = refused([['bi.linear.weight', matrix(D + 1, 2 * D, 7)]]);
    assert.equal(between.key, 'error.torch.twoDirections');
    // It could read D symbols one-hot: what is left over speaks against that.
    assert.match(refused([['bi.linear.weight', matrix(D, 2 * D, 7)]]).message, /may take part.*embed\.weight/);
  });

  it('of several layers each are refused with the same sentence', () => {
    const of = (way: string, seed: number): [string, Tensor][] =>
      [0, 1].flatMap((layer): [string, Tensor][] => [
        [`${way}.weight_ih_l${layer}`, matrix(16, 4, seed + 10 * layer)],
        [`${way}.weight_hh_l${layer}`, matrix(16, 4, seed + 10 * layer + 5)],
      ]);
    const bytes = encodeSafetensors(
      new Map([['embed.weight', matrix(6, 4, 1)], ...of('fwd', 2), ...of('bwd', 3), ['head.weight', matrix(6, 8, 9)]]),
      {},
    );
    assert.equal(refusalOf(() => read(bytes)).key, 'error.torch.twoDirections');
  });
});
