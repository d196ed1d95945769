/**
 * Tokenizers by their definitions. What reads them is large and is loaded apart: the editor does so when a model with a tokenizer.json is opened, the
 * engine where it reads vocabularies (src/modelFiles/tokenizerFile.ts).
 */
import type { Tokenizer, TokenizerDefinition } from './tokenizer/tokenizer';

type Make = (definition: TokenizerDefinition) => Tokenizer;

let make: Make | null = null;
const known = new WeakMap<TokenizerDefinition, Tokenizer>();

/** What makes a tokenizer; it throws a TokenizerRefusal for one that is not read as its library reads it. */
export function useTokenizers(made: Make): void {
  make = made;
}

/** Loads what reads tokenizers, once. */
export async function loadTokenizers(): Promise<void> {
  if (make) return;
  const { newTokenizer } = await import('./tokenizer/tokenizer');
  useTokenizers(newTokenizer);
}

/** The tokenizer that a definition describes, made once. Throws a TokenizerRefusal. */
export function tokenizerOf(definition: TokenizerDefinition): Tokenizer {
  const found = known.get(definition);
  if (found) return found;
  if (!make) throw new Error('what reads tokenizers is not loaded');
  const made = make(definition);
  known.set(definition, made);
  return made;
}
