/**
 * The scan in float64, by the kernels of src/kernels/assembly/mamba64.ts. The states of a chunk of steps, and the factors exp(Δ A), are computed again from the state
 * before it where they are needed: that is faster than to fetch them from memory.
 */
import { at } from '../../../kernels/arena';
import type { TakeDoubles } from '../../float64/doubles';
import { scratch } from '../../float64/scratch';
import { workspace, type Workspace } from '../../float64/workspace';
import type { Floats } from '../../model/trace';
import { lengthOf } from '../../numeric';
import type { MambaSizes } from './sizes';
import type { MambaParameters, MambaTrace } from './trace';

const stepsOfChunk = 8;

type Scanned = Pick<MambaTrace, 'steps' | 'A' | 'selected' | 'step' | 'v' | 'starts'>;

/** [chunks, E, S]. */
export function startsOf({ E, S }: MambaSizes, steps: number, take: TakeDoubles): Float64Array {
  return take(Math.ceil(steps / stepsOfChunk) * E * S);
}

/** Rooms of the kernels' memory with what a chunk is computed from, and what it is. */
class Chunks {
  readonly A: Float64Array;
  /** [n, width], [n, E] and [n, E]. */
  private readonly selected: Float64Array;
  private readonly step: Float64Array;
  private readonly v: Float64Array;
  /** [n, E, S] and [n + 1, E, S]. */
  readonly factors: Float64Array;
  readonly h: Float64Array;
  readonly y: Float64Array;
  readonly squares: Float64Array;

  constructor(
    readonly space: Workspace,
    private readonly sizes: MambaSizes,
    private readonly scanned: Scanned,
  ) {
    const { E, S } = sizes;
    const room = (length: number) => space.room(stepsOfChunk * length);
    this.A = space.holding(scanned.A);
    this.selected = room(sizes.width);
    this.step = room(E);
    this.v = room(E);
    this.factors = room(E * S);
    this.h = space.room((stepsOfChunk + 1) * E * S);
    this.y = room(E);
    this.squares = room(1);
  }

  static lengths({ E, S, width }: MambaSizes): number[] {
    const n = stepsOfChunk;
    return [E * S, n * width, n * E, n * E, n * E * S, (n + 1) * E * S, n * E, n];
  }

  /** n steps from `from` on, from the state in the first row of `h`. */
  run(from: number, n: number): void {
    const { E, S, R, width } = this.sizes;
    const { selected, step, v } = this.scanned;
    this.selected.set(selected.subarray(from * width, (from + n) * width));
    this.step.set(step.subarray(from * E, (from + n) * E));
    this.v.set(v.subarray(from * E, (from + n) * E));
    this.space.kernels.mambaScan64(
      n,
      E,
      S,
      width,
      at(this.A),
      at(this.selected, R),
      at(this.step),
      at(this.v),
      at(this.factors),
      at(this.h),
      at(this.y),
      at(this.squares),
    );
  }

  /** The same of a chunk that has been run, by its number. */
  replay(chunk: number): void {
    const { E, S } = this.sizes;
    this.h.set(this.scanned.starts.subarray(chunk * E * S, (chunk + 1) * E * S));
    this.run(chunk * stepsOfChunk, Math.min(stepsOfChunk, this.scanned.steps - chunk * stepsOfChunk));
  }

  /** Row of `h` in the kernels' memory. */
  rowOf(step: number): number {
    return (step % stepsOfChunk) * this.sizes.E * this.sizes.S;
  }

  ofStep(step: number): { readonly BC: number; readonly size: number; readonly v: number } {
    const row = step % stepsOfChunk;
    const { width, R, E } = this.sizes;
    return { BC: at(this.selected, row * width + R), size: at(this.step, row * E), v: at(this.v, row * E) };
  }
}

/** Leaves `starts`; y [T, E] gets h C, squares [T] Σ h². @param initial [E, S]: h before the first step; null for zeros */
export function scanForward(
  sizes: MambaSizes,
  scanned: Scanned,
  y: Float64Array,
  squares: Float64Array,
  initial: Floats | null,
): void {
  const { E, S } = sizes;
  const { steps, starts } = scanned;
  const chunks = new Chunks(workspace(Chunks.lengths(sizes)), sizes, scanned);
  const { h } = chunks;
  h.fill(0, 0, E * S);
  if (initial) h.set(initial);
  for (let from = 0; from < steps; from += stepsOfChunk) {
    const n = Math.min(stepsOfChunk, steps - from);
    starts.set(h.subarray(0, E * S), (from / stepsOfChunk) * E * S);
    chunks.run(from, n);
    y.set(chunks.y.subarray(0, n * E), from * E);
    squares.set(chunks.squares.subarray(0, n), from);
    h.copyWithin(0, n * E * S, (n + 1) * E * S);
  }
}

