/** From the meaning of the logits back to the tokens: the model. */
import { plainAround, type GeneralLayer, type GeneralModel, type Weights } from '../../../core/model/generalModel';
import { UserError } from '../../../userError';
import type { Content, Logits, RecurrentNode, States } from './value';

/** Throws a UserError where what lies between tokens and logits is no language model. */
export function assemble({ of, W, b, vocabularySize }: Logits): GeneralModel {
  const top = of.kind === 'normed' ? of.of : of;
  const { layers, embedding, tokens } = stackBelow(top);
  if (tokens !== vocabularySize) {
    throw new UserError('error.onnx.vocabularySizesDiffer', tokens, vocabularySize);
  }
  const order = columnOrder(top);
  const norm =
    of.kind === 'normed'
      ? { ...of.norm, gamma: inOrder(of.norm.gamma, order), beta: inOrder(of.norm.beta, order) }
      : null;
  const output = inOrder(W, order);
  const isTied = embedding?.length === output.length && output.every((value, i) => value === embedding[i]);
  return { vocabularySize, embedding, layers, norm, output: { W: isTied ? embedding : output, b } };
}

/** The stack under some states, and what is at its bottom. */
export function stackBelow(top: States): { layers: GeneralLayer[]; embedding: Weights | null; tokens: number } {
  const layers: GeneralLayer[] = [];
  let content: Content = top;
  while (content.kind === 'states') {
    const below: Content = inputOf(content);
    layers.unshift(layerOf(content, below));
    content = below;
  }
  if (content.kind === 'oneHot') return { layers, embedding: null, tokens: content.size };
  if (content.kind === 'embedded') return { layers, embedding: content.table, tokens: content.vocabularySize };
  throw new UserError('error.onnx.lowestLayerInput', layers[0].source);
}

/** One layer, of the directions whose states lie side by side. */
function layerOf(states: States, below: Content): GeneralLayer {
  const { cell, options, hiddenSize, inputSize, clip, linearBeforeReset, inputForget } = states.parts[0].node;
  const own = states.parts.map(({ node: { source } }) => source);
  const order = below.kind === 'states' ? columnOrder(below) : null;
  const directions = states.parts.map(({ direction }) => ({ ...direction, W: inOrder(direction.W, order) }));
  directions.sort((a, b) => Number(a.direction === 'backward') - Number(b.direction === 'backward'));
  return {
    cell,
    options,
    hiddenSize,
    inputSize,
    clip,
    linearBeforeReset,
    inputForget,
    ...plainAround,
    directions,
    source: Array.from(new Set(own)).join(', '),
  };
}

/** What the nodes of a layer read; they must be of one kind. */
function inputOf({ parts }: States): Content {
  const [{ node: first }] = parts;
  const kind = ({ cell, hiddenSize, clip, linearBeforeReset, inputForget }: RecurrentNode) =>
    JSON.stringify([cell, hiddenSize, clip, linearBeforeReset, inputForget]);
  for (const { node } of parts.slice(1)) {
    if (!sameContent(node.input, first.input) || kind(node) !== kind(first)) {
      throw new UserError('error.onnx.notTwoDirections', first.source, node.source);
    }
  }
  const names = parts.map(({ direction }) => direction.direction);
  if (new Set(names).size !== names.length)
    throw new UserError('error.onnx.sameDirectionTwice', first.source, parts[1].node.source);
  return first.input;
}

function sameContent(a: Content, b: Content): boolean {
  if (a === b) return true;
  if (a.kind === 'states' && b.kind === 'states')
    return a.parts.length === b.parts.length && a.parts.every((part, i) => part.direction === b.parts[i].direction);
  return a.kind === 'embedded' && b.kind === 'embedded'
    ? a.table === b.table
    : a.kind === 'oneHot' && b.kind === 'oneHot';
}

/** Where the backward direction comes first, which of the file's columns are first in ours; null where they lie alike. */
function columnOrder({ parts }: States): number[] | null {
  if (parts.length < 2 || parts[0].direction.direction === 'forward') return null;
  const H = parts[0].node.hiddenSize;
  return Array.from({ length: 2 * H }, (_, column) => (column + H) % (2 * H));
}

/** Rows of as many columns as `order` has, each in that order. */
function inOrder(W: Weights, order: readonly number[] | null): Weights {
  if (!order) return W;
  const width = order.length;
  return W.map((_, i) => W[i - (i % width) + order[i % width]]);
}
