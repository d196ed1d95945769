/** The sentence over the flow: does the gradient reach back, how far, and what is therefore not learned. */
import type { FrameHeader } from '../../src/protocol/frame';
import type { FlowRow } from './flowRows';
import { powerOfTen } from '../../src/terms/numberFormat';
import { firstReached, isNotFinite, isUnreachedBefore, isZeroAtTarget } from './reach';
import { visibleText } from './symbols';
import type { Segment, Texts } from './texts';

/** Most tokens quoted after “the tokens before”. */
const quoteLength = 18;
/** Most lanes that a sentence names one by one: a graph can have dozens. */
const maxNamed = 4;

type Tone = 'vanishing' | 'exploding';

const plain = (text: string): Segment[] => [{ text, tone: null }];
const strong = (text: string, tone: Tone): Segment[] => [{ text, tone }];

/** The verdict as pieces of text; the numbers in it say whether they speak of vanishing or exploding. `rows` as of `flowRows`. */
export function verdict(header: FrameHeader, all: readonly FlowRow[], texts: Texts): Segment[] {
  const { target, thresholds } = header;
  if (all.length === 0) return [];
  const far = all.filter(({ isOwnStepOnly }) => !isOwnStepOnly);
  const near = all.filter(({ isOwnStepOnly }) => isOwnStepOnly).toReversed();
  // Where nothing leads back, that is what there is to say.
  const rows = far.length > 0 ? far : all;
  if (rows.some((row) => isNotFinite(row, target))) return plain(texts.get('panel.verdict.notFinite'));
  const zero = rows.filter((row) => isZeroAtTarget(row, target));
  if (zero.length === rows.length) {
    const isAllZero = rows.every(({ relative }) => !relative.includes(Number.POSITIVE_INFINITY));
    return plain(texts.get(isAllZero ? 'panel.verdict.zero' : 'panel.verdict.zeroAtTarget'));
  }
  const before = rows.every((row) => row.direction === 'forward') ? target : header.tokens.length - 1;
  if (before === 0) return plain(texts.get('panel.verdict.nothingBefore'));

  // Spoken from the bottom layer up.
  const inOrder = rows.filter((row) => !zero.includes(row)).reverse();
  const isOneOfSeveral = all.length > 1 || all[0].kind === 'input';
  const sentences = levels(inOrder, thresholds.vanishing, isOneOfSeveral, texts);
  const bottomUp = inOrder.filter(({ summary }) => !summary.level);
  if (bottomUp.length > 0) sentences.push(...fallsAndGrows(header, bottomUp, inOrder.length, isOneOfSeveral, texts));
  if (zero.length > 0)
    sentences.push(texts.segments('panel.verdict.zeroAtTargetIn', plain(namesInWords(zero.toReversed(), texts))));
  if (far.length > 0 && near.length > 0)
    sentences.push(texts.segments('panel.verdict.ownStepOnly', plain(namesInWords(near, texts))));
  return sentences.flatMap((sentence, i) => (i === 0 ? sentence : [...plain(' '), ...sentence]));
}

/** Of the rows that are level, how large they are at every distance: a horizon would say nothing of them. Of many those that are largest and smallest. */
function levels(rows: readonly FlowRow[], vanishing: number, isOneOfSeveral: boolean, texts: Texts): Segment[][] {
  const found = rows.flatMap((row) => (row.summary.level ? [{ row, level: row.summary.level }] : []));
  const bySize = found.toSorted((a, b) => b.level.log10 - a.level.log10);
  const said = found.length <= maxNamed ? found : [bySize[0], bySize[bySize.length - 1]];
  return said.map(({ row, level }) => {
    const size = texts.numbers.fromLog10(level.log10);
    const numbers = [
      level.log10 < vanishing ? strong(size, 'vanishing') : plain(size),
      plain(texts.numbers.decimals(level.slope, 3)),
    ];
    return isOneOfSeveral
      ? texts.segments('panel.verdict.levelIn', ...numbers, plain(texts.rowInSentence(row)))
      : texts.segments('panel.verdict.level', ...numbers);
  });
}

