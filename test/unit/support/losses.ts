/** What a model in float64 loses on a text. */
import { readInFloat64 } from '../../../src/core/float64/float64Trace';
import type { GeneralModel } from '../../../src/core/model/generalModel';

/** −ln p of each token but the first, in nats. */
export function lossesOf(model: GeneralModel, ids: readonly number[]): number[] {
  const V = model.vocabularySize;
  const { probabilities } = readInFloat64(model, Int32Array.from(ids.slice(0, -1)), Int32Array.from(ids.slice(1)));
  return ids.slice(1).map((id, t) => -Math.log(probabilities[t * V + id]));
}
