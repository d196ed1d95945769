/** The series that the text is tinted by, where the frame does not hold it anyway. */
import { directionNames, type Trace } from '../../core/model/trace';
import { UserError } from '../../userError';
import { unitMapNamesOf } from '../../layers/catalog';
import type { LaneChoice } from '../../protocol/frame';
import { mapValues } from './states';

/** T values. Throws a UserError for a unit that the model does not have. @param V size of the vocabulary */
export function laneValues(trace: Trace, V: number, choice: LaneChoice): Float32Array {
  return choice.kind === 'surprise' ? surprise(trace, V) : oneUnit(trace, choice);
}

/** ℓ_t − H_t, H_t the entropy of what is predicted after step t, nats: 0 on average where the model knows how much it does not know. */
function surprise({ steps, probabilities, targetLogProbabilities }: Trace, V: number): Float32Array {
  return Float32Array.from({ length: steps }, (_, t) => {
    let entropy = 0;
    for (let i = t * V; i < (t + 1) * V; i++) {
      const p = probabilities[i];
      if (p > 0) entropy -= p * Math.log(p);
    }
    return -targetLogProbabilities[t] - entropy;
  });
}

function oneUnit(
  trace: Trace,
  { layer, direction, quantity, unit }: Extract<LaneChoice, { kind: 'unit' }>,
): Float32Array {
  const own = trace.layers.at(layer);
  const noSuchUnit = () => new UserError('error.inspect.noSuchUnit', unit + 1, quantity, layer + 1);
  const d = own ? directionNames(own).indexOf(direction) : -1;
  if (!own || d < 0 || !unitMapNamesOf(own.cell).includes(quantity) || !Number.isInteger(unit) || unit < 0)
    throw noSuchUnit();
  const { values, units } = mapValues(trace, layer, d, quantity);
  if (unit >= units) throw noSuchUnit();
  return Float32Array.from({ length: trace.steps }, (_, t) => values[t * units + unit]);
}
