/** A random model in the order in which PyTorch computes it, with its numbers: what a file of it must be read as. */
import type { Random } from '../../../src/core/model/random';
import { below, oneOf } from '../format';

/** Gate blocks in PyTorch's order are found at these places in ONNX's: i f g o ⇒ i o f c, r z n ⇒ z r h. */
export const cells = {
  rnn: { blocks: [0] },
  gru: { blocks: [1, 0, 2] },
  lstm: { blocks: [0, 3, 1, 2] },
} as const;
export type Cell = keyof typeof cells;

export interface Matrix {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

export interface TrueDirection {
  readonly W: Matrix;
  readonly R: Matrix;
  /** Null where the module is without. */
  readonly Wb: Matrix | null;
  readonly Rb: Matrix | null;
}

export interface TrueModule {
  readonly cell: Cell;
  readonly hiddenSize: number;
  readonly isBidirectional: boolean;
  /** `nn.LSTMCell` and the like: one layer, one direction. */
  readonly isCell: boolean;
  /** [layer][direction]. */
  readonly layers: readonly (readonly TrueDirection[])[];
}

export interface TrueModel {
  readonly V: number;
  /** Of what the lowest layer reads. */
  readonly I: number;
  readonly width: number;
  readonly embedding: Matrix | null;
  readonly modules: readonly TrueModule[];
  /** LayerNorm before the output. */
  readonly norm: { readonly gamma: Matrix; readonly beta: Matrix } | null;
  /** The embedding itself where they are tied. */
  readonly output: Matrix;
  readonly bias: Matrix | null;
}

export function matrix(shape: readonly number[], random: Random, isZero = false): Matrix {
  const length = shape.reduce((product, size) => product * size, 1);
  // Eight bits of mantissa, which bfloat16 has too.
  const round = (value: number) => new Float32Array(Uint32Array.of(bitsOf(value) & 0xffff0000).buffer)[0];
  return { shape, values: Float32Array.from({ length }, () => (isZero ? 0 : round(random.between(-1, 1)))) };
}

function bitsOf(value: number): number {
  return new Uint32Array(Float32Array.of(value).buffer)[0];
}

/** Sizes that are often equal, because then shapes tell nothing. */
export function trueModel(random: Random): TrueModel {
  const size = () => 2 + below(6, random);
  const V = 3 + below(6, random);
  const common = random.uniform() < 0.3 ? V : size();
  const some = () => (random.uniform() < 0.6 ? common : size());
  const isOneHot = random.uniform() < 0.25;
  const E = some();
  const I = isOneHot ? V : E;
  const count = random.uniform() < 0.7 ? 1 : 2 + below(2, random);
  const modules: TrueModule[] = [];
  let read = I;
  for (let m = 0; m < count; m++) {
    const made = trueModule(read, some(), count, random);
    modules.push(made);
    read = outputSize(made);
  }
  const width = read;
  const embedding = isOneHot ? null : matrix([V, E], random);
  const isTied = embedding !== null && E === width && random.uniform() < 0.4;
  return {
    V,
    I,
    width,
    embedding,
    modules,
    norm: random.uniform() < 0.1 ? { gamma: matrix([width], random), beta: matrix([width], random) } : null,
    output: isTied ? embedding : matrix([V, width], random),
    bias: random.uniform() < 0.75 ? matrix([V], random, random.uniform() < 0.2) : null,
  };
}

export function outputSize({ hiddenSize, isBidirectional }: TrueModule): number {
  return (isBidirectional ? 2 : 1) * hiddenSize;
}

function trueModule(inputSize: number, hiddenSize: number, count: number, random: Random): TrueModule {
  const cell = oneOf(['rnn', 'gru', 'lstm'] as const, random);
  const isCell = random.uniform() < 0.3;
  const isBidirectional = !isCell && random.uniform() < 0.2;
  const depth = isCell || count > 1 ? 1 : 1 + below(3, random);
  const hasBias = random.uniform() < 0.8;
  const rows = cells[cell].blocks.length * hiddenSize;
  const bias = () => (hasBias ? matrix([rows], random, random.uniform() < 0.1) : null);
  const layers = Array.from({ length: depth }, (_, layer) => {
    const I = layer === 0 ? inputSize : (isBidirectional ? 2 : 1) * hiddenSize;
    return Array.from({ length: isBidirectional ? 2 : 1 }, (): TrueDirection => ({
      W: matrix([rows, I], random),
      R: matrix([rows, hiddenSize], random),
      Wb: bias(),
      Rb: bias(),
    }));
  });
  return { cell, hiddenSize, isBidirectional, isCell, layers };
}
