/** What stands in the way of writing a model is said, not only that something does. */
import assert from 'node:assert/strict';
import { generalModelOf } from '../../../../src/core/model/plainModel';
import { plainStack, uniformModel } from '../../../../src/core/model/config';
import { exportable } from '../../../../src/engine/model/exportModel';
import { UserError } from '../../../../src/userError';
import { randomModel } from '../../support/models';

describe('exporting an open model', () => {
  const config = uniformModel({
    ...plainStack,
    cell: 'gru',
    activation: 'tanh',
    hiddenSize: 3,
    layers: 1,
    vocabularySize: 5,
  });
  const { parameters } = randomModel(config, 1, 2);
  const general = generalModelOf(config, parameters);

  it('writes what could be trained', () => {
    assert.deepEqual(exportable(general).config, config);
  });

  it('names the form of the layer that cannot be written', () => {
    const before = { ...general, layers: general.layers.map((layer) => ({ ...layer, linearBeforeReset: false })) };
    assert.throws(
      () => exportable(before),
      (thrown) =>
        thrown instanceof UserError &&
        /not exported for other tools: .*The layer “.*” has a form that cannot be trained here: linear_before_reset = 0\./.test(
          thrown.message,
        ),
    );
  });
});
