/**
 * The minimal LSTM's recurrence (Feng et al. 2024), whose gates depend on the input alone, side by side in the order f i h̃:
 *   f = σ(W_f x_t + b_f),  i = σ(W_i x_t + b_i),  h̃ = W_h x_t + b_h, or g of it (candidate.ts)
 *   f′ = f / (f + i),  i′ = i / (f + i),  h_t = f′ ⊙ h_{t−1} + i′ ⊙ h̃
 * Backward:
 *   ∂L/∂a_f = δ ⊙ (1 − f),  ∂L/∂a_i = −δ ⊙ (1 − i)  with  δ = ∂L/∂h ⊙ (h_{t−1} − h̃) ⊙ f′ ⊙ i′,
 *   ∂L/∂h̃ = ∂L/∂h ⊙ i′,  ∂L/∂h_{t−1} = ∂L/∂h ⊙ f′
 * There is no product in it, and it is run step by step: see minGRU.ts.
 */
import { candidate, slopeOfCandidate } from './candidate';
import { zero } from './elements';
import { logistic } from './functions';
import { addHighSquares, addLowSquares, bytesOf, fma, load, rest, store, storeGradient, sumOfHalves, times } from './lanes';
import { addStepToSums, countSaturated, give, increase, isCut, isPadding, rowOfToken, stepOf } from './steps';

/** Rows whose gradients stay in the nearest cache while the units are gone through. */
const rowsOfGroup: usize = 8;

/**
 * The gates of any rows of inputs.
 * @param positive flag: h̃ goes through g  @param bias [3H]  @param gates [rows, 3H] in: W x; out: f i h̃
 * @param occurrences Int32[rows]: how often each of them is read  @param counts as below, or 0
 */
export function minLSTMGates(rows: usize, H: usize, positive: usize, bias: usize, gates: usize, occurrences: usize, counts: usize): void {
  const state = bytesOf(H);
  const whole = bytesOf(H & ~3);
  for (let row: usize = 0; row < rows; row++, gates += 3 * state) {
    for (let at: usize = 0; at < whole; at += 16) activate(state, positive, bias + at, gates + at, 4);
    activate(state, positive, bias + whole, gates + whole, H & 3);
    if (counts) countGates(counts, gates, H, i32.load(occurrences + bytesOf(row)));
  }
}

/** Of f and of i. */
@inline
function countGates(counts: usize, gates: usize, H: usize, occurrences: i32): void {
  for (let gate: usize = 0; gate < 2; gate++) countSaturated(counts + (gate << 3), gates + gate * bytesOf(H), H, occurrences);
}

/**
 * @param positive as above  @param tokens Int32[T, B], or 0 where each step has gates of its own  @param none the row of no token
 * @param bias [3H]  @param gates [T, B, 3H] in: W x; out: f i h̃. By token instead [none + 1, 3H]: f i h̃
 * @param counts Int32[4]: += of f and of i how many are below 0.1 and how many above 0.9; not by token
 */
export function minLSTMForward(
  T: usize, B: usize, H: usize, first: usize, count: usize, reverse: usize, lengths: usize, positive: usize, tokens: usize, none: usize,
  bias: usize, gates: usize, hidden: usize, counts: usize,
): void {
  const state = bytesOf(H);
  for (let s: usize = 0; s < T; s++) {
    const t = stepOf(s, T, reverse);
    const row = t * B + first;
    const before = hidden + (reverse ? row + B : row) * state;
    const after = hidden + (reverse ? row : row + B) * state;
    for (let b: usize = 0; b < count; b++) {
      const at = b * state;
      if (isPadding(lengths, first + b, t)) {
        zero(after + at, H);
        continue;
      }
      if (tokens) {
        scanRow(H, gates + rowOfToken(tokens, row + b, none) * 3 * state, before + at, after + at);
        continue;
      }
      const a = gates + (row + b) * 3 * state;
      if (positive) forwardRow(H, 1, bias, a, before + at, after + at);
      else forwardRow(H, 0, bias, a, before + at, after + at);
      if (counts) countGates(counts, a, H, 1);
    }
  }
}