/** All factors, T × E × S, and states, (T + 1) × E × S. */
export function statesOf(sizes: MambaSizes, scanned: Scanned): { kept: Float64Array; h: Float64Array } {
  const row = sizes.E * sizes.S;
  const { steps } = scanned;
  const kept = new Float64Array(steps * row);
  const h = new Float64Array((steps + 1) * row);
  const chunks = new Chunks(workspace(Chunks.lengths(sizes)), sizes, scanned);
  for (let from = 0; from < steps; from += stepsOfChunk) {
    const n = Math.min(stepsOfChunk, steps - from);
    chunks.replay(from / stepsOfChunk);
    kept.set(chunks.factors.subarray(0, n * row), from * row);
    h.set(chunks.h.subarray(0, (n + 1) * row), from * row);
  }
  return { kept, h };
}

/** Of the steps 0 … `last`, rows of E, and of R + 2S: ∂ℓ/∂v but for what chose Δ, B and C, ∂ℓ/∂Δ, ∂ℓ/∂(d, B, C) without d. Good until the next call. */
export interface ScanGradients {
  readonly v: Float64Array;
  readonly step: Float64Array;
  readonly selected: Float64Array;
}

/** What brings the rows of a step to the scale at which it is gone back. */
export interface StepScales {
  /** Of ∂ℓ/∂y. */
  ofY: number;
  /** Of what comes from the step after. */
  ofCarried: number;
}

/** What is done between the steps. */
export interface ScanVisits {
  /** Called before step t; null where it is passed over. */
  begin(t: number): StepScales | null;
  /** ‖∂ℓ/∂h_t‖, and of what is carried from now on, ∂ℓ/∂h_{t−1}, both at the step's scale. */
  end(t: number, length: number, carried: number): void;
}

/** @param y [last + 1, E]: ∂ℓ/∂y  @param ofA [E, S]: += ∂ℓ/∂A times A; null where it is not wanted */
export function scanBackward(
  sizes: MambaSizes,
  { D }: Pick<MambaParameters, 'D'>,
  scanned: Scanned,
  last: number,
  y: Float64Array,
  visits: ScanVisits,
  ofA: Float64Array | null,
): ScanGradients {
  const { E, S, R, width } = sizes;
  const row = E * S;
  const rows = last + 1;
  const lengths = [...Chunks.lengths(sizes), row, row, ofA ? row : 0, E, rows * E, rows * E, rows * E, rows * width, 2];
  const space = workspace(lengths);
  const chunks = new Chunks(space, sizes, scanned);
  let [above, below] = [space.room(row), space.room(row)];
  above.fill(0);
  const dA = ofA && space.holding(ofA);
  const [weights, dY] = [space.holding(D), space.holding(y.subarray(0, rows * E))];
  const [dV, dStep, dSelected] = [E, E, width].map((length) => space.room(rows * length).fill(0));
  const squares = space.room(2);
  let chunk = -1;
  for (let t = last; t >= 0; t--) {
    const scales = visits.begin(t);
    if (scales === null) continue;
    const { ofY, ofCarried } = scales;
    const own = Math.floor(t / stepsOfChunk);
    if (own !== chunk) chunks.replay((chunk = own));
    const { BC, size, v: read } = chunks.ofStep(t);
    const h = chunks.rowOf(t);
    space.kernels.mambaScanBack64(
      E,
      S,
      at(chunks.A),
      BC,
      size,
      read,
      at(weights),
      ofY,
      at(dY, t * E),
      at(chunks.factors, h),
      at(chunks.h, h),
      ofCarried,
      at(above),
      at(below),
      at(dV, t * E),
      at(dStep, t * E),
      at(dSelected, t * width + R),
      dA ? at(dA) : 0,
      at(squares),
    );
    const length = isSafe(squares[0]) ? Math.sqrt(squares[0]) : gradientLength(sizes, y, scanned, t, above, scales);
    visits.end(t, length, isSafe(squares[1]) ? Math.sqrt(squares[1]) : lengthOf(below));
    [above, below] = [below, above];
  }
  if (dA) ofA.set(dA);
  return {
    v: copyTo(scratch('scan v', dV.length), dV),
    step: copyTo(scratch('scan step', dStep.length), dStep),
    selected: copyTo(scratch('scan selected', dSelected.length), dSelected),
  };
}

function copyTo(room: Float64Array, values: Float64Array): Float64Array {
  room.set(values);
  return room;
}

/** Whether a sum of squares has lost nothing that counts. */
export function isSafe(squares: number): boolean {
  return squares > 1e-270 && squares < 1e270;
}

/** ‖∂ℓ/∂h_t‖ where its squares leave float64. */
function gradientLength(
  { E, S, R, width }: MambaSizes,
  y: Float64Array,
  { selected }: Scanned,
  t: number,
  above: Float64Array,
  { ofY, ofCarried }: StepScales,
): number {
  const gradient = new Float64Array(E * S);
  for (let e = 0; e < E; e++)
    for (let s = 0; s < S; s++)
      gradient[e * S + s] = ofY * y[t * E + e] * selected[t * width + R + S + s] + ofCarried * above[e * S + s];
  return lengthOf(gradient);
}
