/** The layer's kernels beside its float64 code: odd sizes, windows one after another, streams of different lengths, threads, both kinds of SIMD. */
import { strict as assert } from 'node:assert';
import { KernelProducts } from '../../../../../src/core/kernelProducts';
import { float64 } from '../../../../../src/core/layers/mamba/float64';
import { make } from '../../../../../src/core/layers/mamba/kernels';
import type { Mixer } from '../../../../../src/core/layers/mixer';
import { Random } from '../../../../../src/core/model/random';
import { enableRelaxedSimd } from '../../../../../src/engine/relaxedSimd';
import { createThreadPool } from '../../../../../src/engine/threads/threadPool';
import { Arena, type ArenaOptions } from '../../../../../src/kernels/arena';
import { mamba } from '../../../../../src/layers/kinds/mamba';
import type { LayerSizes } from '../../../../../src/layers/parameters';
import { assertClose } from '../../../../reference/compare';

enableRelaxedSimd();

const tolerance = 1e-4;

interface Problem {
  readonly sizes: LayerSizes;
  readonly steps: number;
  readonly batch: number;
  readonly lengths?: readonly number[];
  readonly parameters: Readonly<Record<string, Float64Array>>;
  /** [T·B, I] and [T·B, O]. */
  readonly x: Float64Array;
  readonly above: Float64Array;
}

interface Result {
  readonly output: Float64Array;
  readonly below: Float64Array;
  readonly gradient: Readonly<Record<string, Float64Array>>;
  /** [T]. */
  readonly totals: readonly Float64Array[];
}

function layerSizes(input: number, hidden: number, options: LayerSizes['options']): LayerSizes {
  return {
    input,
    hidden,
    options: { stateSize: 16, expand: 2, convolution: 4, rank: 0, projectionBiases: false, ...options },
    layer: 0,
    layers: 1,
    below: [],
  };
}

function randomProblem(sizes: LayerSizes, steps: number, batch: number, lengths?: readonly number[]): Problem {
  const random = Random.fromSeed(steps * 100 + batch);
  const normals = (length: number) => Float64Array.from({ length }, () => Math.fround(random.normal()));
  const parameters: Record<string, Float64Array> = {};
  for (const { role, shape, initialization } of mamba.parameters) {
    const own = shape(sizes);
    if (!own) continue;
    const first = initialization.first(sizes);
    const noise = normals(own.reduce((a, b) => a * b, 1));
    parameters[role] = noise.map((value, i) => Math.fround(first(random, i) + 0.2 * value));
  }
  const isThere = (t: number, b: number) => !lengths || t < lengths[b];
  const rows = (width: number) => {
    const found = normals(steps * batch * width);
    return found.map((value, i) => {
      const row = Math.floor(i / width);
      return isThere(Math.floor(row / batch), row % batch) ? value : 0;
    });
  };
  const given = { sizes, steps, batch, parameters, x: rows(sizes.input), above: rows(sizes.hidden) };
  return lengths ? { ...given, lengths } : given;
}

/** Stream by stream, each as long as it is. */
function inFloat64({ sizes, steps, batch, lengths, parameters, x, above }: Problem): Result {
  const { input: I, hidden: O } = sizes;
  const layer = { ...sizes, parameters };
  const found = {
    output: new Float64Array(steps * batch * O),
    below: new Float64Array(steps * batch * I),
    gradient: Object.fromEntries(
      Object.entries(parameters).map(([role, { length }]) => [role, new Float64Array(length)]),
    ),
    totals: [new Float64Array(steps), new Float64Array(steps)],
  };
  for (let b = 0; b < batch; b++) {
    const own = lengths?.[b] ?? steps;
    const take = (from: Float64Array, width: number) =>
      Float64Array.from(
        { length: own * width },
        (_, i) => from[(Math.floor(i / width) * batch + b) * width + (i % width)],
      );
    const give = (to: Float64Array, from: Float64Array, width: number) =>
      from.forEach((value, i) => (to[(Math.floor(i / width) * batch + b) * width + (i % width)] = value));
    const trace = float64.forward(layer, take(x, I), own);
    const below = new Float64Array(own * I);
    const norms = [new Float64Array(own), new Float64Array(own)];
    float64.backward(layer, trace, take(above, O), below, found.gradient, norms);
    give(found.output, trace.output, O);
    give(found.below, below, I);
    norms.forEach((norm, state) => norm.forEach((value, t) => (found.totals[state][t] += value * value)));
  }
  return { ...found, totals: found.totals.map((squares) => squares.map(Math.sqrt)) };
}

