/** The report names every parameter as the file of exported weights does, whatever the kind. */
import { strict as assert } from 'node:assert';
import { uniformModel, plainStack, type StackConfig } from '../../../../src/core/model/config';
import { generalModelOf } from '../../../../src/core/model/plainModel';
import { readInFloat64 } from '../../../../src/core/float64/float64Trace';
import { float64Gradient } from '../../../../src/core/float64/float64Backward';
import { gradientReport } from '../../../../src/engine/inspect/gradientReport';
import { placesOf } from '../../../../src/engine/inspect/tensorPlaces';
import { cellNames, kindOf, optionsOf } from '../../../../src/layers/catalog';
import { tensorsOfModel } from '../../../../src/modelFiles/torch/ownFile';
import { writePublished } from '../../../../src/modelFiles/torch/published/registry';
import { surroundingsOf } from '../../../../src/protocol/settings';
import { randomModel } from '../../support/models';

const ids = Int32Array.from([0, 1, 2, 3, 4, 1, 0]);

describe('the names of parameters in a report', () => {
  for (const cell of cellNames)
    for (const tied of [false, true])
      it(`are those of the exported weights: ${kindOf(cell).label}${tied ? ', tied' : ''}`, () => {
        const isMixer = kindOf(cell).mixer !== undefined;
        const stack: StackConfig = {
          ...plainStack,
          ...surroundingsOf(cell),
          cell,
          activation: 'tanh',
          layers: 2,
          hiddenSize: 8,
          vocabularySize: 5,
          embeddingSize: isMixer || tied ? 8 : null,
          tied,
          options: optionsOf(cell, {}),
        };
        const config = uniformModel(stack);
        const { parameters } = randomModel(config, 3, 1);
        // The library's file has no bias of zeros.
        parameters.output.b.fill(0.5);
        const plain = { config, parameters };
        const model = generalModelOf(config, parameters);
        const trace = readInFloat64(model, ids.slice(0, -1), ids.slice(1));
        const { parameterNorms } = gradientReport(float64Gradient(trace), trace.layers, placesOf(model));
        const published = writePublished(plain);
        const written =
          published && 'tensors' in published
            ? [...published.tensors.keys()]
            : tensorsOfModel(plain).map(({ name }) => name);
        assert.deepEqual(Object.keys(parameterNorms).sort(), written.sort());
      });
});
