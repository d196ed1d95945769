/** A sentence's pieces in the page: what speaks of vanishing or exploding is emphasized. */
import { element } from './dom';
import type { Segment } from './texts';

export function segmentNodes(segments: readonly Segment[]): Node[] {
  return segments.map(({ text, tone }) => (tone ? element('b', { class: tone, text }) : document.createTextNode(text)));
}