/** In windows of so many steps; the states are carried, and on the way back their gradients. */
async function byKernels(problem: Problem, options: ArenaOptions, window = problem.steps): Promise<Result> {
  const { sizes, steps, batch, lengths, parameters, x, above } = problem;
  const { input: I, hidden: O } = sizes;
  const made = Arena.build((arena) => {
    const floats = (values: Record<string, Float64Array>) =>
      Object.fromEntries(Object.entries(values).map(([role, { length }]) => [role, arena.floats(length)]));
    return {
      mixer: make(arena, sizes, { steps: window, batch, learns: true }, new KernelProducts(arena)),
      parameters: floats(parameters),
      gradient: floats(parameters),
      x: arena.floats(window * batch * I),
      above: arena.floats(window * batch * O),
      below: arena.floats(window * batch * I),
      lengths: arena.ints(batch),
    };
  }, options);
  for (const [role, values] of Object.entries(parameters)) made.parameters[role].set(values);
  if (lengths) made.lengths.set(lengths);
  const found = {
    output: new Float64Array(steps * batch * O),
    below: new Float64Array(steps * batch * I),
    gradient: Object.fromEntries(
      Object.entries(parameters).map(([role, { length }]) => [role, new Float64Array(length)]),
    ),
    totals: [new Float64Array(steps), new Float64Array(steps)],
  };
  const starts = Array.from({ length: Math.ceil(steps / window) }, (_, i) => i * window);
  const states: Float32Array[][] = [];
  const forward = async (from: number) => {
    const pass = { steps: Math.min(window, steps - from), batch, lengths: lengths ? made.lengths : null };
    made.x.set(x.subarray(from * batch * I, (from + pass.steps) * batch * I));
    await made.mixer.forward({ ...pass, x: made.x, parameters: made.parameters });
    return pass;
  };
  for (const from of starts) {
    states.push(made.mixer.states.map((state) => state.slice()));
    const pass = await forward(from);
    found.output.set(made.mixer.output.subarray(0, pass.steps * batch * O), from * batch * O);
  }
  for (const [i, from] of [...starts.entries()].reverse()) {
    made.mixer.states.forEach((state, s) => state.set(states[i][s]));
    const pass = await forward(from);
    made.above.set(above.subarray(from * batch * O, (from + pass.steps) * batch * O));
    const { x: read, above: given, below, gradient } = made;
    await made.mixer.backward({
      ...pass,
      x: read,
      above: given,
      below,
      gradient,
      parameters: made.parameters,
      truncation: 0,
    });
    found.below.set(below.subarray(0, pass.steps * batch * I), from * batch * I);
    for (const [role, values] of Object.entries(gradient))
      values.forEach((value, k) => (found.gradient[role][k] += value));
    made.mixer.totals.forEach((totals, s) => found.totals[s].set(totals.subarray(0, pass.steps), from));
  }
  return found;
}

function assertAgrees(actual: Result, expected: Result, problem: Problem, what: string): void {
  const { batch, lengths, sizes } = problem;
  const isThere = (row: number) => !lengths || Math.floor(row / batch) < lengths[row % batch];
  // In padding the output is whatever.
  const output = actual.output.map((value, i) => (isThere(Math.floor(i / sizes.hidden)) ? value : 0));
  assertClose(output, expected.output, tolerance, `${what}, output`);
  assertClose(actual.below, expected.below, tolerance, `${what}, ∂L/∂x`);
  for (const [role, values] of Object.entries(expected.gradient))
    assertClose(actual.gradient[role], values, tolerance, `${what}, ∂L/∂${role}`);
  expected.totals.forEach((totals, state) =>
    assertClose(actual.totals[state], totals, tolerance, `${what}, totals of state ${state}`),
  );
}

