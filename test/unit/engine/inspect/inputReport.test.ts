/** What `inspect` says of states, inputs and parameters beside PyTorch in float64, on every way of computing it. */
import { strict as assert } from 'node:assert';
import { Vocabulary } from '../../../../src/core/corpus/vocabulary';
import { plainStack, uniformModel, type ModelConfig } from '../../../../src/core/model/config';
import { generalModelOf, type PlainModel } from '../../../../src/core/model/plainModel';
import { createBackend } from '../../../../src/engine/backend';
import { makeFrame } from '../../../../src/engine/inspect/frame';
import { Inspector, type InspectedModel } from '../../../../src/engine/inspect/inspector';
import { makeLongReport, segmentSteps } from '../../../../src/engine/inspect/longReport';
import { makeReport } from '../../../../src/engine/inspect/report';
import type { Reading } from '../../../../src/engine/inspect/reading';
import { stateNamed } from '../../../../src/layers/catalog';
import type { InspectReport } from '../../../../src/protocol/engine';
import {
  inputCaseNames,
  loadInputCase,
  zeroLogarithm,
  type InputCase,
  type Series,
} from '../../../reference/inputVectors';
import { backendNames, randomModel, type TestBackend } from '../../support/models';
import { configOfStack, parametersOfStack } from '../../support/stacks';

const thresholds = { vanishing: -3, exploding: 2 };
const symbols = Array.from('abcdefgh');
/** The vectors have ten digits. */
const [float64Tolerance, float32Tolerance] = [1e-8, 1e-4];
const noPause = () => Promise.resolve();

/** Reads with the kernels what would be quick in float64 too. */
class KernelInspector extends Inspector {
  override read(text: string): Promise<Reading> {
    return this.readPlain(text);
  }
}

interface Probe {
  readonly inspected: InspectedModel;
  readonly plain: PlainModel;
  readonly text: string;
  readonly ids: Uint8Array;
}

async function probe(
  backend: TestBackend,
  config: ModelConfig,
  parameters: PlainModel['parameters'],
  ids: readonly number[],
): Promise<Probe> {
  const plain = { config, parameters };
  const vocabulary = new Vocabulary(symbols.slice(0, config.vocabularySize));
  const made = await createBackend({ backend, threads: 1 }, 1, Infinity);
  const inspected = { general: generalModelOf(config, parameters), plain, isLive: false, vocabulary, backend: made };
  return { inspected, plain, text: ids.map((id) => symbols[id]).join(''), ids: Uint8Array.from(ids) };
}

function probeOf(backend: TestBackend, stack: InputCase): Promise<Probe> {
  const config = configOfStack(stack);
  return probe(backend, config, parametersOfStack(config, stack.parameters), stack.ids);
}

type Way = (probe: Probe, target: number, matrix: boolean) => Promise<InspectReport>;
const inFloat64: Way = ({ inspected, text }, target, matrix) =>
  makeReport(new Inspector(inspected), { text, target, thresholds, matrix }, noPause);
const byKernels: Way = ({ inspected, text }, target, matrix) =>
  makeReport(new KernelInspector(inspected), { text, target, thresholds, matrix }, noPause);
const inSegments: Way = ({ inspected, plain, text, ids }, target) =>
  makeLongReport(inspected, plain, ids, target, { text, target, thresholds, matrix: false }, noPause);

for (const name of inputCaseNames) {
  const stack = loadInputCase(name);

  describe(`states, inputs and parameter norms of ${name}, beside PyTorch in float64`, () => {
    it('in float64', async () => assertReports(inFloat64, await probeOf('wasm', stack), stack, float64Tolerance, true));
    for (const backend of backendNames) {
      it(`by the kernels (${backend})`, async () =>
        assertReports(byKernels, await probeOf(backend, stack), stack, float32Tolerance, true));
      if (stack.directions === 1)
        it(`in segments (${backend})`, async () =>
          assertReports(inSegments, await probeOf(backend, stack), stack, float32Tolerance, false));
      it(`in frames (${backend})`, async () => {
        const { inspected, text } = await probeOf(backend, stack);
        for (const isLive of [true, false]) await assertFrames(new Inspector({ ...inspected, isLive }), text, stack);
      });
    }
  });
}

async function assertReports(
  way: Way,
  from: Probe,
  stack: InputCase,
  tolerance: number,
  hasMatrix: boolean,
): Promise<void> {
  for (const { target, boundaries } of stack.flows) {
    const report = await way(from, target, hasMatrix);
    assertValues([report.loss], [stack.loss], tolerance, 'loss');
    assert.deepEqual(Object.keys(report.parameterNorms), Object.keys(stack.parameterNorms), 'parameters');
    assertValues(
      Object.values(report.parameterNorms),
      Object.values(stack.parameterNorms),
      tolerance,
      'parameterNorms',
    );
    assert.equal(report.inputs.length, stack.layers + 1, 'boundaries');
    for (const { boundary, total, flow } of report.inputs) {
      assert.equal(flow.target, target);
      assertValues(total, stack.totals[boundary], tolerance, `total at boundary ${boundary}`);
      assertLogarithms(flow.log10, boundaries[boundary], tolerance, `flow at boundary ${boundary}`);
    }
    assertStates(report, stack, tolerance);
    if (!hasMatrix) assert.equal(report.inputMatrix, null);
    else assertLogarithms(report.inputMatrix!, stack.inputMatrix.flat(), tolerance, 'inputMatrix');
  }
}

