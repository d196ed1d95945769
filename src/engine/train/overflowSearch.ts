/** Where a batch whose loss or gradient was not finite first leaves float32: each stream is read again in float64, with the weights and the state of the failed step. */
import { float64Gradient } from '../../core/float64/float64Backward';
import { readInFloat64, type Float64Trace } from '../../core/float64/float64Trace';
import type { GeneralModel } from '../../core/model/generalModel';
import type { NumberRows } from '../../core/model/numberRows';
import { BackwardSearch } from '../../core/nonFinite/backward';
import { findNonFinite, numbersOf, type FoundPlace } from '../../core/nonFinite/findNonFinite';
import { ForwardSearch } from '../../core/nonFinite/forward';
import { gradientsOf } from '../../core/nonFinite/parameters';
import { isBefore, type Rank } from '../../core/nonFinite/place';
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
  const tokenAt = (step: number) => {
    const row = step * batch.batch + (stream ?? 0);
    return batch.numbers ? rowInWords(batch.numbers, row) : (vocabulary.symbols.at(batch.inputs[row]) ?? null);
  };
  return { trainingStep, stream, nonFinite: place && reported(place, tokenAt) };
}

/** What is read at a row of the window, as it can stand in a text. */
function rowInWords({ inputs, inputSize }: NumberRows, row: number): string {
  return Array.from(inputs.subarray(row * inputSize, (row + 1) * inputSize), shortest).join(',');
}

/** Digits that tell every float32 from its neighbors. */
const digitsOfFloat32 = 9;

/** The fewest digits that are read as this float32: 0.37, and not the 0.3700000047683716 that it is. */
function shortest(value: number): string {
  for (let digits = 1; digits < digitsOfFloat32; digits++) {
    const rounded = Number(value.toPrecision(digits));
    if (Math.fround(rounded) === value) return String(rounded);
  }
  return String(Number(value.toPrecision(digitsOfFloat32)));
}

/** Null where the search was given up. @param model of the batch's parameters */
export async function searchBatch(batch: FailedBatch, model: GeneralModel, pause: Pause): Promise<FoundInBatch | null> {
  const windowOf = streamWindows(batch, model);
  const streams = Array.from({ length: batch.batch }, (_, b) => b).filter((b) => batch.lengths[b] > 0);
  // Of one stream at a time: all together need much memory.
  const read = (b: number) => {
    const { inputs, targets, window } = windowOf(b);
    return readInFloat64(model, inputs, targets, window);
  };
  // Forward first: only if all streams come through it, the way back is what failed.
  let first: { readonly stream: number; readonly rank: Rank } | null = null;
  for (const stream of streams) {
    const { rank } = new ForwardSearch(read(stream)).run().earliest;
    if (rank && (!first || isBefore(rank, first.rank))) first = { stream, rank };
    if (!(await pause())) return null;
  }
  if (first) return { place: findNonFinite(read(first.stream)).first, stream: first.stream };
  return searchBackward(streams, read, model, pause);
}

/** Of a batch that comes through the way forward. */
async function searchBackward(
  streams: readonly number[],
  read: (stream: number) => Float64Trace,
  model: GeneralModel,
  pause: Pause,
): Promise<FoundInBatch | null> {
  let found: { readonly stream: number; readonly backward: BackwardSearch; readonly rank: Rank } | null = null;
  let last: BackwardSearch | null = null;
  const sums = new Map<string, Float64Array>();
  for (const stream of streams) {
    const trace = read(stream);
    const backward = new BackwardSearch(trace);
    for (const [name, values] of gradientsOf(model, float64Gradient(trace, backward))) addTo(sums, name, values);
    const { rank } = backward.earliest;
    if (rank && (!found || isBefore(rank, found.rank))) found = { stream, backward, rank };
    last = backward;
    if (!(await pause())) return null;
  }
  const backward = found?.backward ?? last;
  backward?.parameters(sums);
  return { place: backward && numbersOf(model, null, backward).first, stream: found?.stream ?? null };
}

function addTo(sums: Map<string, Float64Array>, name: string, values: Float64Array): void {
  const sum = sums.get(name);
  if (!sum) sums.set(name, values);
  else for (let i = 0; i < sum.length; i++) sum[i] += values[i];
}