/** The rows that fall or grow with distance: after how many tokens they cross a threshold, and, where there are no others, what follows from it. */
function fallsAndGrows(
  header: FrameHeader,
  bottomUp: readonly FlowRow[],
  ofRows: number,
  isOneOfSeveral: boolean,
  texts: Texts,
): Segment[][] {
  const { target, thresholds } = header;
  const exploding = bottomUp.map((row) => smallestLag(row, target, (r) => r >= thresholds.exploding));
  const sentences: Segment[][] = [];
  if (exploding.some((lag) => lag !== null)) {
    sentences.push(
      texts.segments(
        'panel.verdict.grows',
        plain(multipleName(thresholds.exploding, texts)),
        lagsInWords(bottomUp, exploding, 'exploding', isOneOfSeveral, texts),
      ),
    );
  }
  const horizons = bottomUp.map((row) => row.summary.horizon ?? lagOnOtherSide(row, target, thresholds.vanishing));
  const fraction = plain(fractionName(thresholds.vanishing, texts));
  if (horizons.every((horizon) => horizon === null)) {
    const isForward = bottomUp.every((row) => row.direction === 'forward');
    const count = texts.tokens(isForward ? target : header.tokens.length - 1);
    const key = isForward ? 'panel.verdict.stays' : 'panel.verdict.staysBothWays';
    if (sentences.length === 0) sentences.push(texts.segments(key, fraction, strong(count, 'vanishing')));
  } else {
    sentences.push(
      texts.segments(
        sentences.length === 0 ? 'panel.verdict.falls' : 'panel.verdict.fallsToo',
        fraction,
        lagsInWords(bottomUp, horizons, 'vanishing', isOneOfSeveral, texts),
      ),
    );
    if (bottomUp.length === ofRows) sentences.push(...consequence(header, bottomUp, horizons, texts));
  }
  return sentences;
}

/**
 * What follows from the horizons: the layers that have none, a return of the gradient farther back, and the text that too little of it
 * reaches. “No gradient” is said only where it is exactly zero, or where no path leads from the target.
 */
function consequence(
  header: FrameHeader,
  bottomUp: readonly FlowRow[],
  horizons: readonly (number | null)[],
  texts: Texts,
): Segment[][] {
  const staying = bottomUp.filter((_, i) => horizons[i] === null);
  if (staying.length > 0) return [texts.segments('panel.verdict.staysElsewhere', plain(namesInWords(staying, texts)))];
  // What is farther back is told of rows that go back alone.
  if (bottomUp.some(({ direction, summary }) => direction === 'backward' || summary.horizon === null)) return [];
  const { vanishing } = header.thresholds;
  const reached = firstReached(bottomUp, vanishing);
  // Tokens at which all have fallen below the threshold before, the last of them included.
  const behind = header.target - Math.max(...horizons.map((horizon) => horizon ?? 0)) + 1;
  const rises = reached < behind ? [risesInWords(bottomUp, behind, vanishing, texts)] : [];
  if (reached === 0) return rises;
  const rest = isUnreachedBefore(bottomUp, reached)
    ? texts.segments('panel.verdict.reachesNone', plain(quoteFrom(header.tokens, reached)))
    : texts.segments(
        'panel.verdict.reachesLittle',
        plain(quoteFrom(header.tokens, reached)),
        plain(fractionName(vanishing, texts)),
      );
  return [...rises, rest];
}

/** At how many of the first `behind` tokens some layer's gradient is over the threshold again: one that dips below it by chance has not vanished. */
function risesInWords(rows: readonly FlowRow[], behind: number, vanishing: number, texts: Texts): Segment[] {
  let above = 0;
  for (let t = 0; t < behind; t++) if (rows.some(({ relative }) => relative[t] > vanishing)) above++;
  const counts = [above, behind].map((count) => plain(texts.numbers.integer(count)));
  return texts.segments('panel.verdict.rises', ...counts);
}

/** A few words of the text from a step on, with … where a word or the text is cut. */
function quoteFrom(tokens: readonly string[], from: number): string {
  const isLetter = (symbol: string | undefined): boolean => symbol !== undefined && /^[\p{L}\p{N}]/u.test(symbol);
  let to = Math.min(tokens.length, from + quoteLength);
  const lastSpace = tokens.slice(from, to).lastIndexOf(' ');
  if (isLetter(tokens[to]) && lastSpace > quoteLength / 3) to = from + lastSpace;
  const start = from > 0 && isLetter(tokens[from]) && isLetter(tokens[from - 1]) ? '…' : '';
  return start + visibleText(tokens.slice(from, to)).trim() + (to < tokens.length ? '…' : '');
}

/**
 * Below a layer of two directions a gradient reaches both sides of the target, and a horizon is of the one that the direction itself leads back to. This is the smallest lag at which
 * it is below the threshold on the other; null where it nowhere is, or does not reach there.
 */
function lagOnOtherSide(row: FlowRow, target: number, vanishing: number): number | null {
  const step = row.direction === 'forward' ? 1 : -1;
  for (let t = target + step; t >= 0 && t < row.relative.length; t += step)
    if (row.relative[t] < vanishing) return Math.abs(target - t);
  return null;
}

