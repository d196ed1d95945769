/** Where a batch whose loss or gradient was not finite first leaves float32: each stream is read again in float64, with the weights and the state of the failed step. */
import { float64Gradient } from '../../core/float64/float64Backward';
import { readInFloat64 } from '../../core/float64/float64Trace';
import type { GeneralModel } from '../../core/model/generalModel';
import { BackwardSearch } from '../../core/nonFinite/backward';
import { numbersOf, type FoundPlace } from '../../core/nonFinite/findNonFinite';
import { ForwardSearch } from '../../core/nonFinite/forward';
import { gradientsOf } from '../../core/nonFinite/parameters';
import { isBefore } from '../../core/nonFinite/place';
import type { RunOverflow } from '../../protocol/nonFinite';
import type { InspectedModel } from '../inspect/inspector';
import { reported } from '../nonFinite/numbers';
import { streamWindows, type FailedBatch } from './failedBatch';
import type { Overflow } from './trainer';

export interface FoundInBatch {
  /** Null where in float64 every number is within float32, and only float32's own sums overflow. */
  readonly place: FoundPlace | null;
  /** Of the batch, from 0; null of a sum over all, and without a place. */
  readonly stream: number | null;
}

/** Called between streams: whether the search is to go on. */
export type Pause = () => Promise<boolean>;

/** As it is said; null where the search was given up. */
export async function placeOfOverflow(
  { step: trainingStep, batch }: Overflow,
  { general, vocabulary }: Pick<InspectedModel, 'general' | 'vocabulary'>,
  pause: Pause,
): Promise<RunOverflow | null> {
  const found = await searchBatch(batch, general, pause);
  if (!found) return null;
  const { stream, place } = found;
  // Of a sum over all streams there is no token.
  const tokenAt = (step: number) => vocabulary.symbols.at(batch.inputs[step * batch.batch + (stream ?? 0)]) ?? null;
  return { trainingStep, stream, nonFinite: place && reported(place, tokenAt) };
}

/** Null where the search was given up. @param model of the batch's parameters */
export async function searchBatch(batch: FailedBatch, model: GeneralModel, pause: Pause): Promise<FoundInBatch | null> {
  const windowOf = streamWindows(batch, model);
  const streams = Array.from({ length: batch.batch }, (_, b) => b).filter((b) => batch.lengths[b] > 0);
  const read = (b: number) => {
    const { inputs, targets, window } = windowOf(b);
    const trace = readInFloat64(model, inputs, targets, window);
    return { trace, forward: new ForwardSearch(trace).run() };
  };
  // Forward first: only if all streams come through it, the way back is what failed.
  let first: { readonly stream: number; readonly rank: readonly number[] } | null = null;
  for (const stream of streams) {
    const { rank } = read(stream).forward.earliest;
    if (rank && (!first || isBefore(rank, first.rank))) first = { stream, rank };
    if (!(await pause())) return null;
  }
  if (first) {
    const { trace, forward } = read(first.stream);
    const backward = new BackwardSearch(trace);
    float64Gradient(trace, backward);
    const { first: place } = numbersOf(trace, forward, backward);
    return { place, stream: first.stream };
  }
  return searchBackward(streams, read, model, pause);
}

async function searchBackward(
  streams: readonly number[],
  read: (stream: number) => { readonly trace: ReturnType<typeof readInFloat64>; readonly forward: ForwardSearch },
  model: GeneralModel,
  pause: Pause,
): Promise<FoundInBatch | null> {
  let found: { readonly stream: number; readonly backward: BackwardSearch; readonly rank: readonly number[] } | null =
    null;
  let last: Pick<ReturnType<typeof read>, 'forward' | 'trace'> | null = null;
  const sums = new Map<string, Float64Array>();
  for (const stream of streams) {
    const own = read(stream);
    const backward = new BackwardSearch(own.trace);
    for (const [name, values] of gradientsOf(model, float64Gradient(own.trace, backward))) addTo(sums, name, values);
    const { rank } = backward.earliest;
    if (rank && (!found || isBefore(rank, found.rank))) found = { stream, backward, rank };
    last = own;
    if (!(await pause())) return null;
  }
  if (!last) return { place: null, stream: null };
  const backward = found?.backward ?? new BackwardSearch(last.trace);
  backward.parameters(sums);
  const { first: place } = numbersOf(last.trace, last.forward, backward);
  return { place, stream: found?.stream ?? null };
}

function addTo(sums: Map<string, Float64Array>, name: string, values: Float64Array): void {
  const sum = sums.get(name);
  if (!sum) sums.set(name, values);
  else for (let i = 0; i < sum.length; i++) sum[i] += values[i];
}
