/**
 * The scan in float64, by the kernels of src/kernels/assembly/mamba64.ts and mambaBack64.ts. The states of a chunk of steps, and the factors exp(Δ A), are computed again from the state
 * before it where they are needed: that is faster than to fetch them from memory. Channels are shared among the threads, in as many parts whatever threads there are: sums over channels
 * have the same bits.
 */
import { at } from '../../../kernels/arena';
import { splitStreams } from '../../../kernels/threadPool';
import type { TakeDoubles } from '../../float64/doubles';
import { scratch } from '../../float64/scratch';
import { workspace, type Workspace } from '../../float64/workspace';
import type { Floats } from '../../model/trace';
import type { MambaSizes } from './sizes';
import type { MambaParameters, MambaTrace } from './trace';

const stepsOfChunk = 8;
const maxParts = 4;
/** Numbers of all steps' states from which the threads are worth waking. */
const minForThreads = 5e5;

type Scanned = Pick<MambaTrace, 'steps' | 'A' | 'selected' | 'step' | 'v' | 'starts'>;

/** [chunks, E, S]. */
export function startsOf({ E, S }: MambaSizes, steps: number, take: TakeDoubles): Float64Array {
  return take(Math.ceil(steps / stepsOfChunk) * E * S);
}

/** Leaves `starts`; y [T, E] gets h C, squares [T] Σ h². @param initial [E, S]: h before the first step; null for zeros */
export function scanForward(
  sizes: MambaSizes,
  { steps: T, A, selected, step, v, starts }: Scanned,
  y: Float64Array,
  squares: Float64Array,
  initial: Floats | null,
): void {
  const { E, S, R, width } = sizes;
  const parts = splitStreams(E, maxParts);
  const sums = parts.length * T;
  const lengths = [E * S, selected.length, T * E, T * E, parts.length * S, E * S, starts.length, T * E, sums];
  const space = workspace(lengths, T * E * S >= minForThreads);
  const [decays, chosen, sizesOfSteps, read] = [A, selected, step, v].map((values) => space.holding(values));
  const [factors, h, before, written, found] = lengths.slice(4).map((length) => space.room(length));
  h.fill(0);
  if (initial) h.set(initial);
  space.run(
    'mambaScan64',
    parts.map(({ first, count }, part) => [
      ...[T, first, count, E, S, width, stepsOfChunk, at(decays), at(chosen, R), at(sizesOfSteps), at(read)],
      ...[at(factors, part * S), at(h), at(before), at(written), at(found, part * T)],
    ]),
  );
  starts.set(before);
  y.set(written);
  for (let t = 0; t < T; t++) {
    squares[t] = 0;
    for (let part = 0; part < parts.length; part++) squares[t] += found[part * T + t];
  }
}

/** All factors, T × E × S, and states, (T + 1) × E × S. */
export function statesOf(sizes: MambaSizes, scanned: Scanned): { kept: Float64Array; h: Float64Array } {
  const { E, S, R, width } = sizes;
  const { steps, A, selected, step, v, starts } = scanned;
  const row = E * S;
  const kept = new Float64Array(steps * row);
  const all = new Float64Array((steps + 1) * row);
  const n = stepsOfChunk;
  const space = workspace([row, n * width, n * E, n * E, n * row, (n + 1) * row, E]);
  const decays = space.holding(A);
  const [chosen, sizesOfSteps, read] = [width, E, E].map((length) => space.room(n * length));
  const [factors, h, y] = [n * row, (n + 1) * row, E].map((length) => space.room(length));
  for (let from = 0; from < steps; from += n) {
    const count = Math.min(n, steps - from);
    h.set(starts.subarray((from / n) * row, (from / n + 1) * row));
    chosen.set(selected.subarray(from * width, (from + count) * width));
    sizesOfSteps.set(step.subarray(from * E, (from + count) * E));
    read.set(v.subarray(from * E, (from + count) * E));
    const places = [at(decays), at(chosen, R), at(sizesOfSteps), at(read), at(factors), at(h), at(y)] as const;
    space.kernels.mambaReplay64(count, 0, E, E, S, width, ...places);
    kept.set(factors.subarray(0, count * row), from * row);
    all.set(h.subarray(0, (count + 1) * row), from * row);
  }
  return { kept, h: all };
}

/** Of the steps 0 … `last`. Good until the next call. */
export interface ScanGradients {
  /** Rows of E, and of R + 2S: ∂ℓ/∂v but for what chose Δ, B and C, ∂ℓ/∂Δ, ∂ℓ/∂(d, B, C) without d; at the step's scale. */
  readonly v: Float64Array;
  readonly step: Float64Array;
  readonly selected: Float64Array;
  /** ‖∂ℓ/∂h_t‖, at the step's scale. */
  readonly lengths: Float64Array;
  /** The logarithms of the scales; −∞ where nothing has come. */
  readonly logScales: Float64Array;
}

export interface ScanBackOptions {
  /** [last + 1]: the logarithms of the scales of the rows of y, −∞ of rows that are zero; what is found is then at scales of its own. Without them all scales are 1. */
  readonly logScales?: Float64Array;
  /** k2: nothing comes to a step from the one after, where that is a multiple of it. */
  readonly truncation?: number;
  /** [E, S]: += ∂ℓ/∂A times A, at scale 1. */
  readonly ofA?: Float64Array | undefined;
}

