/**
 * Dropout between the layers of a stack (Srivastava et al. 2014), scaled in training as PyTorch's: of what every sublayer but the last gives, before what it has
 * read is added.
 */
import { Random } from '../model/random';
import type { Tape } from '../model/tape';

/**
 * Draws each layer's mask again: an element is 0 with the given probability, otherwise 1/(1 − p). The masks follow from the seed and
 * the training step alone, so that a resumed run draws the same.
 */
export function fillDropout({ layers }: Tape, probability: number, seed: number, step: number): void {
  // The golden ratio's fraction of 2³² spreads the steps over the seeds.
  const random = Random.fromSeed((seed ^ Math.imul(step + 1, 0x9e3779b1)) | 0);
  const kept = 1 / (1 - probability);
  for (const { dropout } of layers.flatMap(({ sublayers }) => sublayers)) {
    if (!dropout) continue;
    for (let i = 0; i < dropout.length; i++) dropout[i] = random.uniform() < probability ? 0 : kept;
  }
}
