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
import { sumOfSquares, zero } from './elements';
import { logistic, slopeOfLogistic } from './functions';
import { bytesOf, fma, load, rest, store, storeGradient, times } from './lanes';
import { countSaturated, increase, isCut, isPadding, stepOf } from './steps';

/** Rows whose gradients stay in the nearest cache while the units are gone through. */
const rowsOfGroup: usize = 8;

/**
 * @param positive flag: h̃ goes through g  @param gates [T, B, 2H] in: W x + b; out: z h̃
 * @param counts Int32[2]: += of z how many are below 0.1 and how many above 0.9
 */
export function minGRUForward(
  T: usize, B: usize, H: usize, first: usize, count: usize, reverse: usize, lengths: usize, positive: usize,
  gates: usize, hidden: usize, counts: usize,
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
      const a = gates + (row + b) * 2 * state;
      if (positive) forwardRow(H, 1, a, before + at, after + at);
      else forwardRow(H, 0, a, before + at, after + at);
      if (counts) countSaturated(counts, a, H);
    }
  }
}

@inline
function forwardRow(H: usize, positive: usize, gates: usize, before: usize, after: usize): void {
  const state = bytesOf(H);
  const whole = bytesOf(H & ~3);
  for (let at: usize = 0; at < whole; at += 16) forwardUnits(state, positive, gates + at, before + at, after + at, 4);
  forwardUnits(state, positive, gates + whole, before + whole, after + whole, H & 3);
}

@inline
function forwardUnits(state: usize, positive: usize, gates: usize, before: usize, after: usize, lanes: usize): void {
  const z = logistic(load(gates, lanes));
  const c = candidate(positive, load(gates + state, lanes));
  store(gates, z, lanes);
  if (positive) store(gates + state, c, lanes);
  store(after, fma(rest(z), load(before, lanes), times(z, c)), lanes);
}

/**
 * @param gates [T, B, 2H]  @param dh [T, B, H] in: what reaches h_t from above; out: ∂L/∂h_t
 * @param dhCarried [B, H] in: gradient of the state after the last step; out: before the first
 * @param da out: gradient of the pre-activations, [T, B, 2H]  @param squares Float64[T]: += Σ (∂L/∂h_t)²
 */
export function minGRUBackward(
  T: usize, B: usize, H: usize, first: usize, count: usize, reverse: usize, lengths: usize, truncate: usize, positive: usize,
  gates: usize, hidden: usize, dh: usize, dhCarried: usize, da: usize, squares: usize,
): void {
  const state = bytesOf(H);
  const carried = dhCarried + first * state;
  if (isCut(reverse ? 0 : T, truncate)) zero(carried, count * H);
  for (let s: usize = 0; s < T; s++) {
    const t = stepOf(s, T, !reverse);
    const row = t * B + first;
    const before = hidden + (reverse ? row + B : row) * state;
    for (let b: usize = 0; b < count; b++) {
      const at = (row + b) * state;
      const own = carried + b * state;
      if (isPadding(lengths, first + b, t)) {
        zero(dh + at, H);
        zero(da + 2 * at, 2 * H);
        zero(own, H);
      } else if (positive) {
        rowBack(H, 1, gates + 2 * at, before + b * state, dh + at, own, da + 2 * at);
      } else {
        rowBack(H, 0, gates + 2 * at, before + b * state, dh + at, own, da + 2 * at);
      }
    }
    if (squares) increase(squares + (t << 3), sumOfSquares(dh + row * state, count * H));
    if (isCut(reverse ? t + 1 : t, truncate)) zero(carried, count * H);
  }
}

/** Leaves ∂L/∂h_{t−1} in `carried`. */
@inline
function rowBack(H: usize, positive: usize, gates: usize, before: usize, dh: usize, carried: usize, da: usize): void {
  const state = bytesOf(H);
  const whole = bytesOf(H & ~3);
  for (let at: usize = 0; at < whole; at += 16) unitsBack(state, positive, gates + at, before + at, dh + at, carried + at, da + at, 4);
  unitsBack(state, positive, gates + whole, before + whole, dh + whole, carried + whole, da + whole, H & 3);
}

@inline
function unitsBack(state: usize, positive: usize, gates: usize, before: usize, dh: usize, carried: usize, da: usize, lanes: usize): void {
  const d = f32x4.add(load(dh, lanes), load(carried, lanes));
  storeGradient(dh, d, lanes);
  const z = load(gates, lanes);
  const c = load(gates + state, lanes);
  storeGradient(da, times(times(d, f32x4.sub(c, load(before, lanes))), slopeOfLogistic(z)), lanes);
  storeGradient(da + state, times(times(d, z), slopeOfCandidate(positive, c)), lanes);
  storeGradient(carried, times(d, rest(z)), lanes);
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
