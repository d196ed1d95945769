/**
 * Which stretch of an editor's text is the probe, and what its tokens are: the selection, or else the text from the first visible line
 * on, or, where the cursor stands farther down on the screen, the text before the cursor. Of a model that has learned sequences by
 * themselves it is within one of them.
 */
import * as vscode from 'vscode';
import type { SequenceSplit } from '../../protocol/settings';
import { isComment } from '../../tokens/numbers';
import type { Span } from '../../tokens/spans';
import type { ReadUnit } from '../../tokens/tokenUnit';
import { probeTokens } from '../chosenSettings';
import { settingsFor } from '../settings';
import { placesOf, probeText, startOfLast, wholeTokens, type ProbeText } from './probeText';

/** How a model reads a text. */
export interface WayOfReading {
  readonly unit: ReadUnit;
  /** Where the text falls into sequences; null where it is read on and on. */
  readonly split: SequenceSplit | null;
}

export interface Probe extends ProbeText, WayOfReading {
  readonly document: vscode.Uri;
  /** Whether someone selected it, or it is just what can be seen. */
  readonly isSelected: boolean;
}

/** UTF-16 units before a probe in which a place to cut from is looked for. */
const context = 2048;
/** UTF-16 units for each token, to begin with, and where that was too little. */
const roomPerToken = [4, 16, 64];
/** The room behind a probe that its last token may depend on, in tokens. */
const unitsPerToken = 16;
/** Steps of a sequence of numbers that are shown: more would make no picture. */
const maxSequence = 8192;
/** Lines of a paragraph that are looked at in either direction. */
const maxLines = 4096;

/** The selection of an editor, or else what is visible; undefined where that is too little to look at. */
export function probeIn(editor: vscode.TextEditor, way: WayOfReading): Probe | undefined {
  return selectedProbe(editor, way) ?? visibleProbe(editor, way);
}

export function selectedProbe({ document, selection }: vscode.TextEditor, way: WayOfReading): Probe | undefined {
  // Of a sequence of numbers no part is one.
  if (selection.isEmpty || way.unit === 'numbers') return undefined;
  const bounds = boundsAround(document, selection.start.line, way);
  const [from, to] = [selection.start, selection.end].map((place) => document.offsetAt(place));
  return probeOf(document, stretch(document, bounds, from, to, tokensIn(document), way), way, true);
}

export function visibleProbe(
  { document, selection, visibleRanges }: vscode.TextEditor,
  way: WayOfReading,
): Probe | undefined {
  const { active } = selection;
  const tokens = tokensIn(document);
  const isSeen = visibleRanges.some((range) => range.contains(active));
  const firstLine = visibleRanges.at(0)?.start.line ?? 0;
  const bounds = boundsAround(document, way.split !== null && isSeen ? active.line : firstLine, way);
  if (way.unit === 'numbers') return probeOf(document, wholeSequence(document, bounds), way, false);
  const from = (place: number) => stretch(document, bounds, place, bounds.end, tokens, way);
  let found = from(way.split === null ? document.offsetAt(new vscode.Position(firstLine, 0)) : bounds.start);
  const cursor = document.offsetAt(active);
  const isWithin = cursor >= bounds.start && cursor <= bounds.end;
  if (found && isSeen && isWithin && !holds(found, cursor)) {
    // Some room behind it, so that the next tokens are in the same probe.
    found = from(placeBefore(document, bounds, cursor, Math.floor((tokens * 7) / 8), way)) ?? found;
  }
  // The last line may hold too little to look at: the end of the text, then.
  found ??= from(placeBefore(document, bounds, bounds.end, tokens, way));
  return probeOf(document, found, way, false);
}

/** Where tokens `from` to before `to` stand in the document. */
export function rangeOf(probe: ProbeText, from: number, to: number): vscode.Range {
  const { start, end } = placesOf(probe, from, to);
  return new vscode.Range(start.line, start.character, end.line, end.character);
}

/** Whether a cursor at this offset is in it, or right behind it. */
export function holds({ startOffset, text }: ProbeText, offset: number): boolean {
  return offset >= startOffset && offset <= startOffset + text.length;
}

