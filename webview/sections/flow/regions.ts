/** The stretches of text behind which the gradient has vanished, or exploded, in the whole stack. */
import type { Region } from '../../../src/terms/regions';
import type { LayerRegion } from '../../../src/protocol/frame';

export interface Stretch {
  readonly kind: Region['kind'];
  readonly from: number;
  readonly to: number;
}

/**
 * Vanishing where the gradient of every layer's states has vanished (through one that has not, text can still teach); exploding where any
 * layer's has exploded. @param lanes whose regions these are
 */
export function stretches(regions: readonly LayerRegion[], steps: number, lanes: number): Stretch[] {
  const vanishing = new Uint16Array(steps);
  const exploding = new Uint16Array(steps);
  for (const region of regions) {
    const counts = region.kind === 'vanishing' ? vanishing : exploding;
    for (let t = region.from; t <= region.to && t < steps; t++) counts[t]++;
  }
  return [...runs('vanishing', vanishing, lanes), ...runs('exploding', exploding, 1)];
}

function runs(kind: Region['kind'], counts: Uint16Array, needed: number): Stretch[] {
  const found: Stretch[] = [];
  for (let t = 0; t < counts.length; t++) {
    if (counts[t] < needed) continue;
    const from = t;
    while (t + 1 < counts.length && counts[t + 1] >= needed) t++;
    found.push({ kind, from, to: t });
  }
  return found;
}
