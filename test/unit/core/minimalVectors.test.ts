/** minGRU and minLSTM beside PyTorch in float64: every depth, direction, reading and option, both backends, and in inspection. */
import { strict as assert } from 'node:assert';
import { Vocabulary } from '../../../src/core/corpus/vocabulary';
import { generalModelOf } from '../../../src/core/model/plainModel';
import { createBackend } from '../../../src/engine/backend';
import { Inspector } from '../../../src/engine/inspect/inspector';
import type { Reading } from '../../../src/engine/inspect/reading';
import { makeReport } from '../../../src/engine/inspect/report';
import { assertClose, assertNear } from '../../reference/compare';
import { zeroLogarithm } from '../../reference/inputVectors';
import {
  listMinimalParameters,
  loadMinimalCase,
  minimalCaseNames,
  type MinimalCase,
  type MinimalReading,
  type MinimalText,
} from '../../reference/minimalVectors';
import { backendNames, benchFor, type TestBackend } from '../support/models';
import { configOfMinimal, parametersOfMinimal, viewsOf } from '../support/minimal';

/** Of a whole array's largest entry; of a step's own norm; of logarithms. The vectors have eleven digits. */
const [float32Tolerance, stepTolerance, float64Tolerance] = [1e-5, 1e-4, 1e-9];
const symbols = Array.from('abcdefg');

describe('the vectors of minGRU and minLSTM', () => {
  it('have 1, 2 and 4 layers of each cell, with a positive candidate and without, and every extra', () => {
    const cases = minimalCaseNames.map(loadMinimalCase);
    for (const cell of ['minGRU', 'minLSTM'])
      for (const positive of [false, true])
        for (const layers of [1, 2, 4])
          assert.ok(
            cases.some((each) => each.cell === cell && each.positive === positive && each.layers === layers),
            `${cell} ${positive} ${layers}`,
          );
    for (const has of [
      ({ truncation }: MinimalCase) => truncation !== null,
      ({ tied }: MinimalCase) => tied,
      ({ directions }: MinimalCase) => directions === 2,
      ({ embedding }: MinimalCase) => embedding !== null,
    ])
      assert.ok(cases.some(has));
  });
});

for (const name of minimalCaseNames) {
  const minimal = loadMinimalCase(name);

  describe(`${name} beside PyTorch in float64`, () => {
    for (const backend of backendNames) {
      for (const reading of minimal.windows) {
        it(`${reading.reading}, on ${backend}: losses, parameter gradients, total gradients`, () =>
          assertWindows(backend, minimal, reading));
      }
    }
    const { text } = minimal;
    if (!text) return;
    it('in inspection, in float64', async () =>
      assertReport(await inspectorOf(minimal, 'wasm', Inspector), minimal, text, float64Tolerance));
    for (const backend of backendNames) {
      it(`in inspection, by the kernels (${backend})`, async () =>
        assertReport(await inspectorOf(minimal, backend, KernelInspector), minimal, text, stepTolerance));
    }
  });
}

/** Reads with the kernels what would be quick in float64 too. */
class KernelInspector extends Inspector {
  override read(text: string): Promise<Reading> {
    return this.readPlain(text);
  }
}

async function assertWindows(backend: TestBackend, minimal: MinimalCase, reading: MinimalReading): Promise<void> {
  const { windows, lengths, gradients, totals } = reading;
  const config = configOfMinimal(minimal);
  const steps = windows[0].inputs.length / lengths.length;
  const parameters = parametersOfMinimal(config, minimal.parameters);
  const { tape, forward, backward } = await benchFor(backend, config, parameters, { steps, batch: lengths.length });
  for (const [number, { inputs, targets, loss }] of windows.entries()) {
    if (number > 0) tape.carryState();
    tape.inputs.set(inputs);
    tape.targets.set(targets);
    tape.lengths.set(lengths);
    tape.resize(steps);
    await forward.run();
    assertNear(tape.loss, loss, float32Tolerance, `loss of window ${number}`);
  }
  await backward.run({ truncation: minimal.truncation ?? 0 });
  const views = viewsOf(backward.gradient);
  for (const [role, expected] of listMinimalParameters(gradients))
    assertClose(views.get(role)!, expected, float32Tolerance, role);
  totals.forEach((directions, l) =>
    directions.forEach((norms, d) => {
      norms.forEach((norm, t) =>
        assertNear(backward.totals[l][d][0][t], norm, stepTolerance, `‖∂L/∂h‖ of layer ${l}, ${d}, step ${t}`),
      );
    }),
  );
}

async function inspectorOf(minimal: MinimalCase, backend: TestBackend, Kind: typeof Inspector): Promise<Inspector> {
  const config = configOfMinimal(minimal);
  const parameters = parametersOfMinimal(config, minimal.parameters);
  return new Kind({
    general: generalModelOf(config, parameters),
    plain: { config, parameters },
    isLive: false,
    vocabulary: new Vocabulary(symbols),
    backend: await createBackend({ backend, threads: 1 }, 1, Infinity),
  });
}

async function assertReport(
  inspector: Inspector,
  { layers }: MinimalCase,
  expected: MinimalText,
  tolerance: number,
): Promise<void> {
  const text = expected.ids.map((id) => symbols[id]).join('');
  for (const { target, states, boundaries } of expected.flows) {
    const report = await makeReport(
      inspector,
      { text, target, thresholds: { vanishing: -3, exploding: 2 }, matrix: true },
      () => Promise.resolve(),
    );
    assertNear(report.loss, expected.loss, tolerance, 'loss');
    assertClose(Object.values(report.parameterNorms), expected.parameterNorms, tolerance, 'parameterNorms');
    assert.equal(report.inputs.length, layers + 1);
    for (const { boundary, total, flow } of report.inputs) {
      assertClose(total, expected.inputTotals[boundary], tolerance, `total at boundary ${boundary}`);
      assertLogarithms(flow.log10, boundaries[boundary], tolerance, `flow at boundary ${boundary}`);
    }
    for (const { layer, direction, states: own } of report.layers) {
      const d = direction === 'forward' ? 0 : 1;
      const where = `layer ${layer}, ${direction}`;
      assert.equal(own.length, 1);
      assertClose(own[0].norm, expected.norms[layer][d], tolerance, `‖h‖ of ${where}`);
      assertClose(own[0].total, expected.totals[layer][d], tolerance, `‖∂L/∂h‖ of ${where}`);
      assertLogarithms(own[0].flow.log10, states[layer][d], tolerance, `flow of ${where}`);
    }
    assertLogarithms(report.inputMatrix!, expected.inputMatrix.flat(), tolerance, 'inputMatrix');
  }
}

function assertLogarithms(
  actual: ArrayLike<number>,
  expected: readonly (number | null)[],
  tolerance: number,
  what: string,
): void {
  assert.equal(actual.length, expected.length, `${what}: length`);
  expected.forEach((value, i) => {
    if (value === null) assert.ok(Number.isNaN(actual[i]), `${what}, ${i}: ${actual[i]} for what cannot be reached`);
    else if (value === zeroLogarithm) assert.equal(actual[i], -Infinity, `${what}, ${i}`);
    else assertNear(actual[i], value, tolerance, `${what}, ${i}`, true);
  });
}
