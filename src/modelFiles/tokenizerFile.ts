/** A tokenizer.json of Hugging Face as a model's vocabulary. */
import { noSpecials, Vocabulary } from '../core/corpus/vocabulary';
import { isRecord, TokenizerRefusal, type Json } from '../tokens/tokenizer/fields';
import { definitionOf, newTokenizer, type Tokenizer, type TokenizerDefinition } from '../tokens/tokenizer/tokenizer';
import { tokenizerOf, useTokenizers } from '../tokens/tokenizers';
import { codePointOf } from '../tokens/tokenUnit';
import { UserError } from '../userError';

useTokenizers(newTokenizer);

/** @param json the file, parsed  Throws a UserError for what is not read as the library reads it, and for another number of tokens. */
export function vocabularyOfTokenizer(
  json: Json,
  size: number,
  file: string,
): { readonly vocabulary: Vocabulary; readonly notices: readonly UserError[] } {
  const definition = definitionOf(json);
  const tokenizer = opened(definition, file);
  const { symbols, unknown, template } = tokenizer;
  // The whole text would be one word, which no vocabulary has.
  if (typeOf(json['model']) === 'WordLevel' && (json['pre_tokenizer'] ?? null) === null)
    throw new UserError('error.tokenizer.noPreTokenizer', file);
  if (symbols.length !== size) throw new UserError('error.vocabularyFile.wrongSize', size, file, symbols.length);
  const notices: UserError[] = [];
  if (unknown !== null) notices.push(new UserError('notice.vocabulary.unknownToken', symbols[unknown]));
  const around = [template.before, template.behind].map((ids) => ids.map((id) => symbols[id]).join(' '));
  if (around.some((tokens) => tokens !== '')) notices.push(new UserError('notice.tokenizer.template', ...around));
  if (isRecord(json['truncation']) || isRecord(json['padding']))
    notices.push(new UserError('notice.tokenizer.truncation', file));
  const unit = readsCodePoints(definition, tokenizer) ? 'codePoint' : definition;
  return { vocabulary: new Vocabulary(symbols, unit, { ...noSpecials, unknown }, true), notices };
}

function typeOf(part: unknown): unknown {
  return isRecord(part) ? part['type'] : undefined;
}

/**
 * As it was kept in a checkpoint; null where it is not read as its library reads it, or its tokens are not these symbols. Older versions may have read
 * what is refused now.
 */
export function keptTokenizer(json: unknown, symbols: readonly string[]): TokenizerDefinition | null {
  if (!isRecord(json)) return null;
  try {
    const definition = definitionOf(json);
    const known = tokenizerOf(definition).symbols;
    return known.length === symbols.length && known.every((symbol, id) => symbol === symbols[id]) ? definition : null;
  } catch (thrown) {
    if (thrown instanceof TokenizerRefusal) return null;
    throw thrown;
  }
}

function opened(definition: TokenizerDefinition, file: string): Tokenizer {
  try {
    return tokenizerOf(definition);
  } catch (thrown) {
    if (!(thrown instanceof TokenizerRefusal)) throw thrown;
    throw new UserError('error.tokenizer.part', file, thrown.part, thrown.what);
  }
}

/**
 * Whether it does no more than look up every code point, whatever the text: then the model can be trained on texts of any size, and its vocabulary
 * needs nothing of the file.
 */
function readsCodePoints(definition: TokenizerDefinition, { symbols, unknown, template }: Tokenizer): boolean {
  const { normalizer, pre_tokenizer: pre, added_tokens: added } = definition;
  const model = definition.model as Json;
  const isOne = (symbol: string, id: number) => id === unknown || codePointOf(symbol) >= 0;
  const isPlain =
    (normalizer ?? null) === null &&
    template.before.length + template.behind.length === 0 &&
    ((added ?? null) === null || (Array.isArray(added) && added.length === 0));
  if (!isPlain || !symbols.every(isOne)) return false;
  if (typeOf(model) === 'WordLevel') return isRecord(pre) && cutsCodePoints(pre);
  const isBpe = model['type'] === 'BPE' || model['type'] === undefined;
  const hasNothingElse = !model['end_of_word_suffix'] && model['fuse_unk'] !== true;
  return (
    isBpe && (pre ?? null) === null && hasNothingElse && Array.isArray(model['merges']) && model['merges'].length === 0
  );
}

/** A Split at every code point. */
function cutsCodePoints({ type, pattern, behavior, invert }: Json): boolean {
  if (type !== 'Split' || behavior !== 'Isolated' || invert !== false || !isRecord(pattern)) return false;
  return (
    pattern['String'] === '' ||
    ['', '[\\s\\S]', '(?m:.)', '(?m).', '(.|\\n)', '.|\\n'].includes(String(pattern['Regex']))
  );
}
