/**
 * The LSTM's recurrence (Hochreiter & Schmidhuber 1997 with forget gates), gates side by side in the order i o f g:
 *   i, o, f = σ(a),  g = tanh(a),  c_t = f ⊙ c_{t−1} + i ⊙ g,  h_t = o ⊙ tanh(c_t)
 * Backward:
 *   ∂L/∂c_t = (through c_{t+1}) + ∂L/∂h_t ⊙ o ⊙ (1 − tanh² c_t)
 *   ∂L/∂a = ∂L/∂gate ⊙ gate′,  σ′ = σ(1 − σ),  tanh′ = 1 − g²
 *   ∂L/∂c_{t−1} = ∂L/∂c_t ⊙ f,  ∂L/∂h_{t−1} = Rᵀ ∂L/∂a
 */
import { sumOfSquares, zero } from './elements';
import { applyLogistic, applyTanh, expOfDouble, slopeFrom, slopeOfLogistic, slopeOfTanh, tanh, tanhFrom } from './functions';
import { addHighSquares, addLowSquares, bytesOf, fma, load, store, storeGradient, sumOfHalves, times } from './lanes';
import { multiplyAdd } from './product';
import { countSaturated, increase, isCut, isPadding, stepOf } from './steps';
import { addTransposed } from './transpose';

/**
 * @param R panels of Rᵀ, k = H  @param gates [T, B, 4H] in: W x + Wb + Rb; out: i o f g
 * @param counts Int32[6]: += of i, of o and of f how many are below 0.1 and how many above 0.9
 */
export function lstmForward(
  T: usize, B: usize, H: usize, first: usize, count: usize, reverse: usize, lengths: usize, R: usize,
  gates: usize, hidden: usize, cellState: usize, counts: usize,
): void {
  const state = bytesOf(H);
  for (let s: usize = 0; s < T; s++) {
    const t = stepOf(s, T, reverse);
    const row = t * B + first;
    multiplyAdd(gates + row * 4 * state, hidden + (reverse ? row + B : row) * state, R, count, 4 * H, H);
    stepForward(t, B, H, first, count, reverse, lengths, gates, hidden, cellState, counts);
  }
}

/** Step s of `lstmForward`, with R h_{t−1} given. @param product [4H, B], or 0 where the gates hold the sum already */
export function lstmForwardStep(
  T: usize, B: usize, H: usize, first: usize, count: usize, reverse: usize, lengths: usize, product: usize,
  gates: usize, hidden: usize, cellState: usize, counts: usize, s: usize,
): void {
  const t = stepOf(s, T, reverse);
  if (product) addTransposed(gates + bytesOf((t * B + first) * 4 * H), product + bytesOf(first), B, count, 4 * H);
  stepForward(t, B, H, first, count, reverse, lengths, gates, hidden, cellState, counts);
}

/** In: the gates' pre-activations, whole. */
function stepForward(
  t: usize, B: usize, H: usize, first: usize, count: usize, reverse: usize, lengths: usize,
  gates: usize, hidden: usize, cellState: usize, counts: usize,
): void {
  const state = bytesOf(H);
  const row = t * B + first;
  const before = (reverse ? row + B : row) * state;
  const after = (reverse ? row : row + B) * state;
  for (let b: usize = 0; b < count; b++) {
    const at = b * state;
    if (isPadding(lengths, first + b, t)) {
      zero(hidden + after + at, H);
      zero(cellState + after + at, H);
      continue;
    }
    const a = gates + 4 * (row * state + at);
    forwardRow(H, a, hidden + after + at, cellState + before + at, cellState + after + at);
    if (counts) for (let gate: usize = 0; gate < 3; gate++) countSaturated(counts + (gate << 3), a + gate * state, H, 1);
  }
}

/** The functions of the gates and that of the cell state in loops of their own: a processor can then work on many units at once. */
function forwardRow(H: usize, gates: usize, hidden: usize, before: usize, after: usize): void {
  const state = bytesOf(H);
  applyLogistic(gates, gates, 3 * H);
  applyTanh(gates + 3 * state, gates + 3 * state, H);
  const whole = bytesOf(H & ~3);
  for (let at: usize = 0; at < whole; at += 16) cellUnits(state, gates + at, hidden + at, before + at, after + at, 4);
  cellUnits(state, gates + whole, hidden + whole, before + whole, after + whole, H & 3);
}

@inline
function cellUnits(state: usize, gates: usize, hidden: usize, before: usize, after: usize, lanes: usize): void {
  const kept = times(load(gates + 2 * state, lanes), load(before, lanes));
  const c = fma(load(gates, lanes), load(gates + 3 * state, lanes), kept);
  store(after, c, lanes);
  store(hidden, times(load(gates + state, lanes), tanh(c)), lanes);
}

/**
 * @param R panels of R, k = 4H  @param gates [T, B, 4H]
 * @param dh [T, B, H] in: what reaches h_t from above; out: ∂L/∂h_t
 * @param dhCarried [B, H] in: gradient of the state after the last step; out: before the first  @param dc the same of the cell state
 * @param da out: ∂L/∂a, [T, B, 4H]  @param squares Float64[2T]: += Σ (∂L/∂h_t)² at t, Σ (∂L/∂c_t)² at T + t
 */
