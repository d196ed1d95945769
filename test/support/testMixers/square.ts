/** The sublayer y = v ⊙ x², in both precisions. */
import { addArrival } from '../../../src/core/analysis/arrivals';
import { float64Arithmetic } from '../../../src/core/float64/arithmetic';
import type { Float64Mixer, Float64MixerTrace } from '../../../src/core/layers/float64Mixer';
import type { MakeMixer } from '../../../src/core/layers/mixer';
import { gradientOf, required } from './arrays';

export const squareInFloat64: Float64Mixer<Float64MixerTrace & { readonly x: Float64Array }> = {
  forward({ parameters }, x) {
    const v = required(parameters, 'v');
    return { output: x.map((value, i) => v[i % v.length] * value * value), x };
  },
  backward({ parameters }, { x }, above, below, gradient) {
    const [v, dv] = [required(parameters, 'v'), gradientOf(gradient, parameters, 'v')];
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

export const makeSquare: MakeMixer = (arena, { hidden: F }, { steps, batch }) => {
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
