import assert from 'node:assert/strict';
import { plainStack, uniformModel } from '../../../../src/core/model/config';
import { checkLayers, checkTogether, checkTraining } from '../../../../src/engine/train/checkTraining';
import {
  defaultModelSettings,
  defaultTrainingSettings,
  type StackSettings,
  type TrainingSettings,
} from '../../../../src/protocol/settings';
import type { CellName } from '../../../../src/layers/catalog';

const check = (training: Partial<TrainingSettings>) => checkTraining({ ...defaultTrainingSettings, ...training });
const together = (model: Partial<StackSettings>, training: Partial<TrainingSettings> = {}) =>
  checkTogether({ ...defaultModelSettings, ...model }, { ...defaultTrainingSettings, ...training });

describe('the settings of a training', () => {
  it('may say epochs instead of steps, not both, also for a schedule over the whole run', () => {
    check({ epochs: 2 });
    check({ epochs: 2, schedule: 'cosine' });
    assert.throws(
      () => check({ epochs: 2, steps: 10 }),
      /^UserError: Both a number of steps \(10\) and of epochs \(2\)/,
    );
    assert.throws(() => check({ epochs: 0 }), /number of epochs is 0/);
  });

  it('truncate no farther back than a window', () => {
    check({ window: 8, truncation: 8 });
    check({ window: 8, truncation: 9, mode: 'sequences' });
    assert.throws(() => check({ window: 8, truncation: 9 }), /truncation is 9 steps, but the window has only 8/);
    assert.throws(() => check({ truncation: 0 }), /truncation is 0/);
  });

  it('name a mode and a split that there are', () => {
    assert.throws(() => check({ mode: 'random' as 'stream' }), /The mode “random” is unknown/);
    assert.throws(() => check({ split: 'pages' as 'lines' }), /cannot be split into “pages”/);
    assert.throws(() => check({ longestSequence: 0 }), /longest sequence is 0/);
  });

  it('have windows, or sequences, that the layers can read', () => {
    const attention = { ...plainStack, cell: 'attention', activation: 'tanh', layers: 1, hiddenSize: 8 } as const;
    const config = uniformModel({ ...attention, embeddingSize: 8, vocabularySize: 5, options: { context: 16 } });
    checkLayers(config, defaultTrainingSettings, 16);
    assert.throws(() => checkLayers(config, defaultTrainingSettings, 17), /a window has 17\. Choose a shorter window/);
    assert.throws(
      () => checkLayers(config, { ...defaultTrainingSettings, mode: 'sequences' }, 17),
      /the longest sequence of the text has 17\. Choose a larger context/,
    );
  });

  it('give no layer a direction that it cannot have, whatever the sizes are', () => {
    const stack = { ...plainStack, activation: 'tanh', layers: 1, hiddenSize: 8, vocabularySize: 5 } as const;
    for (const cell of ['mamba', 'attention'] as const)
      for (const residual of [true, false])
        for (const embeddingSize of [8, 16, null])
          assert.throws(
            () => uniformModel({ ...stack, cell, residual, embeddingSize, bidirectional: true, objective: 'masked' }),
            /^UserError: Layer 1 \((Mamba|Attention)\) reads forward only/,
          );
  });

  it('give a remedy a number that it can be, and layers that it is defined for', () => {
    check({ omega: 0.5, radiusCap: 1, flossing: 0.1 });
    for (const value of [0, -1, NaN, Infinity]) {
      assert.throws(() => check({ omega: value }), /^UserError: The weight of Pascanu’s regularizer is /);
      assert.throws(() => check({ radiusCap: value }), /^UserError: The cap of the spectral radius is /);
      assert.throws(() => check({ flossing: value }), /^UserError: The weight of gradient flossing is /);
    }
    const layers = (cell: CellName, training: Partial<TrainingSettings>) => {
      const sizes = { layers: 2, hiddenSize: 8, embeddingSize: 8, vocabularySize: 5 } as const;
      const stack = { ...plainStack, cell, activation: 'tanh', ...sizes } as const;
      checkLayers(uniformModel(stack), { ...defaultTrainingSettings, ...training }, 16);
    };
    layers('rnn', { omega: 0.5, radiusCap: 1, flossing: 0.1 });
    for (const cell of ['lstm', 'gru', 'minGRU', 'minLSTM'] as const) layers(cell, { flossing: 1 });
    for (const [cell, why] of [
      ['mamba', 'Mamba’s exponents are set by .* RNN, LSTM, GRU, minGRU and minLSTM'],
      ['attention', 'Attention carries no state'],
    ] as const)
      assert.throws(
        () => layers(cell, { flossing: 1 }),
        new RegExp(
          `^UserError: Gradient flossing \\(weight 1\\) cannot be used with this model\\. ${why}.*\\. Leave it out\\.$`,
        ),
      );
    layers('lstm', { radiusCap: 1 });
    assert.throws(
      () => layers('lstm', { omega: 0.5 }),
      /^UserError: Pascanu’s regularizer \(weight 0\.5\) cannot be used with this model\. It is defined for vanilla RNNs.*Leave it out\.$/,
    );
    assert.throws(() => layers('minGRU', { radiusCap: 1 }), /: none of its layers has a recurrent matrix\. /);
  });

  it('fit the model', () => {
    together({ bidirectional: true, objective: 'masked' });
    together({ objective: 'masked' });
    assert.throws(
      () => together({ bidirectional: true }),
      /^UserError: A bidirectional model reads the token that it should predict. Train it with the masked objective\.$/,
    );
    together({ layers: 2 }, { dropout: 0.5 });
    assert.throws(() => together({ layers: 1 }, { dropout: 0.5 }), /Dropout acts between layers/);
    for (const dropout of [-0.1, 1, NaN])
      assert.throws(() => together({ layers: 2 }, { dropout }), /^UserError: The dropout is /);
  });
});
