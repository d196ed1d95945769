/** Some of the streams of a training batch, in a network of their own: from their tokens to what they add to the gradient. */
import { fillDropout } from '../../core/forward/dropout';
import type { ModelConfig } from '../../core/model/config';
import { makeLearningNetwork, type LearningNetwork } from '../../core/network';
import type { Products } from '../../core/products';
import type { Arena } from '../../kernels/arena';
import type { StreamRange } from '../../kernels/threadPool';
import type { Board } from './board';

/** What a batch is trained with. */
export interface BatchSettings {
  readonly config: ModelConfig;
  /** Most steps of a window, and streams of the whole batch. */
  readonly steps: number;
  readonly batch: number;
  readonly hasDropout: boolean;
  /** Pascanu's regularizer has room. */
  readonly hasOmega: boolean;
  readonly records: boolean;
}

/** A training step, for every share the same. */
export interface ShareOrder {
  /** Steps of the window, and n: the tokens that the whole batch predicts. */
  readonly steps: number;
  readonly predicted: number;
  /** k2, or 0. */
  readonly truncation: number;
  readonly dropout: DropoutOrder | null;
  /** By which Pascanu's regularizer is added to the loss, of each stream of the whole batch; 0 for none. */
  readonly omega: number;
}

export interface DropoutOrder {
  readonly probability: number;
  readonly seed: number;
  /** Training steps taken before. */
  readonly step: number;
}

/** Shares but the first: `run` reads the board and leaves gradient, records and states there. */
export interface OtherShare {
  run(order: ShareOrder): Promise<void>;
  /** It takes the time of this thread: shares of it run one after the other. */
  readonly isHere: boolean;
  /** Ends what it needs. */
  end(): void;
}

/** To be called by `Arena.build`. @param streams of this network */
export function networkOf(
  arena: Arena,
  products: Products,
  { config, steps, hasDropout, hasOmega, records }: BatchSettings,
  streams: number,
): LearningNetwork {
  return makeLearningNetwork(
    arena,
    config,
    { steps, batch: streams, dropout: hasDropout, hasOmega, records, byToken: true },
    products,
  );
}

/**
 * Reads its streams of the window on the board, forward and back, and leaves there what they carry out. Gradient and records stay in the network; its parameters
 * are those of the step.
 */
export async function runShare(
  { tape, forward, backward }: LearningNetwork,
  streams: StreamRange,
  board: Board,
  { steps, predicted, truncation, dropout, omega }: ShareOrder,
): Promise<void> {
  takeStreams(tape.inputs, board.inputs, streams, board.batch, steps);
  takeStreams(tape.targets, board.targets, streams, board.batch, steps);
  if (board.sizes.numbers) {
    const { inputSize, outputSize } = board.sizes.numbers;
    takeStreams(tape.embedded, board.inputNumbers, streams, board.batch, steps, inputSize);
    takeStreams(tape.targetNumbers, board.targetNumbers, streams, board.batch, steps, outputSize);
  }
  tape.lengths.set(board.lengths.subarray(streams.first, streams.first + streams.count));
  tape.resize(steps);
  tape.carried.forEach(({ values, width }, i) => values.set(ofStreams(board.carriedIn[i], width, streams)));
  if (dropout)
    fillDropout(tape, dropout.probability, dropout.seed, dropout.step, { first: streams.first, of: board.batch });
  await forward.run();
  backward.clearCarried();
  await backward.run({ truncation, predicted, omega });
  tape.carryState();
  tape.carried.forEach(({ values, width }, i) => ofStreams(board.carriedOut[i], width, streams).set(values));
}

/** Another share than the first, on whatever thread. */
export class Share implements OtherShare {
  readonly isHere = true;

  /** @param index of the share, from 1 */
  constructor(
    private readonly network: LearningNetwork,
    private readonly streams: StreamRange,
    private readonly board: Board,
    private readonly index: number,
  ) {}

  async run(order: ShareOrder): Promise<void> {
    const { network, streams, board, index } = this;
    network.parameters.values.set(board.parameters);
    await runShare(network, streams, board, order);
    board.gradients[index - 1].set(network.backward.gradient.values);
    writeRecords(network, board.records[index - 1]);
  }

  end(): void {
    // Its memory goes with it.
  }
}

/** @param width numbers of a stream at a step */
function takeStreams(
  to: Int32Array | Float32Array,
  from: Int32Array | Float32Array,
  { first, count }: StreamRange,
  batch: number,
  steps: number,
  width = 1,
): void {
  if (count === batch) to.set(from.subarray(0, steps * batch * width));
  else
    for (let t = 0; t < steps; t++) {
      const start = (t * batch + first) * width;
      to.set(from.subarray(start, start + count * width), t * count * width);
    }
}

function ofStreams(values: Float32Array, width: number, { first, count }: StreamRange): Float32Array {
  return values.subarray(first * width, (first + count) * width);
}

/** Numbers that a share records: see `writeRecords`. */
export function recordsLength(network: LearningNetwork): number {
  const { norms, fractions } = recordedBy(network);
  return 2 + [...norms, ...fractions].reduce((sum, { length }) => sum + length, 0);
}

/** Σ ln p(target), tokens, then the norms of gradients step by step, then the fractions of saturated gates. */
function writeRecords(network: LearningNetwork, to: Float64Array): void {
  const { norms, fractions } = recordedBy(network);
  to[0] = network.tape.logLikelihood;
  to[1] = network.tape.tokens;
  let at = 2;
  for (const values of [...norms, ...fractions]) {
    to.set(values, at);
    at += values.length;
  }
}

/**
 * Makes what the network has recorded of its own streams that of others too: norms are taken together as squares, fractions as means over tokens.
 * @param own tokens that it stands for already
 */
export function addRecords(network: LearningNetwork, from: Float64Array, own: number): void {
  const { norms, fractions } = recordedBy(network);
  let at = 2;
  for (const values of norms) for (let t = 0; t < values.length; t++) values[t] = Math.hypot(values[t], from[at++]);
  const tokens = from[1];
  for (const values of fractions)
    for (let i = 0; i < values.length; i++) values[i] = (own * values[i] + tokens * from[at++]) / (own + tokens);
}

function recordedBy({ forward, backward }: LearningNetwork): {
  readonly norms: readonly Float64Array[];
  readonly fractions: readonly Float64Array[];
} {
  return {
    norms: [...backward.totals.flat(2), ...backward.inputs.filter((norms) => norms !== null)],
    fractions: forward.saturation.flat(),
  };
}