/** @param y [last + 1, E]: ∂ℓ/∂y */
export function scanBackward(
  sizes: MambaSizes,
  { D }: Pick<MambaParameters, 'D'>,
  { A, selected, step, v, starts }: Scanned,
  last: number,
  y: Float64Array,
  { logScales, truncation = 0, ofA }: ScanBackOptions,
): ScanGradients {
  const { E, S, R, width } = sizes;
  const rows = last + 1;
  const parts = splitStreams(E, maxParts);
  const ofStarts = Math.ceil(rows / stepsOfChunk) * E * S;
  const channels = parts[0].count;
  const room = (2 * stepsOfChunk + 3) * channels * S + Math.max(2, channels);
  const ofRooms = [...parts.map(() => room), rows * E, rows * E, ...parts.flatMap(() => [rows * 2 * S, rows, rows])];
  const held = [E * S, rows * width, rows * E, rows * E, E, rows * E, rows, rows, ofStarts, ofA ? E * S : 0];
  const space = workspace([...held, ...ofRooms], rows * E * S >= minForThreads);
  const first = (values: Float64Array, length: number) => space.holding(values.subarray(0, length));
  const [decays, chosen] = [space.holding(A), first(selected, rows * width)];
  const [sizesOfSteps, read] = [first(step, rows * E), first(v, rows * E)];
  const [weights, dY] = [space.holding(D), first(y, rows * E)];
  const [factorsY, scalesY] = arriving(space, rows, logScales);
  const before = first(starts, ofStarts);
  const dA = space.holding(ofA ?? new Float64Array(0));
  const rooms = parts.map(() => space.room(room));
  const [dV, dStep] = [space.room(rows * E), space.room(rows * E)];
  const found = parts.map(({ first: from, count }): PartOfBack => {
    return { from, count, dBC: space.room(rows * 2 * S), lengths: space.room(rows), scales: space.room(rows) };
  });
  space.run(
    'mambaScanBack64',
    found.map(({ from, count, dBC, lengths, scales }, part) => [
      ...[last, from, count, E, S, width, stepsOfChunk, truncation, at(decays), at(chosen, R), at(sizesOfSteps)],
      ...[at(read), at(weights), at(dY), at(factorsY), at(scalesY), at(before), at(rooms[part]), at(dV), at(dStep)],
      ...[at(dBC), ofA ? at(dA) : 0, at(lengths), at(scales)],
    ]),
  );
  ofA?.set(dA);
  return brought(sizes, rows, found, dV, dStep, !logScales);
}

/** A scale of a row is a factor about 1 and a power of two. */
function arriving(space: Workspace, rows: number, logScales: Float64Array | undefined): Float64Array[] {
  const [factors, exponents] = [space.room(rows).fill(1), space.room(rows).fill(0)];
  for (let t = 0; logScales && t < rows; t++) {
    const scale = logScales[t];
    if (Number.isFinite(scale)) {
      exponents[t] = Math.round(scale / Math.LN2);
      factors[t] = Math.exp(scale - exponents[t] * Math.LN2);
    } else if (scale === -Infinity) exponents[t] = scale;
    else factors[t] = NaN;
  }
  return [factors, exponents];
}

/** What has been found of some channels; `scales` are exponents of two. */
interface PartOfBack {
  readonly from: number;
  readonly count: number;
  readonly dBC: Float64Array;
  readonly lengths: Float64Array;
  readonly scales: Float64Array;
}

/** All channels' at one scale of each step. @param isPlain at scale 1 */
function brought(
  { E, S, R, width }: MambaSizes,
  rows: number,
  parts: readonly PartOfBack[],
  dV: Float64Array,
  dStep: Float64Array,
  isPlain: boolean,
): ScanGradients {
  const v = copyTo(scratch('scan v', rows * E), dV);
  const step = copyTo(scratch('scan step', rows * E), dStep);
  const selected = scratch('scan selected', rows * width).fill(0);
  const lengths = new Float64Array(rows);
  const logScales = new Float64Array(rows);
  for (let t = 0; t < rows; t++) {
    const scale = isPlain ? 0 : Math.max(...parts.map(({ scales }) => scales[t]));
    logScales[t] = scale === -Infinity ? scale : scale * Math.LN2;
    for (const { from, count, dBC, lengths: own, scales } of parts) {
      if (scales[t] === -Infinity) continue;
      const factor = 2 ** (scales[t] - scale);
      lengths[t] = lengths[t] === 0 ? factor * own[t] : Math.hypot(lengths[t], factor * own[t]);
      for (let s = 0, to = t * width + R; s < 2 * S; s++, to++) selected[to] += factor * dBC[t * 2 * S + s];
      if (factor === 1) continue;
      for (let i = t * E + from, end = i + count; i < end; i++) {
        v[i] *= factor;
        step[i] *= factor;
      }
    }
  }
  return { v, step, selected, lengths, logScales };
}

function copyTo(room: Float64Array, values: Float64Array): Float64Array {
  room.set(values);
  return room;
}

/** Whether a sum of squares has lost nothing that counts. */
export function isSafe(squares: number): boolean {
  return squares > 1e-270 && squares < 1e270;
}
