/** Exact gradients segment by segment beside PyTorch's over the whole of a long text. */
import { SegmentedBackward } from '../../src/core/backward/segmented';
import { assertNear } from '../reference/compare';
import { loadLongCase } from '../reference/stackVectors';
import { backendNames, benchFor } from './support/models';
import { assertStackParameters, configOfStack, parametersOfStack } from './support/stacks';

const tolerance = 1e-4;

for (const backend of backendNames) {
  describe(`a gradient over 400 steps on ${backend}: within 1e-4 of PyTorch in float64`, () => {
    const long = loadLongCase();
    const config = configOfStack(long);
    const steps = long.ids.length - 1;

    for (const segment of [steps, 128, 20, 1]) {
      it(`in segments of ${segment}`, async () => {
        const bench = await benchFor(backend, config, parametersOfStack(config, long.parameters), { steps: segment, batch: 1 });
        const totals = long.totals.map(() => ({ h: new Float64Array(steps), c: new Float64Array(steps) }));
        const loss = await new SegmentedBackward(bench, Uint8Array.from(long.ids)).run((first, count) => {
          totals.forEach(({ h, c }, l) => {
            const [{ hidden, cellState }] = bench.backward.totals[l];
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