@inline
function forwardRow(H: usize, positive: usize, bias: usize, gates: usize, before: usize, after: usize): void {
  const state = bytesOf(H);
  const whole = bytesOf(H & ~3);
  for (let at: usize = 0; at < whole; at += 16) forwardUnits(state, positive, bias + at, gates + at, before + at, after + at, 4);
  forwardUnits(state, positive, bias + whole, gates + whole, before + whole, after + whole, H & 3);
}

@inline
function forwardUnits(state: usize, positive: usize, bias: usize, gates: usize, before: usize, after: usize, lanes: usize): void {
  activate(state, positive, bias, gates, lanes);
  scanUnits(state, gates, before, after, lanes);
}

@inline
function activate(state: usize, positive: usize, bias: usize, gates: usize, lanes: usize): void {
  store(gates, logistic(f32x4.add(load(gates, lanes), load(bias, lanes))), lanes);
  store(gates + state, logistic(f32x4.add(load(gates + state, lanes), load(bias + state, lanes))), lanes);
  store(gates + 2 * state, candidate(positive, f32x4.add(load(gates + 2 * state, lanes), load(bias + 2 * state, lanes))), lanes);
}

function scanRow(H: usize, gates: usize, before: usize, after: usize): void {
  const state = bytesOf(H);
  const whole = bytesOf(H & ~3);
  for (let at: usize = 0; at < whole; at += 16) scanUnits(state, gates + at, before + at, after + at, 4);
  scanUnits(state, gates + whole, before + whole, after + whole, H & 3);
}

@inline
function scanUnits(state: usize, gates: usize, before: usize, after: usize, lanes: usize): void {
  const f = load(gates, lanes);
  const i = load(gates + state, lanes);
  store(after, f32x4.div(fma(f, load(before, lanes), times(i, load(gates + 2 * state, lanes))), f32x4.add(f, i)), lanes);
}

/**
 * @param tokens and @param none as forward  @param gates as forward has left them  @param dh [T, B, H] in: what reaches h_t from above; out: ∂L/∂h_t, but not by token
 * @param dhCarried [B, H] in: gradient of the state after the last step; out: before the first
 * @param da out: gradient of the pre-activations, [T, B, 3H]; by token [none + 1, 3H]: += their sums
 * @param sums Float64[3H] += Σ of them over the steps, and Float32[3H] behind it, scratch; 0 where they are not wanted  @param squares Float64[T]: += Σ (∂L/∂h_t)²
 */
export function minLSTMBackward(
  T: usize, B: usize, H: usize, first: usize, count: usize, reverse: usize, lengths: usize, truncate: usize, positive: usize, tokens: usize, none: usize,
  gates: usize, hidden: usize, dh: usize, dhCarried: usize, da: usize, sums: usize, squares: usize,
): void {
  const state = bytesOf(H);
  const carried = dhCarried + first * state;
  const ofStep = sums ? sums + 24 * H : 0;
  if (isCut(reverse ? 0 : T, truncate)) zero(carried, count * H);
  for (let s: usize = 0; s < T; s++) {
    const t = stepOf(s, T, !reverse);
    const row = t * B + first;
    const before = hidden + (reverse ? row + B : row) * state;
    let ofSquares: f64 = 0;
    for (let b: usize = 0; b < count; b++) {
      const at = (row + b) * state;
      const own = carried + b * state;
      if (isPadding(lengths, first + b, t)) {
        zero(dh + at, H);
        if (!tokens) zero(da + 3 * at, 3 * H);
        zero(own, H);
      } else if (tokens) {
        const place = rowOfToken(tokens, row + b, none) * 3 * state;
        ofSquares += rowBack(H, positive, 1, gates + place, before + b * state, dh + at, own, da + place, 0);
      } else {
        ofSquares += rowBack(H, positive, 0, gates + 3 * at, before + b * state, dh + at, own, da + 3 * at, ofStep);
      }
    }
    if (ofStep) addStepToSums(sums, ofStep, 3 * H);
    if (squares) increase(squares + (t << 3), ofSquares);
    if (isCut(reverse ? t + 1 : t, truncate)) zero(carried, count * H);
  }
}