/** Most tokens of a probe, the last target among them. */
export function tokensIn({ uri }: vscode.TextDocument): number {
  return probeTokens(settingsFor(uri)) + 1;
}

function probeOf(
  { uri }: vscode.TextDocument,
  text: ProbeText | undefined,
  { split }: WayOfReading,
  isSelected: boolean,
): Probe | undefined {
  return text && { ...text, split, document: uri, isSelected };
}

/** A sequence of numbers as it is, however long: what is predicted stands at its end. */
function wholeSequence(document: vscode.TextDocument, { start, end }: Span): ProbeText | undefined {
  return probeText(excerptOf(document, start, end).text, 'numbers', start, document.positionAt(start), maxSequence);
}

/** The whole tokens from the one at `from` to the one before `to`. All places are UTF-16 offsets in the document. */
function stretch(
  document: vscode.TextDocument,
  bounds: Span,
  from: number,
  to: number,
  tokens: number,
  { unit }: WayOfReading,
): ProbeText | undefined {
  const last = Math.min(to, bounds.end);
  for (const room of roomPerToken) {
    const end = Math.min(last, from + room * tokens);
    const excerpt = excerptOf(
      document,
      Math.max(bounds.start, from - context),
      Math.min(bounds.end, end + room * unitsPerToken),
    );
    const found = wholeTokens(excerpt.text, unit, from - excerpt.start, last - excerpt.start, tokens);
    const isSettled = excerpt.end >= bounds.end || (found && excerpt.start + found.end <= end);
    if (!isSettled && room !== roomPerToken.at(-1)) continue;
    if (!found) return undefined;
    // A document has no place within the two characters of a line end.
    const start = document.positionAt(excerpt.start + found.start);
    const startOffset = document.offsetAt(start);
    return probeText(excerpt.text.slice(startOffset - excerpt.start, found.end), unit, startOffset, start, tokens);
  }
  return undefined;
}

/** About where the tokens begin that end at a place. */
function placeBefore(
  document: vscode.TextDocument,
  bounds: Span,
  place: number,
  tokens: number,
  { unit }: WayOfReading,
): number {
  for (const room of roomPerToken) {
    const excerpt = excerptOf(document, Math.max(bounds.start, place - room * tokens), place);
    const start = startOfLast(excerpt.text, unit, tokens);
    if (start !== undefined) return excerpt.start + start;
    if (excerpt.start <= bounds.start) break;
  }
  return Math.max(bounds.start, place - roomPerToken[roomPerToken.length - 1] * tokens);
}

function excerptOf(document: vscode.TextDocument, from: number, to: number): Span & { readonly text: string } {
  const range = new vscode.Range(document.positionAt(from), document.positionAt(to));
  const start = document.offsetAt(range.start);
  const text = document.getText(range);
  return { start, end: start + text.length, text };
}

/** The document, or of one that falls into sequences the one on this line; without any on it, the next, or the one before. */
function boundsAround(document: vscode.TextDocument, line: number, { split, unit }: WayOfReading): Span {
  const offsets = (first: number, last: number) => ({
    start: document.offsetAt(new vscode.Position(first, 0)),
    end: document.offsetAt(document.lineAt(last).range.end),
  });
  const lastLine = document.lineCount - 1;
  if (split === null) return offsets(0, lastLine);
  const isBlank = (at: number) => {
    const { isEmptyOrWhitespace, text } = document.lineAt(at);
    return isEmptyOrWhitespace || (unit === 'numbers' && isComment(text));
  };
  /** The farthest line that can be reached without meeting one that is otherwise. */
  const follow = (from: number, step: 1 | -1, blank: boolean) => {
    let at = from;
    for (let i = 0; i < maxLines && at + step >= 0 && at + step <= lastLine && isBlank(at + step) === blank; i++)
      at += step;
    return at;
  };
  let own = line;
  if (isBlank(own)) {
    const [below, above] = [follow(own, 1, true) + 1, follow(own, -1, true) - 1];
    own = below <= lastLine ? below : Math.max(0, above);
  }
  return split === 'lines' ? offsets(own, own) : offsets(follow(own, -1, false), follow(own, 1, false));
}
