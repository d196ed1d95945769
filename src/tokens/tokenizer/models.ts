/**
 * How a tokenizer.json makes tokens of a piece of text (`model`). Subwords are found by Hugging Face's JavaScript library, which gives no places: its
 * answers are laid along the piece, and what does not fit is a fault. Words are looked up here, since that library knows no unknown word.
 */
import { BPE, Unigram, WordPiece } from '@huggingface/tokenizers';
import { TokenizerRefusal, isRecord, shown, type Fields } from './fields';

/** A token, and which UTF-16 units of the piece it stands for. */
export interface PieceToken {
  /** −1 where the library would drop what stands here, or end with an error. */
  readonly id: number;
  readonly from: number;
  readonly to: number;
}

export interface TokenizerModel {
  /** Id by token, without the added ones. */
  readonly ids: ReadonlyMap<string, number>;
  /** The token for what is not known; null where there is none. */
  readonly unknown: string | null;
  /** Of the last part of a word. */
  readonly endOfWord: string;
  /** The tokens of a piece that is not empty, in order; several may stand for one character's bytes. */
  tokens(piece: string): readonly PieceToken[];
}

/** Throws a TokenizerRefusal for one that cannot be followed. */
export function modelOf(fields: Fields): TokenizerModel {
  switch (kindOf(fields)) {
    case 'BPE':
      return bpeOf(fields);
    case 'WordPiece':
      return wordPieceOf(fields);
    case 'WordLevel':
      return wordLevelOf(fields);
    case 'Unigram':
      return unigramOf(fields);
  }
}

/** Older files do not say it: then the other fields do, tried in this order. */
function kindOf(fields: Fields): 'BPE' | 'WordPiece' | 'WordLevel' | 'Unigram' {
  if (fields.get('type') !== undefined) return fields.oneOf('type', ['BPE', 'WordPiece', 'WordLevel', 'Unigram']);
  if (fields.get('merges') !== undefined) return 'BPE';
  return fields.refuse('type');
}

function vocabularyOf(fields: Fields): Map<string, number> {
  const vocab = fields.get('vocab');
  if (!isRecord(vocab)) return fields.refuse('vocab');
  const ids = new Map<string, number>();
  for (const [token, id] of Object.entries(vocab)) {
    if (typeof id !== 'number' || !Number.isSafeInteger(id) || id < 0)
      throw new TokenizerRefusal(`${fields.part}.vocab`, shown(token, id));
    ids.set(token, id);
  }
  return ids;
}

/** A text that may be missing; null for an empty one too, where that is the same. */
function optional(fields: Fields, key: string): string | null {
  const value = fields.get(key) ?? null;
  return value === null ? null : fields.string(key);
}

function wordLevelOf(fields: Fields): TokenizerModel {
  const ids = vocabularyOf(fields);
  const unknown = optional(fields, 'unk_token') ?? '';
  const unknownId = ids.get(unknown) ?? -1;
  return {
    ids,
    unknown: unknownId < 0 ? null : unknown,
    endOfWord: '',
    tokens: (piece) => [{ id: ids.get(piece) ?? unknownId, from: 0, to: piece.length }],
  };
}

function wordPieceOf(fields: Fields): TokenizerModel {
  const ids = vocabularyOf(fields);
  const unknown = fields.string('unk_token');
  const prefix = fields.string('continuing_subword_prefix');
  const unknownId = ids.get(unknown) ?? -1;
  const model = new WordPiece({
    type: 'WordPiece',
    vocab: Object.fromEntries(ids),
    unk_token: unknown,
    continuing_subword_prefix: prefix,
    max_input_chars_per_word: fields.integer('max_input_chars_per_word', 0, 100),
  });
  return {
    ids,
    unknown: unknownId < 0 ? null : unknown,
    endOfWord: '',
    tokens(piece) {
      const found = model.encode([piece]);
      if (found.length === 1) return [{ id: ids.get(found[0]) ?? unknownId, from: 0, to: piece.length }];
      return along(
        piece,
        found.map((token, i) => ({ id: ids.get(token) ?? -1, text: i === 0 ? token : token.slice(prefix.length) })),
      );
    },
  };
}

/** Gives each text its place: together they are the piece. */
function along(piece: string, found: readonly { readonly id: number; readonly text: string }[]): PieceToken[] {
  let from = 0;
  const tokens = found.map(({ id, text }) => {
    if (!piece.startsWith(text, from)) throw new Error(`the tokens of “${piece}” do not make it up`);
    from += text.length;
    return { id, from: from - text.length, to: from };
  });
  if (from !== piece.length) throw new Error(`the tokens of “${piece}” do not make it up`);
  return tokens;
}

const encoder = new TextEncoder();

/** Ids of the tokens <0x00> to <0xFF>; null where there are none. Throws a TokenizerRefusal where some are missing. */
function byteIdsOf(fields: Fields, ids: ReadonlyMap<string, number>): readonly number[] | null {
  if (!fields.boolean('byte_fallback', false)) return null;
  const found = Array.from({ length: 256 }, (_, byte) => ids.get(byteToken(byte)) ?? -1);
  if (found.every((id) => id < 0)) return null;
  // With a part of them, the library puts unknown tokens in another place than what they stand for.
  return found.includes(-1) ? fields.refuse('byte_fallback') : found;
}

function byteToken(byte: number): string {
  return `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`;
}

type Merge = readonly [string, string];

