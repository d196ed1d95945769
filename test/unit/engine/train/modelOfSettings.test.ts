/** A model as a person would have chosen it, and the model of that choice. */
import assert from 'node:assert/strict';
import { checkConfig, plainStack, uniformModel } from '../../../../src/core/model/config';
import { modelOfSettings, settingsOfModel } from '../../../../src/engine/train/modelOfSettings';

describe('the settings of a model that is there', () => {
  const stack = {
    ...plainStack,
    cell: 'lstm',
    activation: 'tanh',
    layers: 2,
    hiddenSize: 6,
    vocabularySize: 9,
  } as const;
  const [layer] = uniformModel(stack).layers;
  const models = {
    'a stack': uniformModel(stack),
    'one that is tied, with norms and residuals': uniformModel({
      ...{ ...stack, embeddingSize: 6, tied: true, norm: 'layerNorm', finalNorm: 'rmsNorm', residual: true },
    }),
    'one that reads both ways': uniformModel({ ...stack, bidirectional: true, objective: 'masked' }),
    'one of numbers': uniformModel({ ...stack, objective: 'squaredError', features: 3, vocabularySize: 1 }),
    'a mixture': checkConfig({ ...uniformModel(stack), layers: [layer, { ...layer, cell: 'gru', hiddenSize: 4 }] }),
  };
  for (const [name, config] of Object.entries(models))
    it(`${name}: make the same model`, () => {
      assert.deepEqual(modelOfSettings(settingsOfModel(config), config), config);
    });
});
