/**
 * Two mixers that exist in tests only, so that everything that walks a stack is tried without a kind that people train.
 *   mean    y_t = w ⊙ (Σ_{k ≤ t} x_k) / (t + 1)                         no state
 *   leaky   s_t = a ⊙ s_{t−1} + U x_t, y_t = V s_t; then y = x + v ⊙ x²   a state of 2·H + 1 numbers, and a second sublayer
 * Written naively; their gradients are compared with central differences.
 */
import { addArrival } from '../../src/core/analysis/arrivals';
import { float64Arithmetic, log10Of } from '../../src/core/float64/arithmetic';
import type { Float64Mixer, Float64MixerTrace } from '../../src/core/layers/float64Mixer';
import type { MakeMixer, Mixer, MixerParameters } from '../../src/core/layers/mixer';
import { addCode } from '../../src/core/layers/registry';
import { addKind, type CellName } from '../../src/layers/catalog';
import { bare, mixer } from '../../src/layers/mixer';
import { noOptions } from '../../src/layers/options';
import type { KindPlayground } from '../../src/layers/playground';
import { uniformWithin } from '../../src/layers/parameters';
import { lengthOf } from '../../src/core/numeric';

const drawn = (bound: number) => ({ first: () => uniformWithin(bound) });

function required<T>(parameters: Readonly<Partial<Record<string, T>>>, role: string): T {
  const found = parameters[role];
  if (found === undefined) throw new Error(`no parameter ${role}`);
  return found;
}

/** Numbers of the leaky integrator's state. */
function widthOf(hidden: number): number {
  return 2 * hidden + 1;
}

type Numbers = Float32Array | Float64Array;
/** One stream's rows: [T, I] → [T, O]. */
interface Linear {
  forward(x: Numbers, T: number, y: Numbers): void;
  /** ∂/∂y → ∂/∂x, added to below. */
  back(above: Numbers, T: number, below: Numbers): void;
}

function meanOf(w: Numbers): Linear {
  const F = w.length;
  return {
    forward(x, T, y) {
      for (let u = 0; u < F; u++) {
        let sum = 0;
        for (let t = 0; t < T; t++) {
          sum += x[t * F + u];
          y[t * F + u] = (w[u] * sum) / (t + 1);
        }
      }
    },
    back(above, T, below) {
      for (let u = 0; u < F; u++) {
        let sum = 0;
        for (let t = T - 1; t >= 0; t--) {
          sum += (w[u] * above[t * F + u]) / (t + 1);
          below[t * F + u] += sum;
        }
      }
    },
  };
}

const meanInFloat64: Float64Mixer = {
  forward({ parameters }, x, steps) {
    const output = new Float64Array(x.length);
    meanOf(required(parameters, 'w')).forward(x, steps, output);
    return { output, x } as Float64MixerTrace;
  },
  backward({ parameters }, trace, above, below, gradient) {
    const w = required(parameters, 'w');
    const F = w.length;
    const T = above.length / F;
    meanOf(w).back(above, T, below);
    const of = required(gradient, 'w');
    for (let i = 0; i < above.length; i++) of[i % F] += (above[i] * trace.output[i]) / w[i % F];
  },
  flow({ parameters }, _trace, above, below) {
    const w = required(parameters, 'w');
    const F = w.length;
    const T = above.isReached.length;
    const row = new Float64Array(F);
    for (let from = 0; from < T; from++) {
      for (let t = 0; t <= from; t++) if (above.isReached[from] === 1) below.isReached[t] = 1;
      if (above.logScales[from] === -Infinity) continue;
      for (let u = 0; u < F; u++) row[u] = (w[u] * above.values[from * F + u]) / (from + 1);
      for (let t = 0; t <= from; t++) addArrival(float64Arithmetic, below, t, row, 0, F, above.logScales[from]);
    }
    return [];
  },
  stateNorms: () => [],
  unitMap: () => null,
};

const makeMean: MakeMixer = (arena, { hidden: F }, { steps, batch }) => {
  const output = arena.floats(steps * batch * F);
  const w = (parameters: MixerParameters) => required(parameters, 'w');
  return {
    output,
    states: [],
    totals: [],
    forward({ steps: T, batch: B, x, parameters }) {
      for (let b = 0; b < B; b++) {
        const y = new Float32Array(T * F);
        meanOf(w(parameters)).forward(stream(x, T, B, b, F), T, y);
        putStream(output, y, T, B, b, F);
      }
      return Promise.resolve();
    },
    backward({ steps: T, batch: B, lengths, above, below, parameters, gradient }) {
      const of = required(gradient, 'w').fill(0);
      for (let b = 0; b < B; b++) {
        const own = stream(above, T, B, b, F);
        own.fill(0, (lengths?.[b] ?? T) * F);
        const down = new Float32Array(T * F);
        meanOf(w(parameters)).back(own, T, down);
        putStream(below, down, T, B, b, F);
        const y = stream(output, T, B, b, F);
        for (let i = 0; i < own.length; i++) of[i % F] += (own[i] * y[i]) / w(parameters)[i % F];
      }
      return Promise.resolve();
    },
    clearCarried: () => {
      // Nothing is carried.
    },
  };
};

