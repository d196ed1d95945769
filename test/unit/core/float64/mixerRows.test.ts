/** The matrix of the lowest boundary of attention models, several targets at once: the numbers of each target by itself. */
import { strict as assert } from 'node:assert';
import { inputMatrixInFloat64 } from '../../../../src/core/float64/float64InputMatrix';
import { perTargetInFloat64 } from '../../../../src/core/float64/float64PerTarget';
import { readInFloat64 } from '../../../../src/core/float64/float64Trace';
import { plainStack, uniformModel, type StackConfig } from '../../../../src/core/model/config';
import { generalModelOf } from '../../../../src/core/model/plainModel';
import { randomModel } from '../../support/models';

const T = 75;
const base: Partial<StackConfig> = { norm: 'layerNorm', finalNorm: 'layerNorm', residual: true, layers: 2 };
/** Weights so many times as large: attention so sharp that it reaches nothing of most steps, in float64. */
const cases: [string, Partial<StackConfig>, number][] = [
  ['learned positions', { ...base, options: { heads: 2, positions: 'learned', context: 128 } }, 1],
  ['rotary positions', { ...base, options: { heads: 2, positions: 'rotary', context: 128 } }, 1],
  ['no residual, rmsNorm', { ...base, residual: false, norm: 'rmsNorm', options: { heads: 4, positions: 'none' } }, 1],
  ['one layer, nothing around it', { layers: 1, options: { heads: 1, positions: 'none' } }, 1],
  ['sharp attention', { ...base, layers: 3, options: { heads: 2, positions: 'learned', context: 128 } }, 40],
];

describe('rows of the matrix of an attention model, several targets at once', () => {
  for (const [name, part, factor] of cases)
    it(name, async () => {
      const config = uniformModel({
        ...plainStack,
        cell: 'attention',
        activation: 'tanh',
        layers: 2,
        hiddenSize: 8,
        vocabularySize: 9,
        embeddingSize: 8,
        ...part,
      });
      const { parameters, ids } = randomModel(config, 11, T + 1);
      parameters.values.forEach((value, i, values) => (values[i] = factor * value));
      const [inputs, targets] = [ids.slice(0, -1), ids.slice(1)];
      const trace = readInFloat64(
        generalModelOf(config, parameters),
        Int32Array.from(inputs),
        Int32Array.from(targets),
      );
      const found = await inputMatrixInFloat64(trace, () => Promise.resolve());
      for (let target = 0; target < T; target++) {
        const [expected] = (await perTargetInFloat64(trace, target)).inputs;
        assert.ok(expected);
        expected.forEach((value, t) => {
          const own = found[target * T + t];
          const isSame = Object.is(value, own) || Math.abs(value - own) <= 1e-11 * Math.max(1, Math.abs(value));
          assert.ok(isSame, `${target}, ${t}: ${own} for ${value}`);
        });
      }
    });
});
