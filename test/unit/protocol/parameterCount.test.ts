import assert from 'node:assert/strict';
import { uniformModel } from '../../../src/core/model/config';
import { layoutOf } from '../../../src/core/model/parameters';
import { parameterCountOf, settingsOfSize } from '../../../src/protocol/parameterCount';
import { completeModel, defaultModelSettings } from '../../../src/protocol/settings';

describe('the number of parameters', () => {
  const models = [
    { ...defaultModelSettings, hiddenSize: 20 },
    { ...defaultModelSettings, layers: 3, hiddenSize: 7, embeddingSize: 5 },
    completeModel({ ...defaultModelSettings, layers: 2, hiddenSize: 9, tied: true }),
    completeModel({ ...defaultModelSettings, layers: 2, hiddenSize: 6, bidirectional: true, objective: null }),
  ];

  it('is that of the model the engine makes', () => {
    for (const model of models) {
      for (const cell of ['rnn', 'lstm', 'gru', 'minGRU', 'minLSTM'] as const) {
        const settings = { ...model, cell };
        assert.equal(
          parameterCountOf(settings, 31),
          layoutOf(uniformModel({ ...settings, vocabularySize: 31 })).length,
          JSON.stringify(settings),
        );
      }
    }
  });

  it('can be matched by other cells: no hidden size is nearer than the one that is chosen', () => {
    for (const model of models.map((each) => ({ ...each, hiddenSize: 64 }))) {
      const complete = completeModel({ ...model, embeddingSize: model.tied ? null : model.embeddingSize });
      const wanted = parameterCountOf(complete, 71);
      for (const cell of ['rnn', 'gru', 'minGRU', 'minLSTM'] as const) {
        const chosen = settingsOfSize(complete, cell, 71, wanted);
        const sizes = [-1, 0, 1].map((step) =>
          completeModel({
            ...chosen,
            hiddenSize: chosen.hiddenSize + step,
            embeddingSize: chosen.tied ? null : chosen.embeddingSize,
          }),
        );
        const [below, own, above] = sizes.map((each) => Math.abs(parameterCountOf(each, 71) - wanted));
        assert.ok(own <= below && own <= above, `${cell}: ${below}, ${own}, ${above}`);
        assert.ok(own / wanted < 0.02, `${cell} differs by ${own} of ${wanted}`);
      }
      assert.deepEqual(settingsOfSize(complete, 'lstm', 71, wanted), complete);
    }
  });

  it('takes what stands around layers as is usual for the other kind, and a width that its heads divide', () => {
    const lstm = { ...defaultModelSettings, hiddenSize: 64 };
    const count = parameterCountOf(lstm, 58);
    const attention = settingsOfSize(lstm, 'attention', 58, count);
    assert.deepEqual([attention.norm, attention.finalNorm, attention.residual], ['layerNorm', 'layerNorm', true]);
    assert.equal(attention.hiddenSize % 4, 0);
    assert.equal(attention.embeddingSize, attention.hiddenSize);
    assert.ok(Math.abs(parameterCountOf(attention, 58) / count - 1) < 0.15);
    const back = settingsOfSize(attention, 'lstm', 58, count);
    assert.deepEqual([back.norm, back.residual, back.embeddingSize], ['none', false, null]);
    const chosen = settingsOfSize({ ...lstm, norm: 'rmsNorm', embeddingSize: 64 }, 'attention', 58, count);
    assert.equal(chosen.norm, 'rmsNorm', 'what was chosen stays');
  });

  it('is that of a model of numbers, which has no embedding', () => {
    for (const cell of ['rnn', 'lstm', 'gru', 'minGRU', 'minLSTM'] as const) {
      const settings = { ...defaultModelSettings, cell, layers: 2, hiddenSize: 7, objective: 'squaredError' } as const;
      const config = uniformModel({ ...settings, features: 3, vocabularySize: 2 });
      assert.equal(parameterCountOf(settings, 2, 3), layoutOf(config).length, cell);
    }
  });
});
