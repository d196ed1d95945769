/**
 * One step of an LSTM backward for many rows of gradients that share the step's activations: the equations of lstm.ts, with what
 * does not depend on the row computed once for a group of rows.
 */
import { doubledAndNegative, expm1OfRest, powerOfTwo, slopeFrom, slopeOfLogistic, slopeOfTanh, tanhFrom, wholeLogarithms } from './functions';
import { bytesOf, fma, load, store, times } from './lanes';

/** Rows whose gradients stay in the nearest cache while the units are gone through. */
const rowsOfGroup: usize = 8;

/**
 * Of one step: gates [4H], cellBefore c_{t−1} [H], cellAfter c_t [H]. Of each row: dh ∂L/∂h_t [rows, H].
 * @param dc [rows, H] in: what comes through c_{t+1}; out: ∂L/∂c_{t−1}
 * @param dcTotal out: ∂L/∂c_t, [rows, H]  @param da out: ∂L/∂a, [rows, 4H]
 */
export function lstmStepBack(rows: usize, H: usize, gates: usize, cellBefore: usize, cellAfter: usize, dh: usize, dc: usize, dcTotal: usize, da: usize): void {
  const state = bytesOf(H);
  const whole = bytesOf(H & ~3);
  for (let row: usize = 0; row < rows; row += rowsOfGroup) {
    const group = min(rowsOfGroup, rows - row);
    const at = row * state;
    for (let u: usize = 0; u < whole; u += 16) {
      units(group, state, gates + u, cellBefore + u, cellAfter + u, dh + at + u, dc + at + u, dcTotal + at + u, da + 4 * at + u, 4);
    }
    units(group, state, gates + whole, cellBefore + whole, cellAfter + whole, dh + at + whole, dc + at + whole, dcTotal + at + whole, da + 4 * at + whole, H & 3);
  }
}

@inline
function units(rows: usize, state: usize, gates: usize, before: usize, after: usize, dh: usize, dc: usize, dcTotal: usize, da: usize, lanes: usize): void {
  const i = load(gates, lanes);
  const o = load(gates + state, lanes);
  const f = load(gates + 2 * state, lanes);
  const g = load(gates + 3 * state, lanes);
  const c = load(after, lanes);
  const y = doubledAndNegative(c);
  const n = wholeLogarithms(y);
  const p = expm1OfRest(y, n);
  const scale = powerOfTwo(n);
  const toCell = times(o, slopeFrom(p, scale));
  const toOutput = times(tanhFrom(c, p, scale), slopeOfLogistic(o));
  const toInput = times(g, slopeOfLogistic(i));
  const toForget = times(load(before, lanes), slopeOfLogistic(f));
  const toCandidate = times(i, slopeOfTanh(g));
  for (let row: usize = 0; row < rows; row++) {
    const d = load(dh, lanes);
    const cell = fma(d, toCell, load(dc, lanes));
    store(dcTotal, cell, lanes);
    store(dc, times(cell, f), lanes);
    store(da, times(cell, toInput), lanes);
    store(da + state, times(d, toOutput), lanes);
    store(da + 2 * state, times(cell, toForget), lanes);
    store(da + 3 * state, times(cell, toCandidate), lanes);
    dh += state;
    dc += state;
    dcTotal += state;
    da += 4 * state;
  }
}
