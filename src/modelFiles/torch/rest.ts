/** The tensors that are neither embedding, output nor of a recurrent layer: a normalization, something else that may take part, or nothing of the model's. */
import type { TensorAnswers } from './answers';
import { inputSizeOf, outputSizeOf, type Chain } from './recurrentModules';
import { nameIn, partsOf, type WeightTensor } from './weightTensors';

/** A LayerNorm before the output. */
export interface Norm {
  readonly module: string;
  readonly gamma: WeightTensor;
  readonly beta: WeightTensor;
  readonly tensors: readonly WeightTensor[];
}

interface Sizes {
  readonly chain: Chain;
  readonly vocabularySize: number;
  readonly readsEmbedding: boolean;
  /** Which linear layers beside the output are certainly not the output instead: all, those to another number than V, or none. */
  readonly heads: 'all' | 'others' | 'none';
}

/** A weight and a bias [n] of one module, n its size. */
function vectorPairs(tensors: readonly WeightTensor[]): Norm[] {
  const vectors = new Map(
    tensors
      .filter(({ shape, data }) => shape.length === 1 && data)
      .flatMap((tensor) => tensor.names.map((name) => [name, tensor] as const)),
  );
  return Array.from(vectors, ([name, gamma]) => {
    const { module, leaf } = partsOf(name);
    const beta = vectors.get(nameIn(module, 'bias'));
    return leaf === 'weight' && beta?.shape[0] === gamma.shape[0]
      ? [{ module, gamma, beta, tensors: [gamma, beta] }]
      : [];
  }).flat();
}

const otherNormalizations = /batch|bn|group|gn|instance|rms/i;

/**
 * The LayerNorm before the output, where its size leaves it no other place and nothing says that it is a normalization of another kind;
 * or the one that a person names.
 */
export function normOf(
  left: readonly WeightTensor[],
  { chain, embedding }: { readonly chain: Chain; readonly embedding: WeightTensor | null },
  { norm: answer }: TensorAnswers,
): Norm | null {
  const width = outputSizeOf(chain[chain.length - 1]);
  const fitting = vectorPairs(left).filter(({ gamma }) => gamma.shape[0] === width);
  if (answer !== undefined) return fitting.find(({ module }) => module === answer) ?? null;
  const others = [...chain.slice(0, -1).map(outputSizeOf), ...(embedding ? [inputSizeOf(chain)] : [])];
  const [norm] = fitting;
  const hasStatistics = left.some(({ names }) => names.some((name) => partsOf(name).leaf.startsWith('running_')));
  return fitting.length === 1 && !others.includes(width) && !hasStatistics && !otherNormalizations.test(norm.module)
    ? norm
    : null;
}

/** A normalization among these tensors, what it can be, and its size; undefined where there is none. */
export function normalizationAmong(
  tensors: readonly WeightTensor[],
): { readonly module: string; readonly kinds: string; readonly size: number } | undefined {
  const statistics = tensors.find(
    ({ names, shape }) => shape.length === 1 && partsOf(names[0]).leaf.startsWith('running_'),
  );
  if (statistics) return { module: partsOf(statistics.names[0]).module, kinds: 'BatchNorm', size: statistics.shape[0] };
  const pair = vectorPairs(tensors).at(0);
  return pair && { module: pair.module, kinds: 'LayerNorm, GroupNorm', size: pair.gamma.shape[0] };
}

/** Types in which weights are quantized: where there is no embedding beside the output, such a one may be it, though it is not read. */
const quantized = /^(I8|U8|F8.*|F4|F6.*)$/;

/** Those with a size of something on the way from tokens to symbols may stand in that way: a table of positions, a layer between, an initial state. */
export function restOf(
  left: readonly WeightTensor[],
  { chain, vocabularySize: V, readsEmbedding, heads }: Sizes,
): { readonly inTheWay: readonly WeightTensor[]; readonly unused: readonly WeightTensor[] } {
  const layers = chain.flatMap((module) => module.layers);
  const widths = new Set([
    ...layers.flatMap(({ hiddenSize, outputSize }) => [hiddenSize, outputSize]),
    ...layers.slice(1).map(({ inputSize }) => inputSize),
    ...(readsEmbedding ? [inputSizeOf(chain)] : []),
  ]);
  const sizes = new Set([...widths, ...layers.map(({ rows }) => rows)]);
  // Of a reading without an embedding too: what has the width of what is read may be the embedding of a layer below.
  const tables = inputSizeOf(chain);
  const isBias = (name: string, rows: number) =>
    left.some(({ names, shape }) => names.includes(name) && shape.join() === String(rows));
  // Of something else than the symbols: nothing leads from it back to them.
  const isHead = ({ names, shape }: WeightTensor) => {
    const [K, read] = shape;
    const hasBias = names.some(
      (name) => partsOf(name).leaf === 'weight' && isBias(nameIn(partsOf(name).module, 'bias'), K),
    );
    const isRead = left.some((other) => other.shape.length === 2 && other.shape[1] === K);
    // Without a bias it may be a table, whose rows are added to the embedding.
    const isBesideOutput = heads === 'all' || (heads === 'others' && K !== V);
    return !widths.has(K) && !isRead && names.length === 1 && (hasBias || read !== tables) && isBesideOutput;
  };
  // PyTorch's own modules have nothing else: what stands in one is of a class that computes more, such as peepholes or a norm inside the cell.
  const modules = chain.flatMap((module) => module.pair ?? [module]).filter(({ name }) => name !== '');
  const isInLayer = ({ names }: WeightTensor) =>
    names.some((name) => modules.some((module) => name.startsWith(`${module.name}.`)));
  const mayTakePart = (tensor: WeightTensor) => {
    if (isInLayer(tensor)) return true;
    const { shape, data, type } = tensor;
    const longer = shape.filter((size) => size !== 1);
    if (shape.includes(0) || longer.length === 0) return false;
    if (!data && ((heads === 'all' && readsEmbedding) || !quantized.test(type) || shape.length !== 2)) return false;
    if (data && shape.length === 2 && widths.has(shape[1]) && isHead(tensor)) return false;
    return longer.some((size) => sizes.has(size) || (size === V && longer.length > 1));
  };
  const inTheWay = left.filter(mayTakePart);
  const unused = left.filter((tensor) => tensor.data && !inTheWay.includes(tensor));
  return { inTheWay, unused };
}
