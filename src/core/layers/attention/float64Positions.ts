/** The sublayer `positions` in float64: a table P of `context` rows, of which row t is added to what step t reads. */
import type { Float64Mixer } from '../float64Mixer';
import { addOwnContribution } from './contributions';
import { parameter } from './parameter';

export const float64Positions: Float64Mixer = {
  forward(layer, _x, T) {
    const table = parameter(layer, 'P');
    const length = T * layer.hidden;
    if (length > table.length) throw new Error('more steps than the table of positions has');
    return { output: table.slice(0, length) };
  },

  /** What is read passes around the table: nothing goes down through it. */
  backward(_layer, _trace, above, _below, gradient) {
    const sum = gradient['P'];
    if (sum) for (let i = 0; i < above.length; i++) sum[i] += above[i];
  },

  flow: () => [],
  flowOfMany: () => null,
  stateNorms: () => [],
  addContributions: addOwnContribution,
  unitMap: () => null,
};
