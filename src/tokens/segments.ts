/**
 * Grapheme clusters and words (Unicode Standard Annex 29), by `Intl.Segmenter`. It slows down with the square of a text's length,
 * so it is given short stretches, cut where every text has a boundary of both kinds whatever stands around it: after a line
 * feed, and between a space and a letter or digit of ASCII.
 */

export type SegmentUnit = 'grapheme' | 'word';

/** Made when first needed: the editor's host loads this file too, and one takes some milliseconds. */
const segmenters: Partial<Record<SegmentUnit, Intl.Segmenter>> = {};

function segmenterOf(unit: SegmentUnit): Intl.Segmenter {
  // A fixed locale: the same text falls into the same tokens on every machine.
  return (segmenters[unit] ??= new Intl.Segmenter('en', { granularity: unit }));
}

/** UTF-16 units after which a stretch without a certain boundary ends at one that the segmenter has found. */
const maxStretchLength = 2048;
/** Segments at the end of a stretch that what follows could still change: “can” and “’” before a “t”. */
const unsure = 2;

const lineFeed = 0x0a;
const space = 0x20;

/** Where the stretch that begins at `start` ends; at `start` itself when the text continues (`isWhole` false) and does not hold its end. */
export function stretchEnd(text: string, start: number, isWhole: boolean): number {
  const max = Math.min(text.length, start + maxStretchLength);
  for (let i = start + 1; i <= max; i++) if (isCertain(text, i)) return i;
  return isWhole || max === start + maxStretchLength ? max : start;
}

/** Segments of a stretch; of one that was cut for its length, only those that what follows cannot change. */
export function segmentsOfStretch(stretch: string, unit: SegmentUnit): string[] {
  const segments = Array.from(segmenterOf(unit).segment(stretch), ({ segment }) => segment);
  return stretch.length < maxStretchLength ? segments : segments.slice(0, Math.max(1, segments.length - unsure));
}

/** All segments of a text, in order. */
export function* segmentsOf(text: string, unit: SegmentUnit): Generator<string> {
  for (let start = 0; start < text.length;) {
    for (const segment of segmentsOfStretch(text.slice(start, stretchEnd(text, start, true)), unit)) {
      yield segment;
      start += segment.length;
    }
  }
}

/** Whether a boundary stands before unit `i` whatever stands around the text. */
export function isCertain(text: string, i: number): boolean {
  const before = text.charCodeAt(i - 1);
  if (before === lineFeed) return true;
  return before === space && i < text.length && isAsciiAlphanumeric(text.charCodeAt(i));
}

function isAsciiAlphanumeric(unit: number): boolean {
  return (unit >= 0x61 && unit <= 0x7a) || (unit >= 0x41 && unit <= 0x5a) || (unit >= 0x30 && unit <= 0x39);
}
