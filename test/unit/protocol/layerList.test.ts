/** Lists of layers, and the models that are made of them. */
import assert from 'node:assert/strict';
import { stackName, kindsInFolder, kindsInWords } from '../../../src/layers/stackName';
import { readLayers } from '../../../src/protocol/layerList';
import {
  completeModel,
  defaultModelSettings,
  isMixture,
  layersOf,
  type ModelSettings,
  type OpenModelSettings,
} from '../../../src/protocol/settings';

const open = { ...defaultModelSettings, objective: null, norm: null, finalNorm: null, residual: null };
const modelOf = (list: string, others: Partial<OpenModelSettings> = {}): ModelSettings =>
  completeModel({ ...open, ...others, layers: readLayers(list) });

describe('a list of layers', () => {
  it('names kinds and sizes from the lowest up, so many of a layer, or no more than a number', () => {
    const lstm = { cell: 'lstm', hiddenSize: 128 };
    const attention = { cell: 'attention', hiddenSize: 64 };
    assert.deepEqual(readLayers('lstm:128,attention:64'), [lstm, attention]);
    assert.deepEqual(readLayers(' lstm:128 , attention:64x2'), [lstm, attention, attention]);
    assert.deepEqual(readLayers('attention:64 × 2'), [attention, attention]);
    assert.deepEqual(readLayers('minGRU,mamba'), [
      { cell: 'minGRU', hiddenSize: null },
      { cell: 'mamba', hiddenSize: null },
    ]);
    assert.equal(readLayers(' 3 '), 3);
  });

  it('is refused in a sentence that names what is wrong and what is allowed', () => {
    for (const [list, sentence] of [
      [
        'lstm:128;gru:4',
        /^“lstm:128;gru:4” in the list of layers “lstm:128;gru:4” is no layer\. Write each as kind:size/,
      ],
      ['lstm:128,', /^“” in the list of layers “lstm:128,” is no layer/],
      ['', /is no layer/],
      ['lstm:', /is no layer/],
      ['lstm:12.5', /is no layer/],
      ['lstm:-1', /is no layer/],
      ['lstm:8x', /is no layer/],
      [
        'LSTM:8',
        /names “LSTM”, which is no kind of layer; choose one of rnn, lstm, gru, minGRU, minLSTM, mamba, attention\.$/,
      ],
      ['lstm:8,transformer:8', /names “transformer”, which is no kind of layer/],
      ['constructor:8', /names “constructor”/],
      ['lstm:0', /^The size in “lstm:0” of the list of layers must be a whole number from 1 to 4096\.$/],
      ['gru:4097', /from 1 to 4096\.$/],
      ['gru:99999999999999999999', /from 1 to 4096\.$/],
      ['lstm:8x0', /^The number of layers is 0; it must be from 1 to 24\.$/],
      ['lstm:8x12,gru:8x13', /^The number of layers is 25; it must be from 1 to 24\.$/],
      ['lstm:8x999999999', /^The number of layers is 999999999;/],
      ['0', /^The number of layers is 0; it must be from 1 to 24\.$/],
    ] as const)
      assert.throws(
        () => readLayers(list),
        (error: unknown) => error instanceof Error && error.name === 'UserError' && sentence.test(error.message),
        list,
      );
  });
});

describe('a model of listed layers', () => {
  it('has around each layer what is usual for its kind, and before the output what is for the top one’s', () => {
    const model = modelOf('lstm:8,attention:8,mamba:8');
    assert.ok(isMixture(model));
    assert.deepEqual(
      model.layers.map(({ cell, norm, residual }) => [cell, norm, residual]),
      [
        ['lstm', 'none', false],
        ['attention', 'layerNorm', true],
        ['mamba', 'rmsNorm', true],
      ],
    );
    assert.equal(model.finalNorm, 'rmsNorm');
    assert.equal(modelOf('attention:8,lstm:8').finalNorm, 'none');
    const all = modelOf('lstm:8,attention:8', { norm: 'rmsNorm', residual: true, finalNorm: 'none' });
    assert.ok(layersOf(all).every(({ norm, residual }) => norm === 'rmsNorm' && residual));
    assert.equal(all.finalNorm, 'none');
  });

  it('has of the options those of each layer’s kind', () => {
    const model = modelOf('minGRU:8,attention:8', { options: { heads: 2, positive: true, stateSize: 4 } });
    const [minGRU, attention] = layersOf(model);
    assert.deepEqual(minGRU.options, { positive: true });
    assert.deepEqual(attention.options, { heads: 2, positions: 'rotary', context: 256, biases: true, gelu: 'exact' });
  });

  it('has the embedding that its lowest layer needs, or its output', () => {
    assert.equal(modelOf('lstm:8,attention:8').embeddingSize, null);
    assert.equal(modelOf('attention:8,lstm:4').embeddingSize, 8);
    assert.equal(modelOf('mamba:6,gru:4', { residual: false, norm: 'none' }).embeddingSize, 6);
    assert.equal(modelOf('rnn:6,gru:4', { norm: 'rmsNorm' }).embeddingSize, 6);
    assert.equal(modelOf('rnn:6,gru:4', { tied: true }).embeddingSize, 4);
    assert.equal(modelOf('rnn:6,gru:4', { tied: true, embeddingSize: 5 }).embeddingSize, 5, 'what was chosen stays');
  });

  it('is a stack like any other where the layers are alike', () => {
    assert.deepEqual(modelOf('gru:16x2'), completeModel({ ...open, cell: 'gru', hiddenSize: 16, layers: 2 }));
    assert.deepEqual(modelOf('gru,gru', { hiddenSize: 16 }), modelOf('gru:16x2'));
  });

  it('trains on masked tokens where it reads both ways', () => {
    assert.equal(modelOf('lstm:8,gru:8', { bidirectional: true }).objective, 'masked');
    assert.equal(modelOf('lstm:8,gru:8').objective, 'next');
  });
});

describe('what a model is called', () => {
  const named = (list: string) => stackName(layersOf(modelOf(list)));

  it('says kind, number and size of layers that are alike, and each of those that differ', () => {
    assert.equal(named('lstm:128'), 'LSTM 1 × 128');
    assert.equal(named('lstm:128x2'), 'LSTM 2 × 128');
    assert.equal(named('lstm:128,attention:128'), 'LSTM 128 + Attention 128');
    assert.equal(named('lstm:128,attention:128x4'), 'LSTM 128 + Attention 4 × 128');
    assert.equal(named('lstm:64,lstm:32'), 'LSTM 64 + LSTM 32');
    assert.equal(named('mamba:64,attention:64,mamba:64,attention:64'), '2 × (Mamba 64 + Attention 64)');
    assert.equal(named('gru:64,rnn:64,gru:64'), 'GRU 64 + RNN 64 + GRU 64');
    const thousands = (value: number) => value.toLocaleString('en-US');
    const model = layersOf(modelOf('lstm:2000,gru:1000x2'));
    assert.equal(stackName(model, { number: thousands }), 'LSTM 2,000 + GRU 2 × 1,000');
    assert.equal(stackName(model, { label: ({ cell }) => `(${cell})` }), '(lstm) 2000 + (gru) 2 × 1000');
  });

  it('says where there is little room the kinds, each once', () => {
    const layers = layersOf(modelOf('lstm:8,attention:8,lstm:8'));
    assert.equal(kindsInWords(layers), 'LSTM + Attention');
    assert.equal(kindsInFolder(layers), 'lstm-attention');
  });
});