function stream(rows: Float32Array, T: number, B: number, b: number, F: number): Float32Array {
  return Float32Array.from({ length: T * F }, (_, i) => rows[(Math.floor(i / F) * B + b) * F + (i % F)]);
}

function putStream(rows: Float32Array, own: Float32Array, T: number, B: number, b: number, F: number): void {
  for (let t = 0; t < T; t++) rows.set(own.subarray(t * F, (t + 1) * F), (t * B + b) * F);
}

interface LeakyTrace extends Float64MixerTrace {
  /** (T + 1) × S. */
  readonly states: Float64Array;
  readonly x: Float64Array;
}

/** out[r] += Σ M[r, c] v[c], and out[c] += Σ M[r, c] v[r]. */
function addProduct(out: Numbers, at: number, M: Numbers, v: Numbers, from: number, rows: number, columns: number) {
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) out[at + r] += M[r * columns + c] * v[from + c];
}

function addTransposed(out: Numbers, at: number, M: Numbers, v: Numbers, from: number, rows: number, columns: number) {
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) out[at + c] += M[r * columns + c] * v[from + r];
}

const leakyInFloat64: Float64Mixer<LeakyTrace> = {
  forward({ parameters, input: I, hidden: H }, x, steps) {
    const [a, U, V] = ['a', 'U', 'V'].map((role) => required(parameters, role));
    const S = widthOf(H);
    const states = new Float64Array((steps + 1) * S);
    const output = new Float64Array(steps * H);
    for (let t = 0; t < steps; t++) {
      for (let s = 0; s < S; s++) states[(t + 1) * S + s] = a[s] * states[t * S + s];
      addProduct(states, (t + 1) * S, U, x, t * I, S, I);
      addProduct(output, t * H, V, states, (t + 1) * S, H, S);
    }
    return { output, states, x };
  },
  backward({ parameters, input: I, hidden: H }, { states, x }, above, below, gradient, [norms]) {
    const [a, U, V] = ['a', 'U', 'V'].map((role) => required(parameters, role));
    const [da, dU, dV] = ['a', 'U', 'V'].map((role) => required(gradient, role));
    const S = widthOf(H);
    const ds = new Float64Array(S);
    for (let t = x.length / I - 1; t >= 0; t--) {
      addTransposed(ds, 0, V, above, t * H, H, S);
      norms[t] = lengthOf(ds);
      for (let h = 0; h < H; h++)
        for (let s = 0; s < S; s++) dV[h * S + s] += above[t * H + h] * states[(t + 1) * S + s];
      for (let s = 0; s < S; s++) for (let i = 0; i < I; i++) dU[s * I + i] += ds[s] * x[t * I + i];
      addTransposed(below, t * I, U, ds, 0, S, I);
      for (let s = 0; s < S; s++) {
        da[s] += ds[s] * states[t * S + s];
        ds[s] *= a[s];
      }
    }
  },
  flow({ parameters, input: I, hidden: H }, { x }, above, below) {
    const [a, U, V] = ['a', 'U', 'V'].map((role) => required(parameters, role));
    const S = widthOf(H);
    const T = x.length / I;
    const norms = new Float64Array(T).fill(NaN);
    let carried: { row: Float64Array; logScale: number } | null = null;
    for (let t = T - 1; t >= 0; t--) {
      if (!carried && above.isReached[t] === 0) continue;
      const from: { row: Float64Array; logScale: number } = carried ?? {
        row: new Float64Array(S),
        logScale: -Infinity,
      };
      const common = Math.max(from.logScale, above.logScales[t]);
      below.isReached[t] = 1;
      if (common === -Infinity) {
        norms[t] = -Infinity;
        carried = from;
        continue;
      }
      const ds = from.row.map((value) => value * Math.exp(from.logScale - common));
      const arrived = above.values.subarray(t * H, (t + 1) * H).map((v) => v * Math.exp(above.logScales[t] - common));
      if (above.logScales[t] > -Infinity) addTransposed(ds, 0, V, arrived, 0, H, S);
      norms[t] = log10Of(lengthOf(ds), common);
      const row = new Float64Array(I);
      addTransposed(row, 0, U, ds, 0, S, I);
      addArrival(float64Arithmetic, below, t, row, 0, I, common);
      const next = ds.map((value, s) => value * a[s]);
      const length = lengthOf(next);
      carried =
        length === 0
          ? { row: next, logScale: -Infinity }
          : { row: next.map((value) => value / length), logScale: common + Math.log(length) };
    }
    return [norms];
  },
  stateNorms: ({ hidden: H }, { states, output }) => {
    const S = widthOf(H);
    return [Float64Array.from({ length: output.length / H }, (_, t) => lengthOf(states, (t + 1) * S, S))];
  },
  unitMap: ({ hidden: H }, { states, output }, name) => {
    const S = widthOf(H);
    const T = output.length / H;
    return name === 'leakyState' ? { units: S, values: states.slice(S, (T + 1) * S) } : null;
  },
};

