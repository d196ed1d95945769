/** Parts of a tokenizer.json that can be followed each by itself, but not together. */
import { TokenizerRefusal, isRecord, shown, type Json } from './fields';

/**
 * Metaspace with the scheme `first` puts its mark only before what begins the text. The library takes a replaced text for one that begins where the last
 * character did that it replaces; here its place is the whole of them. Throws a TokenizerRefusal where that decides about the mark.
 */
export function checkTogether(normalizer: unknown, preTokenizer: unknown): void {
  const isFirst = (part: Json) => part['type'] === 'Metaspace' && part['prepend_scheme'] === 'first';
  if (!partsOf(preTokenizer).some(isFirst)) return;
  const replacing = partsOf(normalizer).find((part) => part['type'] === 'Replace' && !isOneCharacter(part['pattern']));
  if (replacing)
    throw new TokenizerRefusal(
      'pre_tokenizer',
      `${shown('prepend_scheme', 'first')}, ${shown('normalizer', replacing)}`,
    );
}

/** The part, or those of a sequence. */
function partsOf(part: unknown): Json[] {
  if (!isRecord(part)) return [];
  const inside: unknown = part['normalizers'] ?? part['pretokenizers'];
  return Array.isArray(inside) ? inside.flatMap(partsOf) : [part];
}

function isOneCharacter(pattern: unknown): boolean {
  const text: unknown = isRecord(pattern) ? pattern['String'] : undefined;
  return typeof text === 'string' && Array.from(text).length === 1;
}
