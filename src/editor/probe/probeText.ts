/**
 * The probe's text and where its tokens lie. Tokens are Unicode code points, as in the engine; places in a document are
 * counted in UTF-16 code units, as the editor does.
 */

/** A place in a document: zero-based line, and UTF-16 code unit in it. */
export interface Place {
  readonly line: number;
  readonly character: number;
}

export interface ProbeText {
  /** The tokens, whole: N inputs and the last target. */
  readonly text: string;
  /** UTF-16 offset in the document of the first token. */
  readonly startOffset: number;
  /** UTF-16 offset from `startOffset` of every token, and behind them the end: tokens + 1 numbers. */
  readonly offsets: readonly number[];
  /** Where every token begins in the document, and behind them the end: tokens + 1 places. */
  readonly places: readonly Place[];
}

/** The fewest tokens there is anything to see in: one to read and one to predict. */
export const fewestTokens = 2;

/** How many UTF-16 units of text always hold `tokens` code points, if there are as many. */
export function unitsFor(tokens: number): number {
  return 2 * tokens;
}

/**
 * The probe that begins at `start` of a document.
 * @param text what the document holds from there on; more than is needed is cut off
 * @param tokens the most tokens to take, the last target among them
 * @returns undefined if the text has fewer than two tokens
 */
export function probeText(text: string, startOffset: number, start: Place, tokens: number): ProbeText | undefined {
  const offsets = [0];
  const places = [start];
  let { line, character } = start;
  let offset = 0;
  while (offset < text.length && offsets.length <= tokens) {
    const length = codePointLength(text, offset);
    // The editor knows two line ends, "\n" and "\r\n"; of the second, the "\n" alone begins the next line.
    if (text[offset] === '\n') {
      line += 1;
      character = 0;
    } else {
      character += length;
    }
    offset += length;
    offsets.push(offset);
    places.push({ line, character });
  }
  if (offsets.length <= fewestTokens) return undefined;
  return { text: text.slice(0, offset), startOffset, offsets, places };
}

/** UTF-16 offset in `text` from which its last `tokens` code points run to the end. */
export function startOfLast(text: string, tokens: number): number {
  let offset = text.length;
  for (let count = 0; count < tokens && offset > 0; count++) {
    offset -= offset >= 2 && codePointLength(text, offset - 2) === 2 ? 2 : 1;
  }
  return offset;
}

/** Tokens of the probe, the last target among them. */
export function tokenCount(probe: ProbeText): number {
  return probe.offsets.length - 1;
}

/** The symbol of a token. */
export function symbolAt(probe: ProbeText, token: number): string {
  return probe.text.slice(probe.offsets[token], probe.offsets[token + 1]);
}

/** The token that holds this UTF-16 offset of the document; undefined outside the probe. */
export function tokenAtOffset(probe: ProbeText, documentOffset: number): number | undefined {
  const offset = documentOffset - probe.startOffset;
  if (offset < 0 || offset >= probe.text.length) return undefined;
  let low = 0;
  let high = tokenCount(probe) - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (probe.offsets[middle] <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}

/**
 * The step at which the token at an offset of the document is predicted: the one before it. 'last' where nothing predicts it, at the
 * probe's beginning, and outside the probe.
 */
export function targetAt(probe: ProbeText, documentOffset: number): number | 'last' {
  const token = tokenAtOffset(probe, documentOffset);
  return token === undefined || token === 0 ? 'last' : token - 1;
}

/** Whether `symbols` are the probe's inputs: its tokens but the last. A frame of an older text is told by this. */
export function isProbeOf(probe: ProbeText, symbols: readonly string[]): boolean {
  return symbols.length === tokenCount(probe) - 1 && symbols.every((symbol, token) => symbol === symbolAt(probe, token));
}

function codePointLength(text: string, offset: number): number {
  return (text.codePointAt(offset) ?? 0) > 0xffff ? 2 : 1;
}