const makeLeaky: MakeMixer = (arena, sizes, { steps, batch }): Mixer => {
  const { input: I, hidden: H } = sizes;
  const S = widthOf(H);
  const output = arena.floats(steps * batch * H);
  const state = arena.floats(batch * S);
  const carried = arena.floats(batch * S);
  const totals = new Float64Array(steps);
  // (T + 1) × B × S: what the way back needs.
  const all = arena.floats((steps + 1) * batch * S);
  return {
    output,
    states: [state],
    totals: [totals],
    forward({ steps: T, batch: B, lengths, x, parameters }) {
      const [a, U, V] = ['a', 'U', 'V'].map((role) => required(parameters, role));
      all.set(state);
      for (let t = 0; t < T; t++)
        for (let b = 0; b < B; b++) {
          const [before, after] = [(t * B + b) * S, ((t + 1) * B + b) * S];
          const isPadding = t >= (lengths?.[b] ?? T);
          for (let s = 0; s < S; s++) all[after + s] = isPadding ? 0 : a[s] * all[before + s];
          output.fill(0, (t * B + b) * H, (t * B + b + 1) * H);
          if (isPadding) continue;
          addProduct(all, after, U, x, (t * B + b) * I, S, I);
          addProduct(output, (t * B + b) * H, V, all, after, H, S);
        }
      state.set(all.subarray(T * B * S, (T + 1) * B * S));
      return Promise.resolve();
    },
    backward({ steps: T, batch: B, x, above, below, parameters, gradient, truncation }) {
      const [a, U, V] = ['a', 'U', 'V'].map((role) => required(parameters, role));
      const [da, dU, dV] = ['a', 'U', 'V'].map((role) => required(gradient, role).fill(0));
      below.fill(0);
      for (let t = T - 1; t >= 0; t--) {
        let squares = 0;
        for (let b = 0; b < B; b++) {
          const ds = carried.subarray(b * S, (b + 1) * S);
          const [row, before, after] = [t * B + b, (t * B + b) * S, ((t + 1) * B + b) * S];
          addTransposed(ds, 0, V, above, row * H, H, S);
          for (const value of ds) squares += value * value;
          for (let h = 0; h < H; h++) for (let s = 0; s < S; s++) dV[h * S + s] += above[row * H + h] * all[after + s];
          for (let s = 0; s < S; s++) for (let i = 0; i < I; i++) dU[s * I + i] += ds[s] * x[row * I + i];
          addTransposed(below, row * I, U, ds, 0, S, I);
          for (let s = 0; s < S; s++) da[s] += ds[s] * all[before + s];
          const isCut = truncation > 0 && t % truncation === 0;
          for (let s = 0; s < S; s++) ds[s] = isCut ? 0 : ds[s] * a[s];
        }
        totals[t] = Math.sqrt(squares);
      }
      return Promise.resolve();
    },
    clearCarried: () => void carried.fill(0),
  };
};

/** y = v ⊙ x², step by step. */
const squareInFloat64: Float64Mixer<Float64MixerTrace & { readonly x: Float64Array }> = {
  forward({ parameters }, x) {
    const v = required(parameters, 'v');
    return { output: x.map((value, i) => v[i % v.length] * value * value), x };
  },
  backward({ parameters }, { x }, above, below, gradient) {
    const [v, dv] = [required(parameters, 'v'), required(gradient, 'v')];
    above.forEach((value, i) => {
      below[i] += 2 * value * v[i % v.length] * x[i];
      dv[i % v.length] += value * x[i] * x[i];
    });
  },
  flow({ parameters }, { x }, above, below) {
    const v = required(parameters, 'v');
    const F = v.length;
    above.isReached.forEach((reached, t) => {
      below.isReached[t] = reached;
      if (above.logScales[t] === -Infinity) return;
      const row = Float64Array.from(v, (own, i) => 2 * own * x[t * F + i] * above.values[t * F + i]);
      addArrival(float64Arithmetic, below, t, row, 0, F, above.logScales[t]);
    });
    return [];
  },
  stateNorms: () => [],
  unitMap: () => null,
};