/** Leaves ∂L/∂h_{t−1} in `carried`; returns Σ (∂L/∂h_t)². @param adds flag: to `da`, instead of writing it */
@inline
function rowBack(H: usize, positive: usize, adds: usize, gates: usize, before: usize, dh: usize, carried: usize, da: usize, sums: usize): f64 {
  const state = bytesOf(H);
  const whole = bytesOf(H & ~3);
  let low = f64x2.splat(0);
  let high = low;
  for (let at: usize = 0; at < whole; at += 16) {
    const d = unitsBack(state, positive, adds, gates + at, before + at, dh + at, carried + at, da + at, sums ? sums + at : 0, 4);
    low = addLowSquares(low, d);
    high = addHighSquares(high, d);
  }
  const d = unitsBack(state, positive, adds, gates + whole, before + whole, dh + whole, carried + whole, da + whole, sums ? sums + whole : 0, H & 3);
  return sumOfHalves(addLowSquares(low, d), addHighSquares(high, d));
}

@inline
function unitsBack(
  state: usize, positive: usize, adds: usize, gates: usize, before: usize, dh: usize, carried: usize, da: usize, sums: usize, lanes: usize,
): v128 {
  const d = f32x4.add(load(dh, lanes), load(carried, lanes));
  // By token nobody reads it.
  if (!adds) storeGradient(dh, d, lanes);
  const f = load(gates, lanes);
  const i = load(gates + state, lanes);
  const c = load(gates + 2 * state, lanes);
  const sum = f32x4.add(f, i);
  const written = f32x4.div(i, sum);
  const kept = times(d, f32x4.div(f, sum));
  const toShare = times(times(f32x4.sub(load(before, lanes), c), kept), written);
  give(adds, da, times(toShare, rest(f)), sums, lanes);
  give(adds, da + state, times(f32x4.neg(toShare), rest(i)), sums ? sums + state : 0, lanes);
  give(adds, da + 2 * state, times(times(d, written), slopeOfCandidate(positive, c)), sums ? sums + 2 * state : 0, lanes);
  storeGradient(carried, kept, lanes);
  return d;
}

/**
 * One step back for many rows of gradients that share the step's activations. Of the step: gates [3H], before h_{t−1} [H]. Of each row: dh ∂L/∂h_t [rows, H].
 * @param da out: gradient of the pre-activations, [rows, 3H]  @param previous out: ∂L/∂h_{t−1}, [rows, H]
 */
export function minLSTMStepBack(rows: usize, H: usize, positive: usize, gates: usize, before: usize, dh: usize, da: usize, previous: usize): void {
  const state = bytesOf(H);
  const whole = bytesOf(H & ~3);
  for (let row: usize = 0; row < rows; row += rowsOfGroup) {
    const group = min(rowsOfGroup, rows - row);
    const at = row * state;
    for (let u: usize = 0; u < whole; u += 16) stepUnits(group, state, positive, gates + u, before + u, dh + at + u, da + 3 * at + u, previous + at + u, 4);
    stepUnits(group, state, positive, gates + whole, before + whole, dh + at + whole, da + 3 * at + whole, previous + at + whole, H & 3);
  }
}

@inline
function stepUnits(rows: usize, state: usize, positive: usize, gates: usize, before: usize, dh: usize, da: usize, previous: usize, lanes: usize): void {
  const f = load(gates, lanes);
  const i = load(gates + state, lanes);
  const c = load(gates + 2 * state, lanes);
  const sum = f32x4.add(f, i);
  const kept = f32x4.div(f, sum);
  const written = f32x4.div(i, sum);
  const toShare = times(f32x4.sub(load(before, lanes), c), times(kept, written));
  const toForget = times(toShare, rest(f));
  const toInput = times(f32x4.neg(toShare), rest(i));
  const toCandidate = times(written, slopeOfCandidate(positive, c));
  for (let row: usize = 0; row < rows; row++) {
    const d = load(dh, lanes);
    store(da, times(d, toForget), lanes);
    store(da + state, times(d, toInput), lanes);
    store(da + 2 * state, times(d, toCandidate), lanes);
    store(previous, times(d, kept), lanes);
    dh += state;
    da += 3 * state;
    previous += state;
  }
}