async function assertFrames(inspector: Inspector, text: string, stack: InputCase): Promise<void> {
  const unitMap = { layer: 0, direction: 'forward', quantity: 'hidden' } as const;
  for (const { target, boundaries } of stack.flows) {
    const watch = { text, target, thresholds, unitMap, total: false, maxRate: 1 };
    const { header, data } = await makeFrame(inspector, { ...watch, inputs: true }, 1, 0);
    const entries = header.series.filter(({ name }) => name === 'inputFlow');
    assert.deepEqual(
      entries.map(({ layer }) => layer),
      boundaries.map((_, l) => l),
    );
    for (const { layer, offset } of entries)
      assertLogarithms(
        data.subarray(offset, offset + header.tokens.length),
        boundaries[layer],
        float32Tolerance,
        `boundary ${layer}`,
      );
    const report = await makeReport(inspector, { text, target, thresholds, matrix: false }, noPause);
    assert.deepEqual(
      header.inputs?.map(({ boundary, horizon }) => [boundary, horizon]),
      report.inputs.map(({ boundary, flow }) => [boundary, flow.horizon]),
    );
    const without = await makeFrame(inspector, watch, 2, 0);
    assert.equal(without.header.inputs, undefined);
    assert.equal(without.data.length, data.length - entries.length * header.tokens.length);
  }
}

function assertStates({ layers }: InspectReport, stack: InputCase, tolerance: number): void {
  for (const { layer, direction, kind, states } of layers) {
    const expected = stack.states[layer][direction === 'forward' ? 0 : 1];
    assert.equal(kind, stack.cell);
    const symbols = states.map(({ name }) => stateNamed(name).symbol);
    assert.deepEqual(symbols, Object.keys(expected), 'states');
    for (const [s, state] of states.entries()) {
      const symbol = symbols[s];
      const where = `${symbol} of layer ${layer}, ${direction}`;
      assert.equal(state.width, stack.hidden);
      assertValues(state.norm, expected[symbol].norm, tolerance, `‖s‖ of ${where}`);
      assertValues(state.total, expected[symbol].total, tolerance, `total of ${where}`);
      if (state.flow.target === stack.ids.length - 2)
        assertLogarithms(state.flow.log10, expected[symbol].log10, tolerance, `flow of ${where}`);
    }
  }
}

/** Each within `tolerance` of itself or, where it is a small difference of large ones, of the largest. */
function assertValues(actual: ArrayLike<number>, expected: Series, tolerance: number, what: string): void {
  assert.equal(actual.length, expected.length, `${what}: length`);
  const largest = Math.max(...expected.map((value) => Math.abs(value ?? NaN)));
  expected.forEach((value, i) => {
    assert.ok(Math.abs(actual[i] - value!) <= tolerance * largest, `${what}, ${i}: ${actual[i]} for ${value}`);
  });
}

function assertLogarithms(actual: ArrayLike<number>, expected: Series, tolerance: number, what: string): void {
  assert.equal(actual.length, expected.length, `${what}: length`);
  expected.forEach((value, i) => {
    if (value === null) assert.ok(Number.isNaN(actual[i]), `${what}, ${i}: ${actual[i]} for what cannot be reached`);
    else if (value === zeroLogarithm) assert.equal(actual[i], -Infinity, `${what}, ${i}`);
    else assert.ok(Math.abs(actual[i] - value) <= tolerance, `${what}, ${i}: ${actual[i]} for ${value}`);
  });
}

describe('a text of several segments', () => {
  const cells = [
    ['rnn', 'tanh'],
    ['rnn', 'relu'],
    ['lstm', 'tanh'],
    ['gru', 'tanh'],
  ] as const;
  for (const [cell, activation] of cells) {
    for (const ends of [
      { embeddingSize: null, tied: false },
      { embeddingSize: 6, tied: true },
    ] as const) {
      it(`has the same report as in one piece and as in float64: ${cell} ${activation}, ${ends.tied ? 'tied' : 'one-hot'}`, async () => {
        const config = uniformModel({
          ...plainStack,
          ...ends,
          cell,
          activation,
          layers: 2,
          hiddenSize: 6,
          vocabularySize: 5,
        });
        const { parameters, ids } = randomModel(config, 11, 2 * segmentSteps + 302);
        const from = await probe('wasm', config, parameters, ids);
        for (const target of [ids.length - 2, segmentSteps + 3]) {
          const expected = await inFloat64(from, target, false);
          for (const way of [byKernels, inSegments]) assertSame(await way(from, target, false), expected);
        }
      });
    }
  }
});

/** The flows over 2,000 steps are far below what float64 holds. */
function assertSame(actual: InspectReport, expected: InspectReport): void {
  assert.deepEqual(Object.keys(actual.parameterNorms), Object.keys(expected.parameterNorms));
  assertValues(
    Object.values(actual.parameterNorms),
    Object.values(expected.parameterNorms),
    float32Tolerance,
    'parameterNorms',
  );
  const rows = ({ inputs, layers }: InspectReport) => [
    ...inputs.map(({ boundary, total, flow }) => ({ name: `boundary ${boundary}`, total, flow })),
    ...layers.flatMap(({ layer, states }) =>
      states.map(({ name, total, flow }) => ({ name: `${name} of layer ${layer}`, total, flow })),
    ),
  ];
  const expectedRows = rows(expected);
  assert.equal(rows(actual).length, expectedRows.length);
  rows(actual).forEach(({ name, total, flow }, i) => {
    const row = expectedRows[i];
    assert.equal(name, row.name);
    assertValues(total, Array.from(row.total), float32Tolerance, `total of ${name}`);
    row.flow.log10.forEach((value, t) => {
      const found = flow.log10[t];
      assert.ok(
        Object.is(found, value) || Math.abs(found - value) < 1e-3,
        `flow of ${name}, step ${t}: ${found} for ${value}`,
      );
    });
    assert.equal(flow.horizon, row.flow.horizon, `horizon of ${name}`);
  });
}