const makeSquare: MakeMixer = (arena, { hidden: F }, { steps, batch }) => {
  const output = arena.floats(steps * batch * F);
  return {
    output,
    states: [],
    totals: [],
    forward({ x, parameters }) {
      const v = required(parameters, 'v');
      for (let i = 0; i < output.length; i++) output[i] = v[i % F] * x[i] * x[i];
      return Promise.resolve();
    },
    backward({ steps: T, batch: B, x, above, below, parameters, gradient }) {
      const [v, dv] = [required(parameters, 'v'), required(gradient, 'v').fill(0)];
      for (let i = 0; i < T * B * F; i++) {
        below[i] = 2 * above[i] * v[i % F] * x[i];
        dv[i % F] += above[i] * x[i] * x[i];
      }
      return Promise.resolve();
    },
    clearCarried: () => {
      // Nothing is carried.
    },
  };
};

const noCheck = () => {
  // Every size will do.
};

/** Nobody plays with them. */
const playground = {
  hiddenSize: 8,
  deviation: 1,
  controls: [],
  first: {},
  options: () => noOptions,
  adjust: () => undefined,
  fact: () => ({ key: 'panel.playground.explained', numbers: [] }),
  formula: 'y',
  explained: 'panel.playground.explained',
} as const satisfies KindPlayground;

export const mean: CellName = addKind(
  mixer({
    name: 'testMean',
    label: 'Mean',
    title: 'cell.rnn.title',
    path: 'panel.path.direct',
    equations: [],
    parameters: [{ role: 'w', shape: ({ hidden }) => [hidden], initialization: drawn(1), tensor: 'w', torch: null }],
    states: [],
    unitMaps: [],
    options: [
      { name: 'context', type: 'number', default: 32, min: 1, max: 64, isWhole: true, help: 'option.positive.help' },
    ],
    sublayers: () => [{ name: '', states: [] }],
    context: ({ context }) => Number(context),
    check: noCheck,
    surroundings: bare,
    widthStep: () => 1,
    deviationAround: null,
    notApplicable: { truncation: 'cell.rnn.notAdditive' },
    playground,
  }),
);
addCode(mean, { sublayers: { '': { make: makeMean, float64: meanInFloat64 } } });

export const leaky: CellName = addKind(
  mixer({
    name: 'testLeaky',
    label: 'Leaky',
    title: 'cell.rnn.title',
    path: 'panel.path.direct',
    equations: [],
    parameters: [
      { role: 'a', shape: ({ hidden }) => [widthOf(hidden)], initialization: drawn(0.9), tensor: 'a', torch: null },
      {
        role: 'U',
        shape: ({ input, hidden }) => [widthOf(hidden), input],
        initialization: drawn(0.7),
        tensor: 'U',
        torch: null,
      },
      {
        role: 'V',
        shape: ({ hidden }) => [hidden, widthOf(hidden)],
        initialization: drawn(0.7),
        tensor: 'V',
        torch: null,
      },
      { role: 'v', shape: ({ hidden }) => [hidden], initialization: drawn(0.5), tensor: 'v', torch: null },
    ],
    states: [
      {
        name: 'leakyState',
        symbol: 's',
        short: 'state.hidden',
        unitMap: 'leakyState',
        width: ({ hidden }) => widthOf(hidden),
      },
    ],
    unitMaps: [
      {
        name: 'leakyState',
        label: 'unitMap.hidden',
        symbol: 's',
        range: 'unbounded',
        units: ({ hidden }) => widthOf(hidden),
      },
    ],
    options: [],
    sublayers: () => [
      { name: 'scan', states: ['leakyState'] },
      { name: 'square', states: [], around: 'added' },
    ],
    context: () => null,
    check: noCheck,
    surroundings: bare,
    widthStep: () => 1,
    deviationAround: null,
    notApplicable: {},
    playground,
  }),
);
addCode(leaky, {
  sublayers: {
    scan: { make: makeLeaky, float64: leakyInFloat64 },
    square: { make: makeSquare, float64: squareInFloat64 },
  },
});