describe('Mamba’s kernels agree with float64', () => {
  const shapes: [number, number, LayerSizes['options']][] = [
    [4, 4, {}],
    [3, 3, { stateSize: 5, expand: 3, convolution: 2, projectionBiases: true }],
    [5, 7, { stateSize: 1, expand: 1, convolution: 7, rank: 3 }],
    [20, 33, { stateSize: 6, expand: 2 }],
    [1, 1, { stateSize: 2, expand: 1 }],
  ];
  for (const simd of ['relaxed', 'plain'] as const) {
    for (const [input, hidden, options] of shapes) {
      const sizes = layerSizes(input, hidden, options);
      it(`${input} to ${hidden}, ${JSON.stringify(options)}, ${simd} SIMD: one window, and several with the states carried`, async () => {
        for (const [steps, batch] of [
          [1, 1],
          [16, 2],
          [39, 3],
        ]) {
          const problem = randomProblem(sizes, steps, batch);
          const expected = inFloat64(problem);
          for (const window of [steps, 17, 2])
            assertAgrees(
              await byKernels(problem, { simd }, window),
              expected,
              problem,
              `T ${steps}, B ${batch}, window ${window}`,
            );
        }
      });
    }
  }

  it('streams of different lengths, one of them empty', async () => {
    const problem = randomProblem(layerSizes(6, 6, {}), 20, 4, [20, 0, 1, 17]);
    assertAgrees(await byKernels(problem, {}), inFloat64(problem), problem, 'lengths');
  });

  it('shared among threads by streams, and by channels where there are few streams', async () => {
    const pool = createThreadPool(3);
    try {
      for (const batch of [1, 2, 5]) {
        const problem = randomProblem(layerSizes(30, 30, { stateSize: 4 }), 21, batch);
        assertAgrees(await byKernels(problem, { pool }, 17), inFloat64(problem), problem, `B ${batch}`);
      }
    } finally {
      pool.end();
    }
  });

  it('takes nothing back across a cut: each piece has the gradient of a window that begins with its states', async () => {
    const problem = randomProblem(layerSizes(6, 6, {}), 24, 2);
    const whole = await truncated(problem, 8);
    const pieces = await byPieces(problem, 8);
    for (const [role, values] of Object.entries(pieces.gradient)) assertClose(whole.gradient[role], values, 1e-5, role);
    assertClose(whole.below, pieces.below, 1e-5, '∂L/∂x');
    pieces.totals.forEach((totals, state) => assertClose(whole.totals[state], totals, 1e-5, `state ${state}`));
  });
});

/** One window, cut every so many steps. */
function truncated(problem: Problem, truncation: number): Promise<Result> {
  return withMixer(problem, problem.steps, truncation, false);
}

/** Windows of so many steps whose states are carried forward, and nothing back. */
function byPieces(problem: Problem, window: number): Promise<Result> {
  return withMixer(problem, window, 0, true);
}

async function withMixer(problem: Problem, window: number, truncation: number, clears: boolean): Promise<Result> {
  const { sizes, steps, batch, parameters, x, above } = problem;
  const { input: I, hidden: O } = sizes;
  const arena = Arena.ofSize(1 << 24);
  const floats = (values: Float64Array) => {
    const array = arena.floats(values.length);
    array.set(values);
    return array;
  };
  const mixer: Mixer = make(arena, sizes, { steps: window, batch, learns: true }, new KernelProducts(arena));
  const own = Object.fromEntries(Object.entries(parameters).map(([role, values]) => [role, floats(values)]));
  const gradient = Object.fromEntries(Object.entries(own).map(([role, { length }]) => [role, arena.floats(length)]));
  const found = {
    output: new Float64Array(steps * batch * O),
    below: new Float64Array(steps * batch * I),
    gradient: Object.fromEntries(Object.entries(own).map(([role, { length }]) => [role, new Float64Array(length)])),
    totals: [new Float64Array(steps), new Float64Array(steps)],
  };
  for (let from = 0; from < steps; from += window) {
    const pass = {
      steps: window,
      batch,
      lengths: null,
      parameters: own,
      x: floats(x.subarray(from * batch * I, (from + window) * batch * I)),
    };
    await mixer.forward(pass);
    const below = arena.floats(window * batch * I);
    if (clears) mixer.clearCarried();
    const given = floats(above.subarray(from * batch * O, (from + window) * batch * O));
    await mixer.backward({ ...pass, above: given, below, gradient, truncation });
    found.below.set(below, from * batch * I);
    for (const [role, values] of Object.entries(gradient))
      values.forEach((value, k) => (found.gradient[role][k] += value));
    mixer.totals.forEach((totals, s) => found.totals[s].set(totals, from));
  }
  assert.ok(found.below.every(Number.isFinite));
  return found;
}
