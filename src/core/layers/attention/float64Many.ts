/** The sublayer `mha`, several targets on their way back at once. */
import { addProduct, matrix } from '../../float64/matrixProduct';
import { targetBlock, type TargetBlock } from '../../float64/targetBlock';
import type { Float64MixerLayer } from '../float64Mixer';
import { contextBack, type AttentionTrace } from './float64Heads';
import { parameter } from './parameter';
import { attentionSizes } from './sizes';

/** See `Float64Mixer.flowOfMany`. */
export function flowOfMany(layer: Float64MixerLayer, trace: AttentionTrace, above: TargetBlock): TargetBlock {
  const { input: I, width: D } = attentionSizes(layer);
  const { first, last, begin, values, logScales } = above;
  const rows = begin[first.length];
  const context = new Float64Array(rows * D);
  addProduct(matrix(context, D), matrix(values, D), matrix(parameter(layer, 'Wo'), D), rows, D, D);
  // A step reaches all before it.
  const below = targetBlock(I, new Int32Array(first.length), last, logScales);
  const sent = below.begin[first.length];
  const qkv = new Float64Array(sent * 3 * D);
  for (let r = 0; r < first.length; r++)
    contextBack(
      layer,
      trace,
      { values: context, at: begin[r] * D, stride: D },
      first[r],
      last[r] + 1 - first[r],
      qkv,
      below.begin[r] * 3 * D,
    );
  addProduct(matrix(below.values, I), matrix(qkv, 3 * D), matrix(parameter(layer, 'Wqkv'), I), sent, I, 3 * D);
  return below;
}
