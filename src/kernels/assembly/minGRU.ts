/**
 * The minimal GRU's recurrence (Feng et al. 2024), whose gate depends on the input alone, gates side by side in the order z h̃:
 *   z = σ(W_z x_t + b_z),  h̃ = W_h x_t + b_h, or g of it (candidate.ts)
 *   h_t = (1 − z) ⊙ h_{t−1} + z ⊙ h̃
 * Backward:
 *   ∂L/∂z = ∂L/∂h ⊙ (h̃ − h_{t−1}),  ∂L/∂h̃ = ∂L/∂h ⊙ z,  ∂L/∂a = ∂L/∂gate ⊙ gate′,  σ′ = σ(1 − σ),  ∂L/∂h_{t−1} = ∂L/∂h ⊙ (1 − z)
 * There is no product in it: W x + b of all steps comes at once. It is run step by step and not in logarithms, which would need a positive h̃ and lose all
 * that is smaller than the rounding of a float32 sum.
 */
import { candidate, slopeOfCandidate } from './candidate';
import { zero } from './elements';
import { logistic, slopeOfLogistic } from './functions';
import { addHighSquares, addLowSquares, bytesOf, fma, load, rest, store, storeGradient, sumOfHalves, times } from './lanes';
import { addStepToSums, countSaturated, give, increase, isCut, isPadding, rowOfToken, stepOf } from './steps';

/** Rows whose gradients stay in the nearest cache while the units are gone through. */
const rowsOfGroup: usize = 8;

/**
 * The gates of any rows of inputs.
 * @param positive flag: h̃ goes through g  @param bias [2H]  @param gates [rows, 2H] in: W x; out: z h̃
 * @param occurrences Int32[rows]: how often each of them is read  @param counts as below, or 0
 */
export function minGRUGates(rows: usize, H: usize, positive: usize, bias: usize, gates: usize, occurrences: usize, counts: usize): void {
  const state = bytesOf(H);
  const whole = bytesOf(H & ~3);
  for (let row: usize = 0; row < rows; row++, gates += 2 * state) {
    for (let at: usize = 0; at < whole; at += 16) activate(state, positive, bias + at, gates + at, 4);
    activate(state, positive, bias + whole, gates + whole, H & 3);
    if (counts) countSaturated(counts, gates, H, i32.load(occurrences + bytesOf(row)));
  }
}

/**
 * @param positive as above  @param tokens Int32[T, B], or 0 where each step has gates of its own  @param none the row of no token
 * @param bias [2H]  @param gates [T, B, 2H] in: W x; out: z h̃. By token instead [none + 1, 2H]: z h̃
 * @param counts Int32[2]: += of z how many are below 0.1 and how many above 0.9; not by token
 */
export function minGRUForward(
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
        scanRow(H, gates + rowOfToken(tokens, row + b, none) * 2 * state, before + at, after + at);
        continue;
      }
      const a = gates + (row + b) * 2 * state;
      if (positive) forwardRow(H, 1, bias, a, before + at, after + at);
      else forwardRow(H, 0, bias, a, before + at, after + at);
      if (counts) countSaturated(counts, a, H, 1);
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
  store(gates + state, candidate(positive, f32x4.add(load(gates + state, lanes), load(bias + state, lanes))), lanes);
}

function scanRow(H: usize, gates: usize, before: usize, after: usize): void {
  const state = bytesOf(H);
  const whole = bytesOf(H & ~3);
  for (let at: usize = 0; at < whole; at += 16) scanUnits(state, gates + at, before + at, after + at, 4);
  scanUnits(state, gates + whole, before + whole, after + whole, H & 3);
}

@inline
function scanUnits(state: usize, gates: usize, before: usize, after: usize, lanes: usize): void {
  const z = load(gates, lanes);
  store(after, fma(rest(z), load(before, lanes), times(z, load(gates + state, lanes))), lanes);
}

/**
 * @param tokens and @param none as forward  @param gates as forward has left them  @param dh [T, B, H] in: what reaches h_t from above; out: ∂L/∂h_t, but not by token
 * @param dhCarried [B, H] in: gradient of the state after the last step; out: before the first
 * @param da out: gradient of the pre-activations, [T, B, 2H]; by token [none + 1, 2H]: += their sums
 * @param sums Float64[2H] += Σ of them over the steps, and Float32[2H] behind it, scratch; 0 where they are not wanted  @param squares Float64[T]: += Σ (∂L/∂h_t)²
 */
export function minGRUBackward(
  T: usize, B: usize, H: usize, first: usize, count: usize, reverse: usize, lengths: usize, truncate: usize, positive: usize, tokens: usize, none: usize,
  gates: usize, hidden: usize, dh: usize, dhCarried: usize, da: usize, sums: usize, squares: usize,
): void {
  const state = bytesOf(H);
  const carried = dhCarried + first * state;
  const ofStep = sums ? sums + (H << 4) : 0;
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
        if (!tokens) zero(da + 2 * at, 2 * H);
        zero(own, H);
      } else if (tokens) {
        const place = rowOfToken(tokens, row + b, none) * 2 * state;
        ofSquares += rowBack(H, positive, 1, gates + place, before + b * state, dh + at, own, da + place, 0);
      } else {
        ofSquares += rowBack(H, positive, 0, gates + 2 * at, before + b * state, dh + at, own, da + 2 * at, ofStep);
      }
    }
    if (ofStep) addStepToSums(sums, ofStep, 2 * H);
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
  const z = load(gates, lanes);
  const c = load(gates + state, lanes);
  give(adds, da, times(times(d, f32x4.sub(c, load(before, lanes))), slopeOfLogistic(z)), sums, lanes);
  give(adds, da + state, times(times(d, z), slopeOfCandidate(positive, c)), sums ? sums + state : 0, lanes);
  storeGradient(carried, times(d, rest(z)), lanes);
  return d;
}

/**
 * One step back for many rows of gradients that share the step's activations. Of the step: gates [2H], before h_{t−1} [H]. Of each row: dh ∂L/∂h_t [rows, H].
 * @param da out: gradient of the pre-activations, [rows, 2H]  @param previous out: ∂L/∂h_{t−1}, [rows, H]
 */
export function minGRUStepBack(rows: usize, H: usize, positive: usize, gates: usize, before: usize, dh: usize, da: usize, previous: usize): void {
  const state = bytesOf(H);
  const whole = bytesOf(H & ~3);
  for (let row: usize = 0; row < rows; row += rowsOfGroup) {
    const group = min(rowsOfGroup, rows - row);
    const at = row * state;
    for (let u: usize = 0; u < whole; u += 16) stepUnits(group, state, positive, gates + u, before + u, dh + at + u, da + 2 * at + u, previous + at + u, 4);
    stepUnits(group, state, positive, gates + whole, before + whole, dh + at + whole, da + 2 * at + whole, previous + at + whole, H & 3);
  }
}

@inline
function stepUnits(rows: usize, state: usize, positive: usize, gates: usize, before: usize, dh: usize, da: usize, previous: usize, lanes: usize): void {
  const z = load(gates, lanes);
  const c = load(gates + state, lanes);
  const toGate = times(f32x4.sub(c, load(before, lanes)), slopeOfLogistic(z));
  const toCandidate = times(z, slopeOfCandidate(positive, c));
  const kept = rest(z);
  for (let row: usize = 0; row < rows; row++) {
    const d = load(dh, lanes);
    store(da, times(d, toGate), lanes);
    store(da + state, times(d, toCandidate), lanes);
    store(previous, times(d, kept), lanes);
    dh += state;
    da += 2 * state;
    previous += state;
  }
}
