/** What a frame holds of a layer of heads: one head's weights, and of all of them the target's gradients by keys and values. */
import type { Trace } from '../../core/model/trace';
import { maxWeightSteps, type HeadsOfFrame } from '../../protocol/frame';
import type { Look } from './inspector';

export interface HeadSeries {
  /** Numbers in all. */
  readonly length: number;
  /** Writes them from `offset` on; null where there are none. */
  write(data: Float32Array, offset: number): HeadsOfFrame | null;
}

export function headSeries({ layers, steps: T }: Trace, heads: Look['heads']): HeadSeries {
  if (!heads) return { length: 0, write: () => null };
  const { layer, head, keys, values } = heads;
  const count = keys.length;
  const weights = T <= maxWeightSteps ? layers[layer].values?.heads[head] : undefined;
  const ofNorms = count * T;
  return {
    length: (weights ? T * T : 0) + 2 * ofNorms,
    write(data, offset) {
      const [ofKeys, ofValues, ofWeights] = [offset, offset + ofNorms, offset + 2 * ofNorms];
      keys.forEach((norms, h) => data.set(norms, ofKeys + h * T));
      values.forEach((norms, h) => data.set(norms, ofValues + h * T));
      if (weights) {
        data.set(weights, ofWeights);
        for (let target = 0; target < T; target++)
          data.fill(NaN, ofWeights + target * T + target + 1, ofWeights + (target + 1) * T);
      }
      return { layer, head, count, weights: weights ? ofWeights : null, keys: ofKeys, values: ofValues };
    },
  };
}
