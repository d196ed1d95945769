/** A weight that is no number: no gradient through it may be said to be zero. */
import assert from 'node:assert/strict';
import { perTargetInFloat64 } from '../../../src/core/float64/float64PerTarget';
import { readInFloat64 } from '../../../src/core/float64/float64Trace';
import { activationOf } from '../../../src/core/float64/activations';
import type { ActivationName } from '../../../src/core/model/generalModel';
import { generalModelOf } from '../../../src/core/model/plainModel';
import { plainStack, uniformModel } from '../../../src/core/model/config';
import { cellNames } from '../../../src/layers/catalog';
import { randomModel, readProbe } from '../support/models';

describe('the flow of a model with a weight that is no number', () => {
  for (const cell of cellNames)
    for (const residual of [false, true])
      for (const value of [NaN, Infinity])
        it(`${cell}${residual ? ', with a residual' : ''}, ${value}: is not said to be zero where the target reads it`, async () => {
          const H = 8;
          const stack = { ...plainStack, cell, residual, activation: 'tanh', layers: 2, hiddenSize: H } as const;
          const config = uniformModel({ ...stack, vocabularySize: 5, embeddingSize: H });
          const { parameters, ids } = randomModel(config, 3, 7);
          // The first of the lowest layer's own parameters: all that stands above it reads what comes of it.
          const entry = parameters.layout.entries.find(({ layer }) => layer === 0)!;
          parameters.view(entry)[0] = value;
          const trace = readInFloat64(
            generalModelOf(config, parameters),
            Int32Array.from(ids.slice(0, -1)),
            Int32Array.from(ids.slice(1)),
          );
          const target = trace.steps - 1;
          const { norms, inputs } = await perTargetInFloat64(trace, target);
          const ofStates = norms.flat(2).map((series) => series[target]);
          const ofInputs = inputs.map((series) => series?.[target]);
          assert.ok(
            ![...ofStates, ...ofInputs].includes(-Infinity),
            JSON.stringify([ofStates.map(String), ofInputs.map(String)]),
          );
        });
});

describe('the same in float32, as of long texts', () => {
  for (const activation of ['tanh', 'relu'] as const)
    for (const hiddenSize of [8, 7])
      it(`rnn, ${activation}, ${hiddenSize} units: no gradient of a state that is no number is zero`, async () => {
        const config = uniformModel({
          ...plainStack,
          cell: 'rnn',
          activation,
          layers: 2,
          hiddenSize,
          vocabularySize: 5,
        });
        const { parameters, ids } = randomModel(config, 3, 7);
        // All of what the lowest layer's states are.
        parameters.layers[0][0].Wb.fill(NaN);
        const { backward, perTarget } = await readProbe('wasm', config, parameters, ids);
        await backward.run({ truncation: 0 });
        for (const layer of [0, 1])
          assert.ok(backward.totals[layer][0][0].every(Number.isNaN), `totals of layer ${layer}`);
        const target = ids.length - 2;
        const flows = await perTarget.run(target);
        for (const layer of [0, 1]) assert.ok(flows[layer][0][0].every(Number.isNaN), `flow of layer ${layer}`);
        assert.ok(backward.gradient.layers[0][0].R.every(Number.isNaN), 'gradient of R');
      });
});

describe('the slope of an activation', () => {
  // Of `affine` it is a constant.
  const names: readonly ActivationName[] = [
    ...(['elu', 'hardsigmoid', 'leakyrelu', 'relu', 'scaledtanh', 'sigmoid', 'softplus'] as const),
    ...(['softsign', 'tanh', 'thresholdedrelu'] as const),
  ];
  for (const name of names)
    it(`${name}: of what is no number is none, and not that of a unit that is dead`, () => {
      const f = activationOf({ name, alpha: 0.2, beta: 0.5 }, null);
      assert.ok(Number.isNaN(f.value(NaN)) && Number.isNaN(f.slope(NaN, f.value(NaN))));
      const clipped = activationOf({ name, alpha: 0.2, beta: 0.5 }, 3);
      assert.ok(Number.isNaN(clipped.value(NaN)) && Number.isNaN(clipped.slope(NaN, clipped.value(NaN))));
    });
});
