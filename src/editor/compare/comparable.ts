/** Which models can be compared, and by what. */
import type { Message } from '../../messages';
import type { GraphSummary } from '../../protocol/graph';
import { isSameUnit, isTokenizer, type ReadUnit } from '../../tokens/tokenUnit';

export interface ComparedModel {
  readonly name: string;
  /** What it takes for a token. */
  readonly unit: ReadUnit;
  /** Null of a stack of layers. */
  readonly graph: GraphSummary | null;
}

/** Names of the tensors by which models in graph mode are compared: of the embedding, which is what a stack's lowest layer reads; none where none was found. */
export function comparedTensors({ tensors }: GraphSummary): string[] {
  return tensors.flatMap(({ name, role }) => (role === 'embedding' ? [name] : [])).slice(0, 1);
}

/** Why they cannot be compared token by token; null where they can. */
export function refusalOf(models: readonly ComparedModel[]): Message | null {
  const [first, ...others] = models;
  const without = models.find((model) => model.graph && comparedTensors(model.graph).length === 0);
  if (without) return { key: 'compare.noEmbedding', args: [without.name] };
  const other = others.find(({ unit }) => !isSameUnit(unit, first.unit));
  if (!other) return null;
  return {
    key: 'compare.tokensDiffer',
    args: [first.name, unitInWords(first.unit), other.name, unitInWords(other.unit)],
  };
}

function unitInWords(unit: ReadUnit): Message {
  const message = (key: Message['key']): Message => ({ key, args: [] });
  if (isTokenizer(unit)) return message('tokenUnit.tokenizer');
  switch (unit) {
    case 'codePoint':
      return message('tokenUnit.codepoints');
    case 'grapheme':
      return message('tokenUnit.graphemes');
    case 'word':
      return message('tokenUnit.words');
    case 'byte':
      return message('tokenUnit.bytes');
    case 'whitespace':
      return message('tokenUnit.whitespace');
    case 'wordOrPunctuation':
      return message('tokenUnit.wordsAndPunctuation');
    case 'wordOrLineEnd':
      return message('tokenUnit.wordsAndLineEnds');
    case 'numbers':
      return message('tokenUnit.numbers');
  }
}
