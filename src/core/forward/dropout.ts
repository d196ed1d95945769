/**
 * Dropout between the layers of a stack (Srivastava et al. 2014), scaled in training as PyTorch's: of what every sublayer but the last gives, before what it has
 * read is added.
 */
import { Random } from '../model/random';

/** What masks are drawn for: the rows of a tape, in its layout. */
export interface DropoutRooms {
  readonly layers: readonly { readonly sublayers: readonly { readonly dropout: Float32Array | null }[] }[];
  readonly batch: number;
  readonly maxSteps: number;
}

/** The streams of a tape among those of a whole batch: from `first` on. */
export interface StreamsOf {
  readonly first: number;
  readonly of: number;
}

/**
 * Draws each layer's mask again: an element is 0 with the given probability, otherwise 1/(1 − p). The masks follow from the seed and
 * the training step alone, so that a resumed run draws the same; and a stream's mask is the same whether or not the other streams of its batch are on the tape.
 */
export function fillDropout(
  { layers, batch, maxSteps }: DropoutRooms,
  probability: number,
  seed: number,
  step: number,
  { first, of }: StreamsOf = { first: 0, of: batch },
): void {
  // The golden ratio's fraction of 2³² spreads the steps over the seeds.
  const random = Random.fromSeed((seed ^ Math.imul(step + 1, 0x9e3779b1)) | 0);
  const kept = 1 / (1 - probability);
  for (const { dropout } of layers.flatMap(({ sublayers }) => sublayers)) {
    if (!dropout) continue;
    const width = dropout.length / (maxSteps * batch);
    let at = 0;
    for (let row = 0; row < maxSteps * of; row++) {
      const isOwn = row % of >= first && row % of < first + batch;
      for (let unit = 0; unit < width; unit++) {
        const value = random.uniform() < probability ? 0 : kept;
        if (isOwn) dropout[at++] = value;
      }
    }
  }
}
