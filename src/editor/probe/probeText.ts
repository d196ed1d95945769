/**
 * The probe's text and where its tokens lie: by the cuts of the model that is looked at (src/tokens), as the engine reads it. Places in a
 * document are counted in UTF-16 code units, as the editor does.
 */
import type { FrameHeader } from '../../protocol/frame';
import { certainBoundary, spansOf, type Span } from '../../tokens/spans';
import type { ReadUnit } from '../../tokens/tokenUnit';

/** A place in a document: zero-based line, and UTF-16 code unit in it. */
export interface Place {
  readonly line: number;
  readonly character: number;
}

export interface ProbeText {
  /** The tokens, whole: N inputs and the last target. */
  readonly text: string;
  readonly unit: ReadUnit;
  /** UTF-16 offset in the document of the first token. */
  readonly startOffset: number;
  readonly start: Place;
  /** Where in `text` each token stands. */
  readonly spans: readonly Span[];
  /** Where in `text` its lines begin, but for the first. */
  readonly lineStarts: readonly number[];
}

/** The fewest tokens there is anything to see in: one to read and one to predict. */
export const minTokens = 2;

/**
 * The probe that a stretch of a document is, which begins with a token.
 * @param start where in the document
 * @param tokens the most to take, the last target among them; what is more is cut off
 * @returns undefined if the text has fewer than two tokens
 */
export function probeText(
  text: string,
  unit: ReadUnit,
  startOffset: number,
  start: Place,
  tokens: number,
): ProbeText | undefined {
  let whole = text;
  let spans = Array.from(spansOf(whole, unit));
  // Of a character's bytes all are taken or none; and what is left is cut as the engine will cut it, by itself.
  while (spans.length > tokens) {
    // A tokenizer.json may put tokens behind the text, which take none of it away.
    const lastStart = spans.findLast(({ start }) => start < whole.length)?.start ?? 0;
    whole = whole.slice(0, Math.min(spans[tokens].start, lastStart));
    spans = Array.from(spansOf(whole, unit));
  }
  if (spans.length < minTokens) return undefined;
  return { text: whole, unit, startOffset, start, spans, lineStarts: lineStartsOf(whole) };
}

/**
 * Which part of a text its tokens take from the one that holds `from`, or is the first behind it, to the one that holds what stands
 * before `to`. Where a token begins is found from what stands before it, as where a corpus is cut.
 * @param tokens the most to take
 * @returns undefined where there is none
 */
export function wholeTokens(text: string, unit: ReadUnit, from: number, to: number, tokens: number): Span | undefined {
  const certain = certainBoundary(text, from, unit);
  let found: Span | undefined;
  let count = 0;
  for (const span of spansOf(text.slice(certain), unit)) {
    const [start, end] = [certain + span.start, certain + span.end];
    if (end <= from || start === end) continue;
    if (start >= to || count === tokens) break;
    found = { start: found?.start ?? start, end };
    count += 1;
  }
  return found;
}

/** UTF-16 offset in `text` from which its last `tokens` tokens run to the end; undefined where it has fewer. */
export function startOfLast(text: string, unit: ReadUnit, tokens: number): number | undefined {
  return Array.from(spansOf(text, unit)).at(-tokens)?.start;
}

/** Tokens of the probe, the last target among them. */
export function tokenCount(probe: ProbeText): number {
  return probe.spans.length;
}

/** What stands in the text for a token; a byte's whole character. */
export function textOf(probe: ProbeText, token: number): string {
  return textBetween(probe, token, token + 1);
}

/** The text of tokens `from` to before `to`, as far as there are such. */
export function textBetween({ text, spans }: ProbeText, from: number, to: number): string {
  const [first, last] = [Math.max(0, from), Math.min(spans.length, to) - 1];
  return last < first ? '' : text.slice(spans[first].start, spans[last].end);
}

/** Where tokens `from` to before `to` stand in the document. */
export function placesOf(probe: ProbeText, from: number, to: number): { readonly start: Place; readonly end: Place } {
  return { start: placeAt(probe, probe.spans[from].start), end: placeAt(probe, probe.spans[to - 1].end) };
}

/** The tokens that stand at one place with this one: the bytes of its character, `first` to before `end`. */
export function tokensAtPlace({ spans }: ProbeText, token: number): { readonly first: number; readonly end: number } {
  const place = spans[token];
  const isHere = (span: Span | undefined) => span?.start === place.start && span.end === place.end;
  let [first, end] = [token, token + 1];
  while (first > 0 && isHere(spans[first - 1])) first -= 1;
  while (isHere(spans.at(end))) end += 1;
  return { first, end };
}

/** The token that holds this UTF-16 offset of the document, of a character's bytes the first; undefined between tokens and outside the probe. */
export function tokenAtOffset(probe: ProbeText, documentOffset: number): number | undefined {
  const token = tokenFrom(probe, documentOffset);
  return token !== undefined && probe.spans[token].start <= documentOffset - probe.startOffset ? token : undefined;
}

/**
 * The step at which the token at an offset of the document is predicted: the one before it. Between two tokens it is the next. 'last'
 * where nothing predicts it, at the probe's beginning, among numbers, and outside the probe; also at the second token, since nothing stands
 * before the step that predicts it, so that there would be no gradient to see.
 * @param isReadFromBothEnds then the steps behind the first lead to it
 */
export function targetAt(probe: ProbeText, documentOffset: number, isReadFromBothEnds = false): number | 'last' {
  const token = tokenFrom(probe, documentOffset);
  // Of numbers nothing else is predicted.
  if (token === undefined || token === 0 || probe.unit === 'numbers') return 'last';
  return token === 1 && !isReadFromBothEnds ? 'last' : token - 1;
}

/** Whether a frame is one of this probe, its tokens cut by the engine as here. In graph mode the end of the text may not have been read. */
export function isProbeOf(
  probe: ProbeText,
  { probe: text, tokens, graph }: Pick<FrameHeader, 'probe' | 'tokens' | 'graph'>,
): boolean {
  const steps = tokenCount(probe) - 1;
  return text === probe.text && (graph ? tokens.length <= steps : tokens.length === steps);
}

/** The first token that ends behind the offset; undefined outside the probe. */
function tokenFrom({ startOffset, text, spans }: ProbeText, documentOffset: number): number | undefined {
  const offset = documentOffset - startOffset;
  if (offset < 0 || offset >= text.length) return undefined;
  let [low, high] = [0, spans.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (spans[middle].end <= offset) low = middle + 1;
    else high = middle;
  }
  return low < spans.length ? low : undefined;
}

function placeAt({ start, lineStarts }: ProbeText, offset: number): Place {
  let [low, high] = [0, lineStarts.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (lineStarts[middle] <= offset) low = middle + 1;
    else high = middle;
  }
  if (low === 0) return { line: start.line, character: start.character + offset };
  return { line: start.line + low, character: offset - lineStarts[low - 1] };
}

/** The editor knows two line ends, "\n" and "\r\n"; of the second, the "\n" alone begins the next line. */
function lineStartsOf(text: string): number[] {
  const starts: number[] = [];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}
