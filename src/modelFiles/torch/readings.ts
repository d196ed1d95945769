/**
 * What the tensors beside the recurrent layers can be: embedding [V, I], output [V, width] and its bias [V]. A file of weights has no
 * graph, so every reading that fits is made, and structure rules out what PyTorch does not save: a bias lies beside the weight it
 * belongs to, an embedding has none, and a bias without its weight belongs to a weight that is kept elsewhere.
 */
import { agreesWith, noTensor, type TensorAnswers } from './answers';
import { normOf, restOf, type Norm } from './rest';
import { chainName, inputSizeOf, outputSizeOf, type Chain } from './recurrentModules';
import { nameIn, partsOf, type WeightTensor } from './weightTensors';

export interface Reading {
  readonly chain: Chain;
  /** Null where tokens are read one-hot. The output itself where both are tied. */
  readonly embedding: WeightTensor | null;
  readonly output: WeightTensor;
  readonly bias: WeightTensor | null;
  /** Before the output. */
  readonly norm: Norm | null;
  /** Something speaks against it, though it fits. */
  readonly isUnlikely: boolean;
  /** It is the only one that fits, and may be wrong nevertheless. */
  readonly isOpen: boolean;
  /** Tensors without a place that may take part in the computation. */
  readonly inTheWay: readonly WeightTensor[];
  /** Those that cannot. */
  readonly unused: readonly WeightTensor[];
}

/** The search ends here: with so many readings the choice is open in any case. */
const maxReadings = 200;

type Ends = Pick<Reading, 'chain' | 'embedding' | 'output' | 'bias'>;

/** Which fit, and agree with what a person has said. @param tensors all but the recurrent ones, each once */
export function readingsOf(
  chains: readonly Chain[],
  tensors: readonly WeightTensor[],
  answers: TensorAnswers,
): Reading[] {
  const beside = new Beside(tensors);
  const found: Reading[] = [];
  for (const chain of chains.filter((each) => (answers.layers ?? chainName(each)) === chainName(each))) {
    for (const ends of endsOf(chain, beside)) {
      if (!agreesWith(answers.embedding, ends.embedding) || !agreesWith(answers.output, ends.output)) continue;
      for (const bias of beside.biasesOf(ends)) {
        if (!agreesWith(answers.bias, bias)) continue;
        found.push(completed({ ...ends, bias }, beside, answers));
        if (found.length >= maxReadings) return found;
      }
    }
  }
  return found;
}

/** The matrices [·, width] that could be the output. */
export function outputsOf(chain: Chain, tensors: readonly WeightTensor[]): WeightTensor[] {
  const width = outputSizeOf(chain[chain.length - 1]);
  return matricesOf(tensors).filter(({ shape }) => shape[1] === width && shape[0] > 1);
}

function matricesOf(tensors: readonly WeightTensor[]): WeightTensor[] {
  return tensors.filter(({ shape, data }) => shape.length === 2 && data && data.length > 0);
}

function* endsOf(chain: Chain, beside: Beside): Generator<Omit<Ends, 'bias'>> {
  const I = inputSizeOf(chain);
  const matrices = matricesOf(beside.tensors);
  for (const output of outputsOf(chain, beside.tensors)) {
    const [V, width] = output.shape;
    const isStoredTwice = output.names.length > 1;
    if (I === width) yield { chain, embedding: output, output };
    if (I === V && !(isStoredTwice && I === width)) yield { chain, embedding: null, output };
    for (const embedding of matrices) {
      const fits = embedding !== output && embedding.shape[0] === V && embedding.shape[1] === I;
      if (fits && beside.biasesBeside(embedding).length === 0) yield { chain, embedding, output };
    }
  }
}

function completed(ends: Ends, beside: Beside, answers: TensorAnswers): Reading {
  const { chain, embedding, output, bias } = ends;
  const used = new Set([embedding, output, bias]);
  const left = beside.tensors.filter((tensor) => !used.has(tensor));
  const norm = normOf(left, ends, answers);
  const [V] = output.shape;
  // What could be the bias instead is no reason against a reading: which is right is then asked.
  const open = beside.biasesOf(ends).flatMap((other) => (other && other !== bias ? [other] : []));
  const rest = restOf(
    left.filter((tensor) => !norm?.tensors.includes(tensor) && !open.includes(tensor)),
    { chain, vocabularySize: V, readsEmbedding: embedding !== null, heads: headsBeside(ends, beside) },
  );
  const isSaid = answers.bias !== undefined || answers.embedding !== undefined;
  return {
    ...ends,
    norm,
    // The weight of such a bias is kept under another name, as that of a tied output is.
    isUnlikely: !isSaid && embedding !== output && beside.orphansOf(V).length > 0,
    isOpen:
      (answers.output === undefined && mayBeOtherwise(ends)) ||
      (answers.layers === undefined && chain.some(({ isGuess }) => isGuess)),
    inTheWay: rest.inTheWay,
    unused: [...rest.unused, ...open],
  };
}

