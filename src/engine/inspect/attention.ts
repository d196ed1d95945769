/** What a frame holds of a layer of heads: one head's weights, and of all of them the target's gradients by keys and values. */
import type { Trace } from '../../core/model/trace';
import { maxAttentionSteps, type AttentionOfFrame } from '../../protocol/frame';
import type { Look } from './inspector';

export interface AttentionSeries {
  /** Numbers in all. */
  readonly length: number;
  /** Writes them from `offset` on; null where there are none. */
  write(data: Float32Array, offset: number): AttentionOfFrame | null;
}

export function attentionSeries({ layers, steps: T }: Trace, attention: Look['attention']): AttentionSeries {
  if (!attention) return { length: 0, write: () => null };
  const { layer, head, keys, values } = attention;
  const heads = keys.length;
  const weights = T <= maxAttentionSteps ? layers[layer].values?.heads[head] : undefined;
  const ofNorms = heads * T;
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
      return { layer, head, heads, weights: weights ? ofWeights : null, keys: ofKeys, values: ofValues };
    },
  };
}
