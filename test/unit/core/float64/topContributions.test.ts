/** The hover's sum over tokens for models whose top layer is a mixer: complete, with norms and residual connections. */
import { strict as assert } from 'node:assert';
import { readInFloat64 } from '../../../../src/core/float64/float64Trace';
import { topContributions } from '../../../../src/core/float64/topContributions';
import { generalModelOf } from '../../../../src/core/model/plainModel';
import { Parameters } from '../../../../src/core/model/parameters';
import { assertNear } from '../../../reference/compare';
import { drawParameters, mambaCaseNames, readMambaCase } from '../../../reference/mambaVectors';
import { mambaConfig, setMambaParameters } from '../../support/mamba';

describe('contributions through a mixer', () => {
  for (const name of mambaCaseNames) {
    it(`Mamba ${name}: the parts sum to the logit, to 1e-10`, () => {
      const found = readMambaCase(name);
      const config = mambaConfig(found);
      const parameters = new Parameters(config);
      setMambaParameters(parameters, drawParameters(found));
      const model = generalModelOf(config, parameters);
      const { ids } = found.inspection;
      const trace = readInFloat64(model, Int32Array.from(ids.slice(0, -1)), Int32Array.from(ids.slice(1)));
      const { W } = model.output;
      for (let step = 0; step < trace.steps; step++) {
        for (let symbol = 0; symbol < found.vocabulary; symbol++) {
          const contributions = topContributions(trace, symbol, step);
          assert.ok(contributions);
          const D = found.width;
          let logit = 0;
          for (let i = 0; i < D; i++) logit += W[symbol * D + i] * trace.top[step * D + i];
          const { parts, carriedIn } = contributions;
          assertNear(
            parts.reduce((sum, part) => sum + part, carriedIn),
            logit,
            1e-10,
            `symbol ${symbol}, step ${step}`,
          );
        }
      }
    });
  }
});
