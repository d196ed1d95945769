/** What each unit did over the whole probe, in numbers: how often it was saturated, how much it moved, how long it remembers. */
import type { FrameHeader } from '../../../../src/protocol/frame';
import { unitMapNamed, type UnitMapName } from '../../../../src/layers/catalog';
import { openAbove, saturatedAbove, shutBelow } from '../../../../src/terms/saturation';

/** The pre-activation at which tanh reaches ±0.95, 1.83: the page has these, not what tanh makes of them. */
const saturatedBeyond = Math.atanh(saturatedAbove);
/** A unit is called saturated that is so at this share of the steps. */
export const mostly = 0.9;

/** Gates multiplied before a logarithm is taken of them: no product of so many floats underflows a double. */
const factors = 4;

export interface UnitStatistics {
  /** H each. Share of the steps at which the unit is saturated on the left (a gate shut, a factor that forgets) and on the right (open, one that keeps); of quantities that do not saturate, null. */
  readonly left: Float64Array | null;
  readonly right: Float64Array | null;
  readonly variance: Float64Array;
  /** Steps after which half of what the unit holds is left, ln ½ / mean ln f; null of all but the gates that keep the state. */
  readonly halfLife: Float64Array | null;
  /** Whether the unit is 0 at every step. */
  readonly isZero: readonly boolean[];
}

/** Null is a tensor of a graph, of whose values nothing is known. */
export type Quantity = UnitMapName | null;

/** What the unit map of a frame shows. */
export function quantityOf({ graph, unitMap }: FrameHeader): Quantity {
  return graph ? null : unitMap.quantity;
}

/** Whether its values lie between 0 and 1. */
export function isShare(quantity: Quantity): boolean {
  return quantity !== null && unitMapNamed(quantity).range === 'share';
}

/** Whether they open and shut; other shares keep and forget. */
export function isGate(quantity: Quantity): boolean {
  return quantity !== null && unitMapNamed(quantity).isGate === true;
}

/** Whether its values are above 0 and span powers of ten. */
export function isPositive(quantity: Quantity): boolean {
  return quantity !== null && unitMapNamed(quantity).range === 'positive';
}

/** The gate by which the state of the step before is multiplied. */
export function keepsState(quantity: Quantity): boolean {
  return quantity !== null && unitMapNamed(quantity).keeps === true;
}

/** @param values T × H, time-major  @param tanh whether the pre-activation goes through tanh, which saturates */
export function statisticsOf(values: Float32Array, units: number, quantity: Quantity, tanh: boolean): UnitStatistics {
  const steps = values.length / units;
  const [low, high] = isShare(quantity) ? [shutBelow, openAbove] : [-saturatedBeyond, saturatedBeyond];
  const isActivated = quantity !== null && unitMapNamed(quantity).isActivated === true;
  const saturates = isShare(quantity) || (isActivated && tanh);
  const [left, right, sum, squares, logs] = Array.from({ length: 5 }, () => new Float64Array(units));
  const isZero = Array<boolean>(units).fill(steps > 0);
  const remembers = keepsState(quantity);
  const products = new Float64Array(units).fill(1);
  for (let t = 0; t < steps; t++) {
    const at = t * units;
    for (let u = 0; u < units; u++) {
      const value = values[at + u];
      if (value < low) left[u]++;
      else if (value > high) right[u]++;
      sum[u] += value;
      squares[u] += value * value;
      if (value !== 0) isZero[u] = false;
    }
    if (!remembers) continue;
    for (let u = 0; u < units; u++) products[u] *= values[at + u];
    if ((t + 1) % factors !== 0 && t + 1 < steps) continue;
    for (let u = 0; u < units; u++) logs[u] += Math.log(products[u]);
    products.fill(1);
  }
  const share = (counts: Float64Array): Float64Array => counts.map((count) => count / steps);
  return {
    left: saturates ? share(left) : null,
    right: saturates ? share(right) : null,
    variance: sum.map((total, u) => Math.max(0, squares[u] / steps - (total / steps) ** 2)),
    // What a gate that is always wide open holds is never halved.
    halfLife: remembers
      ? logs.map((total) => (total < 0 ? (Math.LN2 * steps) / -total : Number.POSITIVE_INFINITY))
      : null,
    isZero,
  };
}
