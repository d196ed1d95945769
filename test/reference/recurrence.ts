/** The recurrence of one layer over many streams, forward and backward in float64, stream by stream with the reference's cells. */
import { norm } from './algebra';
import { referenceCell, type ReferenceStep } from './cells';
import type { ReferenceActivation, ReferenceCellName, ReferenceLayer, ReferenceState, Vector } from './model';

/** Series are [T, B, …], flat; states [B, H]. G gates. */
export interface RecurrenceCase {
  readonly cell: ReferenceCellName;
  readonly activation: ReferenceActivation;
  readonly T: number;
  readonly B: number;
  readonly H: number;
  readonly reverse: boolean;
  /** Steps of each stream; what follows is padding. */
  readonly lengths: readonly number[];
  /** 0 for none. */
  readonly truncate: number;
  readonly R: Vector;
  readonly Rb: Vector;
  /** W x + Wb, [T, B, G·H]. */
  readonly fromInput: Vector;
  readonly before: ReferenceState;
  /** What reaches each h_t from above, [T, B, H]. */
  readonly above: Vector;
  /** Gradients of the states after the last step, [B, H]. */
  readonly after: ReferenceState;
}

/** Rows of padding are zeros. */
export interface RecurrenceResult {
  /** [T, B, G·H]; for rnn the states. */
  readonly gates: Vector;
  /** States after the steps, [T, B, H]; c for lstm only. */
  readonly states: ReferenceState;
  /** ∂L/∂h_t and ∂L/∂c_t, [T, B, H], and of the pre-activations as W and as R sees them, [T, B, G·H]. */
  readonly dh: Vector;
  readonly dcTotal: Vector;
  readonly da: Vector;
  readonly daRecurrent: Vector;
  /** Gradients of the states before the first step. */
  readonly beforeGradient: ReferenceState;
  /** Σ (∂L/∂h_t)² and Σ (∂L/∂c_t)² of each step. */
  readonly squares: Vector;
  readonly cellSquares: Vector;
}

export function referenceRecurrence(problem: RecurrenceCase): RecurrenceResult {
  const { T, B, H, R } = problem;
  const width = R.length / H;
  const rows = (columns: number) => new Float64Array(T * B * columns);
  const result = {
    gates: rows(width),
    states: { h: rows(H), c: rows(H) },
    dh: rows(H),
    dcTotal: rows(H),
    da: rows(width),
    daRecurrent: rows(width),
    beforeGradient: { h: new Float64Array(B * H), c: new Float64Array(B * H) },
    squares: new Float64Array(T),
    cellSquares: new Float64Array(T),
  };
  for (let b = 0; b < B; b++) stream(problem, b, result);
  for (let t = 0; t < T; t++) {
    const step = (series: Vector) => series.subarray(t * B * H, (t + 1) * B * H);
    result.squares[t] = norm(step(result.dh)) ** 2;
    result.cellSquares[t] = norm(step(result.dcTotal)) ** 2;
  }
  return result;
}

function stream(problem: RecurrenceCase, b: number, result: RecurrenceResult): void {
  const { T, B, H, R, Rb, reverse, lengths, truncate } = problem;
  const width = R.length / H;
  const cell = referenceCell(problem.cell, problem.activation);
  const layer: ReferenceLayer = { W: identity(width), R, Wb: new Float64Array(width), Rb };
  const stateOf = ({ h, c }: ReferenceState): ReferenceState => ({
    h: h.slice(b * H, (b + 1) * H),
    c: c.slice(b * H, (b + 1) * H),
  });
  const padded = lengths[b] < T;
  const zeros = (): ReferenceState => ({ h: new Float64Array(H), c: new Float64Array(H) });
  const order = Array.from({ length: lengths[b] }, (_, s) => (reverse ? lengths[b] - 1 - s : s));

  let state = padded && reverse ? zeros() : stateOf(problem.before);
  const steps: ReferenceStep[] = [];
  for (const t of order) {
    const row = t * B + b;
    const step = cell.forward(layer, problem.fromInput.slice(row * width, (row + 1) * width), state);
    state = step.after;
    steps.push(step);
    result.states.h.set(state.h, row * H);
    result.states.c.set(state.c, row * H);
    step.gates.forEach((gate, g) => {
      result.gates.set(gate, row * width + g * H);
    });
  }

  const isCut = (border: number) => truncate > 0 && border % truncate === 0;
  let carried = padded && !reverse ? zeros() : stateOf(problem.after);
  for (let s = steps.length - 1; s >= 0; s--) {
    const t = order[s];
    const row = t * B + b;
    if (isCut(reverse ? t : t + 1)) carried = zeros();
    const dh = carried.h.map((value, u) => value + problem.above[row * H + u]);
    const gradient: ReferenceLayer = {
      W: new Float64Array(width * width),
      R: new Float64Array(width * H),
      Wb: new Float64Array(width),
      Rb: new Float64Array(width),
    };
    const back = cell.backward(layer, steps[s], { h: dh, c: carried.c }, gradient);
    result.dh.set(dh, row * H);
    result.dcTotal.set(back.totalCell, row * H);
    result.da.set(gradient.Wb, row * width);
    result.daRecurrent.set(gradient.Rb, row * width);
    carried = back.before;
    if (isCut(reverse ? t + 1 : t)) carried = zeros();
  }
  if (padded && reverse) carried = zeros();
  result.beforeGradient.h.set(carried.h, b * H);
  result.beforeGradient.c.set(carried.c, b * H);
}

function identity(size: number): Vector {
  return Float64Array.from({ length: size * size }, (_, k) => Number(k % (size + 1) === 0));
}
