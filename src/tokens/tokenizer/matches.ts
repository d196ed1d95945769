/** A text as matches of a pattern and what is between them, and what a splitter makes of these. */

export interface Stretch {
  /** UTF-16 units. */
  readonly from: number;
  readonly to: number;
  readonly isMatch: boolean;
}

export type SplitBehavior = 'Removed' | 'Isolated' | 'MergedWithPrevious' | 'MergedWithNext' | 'Contiguous';

export const splitBehaviors: readonly SplitBehavior[] = [
  'Removed',
  'Isolated',
  'MergedWithPrevious',
  'MergedWithNext',
  'Contiguous',
];

/**
 * The whole text, in order. An empty match is one too, but for one right behind the match before it.
 * @param pattern with the flags g and u
 */
export function matchesOf(text: string, pattern: RegExp): Stretch[] {
  if (text === '') return [{ from: 0, to: 0, isMatch: false }];
  const found: Stretch[] = [];
  let [searched, previous] = [0, -1];
  let end = 0;
  while (searched <= text.length) {
    pattern.lastIndex = searched;
    const match = pattern.exec(text);
    if (!match) break;
    const [from, to] = [match.index, match.index + match[0].length];
    // V8 finds empty matches of patterns that look back between the halves of a pair too.
    if (from === to && isWithinPair(text, from)) {
      searched = from + 1;
      continue;
    }
    if (from === to && to === previous) {
      searched += (text.codePointAt(searched) ?? 0) > 0xffff ? 2 : 1;
      continue;
    }
    if (end !== from) found.push({ from: end, to: from, isMatch: false });
    found.push({ from, to, isMatch: true });
    searched = previous = end = to;
  }
  if (end !== text.length) found.push({ from: end, to: text.length, isMatch: false });
  return found;
}

function isWithinPair(text: string, at: number): boolean {
  return at > 0 && (text.codePointAt(at - 1) ?? 0) > 0xffff;
}

export function inverted(stretches: readonly Stretch[]): Stretch[] {
  return stretches.map(({ from, to, isMatch }) => ({ from, to, isMatch: !isMatch }));
}

/** The pieces that are left, which may be empty. */
export function split(stretches: readonly Stretch[], behavior: SplitBehavior): { from: number; to: number }[] {
  switch (behavior) {
    case 'Removed':
      return stretches.filter(({ isMatch }) => !isMatch);
    case 'Isolated':
      return [...stretches];
    case 'Contiguous':
      return merged(stretches, (isMatch, wasMatch) => isMatch === wasMatch);
    case 'MergedWithPrevious':
      return merged(stretches, (isMatch, wasMatch) => isMatch && !wasMatch);
    case 'MergedWithNext':
      return merged(stretches.toReversed(), (isMatch, wasMatch) => isMatch && !wasMatch).reverse();
  }
}

/** Joins a stretch to the one before it, in whichever order they come. */
function merged(
  stretches: readonly Stretch[],
  joins: (isMatch: boolean, wasMatch: boolean) => boolean,
): { from: number; to: number }[] {
  const pieces: { from: number; to: number }[] = [];
  let wasMatch = false;
  for (const { from, to, isMatch } of stretches) {
    const last = pieces.at(-1);
    if (last && joins(isMatch, wasMatch)) {
      last.from = Math.min(last.from, from);
      last.to = Math.max(last.to, to);
    } else {
      pieces.push({ from, to });
    }
    wasMatch = isMatch;
  }
  return pieces;
}
