/**
 * The scan in float64, by the kernels of src/kernels/assembly/mamba64.ts, the channels shared among the threads. The states of a chunk of steps, and the factors
 * exp(Δ A), are computed again from the state before it where they are needed: that is faster than to fetch them from memory.
 */
import { at } from '../../../kernels/arena';
import { splitStreams } from '../../../kernels/threadPool';
import { sharedWorkspace, workspace, type Workspace } from '../../float64/workspace';
import { lengthOf } from '../../numeric';
import type { MambaSizes } from './sizes';
import type { MambaTrace } from './trace';

const stepsOfChunk = 16;
/** Steps that are in the kernels' memory at once. */
const stepsOfPart = 512;
/** Numbers of a state, over all steps, from which other threads are worth waking. */
const minForThreads = 1 << 16;

/** Threads that the channels are shared among at most. */
const maxThreads = 8;

type Scanned = Pick<MambaTrace, 'steps' | 'A' | 'selected' | 'step' | 'v' | 'starts'>;

/** [chunks, E, S]. */
export function startsOf({ E, S }: MambaSizes, steps: number): Float64Array {
  return new Float64Array(Math.ceil(steps / stepsOfChunk) * E * S);
}

function spaceFor({ E, S }: MambaSizes, steps: number, lengths: readonly number[]): Workspace {
  return steps * E * S < minForThreads ? workspace(lengths) : sharedWorkspace(lengths);
}

/** Leaves `starts`; y [T, E] gets h C, squares [T] Σ h². */
export function scanForward(sizes: MambaSizes, scanned: Scanned, y: Float64Array, squares: Float64Array): void {
  const { E, S, R, width } = sizes;
  const { steps: T, starts } = scanned;
  const row = E * S;
  const most = Math.min(T, stepsOfPart);
  const chunks = Math.ceil(most / stepsOfChunk);
  const stride = strideOf(E);
  const ofRows = most * stride;
  const space = spaceFor(sizes, T, [row, most * width, ofRows, ofRows, (chunks + 1) * row, ofRows, maxThreads * most]);
  const A = space.holding(scanned.A);
  const [selected, step, v] = [space.room(most * width), space.room(ofRows), space.room(ofRows)];
  const [states, found, sums] = [space.room((chunks + 1) * row), space.room(ofRows), space.room(maxThreads * most)];
  const parts = splitStreams(E, Math.min(maxThreads, space.threads));
  states.fill(0, 0, row);
  for (let from = 0; from < T; from += most) {
    const n = Math.min(most, T - from);
    const done = Math.ceil(n / stepsOfChunk);
    selected.set(scanned.selected.subarray(from * width, (from + n) * width));
    setRows(step, 0, stride, scanned.step, from, E, n, E);
    setRows(v, 0, stride, scanned.v, from, E, n, E);
    sums.fill(0, 0, parts.length * n);
    space.run(
      'mambaScan64',
      parts.map(({ first, count }, part) => [
        ...[n, stepsOfChunk, E, S, width, stride, first, count, at(A), at(selected, R), at(step), at(v)],
        ...[at(states), at(found), at(sums, part * n)],
      ]),
    );
    starts.set(states.subarray(0, done * row), (from / stepsOfChunk) * row);
    setRows(y, from, E, found, 0, stride, n, E);
    for (let part = 0; part < parts.length; part++) for (let t = 0; t < n; t++) squares[from + t] += sums[part * n + t];
    states.copyWithin(0, done * row, (done + 1) * row);
  }
}

/** All factors, T × E × S, and states, (T + 1) × E × S. */
export function statesOf(
  { E, S, R, width }: MambaSizes,
  { steps, A, selected, step, v, starts }: Scanned,
): { kept: Float64Array; h: Float64Array } {
  const row = E * S;
  const n = stepsOfChunk;
  const kept = new Float64Array(steps * row);
  const h = new Float64Array((steps + 1) * row);
  const space = workspace([row, n * width, n * E, n * E, n * row, (n + 1) * row]);
  const own = {
    A: space.holding(A),
    selected: space.room(n * width),
    step: space.room(n * E),
    v: space.room(n * E),
    factors: space.room(n * row),
    h: space.room((n + 1) * row),
  };
  for (let from = 0; from < steps; from += n) {
    const count = Math.min(n, steps - from);
    own.selected.set(selected.subarray(from * width, (from + count) * width));
    own.step.set(step.subarray(from * E, (from + count) * E));
    own.v.set(v.subarray(from * E, (from + count) * E));
    own.h.set(starts.subarray((from / n) * row, (from / n + 1) * row));
    space.kernels.mambaStates64(
      count,
      E,
      S,
      width,
      at(own.A),
      at(own.selected, R),
      at(own.step),
      at(own.v),
      at(own.factors),
      at(own.h),
    );
    kept.set(own.factors.subarray(0, count * row), from * row);
    h.set(own.h.subarray(0, (count + 1) * row), from * row);
  }
  return { kept, h };
}

