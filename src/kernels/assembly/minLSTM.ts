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
import { sumOfSquares, zero } from './elements';
import { logistic } from './functions';
import { bytesOf, fma, load, rest, store, storeGradient, times } from './lanes';
import { countSaturated, increase, isCut, isPadding, stepOf } from './steps';

/** Rows whose gradients stay in the nearest cache while the units are gone through. */
const rowsOfGroup: usize = 8;

/**
 * @param positive flag: h̃ goes through g  @param gates [T, B, 3H] in: W x + b; out: f i h̃
 * @param counts Int32[4]: += of f and of i how many are below 0.1 and how many above 0.9
 */
export function minLSTMForward(
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
      const a = gates + (row + b) * 3 * state;
      if (positive) forwardRow(H, 1, a, before + at, after + at);
      else forwardRow(H, 0, a, before + at, after + at);
      if (counts) for (let gate: usize = 0; gate < 2; gate++) countSaturated(counts + (gate << 3), a + gate * state, H);
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
  const f = logistic(load(gates, lanes));
  const i = logistic(load(gates + state, lanes));
  const c = candidate(positive, load(gates + 2 * state, lanes));
  store(gates, f, lanes);
  store(gates + state, i, lanes);
  if (positive) store(gates + 2 * state, c, lanes);
  store(after, f32x4.div(fma(f, load(before, lanes), times(i, c)), f32x4.add(f, i)), lanes);
}

/**
 * @param gates [T, B, 3H]  @param dh [T, B, H] in: what reaches h_t from above; out: ∂L/∂h_t
 * @param dhCarried [B, H] in: gradient of the state after the last step; out: before the first
 * @param da out: gradient of the pre-activations, [T, B, 3H]  @param squares Float64[T]: += Σ (∂L/∂h_t)²
 */
export function minLSTMBackward(
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
        zero(da + 3 * at, 3 * H);
        zero(own, H);
      } else if (positive) {
        rowBack(H, 1, gates + 3 * at, before + b * state, dh + at, own, da + 3 * at);
      } else {
        rowBack(H, 0, gates + 3 * at, before + b * state, dh + at, own, da + 3 * at);
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
  const f = load(gates, lanes);
  const i = load(gates + state, lanes);
  const c = load(gates + 2 * state, lanes);
  const sum = f32x4.add(f, i);
  const written = f32x4.div(i, sum);
  const kept = times(d, f32x4.div(f, sum));
  const toShare = times(times(f32x4.sub(load(before, lanes), c), kept), written);
  storeGradient(da, times(toShare, rest(f)), lanes);
  storeGradient(da + state, times(f32x4.neg(toShare), rest(i)), lanes);
  storeGradient(da + 2 * state, times(times(d, written), slopeOfCandidate(positive, c)), lanes);
  storeGradient(carried, kept, lanes);
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
