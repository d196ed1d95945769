/** The series that the text is tinted by, where the frame does not hold it anyway. */
import { directionNames, type Trace } from '../../core/model/trace';
import { UserError } from '../../userError';
import { unitCountOf } from '../../layers/catalog';
import type { LaneChoice } from '../../protocol/frame';
import type { Look } from './inspector';
import { mapInWords, mapValues } from './states';

/** T values. Throws a UserError for a unit that the model does not have. */
export function laneValues(look: Pick<Look, 'general' | 'trace' | 'symbols'>, choice: LaneChoice): Float32Array {
  switch (choice.kind) {
    case 'surprise':
      if (look.general.isOfNumbers === true) throw new UserError('error.numbers.surprise');
      return surprise(look.trace, look.symbols.length);
    case 'unit':
      return oneUnit(look, choice);
    case 'element':
      throw new UserError('error.graph.notOpen');
  }
}

/** ℓ_t − H_t, H_t the entropy of what is predicted after step t, nats: 0 on average where the model knows how much it does not know. @param V size of the vocabulary */
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
  { general, trace }: Pick<Look, 'general' | 'trace'>,
  { layer, direction, quantity, unit }: Extract<LaneChoice, { kind: 'unit' }>,
): Float32Array {
  const own = layer >= 0 ? general.layers.at(layer) : undefined;
  const d = own ? directionNames(trace.layers[layer]).indexOf(direction) : -1;
  const count = own && d >= 0 ? unitCountOf(own.cell, quantity, { hidden: own.hiddenSize, options: own.options }) : 0;
  if (count === 0) throw new UserError('error.inspect.noSuchQuantity', mapInWords(quantity), layer + 1);
  if (!Number.isInteger(unit) || unit < 0 || unit >= count)
    throw new UserError('error.inspect.noSuchUnit', unit, mapInWords(quantity), layer + 1, count - 1);
  const { values, units } = mapValues(trace, layer, d, quantity);
  return Float32Array.from({ length: trace.steps }, (_, t) => values[t * units + unit]);
}
