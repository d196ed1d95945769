/** The sizes of a layer's parts: E channels of S numbers each, steps read at a time by the convolution K, rank of the step sizes R. */
import { isOptionOn, numberOption } from '../../../layers/options';
import { channelsOf, rankOf } from '../../../layers/kinds/mamba';
import type { LayerSizes } from '../../../layers/parameters';

export interface MambaSizes {
  /** What it reads and what it gives. */
  readonly I: number;
  readonly O: number;
  readonly E: number;
  readonly S: number;
  readonly K: number;
  readonly R: number;
  /** R + 2 S: of (d, B, C), side by side. */
  readonly width: number;
  readonly hasBiases: boolean;
}

export function mambaSizes(sizes: LayerSizes): MambaSizes {
  const S = numberOption(sizes.options, 'stateSize');
  const R = rankOf(sizes);
  return {
    I: sizes.input,
    O: sizes.hidden,
    E: channelsOf(sizes),
    S,
    K: numberOption(sizes.options, 'convolution'),
    R,
    width: R + 2 * S,
    hasBiases: isOptionOn(sizes.options, 'projectionBiases'),
  };
}
