/** Exact gradients segment by segment beside PyTorch's over the whole of a long text. */
import { strict as assert } from 'node:assert';
import { stepsOfBlock } from '../../../../src/core/stepsOfBlock';
import { SegmentedBackward } from '../../../../src/core/backward/segmented';
import { assertClose, assertNear } from '../../../reference/compare';
import { loadLongCase } from '../../../reference/stackVectors';
import { plainStack, uniformModel } from '../../../../src/core/model/config';
import { backendNames, benchFor, randomModel, readProbe } from '../../support/models';
import { assertStackParameters, configOfStack, parametersOfStack } from '../../support/stacks';

const tolerance = 1e-4;

for (const backend of backendNames) {
  describe(`a gradient over 400 steps on ${backend}: within 1e-4 of PyTorch in float64`, () => {
    const long = loadLongCase();
    const config = configOfStack(long);
    const steps = long.ids.length - 1;

    for (const segment of [steps, 128, 20, 1]) {
      it(`in segments of ${segment}`, async () => {
        const bench = await benchFor(backend, config, parametersOfStack(config, long.parameters), {
          steps: segment,
          batch: 1,
        });
        const totals = long.totals.map(() => ({ h: new Float64Array(steps), c: new Float64Array(steps) }));
        const loss = await new SegmentedBackward(bench, Uint8Array.from(long.ids)).run((first, count) => {
          totals.forEach(({ h, c }, l) => {
            const [[hidden, cellState]] = bench.backward.totals[l];
            h.set(hidden.subarray(0, count), first);
            c.set(cellState.subarray(0, count), first);
          });
        });
        assertNear(loss, long.loss, tolerance, 'loss');
        assertStackParameters(bench.backward.gradient, long.gradients, tolerance);
        long.totals.forEach(({ h, c }, l) => {
          totals[l].h.forEach((value, t) => assertNear(value, h[t], tolerance, `‖∂L/∂h‖ of layer ${l}, step ${t}`));
          totals[l].c.forEach((value, t) => assertNear(value, c[t], tolerance, `‖∂L/∂c‖ of layer ${l}, step ${t}`));
        });
      });
    }
  });
}

describe('a gradient in segments has the bits of one tape’s', () => {
  const inputs = [
    { embeddingSize: null, tied: false },
    { embeddingSize: 6, tied: false },
    { embeddingSize: 8, tied: true },
  ] as const;
  for (const backend of backendNames) {
    for (const cell of ['rnn', 'lstm', 'gru'] as const) {
      it(`${cell} on ${backend}, one-hot, embedded and tied`, async () => {
        for (const input of inputs) {
          const config = uniformModel({
            ...plainStack,
            ...input,
            cell,
            activation: 'tanh',
            layers: 2,
            hiddenSize: 8,
            vocabularySize: 5,
          });
          const { parameters, ids } = randomModel(config, 3, 2 * stepsOfBlock + 302);
          const whole = await readProbe(backend, config, parameters, ids);
          await whole.backward.run({ truncation: 0 });
          const bench = await benchFor(backend, config, parameters, { steps: stepsOfBlock, batch: 1 });
          await new SegmentedBackward(bench, Uint8Array.from(ids)).run(() => undefined);
          const { layout } = bench.backward.gradient;
          for (const entry of layout.entries) {
            const [actual, expected] = [bench, whole].map(({ backward }) => backward.gradient.view(entry));
            if (input.tied) assertClose(actual, expected, 1e-6, entry.name);
            else assert.deepEqual(actual, expected, entry.name);
          }
        }
      });
    }
  }
});
