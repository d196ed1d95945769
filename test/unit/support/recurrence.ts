/** The kernels' recurrences on random problems, in the reference's terms. */
import { Arena, at, type ArenaOptions } from '../../../src/kernels/arena';
import { saturatedAbove } from '../../../src/terms/saturation';
import { splitStreams, type StreamRange } from '../../../src/kernels/threadPool';
import { FixedMatrix } from '../../../src/kernels/fixedMatrix';
import { Random } from '../../../src/core/model/random';
import { gateNames } from '../../reference/model';
import type { RecurrenceCase } from '../../reference/recurrence';

export type Shape = Pick<RecurrenceCase, 'cell' | 'activation' | 'T' | 'B' | 'H' | 'reverse' | 'truncate'> & {
  readonly lengths?: readonly number[];
};

/** All numbers are float32s, so that kernels and reference begin with the same; small enough that few tanh are saturated: 1 − h² has then lost digits. */
export function randomProblem(shape: Shape, seed: number): RecurrenceCase {
  const { cell, T, B, H } = shape;
  const random = Random.fromSeed(seed);
  const width = gateNames[cell].length * H;
  const numbers = (length: number, size: number) =>
    Float64Array.from({ length }, () => Math.fround(size * random.normal()));
  const state = () => ({ h: numbers(B * H, 0.5), c: numbers(B * H, 0.8) });
  return {
    ...shape,
    lengths: shape.lengths ?? Array<number>(B).fill(T),
    R: numbers(width * H, 0.7 / Math.sqrt(H)),
    Rb: cell === 'gru' ? numbers(width, 0.3) : new Float64Array(width),
    fromInput: numbers(T * B * width, 0.8),
    before: state(),
    above: numbers(T * B * H, 1),
    after: state(),
  };
}

export interface KernelResult {
  readonly simd: string;
  readonly gates: Float32Array;
  readonly q: Float32Array;
  readonly hidden: Float32Array;
  readonly cellState: Float32Array;
  readonly dh: Float32Array;
  readonly dhCarried: Float32Array;
  readonly dc: Float32Array;
  readonly da: Float32Array;
  readonly daRecurrent: Float32Array;
  /** Of all parts together. */
  readonly squares: Float64Array;
  readonly counts: number[];
}

export interface RunOptions extends ArenaOptions {
  /** Streams of each call; with a thread pool's arena they run at the same time. */
  readonly parts?: readonly StreamRange[];
  /** Step by step, with the products given to the kernels. */
  readonly isStepwise?: boolean;
}

