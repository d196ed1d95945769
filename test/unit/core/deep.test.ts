/** Stacks as deep as a model may be, beside the float64 reference; and the dropout between layers. */
import { strict as assert } from 'node:assert';
import { fillDropout } from '../../../src/core/forward/dropout';
import { plainStack, uniformModel } from '../../../src/core/model/config';
import { initialize } from '../../../src/core/model/initialize';
import { Random } from '../../../src/core/model/random';
import { assertClose, assertNear } from '../../reference/compare';
import { zeroState, type ReferenceModel } from '../../reference/model';
import { inspect, meanLoss } from '../../reference/network';
import { backendNames, benchFor, randomModel, readProbe } from '../support/models';

const maxLayers = 8;
const tolerance = 1e-4;

describe('eight layers', () => {
  for (const backend of backendNames) {
    for (const [cell, activation] of [
      ['rnn', 'tanh'],
      ['rnn', 'relu'],
      ['lstm', 'tanh'],
      ['gru', 'tanh'],
    ] as const) {
      it(`${cell} ${activation} on ${backend}: within 1e-4 of float64`, async () => {
        const config = uniformModel({
          ...plainStack,
          cell,
          activation,
          layers: maxLayers,
          hiddenSize: 9,
          vocabularySize: 5,
        });
        const { parameters, ids } = randomModel(config, 6, 16);
        const reference: ReferenceModel = {
          cell,
          activation,
          layers: parameters.layers.map(([{ W, R, Wb, Rb }]) => ({
            W: Float64Array.from(W),
            R: Float64Array.from(R),
            Wb: Float64Array.from(Wb),
            Rb: Float64Array.from(Rb),
          })),
          output: { W: Float64Array.from(parameters.output.W), b: Float64Array.from(parameters.output.b) },
        };
        const { gradients } = inspect(reference, ids, zeroState(reference)).total;
        const { tape, backward } = await readProbe(backend, config, parameters, ids);
        await backward.run({ truncation: 0 });
        assertNear(tape.loss, meanLoss(reference, ids, zeroState(reference)), tolerance, 'loss');
        gradients.layers.forEach((layer, l) => {
          for (const role of ['W', 'R', 'Wb', 'Rb'] as const)
            assertClose(backward.gradient.layers[l][0][role], layer[role], tolerance, `${role} of layer ${l}`);
        });
      });
    }
  }
});

describe('dropout', () => {
  it('keeps 1 − p of the entries, divides them by that, and follows from the seed and the step alone', async () => {
    const config = uniformModel({
      ...plainStack,
      cell: 'gru',
      activation: 'tanh',
      layers: 3,
      hiddenSize: 20,
      vocabularySize: 4,
    });
    const { tape } = await benchFor('wasm', config, initialize(config, Random.fromSeed(1)), {
      steps: 50,
      batch: 20,
      dropout: true,
    });
    const masks = (seed: number, step: number) => {
      fillDropout(tape, 0.3, seed, step);
      return tape.layers.map(({ sublayers: [{ dropout }] }) => dropout?.slice() ?? null);
    };
    const first = masks(1, 0);
    assert.equal(first[2], null, 'not after the last layer');
    for (const mask of first.slice(0, 2)) {
      assert.ok(mask!.every((factor) => factor === 0 || factor === Math.fround(1 / 0.7)));
      // 20,000 draws: four standard deviations are 0.013.
      assert.ok(Math.abs(mask!.filter((factor) => factor > 0).length / mask!.length - 0.7) < 0.013);
    }
    assert.notDeepEqual(first[0], first[1]);
    assert.deepEqual(masks(1, 0), first);
    assert.notDeepEqual(masks(1, 1), first);
    assert.notDeepEqual(masks(2, 0), first);
  });
});