/** Of the steps 0 … `last`, rows of E, and of R + 2S: in ∂ℓ/∂y; out ∂ℓ/∂Δ, ∂ℓ/∂(d, B, C) without d; `v` is added to. Each step's rows are at one scale. */
export interface ScanGradients {
  readonly y: Float64Array;
  readonly v: Float64Array;
  readonly step: Float64Array;
  readonly selected: Float64Array;
}

/** What is done between runs of steps, the last steps first. */
export interface ScanVisits {
  /**
   * Called before the steps `first` … `last`, by which their rows of `y` are to be at one scale. Returns the factor that brings what was carried to it; NaN where they
   * have no scale in common, which a single step has; and null where nothing reaches any of them.
   */
  begin(first: number, last: number): number | null;
  /** Of each step, the last first: ‖∂ℓ/∂h_t‖, and of what is carried on from it, ∂ℓ/∂h_{t−1}, both at the scale. */
  end(t: number, length: number, carried: number): void;
}

/** Steps that are tried at one scale: all that fit into memory; if numbers would leave float64, those of one chunk; and then each by itself. */
const runs = [stepsOfPart, stepsOfChunk, 1];

/** @param ofA [E, S]: += ∂ℓ/∂A times A; null where it is not wanted */
export function scanBackward(
  sizes: MambaSizes,
  scanned: Scanned,
  last: number,
  gradients: ScanGradients,
  visits: ScanVisits,
  ofA: Float64Array | null,
): void {
  const back = new ScanBack(sizes, scanned, last + 1, gradients, ofA);
  const walk = (lowest: number, highest: number, level: number) => {
    for (let end = highest; end >= lowest;) {
      const start = Math.max(lowest, end - (end % runs[level]));
      const factor = visits.begin(start, end);
      if (factor !== null && back.run(start, end, factor))
        for (let t = end; t >= start; t--) visits.end(t, ...back.lengths(t - start));
      else if (level + 1 < runs.length) walk(start, end, level + 1);
      end = start - 1;
    }
  };
  walk(0, last, 0);
  back.end();
}

/** A text's way back in the kernels' memory. */
class ScanBack {
  private readonly space: Workspace;
  private readonly parts: ReturnType<typeof splitStreams>;
  private readonly stride: number;
  private readonly A: Float64Array;
  private above: Float64Array;
  private below: Float64Array;
  private readonly dA: Float64Array | null;
  /** [chunks, E, S]. */
  private readonly starts: Float64Array;
  /** [n, width] and [n, stride] each. */
  private readonly selected: Float64Array;
  private readonly step: Float64Array;
  private readonly v: Float64Array;
  private readonly dY: Float64Array;
  private readonly dV: Float64Array;
  private readonly dStep: Float64Array;
  /** [parts, n, 2S], [parts, n, 2] and [parts, (2 chunk + 1) S]. */
  private readonly dBC: Float64Array;
  private readonly squares: Float64Array;
  private readonly rooms: Float64Array;

  constructor(
    private readonly sizes: MambaSizes,
    private readonly scanned: Scanned,
    steps: number,
    private readonly gradients: ScanGradients,
    private readonly ofA: Float64Array | null,
  ) {
    const { E, S, width } = sizes;
    const row = E * S;
    const n = Math.min(steps, stepsOfPart);
    this.stride = strideOf(E);
    const rooms = Array.from({ length: 5 }, () => n * this.stride);
    const ofStarts = Math.ceil(n / stepsOfChunk) * row;
    const threaded = [2 * S * n, 2 * n, roomOfPart(S)].map((length) => maxThreads * length);
    this.space = spaceFor(sizes, steps, [row, row, row, ofA ? row : 0, ofStarts, n * width, ...rooms, ...threaded]);
    const { space } = this;
    this.parts = splitStreams(E, Math.min(maxThreads, space.threads));
    const room = (length: number) => space.room(length);
    this.A = space.holding(scanned.A);
    [this.above, this.below] = [room(row), room(row)];
    this.dA = ofA && space.holding(ofA);
    [this.starts, this.selected] = [room(ofStarts), room(n * width)];
    [this.step, this.v, this.dY, this.dV, this.dStep] = rooms.map(room);
    [this.dBC, this.squares, this.rooms] = threaded.map(room);
    this.above.fill(0);
  }