export function runKernels(problem: RecurrenceCase, options: RunOptions = {}): KernelResult {
  const { cell, T, B, H, R } = problem;
  const width = R.length / H;
  const parts = options.parts ?? splitStreams(B, options.pool?.size ?? 1);
  const rows = T * B;
  const states = (T + 1) * B * H;
  const sizes = {
    gates: rows * width,
    q: rows * H,
    hidden: states,
    cellState: states,
    dh: rows * H,
    dhCarried: B * H,
    dc: B * H,
    da: rows * width,
    daRecurrent: rows * width,
  };
  const made = Arena.build(
    (arena) => ({
      arena,
      arrays: Object.fromEntries(Object.entries(sizes).map(([name, length]) => [name, arena.floats(length)])) as Record<
        keyof typeof sizes,
        Float32Array
      >,
      forwardR: new FixedMatrix(arena, H, width),
      backwardR: new FixedMatrix(arena, width, H),
      weights: arena.floats(R.length),
      scratchArray: arena.floats(B * width),
      product: arena.floats(B * width),
      Rb: arena.floats(width),
      lengths: arena.ints(B),
      squares: parts.map(() => arena.doubles(2 * T)),
      counts: parts.map(() => arena.ints(6)),
    }),
    options,
  );
  const { arena, forwardR, backwardR, weights, scratchArray, product, Rb, lengths, squares, counts } = made;
  const { gates, q, hidden, cellState, dh, dhCarried, dc, da, daRecurrent } = made.arrays;

  weights.set(R);
  forwardR.loadTransposed(weights);
  backwardR.load(weights);
  gates.set(problem.fromInput);
  Rb.set(problem.Rb);
  lengths.set(problem.lengths);
  const whole = problem.lengths.every((length) => length === T);
  const first = problem.reverse ? T * B * H : 0;
  hidden.set(problem.before.h, first);
  cellState.set(problem.before.c, first);
  dh.set(problem.above);
  dhCarried.set(problem.after.h);
  dc.set(problem.after.c);

  const relu = Number(problem.activation === 'relu');
  const common = ({ first: b, count }: StreamRange) => [
    T,
    B,
    H,
    b,
    count,
    Number(problem.reverse),
    whole ? 0 : at(lengths),
  ];
  const forward = parts.map((part, p) => {
    const start = [...common(part), options.isStepwise ? at(product) : forwardR.address];
    if (cell === 'rnn') return [...start, relu, saturatedAbove, at(gates), at(hidden), at(counts[p])];
    if (cell === 'lstm') return [...start, at(gates), at(hidden), at(cellState), at(counts[p])];
    return [...start, at(Rb), at(gates), at(q), at(hidden), at(scratchArray), at(counts[p])];
  });
  const backwardWith = (R: number) =>
    parts.map((part, p) => {
      const start = [...common(part), problem.truncate, R];
      if (cell === 'rnn') return [...start, relu, at(hidden), at(dh), at(dhCarried), at(da), at(squares[p])];
      if (cell === 'lstm')
        return [...start, at(gates), at(cellState), at(dh), at(dhCarried), at(dc), at(da), at(squares[p])];
      return [...start, at(gates), at(q), at(hidden), at(dh), at(dhCarried), at(da), at(daRecurrent), at(squares[p])];
    });
  if (options.isStepwise) {
    const isCut = (t: number) => problem.truncate > 0 && t % problem.truncate === 0;
    /** The place in the window of the s-th step of a way that begins at its end, or at its beginning. */
    const stepAt = (s: number, fromEnd: boolean) => (fromEnd ? T - 1 - s : s);
    for (let s = 0; s < T; s++) {
      const t = stepAt(s, problem.reverse);
      multiplyTransposed(product, weights, hidden.subarray((problem.reverse ? t + 1 : t) * B * H), width, B, H, false);
      arena.run(
        `${cell}ForwardStep`,
        forward.map((call) => [...call, s]),
      );
    }
    let carries = false;
    for (let s = 0; s < T; s++) {
      arena.run(
        `${cell}BackwardStep`,
        backwardWith(carries ? at(product) : 0).map((call) => [...call, s]),
      );
      const t = stepAt(s, !problem.reverse);
      carries = !isCut(problem.reverse ? t + 1 : t);
      if (carries)
        multiplyTransposed(
          product,
          weights,
          (cell === 'gru' ? daRecurrent : da).subarray(t * B * width),
          H,
          B,
          width,
          true,
        );
    }
    if (carries) arena.kernels.addTransposed(at(dhCarried), at(product), B, B, H);
  } else {
    arena.run(`${cell}Forward`, forward);
    arena.run(`${cell}Backward`, backwardWith(backwardR.address));
  }
  const sum = (arrays: readonly ArrayLike<number>[]) =>
    Array.from(arrays[0], (_, k) => arrays.reduce((total, values) => total + values[k], 0));
  return {
    simd: arena.simd,
    gates,
    q,
    hidden,
    cellState,
    dh,
    dhCarried,
    dc,
    da,
    daRecurrent,
    squares: Float64Array.from(sum(squares)),
    counts: sum(counts),
  };
}

/** out[m, n] = a · bᵀ, b [n, k]; a is [m, k], or transposed [k, m]. */
function multiplyTransposed(
  out: Float32Array,
  a: Float32Array,
  b: Float32Array,
  m: number,
  n: number,
  k: number,
  isTransposed: boolean,
): void {
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let l = 0; l < k; l++) sum += a[isTransposed ? l * m + i : i * k + l] * b[j * k + l];
      out[i * n + j] = sum;
    }
  }
}