export function lstmBackward(
  T: usize, B: usize, H: usize, first: usize, count: usize, reverse: usize, lengths: usize, truncate: usize, R: usize,
  gates: usize, cellState: usize, dh: usize, dhCarried: usize, dc: usize, da: usize, squares: usize,
): void {
  const state = bytesOf(H);
  const carried = dhCarried + first * state;
  for (let s: usize = 0; s < T; s++) {
    const t = stepOf(s, T, !reverse);
    stepBack(s, T, B, H, first, count, reverse, lengths, truncate, gates, cellState, dh, dhCarried, dc, da, squares);
    if (!isCut(reverse ? t + 1 : t, truncate)) multiplyAdd(carried, da + (t * B + first) * 4 * state, R, count, H, 4 * H);
  }
}

/** Step s of the way of `lstmBackward`. @param product Rᵀ ∂L/∂a of the step before on that way, [H, B], or 0 */
export function lstmBackwardStep(
  T: usize, B: usize, H: usize, first: usize, count: usize, reverse: usize, lengths: usize, truncate: usize, product: usize,
  gates: usize, cellState: usize, dh: usize, dhCarried: usize, dc: usize, da: usize, squares: usize, s: usize,
): void {
  if (product) addTransposed(dhCarried + bytesOf(first * H), product + bytesOf(first), B, count, H);
  stepBack(s, T, B, H, first, count, reverse, lengths, truncate, gates, cellState, dh, dhCarried, dc, da, squares);
}

/** Leaves in `dhCarried` what does not pass through R: nothing. */
function stepBack(
  s: usize, T: usize, B: usize, H: usize, first: usize, count: usize, reverse: usize, lengths: usize, truncate: usize,
  gates: usize, cellState: usize, dh: usize, dhCarried: usize, dc: usize, da: usize, squares: usize,
): void {
  const state = bytesOf(H);
  const carried = dhCarried + first * state;
  const carriedCell = dc + first * state;
  if (s === 0 && isCut(reverse ? 0 : T, truncate)) {
    zero(carried, count * H);
    zero(carriedCell, count * H);
  }
  const t = stepOf(s, T, !reverse);
  const row = t * B + first;
  const before = cellState + (reverse ? row + B : row) * state;
  const after = cellState + (reverse ? row : row + B) * state;
  let cellSquares: f64 = 0;
  for (let b: usize = 0; b < count; b++) {
    const at = b * state;
    const dhRow = dh + (row + b) * state;
    const daRow = da + (row + b) * 4 * state;
    if (isPadding(lengths, first + b, t)) {
      zero(dhRow, H);
      zero(daRow, 4 * H);
      zero(carriedCell + at, H);
    } else {
      cellSquares += rowBack(H, gates + (row + b) * 4 * state, before + at, after + at, dhRow, carried + at, carriedCell + at, daRow, squares);
    }
  }
  if (squares) {
    increase(squares + (t << 3), sumOfSquares(dh + row * state, count * H));
    increase(squares + ((T + t) << 3), cellSquares);
  }
  zero(carried, count * H);
  if (isCut(reverse ? t + 1 : t, truncate)) zero(carriedCell, count * H);
}

/** Returns Σ (∂L/∂c_t)² where the squares are wanted. */
function rowBack(H: usize, gates: usize, before: usize, after: usize, dh: usize, carried: usize, dc: usize, da: usize, squares: usize): f64 {
  const state = bytesOf(H);
  const whole = bytesOf(H & ~3);
  let low = f64x2.splat(0);
  let high = f64x2.splat(0);
  for (let at: usize = 0; at < whole; at += 16) {
    const cell = unitsBack(state, gates + at, before + at, after + at, dh + at, carried + at, dc + at, da + at, 4);
    if (squares) {
      low = addLowSquares(low, cell);
      high = addHighSquares(high, cell);
    }
  }
  const cell = unitsBack(state, gates + whole, before + whole, after + whole, dh + whole, carried + whole, dc + whole, da + whole, H & 3);
  return sumOfHalves(addLowSquares(low, cell), addHighSquares(high, cell));
}

/** Returns ∂L/∂c_t. */
@inline
function unitsBack(state: usize, gates: usize, before: usize, after: usize, dh: usize, carried: usize, dc: usize, da: usize, lanes: usize): v128 {
  const d = f32x4.add(load(dh, lanes), load(carried, lanes));
  storeGradient(dh, d, lanes);
  const c = load(after, lanes);
  const e = expOfDouble(c);
  const o = load(gates + state, lanes);
  const cell = fma(times(d, o), slopeFrom(e), load(dc, lanes));
  storeGradient(da + state, times(times(d, tanhFrom(c, e)), slopeOfLogistic(o)), lanes);
  const i = load(gates, lanes);
  const g = load(gates + 3 * state, lanes);
  storeGradient(da, times(times(cell, g), slopeOfLogistic(i)), lanes);
  storeGradient(da + 3 * state, times(times(cell, i), slopeOfTanh(g)), lanes);
  const f = load(gates + 2 * state, lanes);
  storeGradient(da + 2 * state, times(times(cell, load(before, lanes)), slopeOfLogistic(f)), lanes);
  storeGradient(dc, times(cell, f), lanes);
  return cell;
}
