/**
 * Where the tokens of a text lie in it. The engine reads a text's symbols (core/corpus); code that shows the text finds their places here, by
 * the same cuts. Places are UTF-16 units, as an editor counts them.
 */
import { numberSpans } from './numbers';
import { isCertain, segmentsOf } from './segments';
import { tokenizerOf } from './tokenizers';
import { byteCount, foreignSpans, isTokenizer, type ReadUnit } from './tokenUnit';

/**
 * One token, `start` to before `end`. Bytes of one character have its place too; between words of other tools' models lie spaces; tokens that a
 * tokenizer.json puts around a text take none of it.
 */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A span for each token of the text, in order: as many as it has when it is encoded. */
export function* spansOf(text: string, unit: ReadUnit): Generator<Span> {
  if (isTokenizer(unit)) {
    const { starts, ends } = tokenizerOf(unit).encode(text);
    for (let i = 0; i < starts.length; i++) yield { start: starts[i], end: ends[i] };
    return;
  }
  switch (unit) {
    case 'codePoint':
    case 'byte':
      for (let start = 0; start < text.length;) {
        const codePoint = text.codePointAt(start) ?? 0;
        const span = { start, end: start + (codePoint > 0xffff ? 2 : 1) };
        for (let i = unit === 'byte' ? byteCount(codePoint) : 1; i > 0; i--) yield span;
        start = span.end;
      }
      break;
    case 'grapheme':
    case 'word': {
      let start = 0;
      for (const { length } of segmentsOf(text, unit)) {
        yield { start, end: start + length };
        start += length;
      }
      break;
    }
    case 'numbers':
      yield* numberSpans(text);
      break;
    default:
      yield* foreignSpans(text, unit);
  }
}

/** Where all tokens of a text begin and end. @param tokens as many as it has */
export function startsAndEnds(
  text: string,
  unit: ReadUnit,
  tokens: number,
): { readonly starts: Uint32Array; readonly ends: Uint32Array } {
  const [starts, ends] = [new Uint32Array(tokens), new Uint32Array(tokens)];
  let token = 0;
  for (const { start, end } of spansOf(text, unit)) {
    starts[token] = start;
    ends[token++] = end;
  }
  return { starts, ends };
}

/**
 * The last place at or before `at` from which a text can be cut as if all before it had been cut too; its beginning, where there is
 * no other. Of a tokenizer.json that is known of no place: most begin anew with a line, or with the space before a word.
 */
export function certainBoundary(text: string, at: number, unit: ReadUnit): number {
  if (isTokenizer(unit))
    return lastBefore(at, (i) => text[i - 1] === '\n' || /^\S \S$/u.test(text.slice(i - 1, i + 2)));
  switch (unit) {
    case 'codePoint':
    case 'byte':
      return at > 0 && (text.codePointAt(at - 1) ?? 0) > 0xffff ? at - 1 : at;
    case 'grapheme':
    case 'word':
      return lastBefore(at, (i) => isCertain(text, i));
    // What a step is depends on the whole line.
    case 'numbers':
      return lastBefore(at, (i) => text[i - 1] === '\n');
    default:
      return lastBefore(at, (i) => /\p{White_Space}/u.test(text[i - 1]) && !(text[i - 1] === '\r' && text[i] === '\n'));
  }
}

function lastBefore(at: number, isOne: (place: number) => boolean): number {
  let place = at;
  while (place > 0 && !isOne(place)) place -= 1;
  return place;
}