  /**
   * The steps `end` … `start`. Returns whether they have been done: not where something that counts may have left float64, unless it is a single step.
   * @param factor of what is carried; NaN for steps that have no scale in common
   */
  run(start: number, end: number, factor: number): boolean {
    if (Number.isNaN(factor)) return false;
    const { space, sizes, stride, scanned, gradients, starts, selected, step, v, dY, dV, dStep, dBC, squares, rooms } =
      this;
    const { E, S, R, width } = sizes;
    const row = E * S;
    const chunk = Math.floor(start / stepsOfChunk);
    const from = chunk * stepsOfChunk;
    const n = end + 1 - from;
    const first = start - from;
    starts.set(scanned.starts.subarray(chunk * row, Math.ceil((end + 1) / stepsOfChunk) * row));
    selected.set(scanned.selected.subarray(from * width, (end + 1) * width));
    setRows(step, 0, stride, scanned.step, from, E, n, E);
    setRows(v, 0, stride, scanned.v, from, E, n, E);
    setRows(dY, first, stride, gradients.y, start, E, n - first, E);
    setRows(dV, first, stride, gradients.v, start, E, n - first, E);
    // Others are woken for much alone.
    const parts = n > stepsOfChunk ? this.parts : splitStreams(E, 1);
    dBC.fill(0, 0, parts.length * n * 2 * S);
    squares.fill(0, 0, parts.length * n * 2);
    const sumsBefore = this.dA && start < end ? this.dA.slice() : null;
    space.run(
      'mambaScanBack64',
      parts.map(({ first: channel, count }, part) => [
        ...[
          n,
          first,
          stepsOfChunk,
          E,
          S,
          width,
          stride,
          channel,
          count,
          at(this.A),
          at(selected, R),
          at(step),
          at(v),
          at(dY),
        ],
        ...[at(starts), factor, at(this.above), at(this.below), at(dV), at(dStep), at(dBC, part * n * 2 * S)],
        ...[this.dA ? at(this.dA) : 0, at(squares, part * n * 2), at(rooms, part * roomOfPart(S))],
      ]),
    );
    addParts(squares, parts.length, 2 * n);
    if (start < end && !squares.subarray(2 * first, 2 * n).every(isSafe)) {
      if (sumsBefore) this.dA?.set(sumsBefore);
      return false;
    }
    addParts(dBC, parts.length, 2 * S * n);
    this.keep(start, first, n);
    // Of a single step they may be beyond float64.
    if (start === end) this.setLengths(start, first, factor);
    else for (let i = 2 * first; i < 2 * n; i++) squares[i] = Math.sqrt(squares[i]);
    squares.copyWithin(0, 2 * first, 2 * n);
    [this.above, this.below] = [this.below, this.above];
    return true;
  }

  /** Of a step of the last run, counted from its first: ‖∂ℓ/∂h_t‖, and of what is carried on. */
  lengths(step: number): [number, number] {
    return [this.squares[2 * step], this.squares[2 * step + 1]];
  }

  end(): void {
    if (this.dA) this.ofA?.set(this.dA);
  }

  private keep(start: number, first: number, n: number): void {
    const { sizes, stride, gradients, dV, dStep, dBC } = this;
    const { E, S, R, width } = sizes;
    setRows(gradients.v, start, E, dV, first, stride, n - first, E);
    setRows(gradients.step, start, E, dStep, first, stride, n - first, E);
    for (let t = first; t < n; t++)
      gradients.selected.set(dBC.subarray(t * 2 * S, (t + 1) * 2 * S), (start + t - first) * width + R);
  }

  private setLengths(t: number, row: number, factor: number): void {
    const { sizes, gradients, scanned, squares } = this;
    const { E, S, R, width } = sizes;
    const [own, carried] = [squares[2 * row], squares[2 * row + 1]];
    squares[2 * row + 1] = isSafe(carried) ? Math.sqrt(carried) : lengthOf(this.below);
    if (isSafe(own)) {
      squares[2 * row] = Math.sqrt(own);
      return;
    }
    const gradient = new Float64Array(E * S);
    for (let e = 0; e < E; e++)
      for (let s = 0; s < S; s++)
        gradient[e * S + s] =
          gradients.y[t * E + e] * scanned.selected[t * width + R + S + s] + factor * this.above[e * S + s];
    squares[2 * row] = lengthOf(gradient);
  }
}

/** From row to row of E numbers in the kernels' memory: an odd number of cache lines, since columns of rows that lie a power of two apart evict each other. */
function strideOf(E: number): number {
  return 8 * (Math.ceil(E / 8) | 1);
}

/** Rows from row `first` on become those of another array from `fromFirst` on. @param stride and @param fromStride from row to row */
function setRows(
  to: Float64Array,
  first: number,
  stride: number,
  from: Float64Array,
  fromFirst: number,
  fromStride: number,
  rows: number,
  width: number,
): void {
  for (let row = 0; row < rows; row++) {
    const at = (fromFirst + row) * fromStride;
    to.set(from.subarray(at, at + width), (first + row) * stride);
  }
}

/** In whole cache lines, of which threads share none. */
function roomOfPart(S: number): number {
  return Math.ceil(((2 * stepsOfChunk + 1) * S) / 8) * 8;
}

/** Adds the other parts to the first. */
function addParts(values: Float64Array, parts: number, length: number): void {
  for (let part = 1; part < parts; part++) for (let i = 0; i < length; i++) values[i] += values[part * length + i];
}

/** Whether a sum of squares has lost nothing that counts. */
export function isSafe(squares: number): boolean {
  return squares > 1e-270 && squares < 1e270;
}
