/** Where a layer's window lies in the arena, and how its work is spread over the threads. */
import type { Arena } from '../../../kernels/arena';
import { splitStreams } from '../../../kernels/threadPool';
import type { MixerRoom } from '../mixer';
import type { MambaSizes } from './sizes';

/** Steps of a chunk, and channels that go together: `stepsOfChunk` of assembly/mambaForward.ts, and four vectors of four. */
const stepsOfChunk = 16;
const channelsOfGroup = 16;
/** Vectors of each step and four that the way back keeps of a chunk: `values` of assembly/mambaBackward.ts. */
const valuesOfStep = 5;

/** What one call of a kernel does: all channels of some streams, or some channels of all streams. */
export interface MambaPart {
  readonly first: number;
  readonly count: number;
  readonly channel: number;
  readonly channels: number;
}

/** Streams are spread over the threads; where there are fewer than threads, channels are. */
export function partsOf({ batch }: MixerRoom, { E }: MambaSizes, threads: number): readonly MambaPart[] {
  if (batch >= threads) return splitStreams(batch, threads).map((streams) => ({ ...streams, channel: 0, channels: E }));
  return splitStreams(Math.ceil(E / channelsOfGroup), threads).map(({ first, count }) => {
    const channel = first * channelsOfGroup;
    return { first: 0, count: batch, channel, channels: Math.min(E - channel, count * channelsOfGroup) };
  });
}

/** Elements of a state or of A with its channels in fours, [E / 4, S, 4]. */
export function inFours({ E, S }: MambaSizes): number {
  return Math.ceil(E / 4) * S * 4;
}

/** What a layer keeps of a window from its way forward to its way back; rows of T·B. See `MambaTrace` for the names. */
export interface WindowBuffers {
  readonly output: Float32Array;
  readonly projected: Float32Array;
  readonly convolved: Float32Array;
  readonly v: Float32Array;
  readonly selected: Float32Array;
  readonly beforeStep: Float32Array;
  readonly step: Float32Array;
  readonly y: Float32Array;
  readonly gated: Float32Array;
  /** [chunks, B, E / 4, S, 4]: the state before each chunk of steps. */
  readonly starts: Float32Array;
  /** The convolution's inputs before the window, [B, K − 1, E]. */
  readonly inputsBefore: Float32Array;
  /** The states, [B, E, S] and [B, K − 1, E], oldest first. */
  readonly scan: Float32Array;
  readonly inputs: Float32Array;
  /** ∂L/∂ the states carried in, [B, E / 4, S, 4] and [B, K − 1, E], youngest first. */
  readonly carriedScan: Float32Array;
  readonly carriedInputs: Float32Array;
}

export function windowBuffers(arena: Arena, sizes: MambaSizes, { steps, batch, learns }: MixerRoom): WindowBuffers {
  const { E, K, S, O, width } = sizes;
  const rows = steps * batch;
  const ofInputs = batch * (K - 1) * E;
  return {
    output: arena.floats(rows * O),
    projected: arena.floats(rows * 2 * E),
    convolved: arena.floats(rows * E),
    v: arena.floats(rows * E),
    selected: arena.floats(rows * width),
    beforeStep: arena.floats(rows * E),
    step: arena.floats(rows * E),
    y: arena.floats(rows * E),
    gated: arena.floats(rows * E),
    starts: arena.floats(learns ? Math.ceil(steps / stepsOfChunk) * batch * inFours(sizes) : 0),
    inputsBefore: arena.floats(learns ? ofInputs : 0),
    scan: arena.floats(batch * E * S),
    inputs: arena.floats(ofInputs),
    carriedScan: arena.floats(learns ? batch * inFours(sizes) : 0),
    carriedInputs: arena.floats(learns ? ofInputs : 0),
  };
}

/** Of one part of the work: scratch, and sums that are added up when all are done. */
export interface PartBuffers {
  /** The state that is carried from step to step, in fours. */
  readonly h: Float32Array;
  readonly A: Float32Array;
  readonly D: Float32Array;
  readonly taps: Float32Array;
  readonly bias: Float32Array;
  /** [T]: Σ of the squares of ∂L/∂(state). */
  readonly scanSquares: Float64Array;
  readonly inputSquares: Float64Array;
  readonly scratch: Float32Array;
}

/** What is only needed while a layer is at work; `d…` is ∂L/∂ of what it names. */
export interface PassingBuffers {
  /** In fours. */
  readonly A: Float32Array;
  /** [K, E]. */
  readonly taps: Float32Array;
  /** A bias that is not there. */
  readonly zeros: Float32Array;
  /** [T·B, R]: what the step sizes are made of. */
  readonly d: Float32Array;
  readonly ofD: Float32Array;
  readonly dGated: Float32Array;
  readonly dProjected: Float32Array;
  readonly dV: Float32Array;
  readonly dBeforeStep: Float32Array;
  readonly dThrough: Float32Array;
  readonly parts: readonly PartBuffers[];
  /** Of each part that has channels of its own; one for all that have streams of their own. */
  readonly dSelected: readonly Float32Array[];
}

/** @param parts of the work */
export function passingBuffers(
  arena: Arena,
  sizes: MambaSizes,
  { steps, batch, learns }: MixerRoom,
  parts: readonly MambaPart[],
): PassingBuffers {
  const { E, K, S, R, O, width } = sizes;
  const rows = steps * batch;
  const ofBack = (length: number) => arena.floats(learns ? length : 0);
  return {
    A: arena.floats(inFours(sizes)),
    taps: arena.floats(K * E),
    zeros: arena.floats(Math.max(2 * E, O, width)),
    d: arena.floats(rows * R),
    ofD: ofBack(rows * R),
    dGated: ofBack(rows * E),
    dProjected: ofBack(rows * 2 * E),
    dV: ofBack(rows * E),
    dBeforeStep: ofBack(rows * E),
    dThrough: ofBack(rows * E),
    parts: parts.map(() => ({
      h: arena.floats(inFours(sizes)),
      A: ofBack(inFours(sizes)),
      D: ofBack(E),
      taps: ofBack(K * E),
      bias: ofBack(E),
      scanSquares: arena.doubles(learns ? steps : 0),
      inputSquares: arena.doubles(learns ? steps : 0),
      scratch: ofBack(stepsOfChunk * (channelsOfGroup * valuesOfStep + 16 * S)),
    })),
    dSelected: (parts[0].channels < E ? parts : parts.slice(0, 1)).map(() => ofBack(rows * width)),
  };
}