function mergesOf(fields: Fields, ids: ReadonlyMap<string, number>): Merge[] {
  const merges = fields.get('merges');
  if (!Array.isArray(merges)) return fields.refuse('merges');
  return merges.map((merge: unknown): Merge => {
    const parts: unknown[] = typeof merge === 'string' ? merge.split(' ') : Array.isArray(merge) ? merge : [];
    const [first, second] = parts;
    const isKnown = (token: unknown) => typeof token === 'string' && ids.has(token);
    if (parts.length === 2 && typeof first === 'string' && typeof second === 'string')
      if ([first, second, first + second].every(isKnown)) return [first, second];
    throw new TokenizerRefusal(fields.part, shown('merges', [merge]));
  });
}

function bpeOf(fields: Fields): TokenizerModel {
  // With a chance of leaving out merges the ids are never twice the same.
  if ((fields.get('dropout') ?? 0) !== 0) fields.refuse('dropout');
  if (optional(fields, 'continuing_subword_prefix')) fields.refuse('continuing_subword_prefix');
  const ids = vocabularyOf(fields);
  const merges = mergesOf(fields, ids);
  const endOfWord = optional(fields, 'end_of_word_suffix') ?? '';
  const unknown = optional(fields, 'unk_token');
  const unknownId = unknown === null ? -1 : (ids.get(unknown) ?? fields.refuse('unk_token'));
  const byteIds = byteIdsOf(fields, ids);
  if (byteIds !== null && endOfWord !== '') fields.refuse('end_of_word_suffix');
  // The library would merge an unknown symbol, or a byte, with its neighbor, whatever it stands for.
  const isApart = (token: string) => token === unknown || (byteIds !== null && /^<0x[0-9A-F]{2}>$/.test(token));
  const joined = merges.find((merge) => merge.some(isApart));
  if (joined) throw new TokenizerRefusal(fields.part, shown('merges', [joined]));
  const isFused = fields.boolean('fuse_unk', false);
  const ignoresMerges = fields.boolean('ignore_merges', false);
  const model = new BPE({
    type: 'BPE',
    vocab: Object.fromEntries(ids),
    merges: merges.map(([a, b]): [string, string] => [a, b]),
    ignore_merges: false,
    ...(endOfWord !== '' && { end_of_word_suffix: endOfWord }),
  });

  function tokens(piece: string): PieceToken[] {
    const whole = ignoresMerges ? ids.get(piece) : undefined;
    if (whole !== undefined) return [{ id: whole, from: 0, to: piece.length }];
    const found = model.bpe(piece);
    const made: PieceToken[] = [];
    let wasUnknown = false;
    const texts = found.map((text, i) => ({
      id: ids.get(text) ?? -1,
      text: i === found.length - 1 ? text.slice(0, text.length - endOfWord.length) : text,
    }));
    for (const token of along(piece, texts)) {
      const { id, from, to } = token;
      if (id < 0 && byteIds !== null) {
        for (const byte of encoder.encode(piece.slice(from, to))) made.push({ id: byteIds[byte], from, to });
        continue;
      }
      const last = made.at(-1);
      const isUnknown = id < 0;
      if (isUnknown && wasUnknown && isFused && unknownId >= 0 && last) made[made.length - 1] = { ...last, to };
      else made.push(isUnknown ? { id: unknownId, from, to } : token);
      wasUnknown = isUnknown;
    }
    return made;
  }
  return { ids, unknown, endOfWord, tokens };
}

function unigramOf(fields: Fields): TokenizerModel {
  const vocab = fields.get('vocab');
  if (!Array.isArray(vocab) || vocab.length === 0) return fields.refuse('vocab');
  const scored = vocab.map((entry: unknown, id): [string, number] => {
    const [token, score] = Array.isArray(entry) ? (entry as unknown[]) : [];
    if (typeof token !== 'string' || token === '' || typeof score !== 'number')
      throw new TokenizerRefusal(`${fields.part}.vocab`, shown(String(id), entry));
    return [token, score];
  });
  const ids = new Map(scored.map(([token], id) => [token, id]));
  if (ids.size !== scored.length) return fields.refuse('vocab');
  // Sampling makes the ids never twice the same.
  if ((fields.get('alpha') ?? 0) !== 0) fields.refuse('alpha');
  const unknownId = (fields.get('unk_id') ?? null) === null ? -1 : fields.integer('unk_id', 0);
  if (unknownId >= scored.length) fields.refuse('unk_id');
  const byteIds = byteIdsOf(fields, ids);
  const model = new Unigram({ type: 'Unigram', vocab: scored, unk_id: Math.max(0, unknownId) }, '');
  // That library gives the unknown token's own text the score of an unknown character.
  model.scores[Math.max(0, unknownId)] = scored[Math.max(0, unknownId)][1];

  function tokens(piece: string): PieceToken[] {
    const made: PieceToken[] = [];
    let unknownFrom = -1;
    const endUnknown = (to: number) => {
      if (unknownFrom < 0) return;
      const bytes = byteIds && encoder.encode(piece.slice(unknownFrom, to));
      if (bytes) for (const byte of bytes) made.push({ id: byteIds[byte], from: unknownFrom, to });
      else made.push({ id: unknownId, from: unknownFrom, to });
      unknownFrom = -1;
    };
    const texts = model.tokenize(piece).map((text) => ({ id: ids.get(text) ?? -1, text }));
    for (const token of along(piece, texts)) {
      if (token.id < 0) {
        if (unknownFrom < 0) unknownFrom = token.from;
        continue;
      }
      endUnknown(token.from);
      made.push(token);
    }
    endUnknown(piece.length);
    return made;
  }
  return { ids, unknown: unknownId < 0 ? null : scored[unknownId][0], endOfWord: '', tokens };
}