function smallestLag(row: FlowRow, target: number, holds: (relative: number) => boolean): number | null {
  const step = row.direction === 'forward' ? -1 : 1;
  for (let t = target; t >= 0 && t < row.relative.length; t += step) {
    if (holds(row.relative[t])) return Math.abs(target - t);
  }
  return null;
}

/** As `lagList`; of many lanes the one that is said of the whole: where the gradient vanishes last, or explodes first. */
function lagsInWords(
  rows: readonly FlowRow[],
  lags: readonly (number | null)[],
  tone: Tone,
  isOneOfSeveral: boolean,
  texts: Texts,
): Segment[] {
  if (rows.length <= maxNamed) return lagList(rows, lags, tone, isOneOfSeveral, texts);
  const found = rows.flatMap((row, i) => {
    const lag = lags[i];
    return lag === null ? [] : [{ row, lag }];
  });
  const telling = found.reduce((best, each) =>
    (tone === 'vanishing' ? each.lag > best.lag : each.lag < best.lag) ? each : best,
  );
  const place = [strong(texts.tokens(telling.lag), tone), plain(texts.rowInSentence(telling.row))];
  if (found.length === 1) return texts.segments('panel.verdict.lagInFirstLayer', ...place);
  const others = plain(texts.numbers.integer(found.length - 1));
  return texts.segments(
    tone === 'vanishing' ? 'panel.verdict.lagAndEarlier' : 'panel.verdict.lagAndLater',
    ...place,
    others,
  );
}

/** “the embedding and the state”; of many the first, and how many others there are. */
function namesInWords(rows: readonly FlowRow[], texts: Texts): string {
  const names = rows.map((row) => texts.rowInSentence(row));
  if (names.length <= maxNamed) return listOf(names, texts);
  const others = texts.get('panel.verdict.others', texts.numbers.integer(names.length - 2));
  return listOf([...names.slice(0, 2), others], texts);
}

/** “37 tokens in layer 1 and 50 in layer 2”; of a single layer only “37 tokens”. */
function lagList(
  rows: readonly FlowRow[],
  lags: readonly (number | null)[],
  tone: Tone,
  isOneOfSeveral: boolean,
  texts: Texts,
): Segment[] {
  const spoken = rows.flatMap((row, i) => {
    const lag = lags[i];
    return lag === null ? [] : [{ row, lag }];
  });
  const items = spoken.map(({ row, lag }, i) => {
    const count = i === 0 ? texts.tokens(lag) : texts.numbers.integer(lag);
    if (!isOneOfSeveral) return texts.segments('panel.verdict.lag', strong(count, tone));
    return texts.segments(
      i === 0 ? 'panel.verdict.lagInFirstLayer' : 'panel.verdict.lagInNextLayer',
      strong(count, tone),
      plain(texts.rowInSentence(row)),
    );
  });
  let next = 0;
  const parts = new Intl.ListFormat(texts.language, { type: 'conjunction' }).formatToParts(items.map(String));
  return parts.flatMap((part) => (part.type === 'element' ? items[next++] : plain(part.value)));
}

function listOf(items: readonly string[], texts: Texts): string {
  return new Intl.ListFormat(texts.language, { type: 'conjunction' }).format(items);
}

/** “a thousandth”, or “10⁻⁴ of its own size”. */
export function fractionName(exponent: number, texts: Texts): string {
  const key = fractionKey(exponent);
  return key ? texts.get(key) : texts.get('panel.size.fraction', sizeOf(exponent, texts));
}

/** “a thousandth”, or “10⁻⁴”: where the sentence says of what. */
export function shareName(exponent: number, texts: Texts): string {
  const key = fractionKey(exponent);
  return key ? texts.get(key) : sizeOf(exponent, texts);
}

const fractionKeys = {
  '-1': 'panel.size.tenth',
  '-2': 'panel.size.hundredth',
  '-3': 'panel.size.thousandth',
  '-6': 'panel.size.millionth',
} as const;

function fractionKey(exponent: number): (typeof fractionKeys)[keyof typeof fractionKeys] | undefined {
  return (fractionKeys as Readonly<Record<string, (typeof fractionKeys)[keyof typeof fractionKeys] | undefined>>)[
    String(exponent)
  ];
}

function multipleName(exponent: number, texts: Texts): string {
  const names = {
    1: 'panel.size.tenfold',
    2: 'panel.size.hundredfold',
    3: 'panel.size.thousandfold',
    6: 'panel.size.millionfold',
  } as const;
  const name = names[exponent as keyof typeof names] as (typeof names)[keyof typeof names] | undefined;
  return name ? texts.get(name) : texts.get('panel.size.multiple', sizeOf(exponent, texts));
}

function sizeOf(exponent: number, texts: Texts): string {
  return Number.isInteger(exponent) ? powerOfTen(exponent) : texts.numbers.fromLog10(exponent);
}
