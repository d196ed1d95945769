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

/** What a layer keeps of a window from its way forward to its way back: see `MambaTrace` for the names. */
export function windowBuffers(arena: Arena, sizes: MambaSizes, { steps, batch, learns }: MixerRoom) {
  const { E, K, S, O, width } = sizes;
  const rows = steps * batch;
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
    /** Of each chunk of steps the state before it, in fours. */
    starts: arena.floats(learns ? Math.ceil(steps / stepsOfChunk) * batch * inFours(sizes) : 0),
    /** The convolution's inputs before the window, [B, K − 1, E]. */
    inputsBefore: arena.floats(learns ? batch * (K - 1) * E : 0),
    scan: arena.floats(batch * E * S),
    inputs: arena.floats(batch * (K - 1) * E),
    /** What the window has sent back to the states carried in, in fours and youngest first. */
    carriedScan: arena.floats(learns ? batch * inFours(sizes) : 0),
    carriedInputs: arena.floats(learns ? batch * (K - 1) * E : 0),
    scanSquares: new Float64Array(learns ? steps : 0),
  };
}

export type WindowBuffers = ReturnType<typeof windowBuffers>;

/** What is only needed while a layer is at work. @param parts of the work */
export function passingBuffers(
  arena: Arena,
  sizes: MambaSizes,
  { steps, batch, learns }: MixerRoom,
  parts: readonly MambaPart[],
) {
  const { E, K, S, R, O, width } = sizes;
  const rows = steps * batch;
  const ofBack = (length: number) => arena.floats(learns ? length : 0);
  return {
    /** In fours. */
    A: arena.floats(inFours(sizes)),
    /** [K, E]. */
    taps: arena.floats(K * E),
    /** A bias that is not there. */
    zeros: arena.floats(Math.max(2 * E, O, width)),
    /** [T·B, R]: d, and ∂L/∂d. */
    d: arena.floats(rows * R),
    dD: ofBack(rows * R),
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
    /** Of each part that has channels of its own; one for all that have streams of their own. */
    dSelected: (parts[0].channels < E ? parts : parts.slice(0, 1)).map(() => ofBack(rows * width)),
  };
}

export type PassingBuffers = ReturnType<typeof passingBuffers>;
