/**
 * One step of a GRU backward for many rows of gradients that share the step's activations: the equations of gru.ts, with what does
 * not depend on the row computed once for a group of rows.
 */
import { slopeOfLogistic, slopeOfTanh } from './functions';
import { bytesOf, load, rest, store, times } from './lanes';

/** Rows whose gradients stay in the nearest cache while the units are gone through. */
const rowsOfGroup: usize = 8;

/**
 * Of one step: gates z r n [3H], recurrentCandidate q [H], hiddenBefore h_{t−1} [H]. Of each row: dh ∂L/∂h_t [rows, H].
 * @param da out: gradient of the pre-activations as W sees them, [rows, 3H]  @param daRecurrent out: as R sees them
 * @param previous out: the part of ∂L/∂h_{t−1} that passes through z, [rows, H]
 */
export function gruStepBack(
  rows: usize, H: usize, gates: usize, recurrentCandidate: usize, hiddenBefore: usize, dh: usize, da: usize, daRecurrent: usize, previous: usize,
): void {
  const state = bytesOf(H);
  const whole = bytesOf(H & ~3);
  for (let row: usize = 0; row < rows; row += rowsOfGroup) {
    const group = min(rowsOfGroup, rows - row);
    const at = row * state;
    for (let u: usize = 0; u < whole; u += 16) {
      units(group, state, gates + u, recurrentCandidate + u, hiddenBefore + u, dh + at + u, da + 3 * at + u, daRecurrent + 3 * at + u, previous + at + u, 4);
    }
    units(group, state, gates + whole, recurrentCandidate + whole, hiddenBefore + whole, dh + at + whole, da + 3 * at + whole, daRecurrent + 3 * at + whole, previous + at + whole, H & 3);
  }
}

@inline
function units(rows: usize, state: usize, gates: usize, q: usize, before: usize, dh: usize, da: usize, daRecurrent: usize, previous: usize, lanes: usize): void {
  const z = load(gates, lanes);
  const r = load(gates + state, lanes);
  const n = load(gates + 2 * state, lanes);
  const toCandidate = times(rest(z), slopeOfTanh(n));
  const toUpdate = times(f32x4.sub(load(before, lanes), n), slopeOfLogistic(z));
  const toReset = times(load(q, lanes), slopeOfLogistic(r));
  for (let row: usize = 0; row < rows; row++) {
    const d = load(dh, lanes);
    const an = times(d, toCandidate);
    const az = times(d, toUpdate);
    const ar = times(an, toReset);
    store(da, az, lanes);
    store(da + state, ar, lanes);
    store(da + 2 * state, an, lanes);
    store(daRecurrent, az, lanes);
    store(daRecurrent + state, ar, lanes);
    store(daRecurrent + 2 * state, times(an, r), lanes);
    store(previous, times(d, z), lanes);
    dh += state;
    da += 3 * state;
    daRecurrent += 3 * state;
    previous += state;
  }
}
