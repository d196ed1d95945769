/**
 * A tokenizer.json of Hugging Face's tokenizers, read as that library reads it: added tokens, normalizer, cuts, model and the tokens around a text.
 * Every token knows where in the text it stands. https://huggingface.co/docs/tokenizers
 */
import { Aligned } from './aligned';
import { addedTokensOf, findersOf, type AddedTokenFinder } from './addedTokens';
import { checkTogether } from './combinations';
import { decoderOf, type Decoder } from './decoder';
import { Fields, TokenizerRefusal, shown, type Json } from './fields';
import { modelOf, type PieceToken, type TokenizerModel } from './models';
import { normalizerOf, type Normalizer } from './normalizers';
import { preTokenizerOf, type PreTokenizer } from './preTokenizers';
import { templateOf, type Template } from './template';

/** What of the file decides about tokens, as it stands there. */
export interface TokenizerDefinition {
  readonly added_tokens?: unknown;
  readonly normalizer?: unknown;
  readonly pre_tokenizer?: unknown;
  readonly model: unknown;
  readonly post_processor?: unknown;
  readonly decoder?: unknown;
}

/** The tokens of a text, in order. */
export interface Encoding {
  /** −1 where the library drops what stands there, or has no token for it. */
  readonly ids: number[];
  /** UTF-16 units. Tokens around the text have no length; those of one character's bytes have its place. */
  readonly starts: number[];
  readonly ends: number[];
}

/** Pieces up to this length are remembered with their tokens: most come again. */
const maxRememberedLength = 32;
const maxRemembered = 50_000;

export class Tokenizer {
  /** Tokens in the order of their ids. */
  readonly symbols: readonly string[];
  /** Id of the token for what is not known; null where there is none. */
  readonly unknown: number | null;
  /** Tokens around every text. */
  readonly template: Template;
  private readonly model: TokenizerModel;
  private readonly normalizer: Normalizer;
  private readonly preTokenizer: PreTokenizer;
  private readonly plainTokens: AddedTokenFinder;
  private readonly normalizedTokens: AddedTokenFinder;
  private readonly remembered = new Map<string, readonly PieceToken[]>();
  private readonly decoder: Decoder | null;
  /** What is decoded of a token, where that is not itself: an added one as the normalizer writes it. */
  private readonly decoded = new Map<number, string>();

  /** Throws a TokenizerRefusal for what is not read here as the library reads it. */
  constructor(definition: TokenizerDefinition) {
    const part = <T>(
      key: 'normalizer' | 'pre_tokenizer' | 'post_processor' | 'decoder',
      read: (fields: Fields) => T,
    ) => (isGiven(definition[key]) ? read(Fields.of(definition[key], key)) : null);
    checkTogether(definition.normalizer, definition.pre_tokenizer);
    this.model = modelOf(Fields.of(definition.model, 'model'));
    this.normalizer = part('normalizer', normalizerOf) ?? ((text) => text);
    this.preTokenizer = part('pre_tokenizer', preTokenizerOf) ?? ((piece) => [piece]);
    this.template = part('post_processor', templateOf) ?? { before: [], behind: [] };
    this.decoder = part('decoder', decoderOf);
    const added = addedTokensOf(definition.added_tokens);
    const finders = findersOf(added, (text) => this.normalizer(Aligned.of(text)).text);
    this.plainTokens = finders.plain;
    this.normalizedTokens = finders.normalized;
    this.symbols = symbolsOf(this.model, added);
    for (const { id, content, normalized } of added)
      if (normalized) this.decoded.set(id, this.normalizer(Aligned.of(content)).text);
    const around = [...this.template.before, ...this.template.behind].find((id) => id >= this.symbols.length);
    if (around !== undefined) throw new TokenizerRefusal('post_processor', shown('ids', [around]));
    this.unknown = this.model.unknown === null ? null : (this.model.ids.get(this.model.unknown) ?? null);
  }

  /** @param isPrompt nothing stands behind it: what is generated does */
  encode(text: string, isPrompt = false): Encoding {
    const [ids, starts, ends]: number[][] = [[], [], []];
    const put = (id: number, start: number, end: number) => {
      ids.push(id);
      // Places never go back, so that they can be searched: a normalizer may put marks into another order.
      starts.push(Math.max(start, starts.at(-1) ?? 0));
      ends.push(Math.max(end, ends.at(-1) ?? 0));
    };
    for (const id of this.template.before) put(id, 0, 0);
    for (const { piece, token } of this.parts(text)) {
      if (token) {
        const { start, end } = piece.place(0, piece.text.length);
        put(token.id, start, end);
        continue;
      }
      for (const cut of piece.isEmpty ? [] : this.preTokenizer(piece)) {
        if (cut.isEmpty) continue;
        for (const { id, from, to } of this.tokensOf(cut.text)) {
          const { start, end } = cut.place(from, to);
          put(id, start, end);
        }
      }
    }
    if (!isPrompt) for (const id of this.template.behind) put(id, text.length, text.length);
    return { ids, starts, ends };
  }

  /** The text of some tokens. */
  decode(ids: Iterable<number>): string {
    const tokens = Array.from(ids, (id) => this.decoded.get(id) ?? this.symbols[id]);
    return this.decoder ? this.decoder(tokens).join('') : tokens.join(' ');
  }

  private tokensOf(piece: string): readonly PieceToken[] {
    if (piece.length > maxRememberedLength) return this.model.tokens(piece);
    const remembered = this.remembered.get(piece);
    if (remembered) return remembered;
    const tokens = this.model.tokens(piece);
    if (this.remembered.size < maxRemembered) this.remembered.set(piece, tokens);
    return tokens;
  }

  /** Added tokens, and what the model reads between them. */
  private *parts(text: string) {
    for (const part of this.plainTokens.split(Aligned.of(text))) {
      if (part.token) yield part;
      else yield* this.normalizedTokens.split(this.normalizer(part.piece));
    }
  }
}

function isGiven(part: unknown): boolean {
  return part !== null && part !== undefined;
}

/** Throws a TokenizerRefusal unless every id from 0 on has its token. */
function symbolsOf({ ids }: TokenizerModel, added: ReturnType<typeof addedTokensOf>): string[] {
  const all = new Map(ids);
  // The library does not look at the file's ids: a token that the model has keeps its own, others follow on.
  let next = ids.size;
  for (const { id, content } of added) {
    if (content === '') continue;
    const own = all.get(content);
    if (id !== (own ?? next))
      throw new TokenizerRefusal('added_tokens', `${shown('content', content)}, ${shown('id', id)}`);
    if (own !== undefined) continue;
    all.set(content, next);
    next += 1;
  }
  const symbols = new Array<string | undefined>(all.size).fill(undefined);
  for (const [token, id] of all) {
    if (id >= all.size || symbols[id] !== undefined) throw new TokenizerRefusal('model.vocab', shown(token, id));
    symbols[id] = token;
  }
  return symbols as string[];
}

/** The parts of a tokenizer.json that decide about tokens. */
export function definitionOf(json: Json): TokenizerDefinition {
  const keys = ['added_tokens', 'normalizer', 'pre_tokenizer', 'model', 'post_processor', 'decoder'] as const;
  const given = keys.filter((key) => isGiven(json[key]));
  return { model: null, ...Object.fromEntries(given.map((key) => [key, json[key]])) };
}

/** Throws a TokenizerRefusal. */
export function newTokenizer(definition: TokenizerDefinition): Tokenizer {
  return new Tokenizer(definition);
}
