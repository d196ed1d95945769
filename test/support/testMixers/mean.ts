/** The mixer y_t = w ⊙ (Σ_{k ≤ t} x_k) / (t + 1), in both precisions. */
import { addArrival } from '../../../src/core/analysis/arrivals';
import { float64Arithmetic } from '../../../src/core/float64/arithmetic';
import type { Float64Mixer, Float64MixerTrace } from '../../../src/core/layers/float64Mixer';
import type { MakeMixer, MixerParameters } from '../../../src/core/layers/mixer';
import { gradientOf, required, type Numbers } from './arrays';

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

export const meanInFloat64: Float64Mixer = {
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
    const of = gradientOf(gradient, parameters, 'w');
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

export const makeMean: MakeMixer = (arena, { hidden: F }, { steps, batch }) => {
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