/**
 * Whether the output may be none though all fits: a square matrix that no module calls its weight may multiply from either side, and an embedding
 * that is stored twice may be the output too.
 */
function mayBeOtherwise({ chain, embedding, output }: Ends): boolean {
  const [V, width] = output.shape;
  const isWeight = output.names.some((name) => partsOf(name).leaf === 'weight');
  const isStoredTwice = embedding !== output && embedding !== null && embedding.names.length > 1;
  return (V === width && !isWeight) || (isStoredTwice && inputSizeOf(chain) === width);
}

/**
 * Which other linear layers may lie beside the output: all, where an embedding of its own says how many symbols there are; those to another number
 * of them, where a matrix is certainly tied; none, where the output alone says it.
 */
function headsBeside({ chain, embedding, output, bias }: Ends, beside: Beside): 'all' | 'others' | 'none' {
  const [V, width] = output.shape;
  if (embedding === null) return inputSizeOf(chain) === width && V === width ? 'none' : 'all';
  if (embedding !== output) return 'all';
  const hasBiasOfAnother = bias !== null && beside.orphansOf(V).includes(bias);
  return output.names.length > 1 || hasBiasOfAnother ? 'others' : 'none';
}

/** What PyTorch's modules keep side by side. */
class Beside {
  private readonly byName: ReadonlyMap<string, WeightTensor>;

  constructor(readonly tensors: readonly WeightTensor[]) {
    this.byName = new Map(tensors.flatMap((tensor) => tensor.names.map((name) => [name, tensor] as const)));
  }

  /** The biases in the modules whose weight this is. */
  biasesBeside({ names, shape }: WeightTensor): WeightTensor[] {
    const found = names.flatMap((name) => {
      const { module, leaf } = partsOf(name);
      const bias = leaf === 'weight' ? this.byName.get(nameIn(module, 'bias')) : undefined;
      return bias?.data && bias.shape.join() === String(shape[0]) ? [bias] : [];
    });
    return Array.from(new Set(found));
  }

  /** Biases [V] in modules that have no weight. */
  orphansOf(vocabularySize: number): WeightTensor[] {
    return this.looseOf(vocabularySize).filter(({ names }) =>
      names.some((name) => partsOf(name).leaf === 'bias' && partsOf(name).module !== ''),
    );
  }

  /** What can be the output's bias; null stands for none. */
  biasesOf({ output, embedding }: Pick<Ends, 'output' | 'embedding'>): (WeightTensor | null)[] {
    const [V] = output.shape;
    const own = this.biasesBeside(output);
    if (own.length > 0) return own;
    const orphans = this.orphansOf(V);
    if (embedding === output && orphans.length === 1) return orphans;
    return [...this.looseOf(V), null];
  }

  /** Vectors [V] that belong to no weight, and are not called one. */
  private looseOf(vocabularySize: number): WeightTensor[] {
    return this.tensors.filter(
      ({ names, shape, data }) =>
        data &&
        shape.join() === String(vocabularySize) &&
        names.every((name) => {
          const { module, leaf } = partsOf(name);
          const isOfWeight = leaf === 'bias' && this.byName.has(nameIn(module, 'weight'));
          return !isOfWeight && leaf !== 'weight' && !leaf.startsWith('running_');
        }),
    );
  }
}

/** A reading in words of `--tensors`: of each role its tensor. */
export function rolesOf({
  chain,
  embedding,
  output,
  bias,
}: Reading): Record<'layers' | 'embedding' | 'output' | 'bias', string> {
  return {
    layers: chainName(chain),
    embedding: embedding?.names[0] ?? noTensor,
    output: output.names[0],
    bias: bias?.names[0] ?? noTensor,
  };
}
