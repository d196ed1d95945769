/** One direction of one layer on a tape, and in which order its rows lie. Layouts are the tape's. */
import type { Direction } from '../../layers/direction';

/**
 * The states have one row more than there are steps. Forward, row t is the state before step t and
 * row t + 1 the one after it; backward, which begins at the last step, row t + 1 is the one before and row t the one after.
 */
export interface DirectionTape {
  readonly direction: Direction;
  /** (T + 1) × B × H each, in the order of the kind's states. The first one is what the direction gives. */
  readonly states: readonly Float32Array[];
  /** T × B × G·H: activations of the gates, side by side in ONNX's order; of a vanilla RNN the pre-activations. With `tokens` (V + 1) × G·H, that of no token last. */
  readonly gates: Float32Array;
  /** T × B, where the gates lie by token; null where every step has its own. */
  readonly tokens: Int32Array | null;
  /** T × B × H for a GRU, empty otherwise: R_h h_{t−1} + Rb_h. */
  readonly recurrentCandidate: Float32Array;
}

/** Row of the states before step t. */
export function before({ direction }: Pick<DirectionTape, 'direction'>, step: number): number {
  return direction === 'forward' ? step : step + 1;
}

/** Row of the states after step t. */
export function after({ direction }: Pick<DirectionTape, 'direction'>, step: number): number {
  return direction === 'forward' ? step + 1 : step;
}

/** The step that comes s-th on the way forward through a window of so many. */
export function stepOf({ direction }: Pick<DirectionTape, 'direction'>, s: number, steps: number): number {
  return direction === 'forward' ? s : steps - 1 - s;
}

/** How the direction is passed to the kernels: 1 for the backward one. */
export function directionFlag({ direction }: DirectionTape): number {
  return Number(direction === 'backward');
}
