/** The engine's numbers beside PyTorch's in float64: every cell, depth, direction, reading, objective and extra, both backends. */
import { strict as assert } from 'node:assert';
import type { TapeSettings } from '../../../src/core/model/tape';
import { norm } from '../../reference/algebra';
import { assertClose, assertNear } from '../../reference/compare';
import type { Vector } from '../../reference/model';
import {
  loadStackCase,
  stackCaseNames,
  type StackCase,
  type StackItem,
  type StackReading,
  type StackWindow,
} from '../../reference/stackVectors';
import { backendNames, benchFor, type Bench, type TestBackend } from '../support/models';
import { assertStackParameters, configOfStack, loadWindow, parametersOfStack, streamOf } from '../support/stacks';

/** Of a whole array's largest entry, and of logarithms. */
const tolerance = 1e-5;
/** Of a step's own norm, which may be a small difference of large gradients. */
const stepTolerance = 1e-4;

for (const name of stackCaseNames) {
  const stack = loadStackCase(name);
  for (const backend of backendNames) {
    describe(`stack ${name} on ${backend}: within 1e-4 of PyTorch in float64`, () => {
      for (const reading of stack.readings) {
        const { windows, gradients, states, perTarget } = reading;

        it(`${reading.reading}, ${reading.objective}: losses, states, total gradients, parameter gradients`, async () => {
          const bench = await read(backend, stack, windows);
          assertStates(bench, reading);
          await bench.backward.run({ truncation: stack.truncation ?? 0 });
          assertStackParameters(bench.backward.gradient, gradients, tolerance);
          states.forEach((directions, l) =>
            directions.forEach(({ totalH, totalC }, d) => {
              const [hidden, cellState] = bench.backward.totals[l][d];
              assertNorms(hidden, totalH, `‖∂L/∂h‖ of layer ${l}, direction ${d}`);
              if (totalC) assertNorms(cellState, totalC, `‖∂L/∂c‖ of layer ${l}, direction ${d}`);
            }),
          );
        });

        if (perTarget.length > 0) {
          it(`${reading.reading}, ${reading.objective}: per-target gradients`, async () => {
            for (const item of perTarget)
              await assertItem(
                await read(
                  backend,
                  stack,
                  windows.map((window) => streamOf(window, item.stream)),
                ),
                item,
              );
          });
        }
      }
    });
  }
}

/** A model that has read the windows one after another from the zero state; the last is on its tape. Checks the losses of whole windows. */
async function read(backend: TestBackend, stack: StackCase, windows: readonly StackWindow[]): Promise<Bench> {
  const config = configOfStack(stack);
  const [{ inputs, lengths, masks }] = windows;
  const settings: TapeSettings = {
    steps: inputs.length / lengths.length,
    batch: lengths.length,
    dropout: masks !== null,
  };
  const bench = await benchFor(backend, config, parametersOfStack(config, stack.parameters), settings);
  for (const [number, window] of windows.entries()) {
    if (number > 0) bench.tape.carryState();
    loadWindow(bench, window);
    await bench.forward.run();
    if (lengths.length > 1) assertNear(bench.tape.loss, window.loss, tolerance, `loss of window ${number}`);
  }
  return bench;
}

function assertStates({ tape }: Bench, { states }: StackReading): void {
  states.forEach((directions, l) =>
    directions.forEach(({ h, c }, d) => {
      const {
        states: [hidden, cellState],
        direction,
      } = tape.layers[l].directions[d];
      const first = direction === 'forward' ? tape.batch * tape.layers[l].hiddenSize : 0;
      assertClose(hidden.subarray(first, first + h.length), h, tolerance, `hidden of layer ${l}, ${direction}`);
      if (c) assertClose(cellState.subarray(first, first + c.length), c, tolerance, `cell of layer ${l}, ${direction}`);
    }),
  );
}

/** One norm for each step, over units and streams. */
function assertNorms(actual: Float64Array, series: Vector, what: string): void {
  const width = series.length / actual.length;
  actual.forEach((value, t) =>
    assertNear(value, norm(series.subarray(t * width, (t + 1) * width)), stepTolerance, `${what}, step ${t}`),
  );
}

async function assertItem({ perTarget }: Bench, { target, h, c }: StackItem): Promise<void> {
  (await perTarget.run(target)).forEach((directions, l) =>
    directions.forEach(([hidden, cellState], d) => {
      assertFlow(hidden, h[l][d], `log₁₀‖∂ℓ/∂h‖ of layer ${l}, direction ${d}`);
      if (c) assertFlow(cellState, c[l][d], `log₁₀‖∂ℓ/∂c‖ of layer ${l}, direction ${d}`);
    }),
  );
}

function assertFlow(actual: Float64Array, expected: readonly (number | null)[], what: string): void {
  assert.equal(actual.length, expected.length);
  expected.forEach((value, t) => {
    if (value === null) assert.ok(Number.isNaN(actual[t]), `${what}: step ${t} cannot be reached`);
    else assertNear(actual[t], value, tolerance, `${what}, step ${t}`, true);
  });
}
