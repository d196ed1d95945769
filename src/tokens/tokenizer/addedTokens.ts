/** Tokens that are found in a text before all else (`added_tokens`), as special tokens are. */
import { isWhiteSpace, type Aligned } from './aligned';
import { Fields, TokenizerRefusal, shown } from './fields';

export interface AddedToken {
  readonly id: number;
  readonly content: string;
  readonly single_word: boolean;
  readonly lstrip: boolean;
  readonly rstrip: boolean;
  readonly normalized: boolean;
  readonly special: boolean;
}

/** Throws a TokenizerRefusal for fields of another kind. */
export function addedTokensOf(json: unknown): AddedToken[] {
  if (json === undefined || json === null) return [];
  return Fields.of({ added_tokens: json }, 'added_tokens')
    .list('added_tokens')
    .map((fields) => {
      const special = fields.boolean('special', false);
      return {
        id: fields.integer('id', 0),
        content: fields.string('content'),
        single_word: fields.boolean('single_word', false),
        lstrip: fields.boolean('lstrip', false),
        rstrip: fields.boolean('rstrip', false),
        normalized: fields.boolean('normalized', !special),
        special,
      };
    });
}

/** A part of a text: an added token, or what the model is to read. */
export interface Part {
  readonly piece: Aligned;
  readonly token: AddedToken | null;
}

/** Finds added tokens, the longest where several begin. */
export class AddedTokenFinder {
  private readonly pattern: RegExp | null;
  private readonly byText: ReadonlyMap<string, AddedToken>;

  /** @param tokens by what stands for them in the text */
  constructor(tokens: ReadonlyMap<string, AddedToken>) {
    this.byText = tokens;
    const texts = [...tokens.keys()].sort((a, b) => b.length - a.length);
    const escaped = texts.map((text) => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&'));
    this.pattern = texts.length > 0 ? new RegExp(escaped.join('|'), 'gu') : null;
  }

  split(piece: Aligned): Part[] {
    if (!this.pattern) return [{ piece: piece.slice(0, piece.text.length), token: null }];
    const { text } = piece;
    const parts: Part[] = [];
    let end = 0;
    for (const { index, 0: found } of text.matchAll(this.pattern)) {
      const token = this.byText.get(found);
      let [start, stop] = [index, index + found.length];
      if (!token || (token.single_word && !isSingleWord(text, start, stop))) continue;
      if (token.lstrip) start = Math.max(end, spacesBefore(text, start));
      if (token.rstrip) stop += /^\p{White_Space}*/u.exec(text.slice(stop))?.[0].length ?? 0;
      if (end < start) parts.push({ piece: piece.slice(end, start), token: null });
      // Of a token that another has taken the spaces of, nothing may be left.
      if (start < stop) parts.push({ piece: piece.slice(start, stop), token });
      end = stop;
    }
    if (end < text.length) parts.push({ piece: piece.slice(end, text.length), token: null });
    return parts;
  }
}

function isSingleWord(text: string, start: number, stop: number): boolean {
  const wordBefore = /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]$/u;
  const wordBehind = /^[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]/u;
  return !wordBefore.test(text.slice(Math.max(0, start - 2), start)) && !wordBehind.test(text.slice(stop, stop + 2));
}

function spacesBefore(text: string, start: number): number {
  let at = start;
  while (at > 0 && isWhiteSpace(text[at - 1])) at -= 1;
  return at;
}

/** The two finders: in the text as it is, and as the normalizer has changed it. */
export function findersOf(
  tokens: readonly AddedToken[],
  normalize: (text: string) => string,
): { readonly plain: AddedTokenFinder; readonly normalized: AddedTokenFinder } {
  const [plain, normalized] = [new Map<string, AddedToken>(), new Map<string, AddedToken>()];
  for (const token of tokens) {
    // The library passes over an empty one, and does not load two that look the same in the text.
    if (token.content === '') continue;
    const text = token.normalized ? normalize(token.content) : token.content;
    const tokensByText = token.normalized ? normalized : plain;
    if (text === '' || tokensByText.has(text))
      throw new TokenizerRefusal('added_tokens', shown('content', token.content));
    tokensByText.set(text, token);
  }
  return { plain: new AddedTokenFinder(plain), normalized: new AddedTokenFinder(normalized) };
}
