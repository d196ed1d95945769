/** The mixer s_t = a ⊙ s_{t−1} + U x_t, y_t = V s_t, with a state of 2·H + 1 numbers, in both precisions. */
import { addArrival } from '../../../src/core/analysis/arrivals';
import { float64Arithmetic, log10Of } from '../../../src/core/float64/arithmetic';
import type { Float64Mixer, Float64MixerTrace } from '../../../src/core/layers/float64Mixer';
import type { MakeMixer, Mixer } from '../../../src/core/layers/mixer';
import { lengthOf } from '../../../src/core/numeric';
import { addProduct, addTransposed, gradientOf, required } from './arrays';

/** Numbers of the leaky integrator's state. */
export function widthOf(hidden: number): number {
  return 2 * hidden + 1;
}

interface LeakyTrace extends Float64MixerTrace {
  /** (T + 1) × S. */
  readonly states: Float64Array;
  readonly x: Float64Array;
}

export const leakyInFloat64: Float64Mixer<LeakyTrace> = {
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
    const [da, dU, dV] = ['a', 'U', 'V'].map((role) => gradientOf(gradient, parameters, role));
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

export const makeLeaky: MakeMixer = (arena, sizes, { steps, batch }): Mixer => {
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
