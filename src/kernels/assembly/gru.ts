/**
 * The GRU's recurrence (Cho et al. 2014; the reset gate after the product, as PyTorch and cuDNN compute it and ONNX with
 * linear_before_reset = 1), gates side by side in the order z r n:
 *   z, r = σ(W x_t + Wb + R h_{t−1} + Rb),  q = R_h h_{t−1} + Rb_h,  n = tanh(W_h x_t + Wb_h + r ⊙ q)
 *   h_t = (1 − z) ⊙ n + z ⊙ h_{t−1}
 * Backward:
 *   ∂L/∂n = ∂L/∂h ⊙ (1 − z),  ∂L/∂z = ∂L/∂h ⊙ (h_{t−1} − n),  ∂L/∂r = ∂L/∂a_n ⊙ q,  ∂L/∂q = ∂L/∂a_n ⊙ r
 *   ∂L/∂a = ∂L/∂gate ⊙ gate′,  σ′ = σ(1 − σ),  tanh′ = 1 − n²
 *   ∂L/∂h_{t−1} = ∂L/∂h ⊙ z + Rᵀ [∂L/∂a_z, ∂L/∂a_r, ∂L/∂q]
 */
import { sumOfSquares, zero } from './elements';
import { applyLogisticToSum, slopeOfLogistic, slopeOfTanh, tanh } from './functions';
import { bytesOf, fma, load, rest, store, storeGradient, times } from './lanes';
import { multiplyAdd } from './product';
import { fillRows } from './rows';
import { countSaturated, increase, isCut, isPadding, stepOf } from './steps';
import { addTransposed } from './transpose';

/**
 * @param R panels of Rᵀ, k = H  @param Rb [3H]  @param gates [T, B, 3H] in: W x + Wb; out: z r n
 * @param recurrentCandidate out: q, [T, B, H]  @param scratch [B, 3H]
 * @param counts Int32[4]: += of z and of r how many are below 0.1 and how many above 0.9
 */
export function gruForward(
  T: usize, B: usize, H: usize, first: usize, count: usize, reverse: usize, lengths: usize, R: usize, Rb: usize,
  gates: usize, recurrentCandidate: usize, hidden: usize, scratch: usize, counts: usize,
): void {
  const state = bytesOf(H);
  const recurrent = scratch + first * 3 * state;
  for (let s: usize = 0; s < T; s++) {
    const t = stepOf(s, T, reverse);
    const row = t * B + first;
    fillRows(recurrent, Rb, count, 3 * H);
    multiplyAdd(recurrent, hidden + (reverse ? row + B : row) * state, R, count, 3 * H, H);
    stepForward(t, B, H, first, count, reverse, lengths, gates, recurrentCandidate, hidden, scratch, counts);
  }
}

/** Step s of `gruForward`, with R h_{t−1} given. @param product [3H, B], or 0 where `scratch` holds R h_{t−1} + Rb already */
export function gruForwardStep(
  T: usize, B: usize, H: usize, first: usize, count: usize, reverse: usize, lengths: usize, product: usize, Rb: usize,
  gates: usize, recurrentCandidate: usize, hidden: usize, scratch: usize, counts: usize, s: usize,
): void {
  const recurrent = scratch + bytesOf(first * 3 * H);
  if (product) {
    fillRows(recurrent, Rb, count, 3 * H);
    addTransposed(recurrent, product + bytesOf(first), B, count, 3 * H);
  }
  stepForward(stepOf(s, T, reverse), B, H, first, count, reverse, lengths, gates, recurrentCandidate, hidden, scratch, counts);
}

/** @param scratch in: R h_{t−1} + Rb */
function stepForward(
  t: usize, B: usize, H: usize, first: usize, count: usize, reverse: usize, lengths: usize,
  gates: usize, recurrentCandidate: usize, hidden: usize, scratch: usize, counts: usize,
): void {
  const state = bytesOf(H);
  const row = t * B + first;
  const recurrent = scratch + first * 3 * state;
  const before = hidden + (reverse ? row + B : row) * state;
  const after = hidden + (reverse ? row : row + B) * state;
  for (let b: usize = 0; b < count; b++) {
    const at = b * state;
    if (isPadding(lengths, first + b, t)) {
      zero(after + at, H);
      continue;
    }
    const a = gates + (row + b) * 3 * state;
    forwardRow(H, a, recurrent + 3 * at, recurrentCandidate + (row + b) * state, before + at, after + at);
    if (counts) for (let gate: usize = 0; gate < 2; gate++) countSaturated(counts + (gate << 3), a + gate * state, H, 1);
  }
}

function forwardRow(H: usize, gates: usize, recurrent: usize, q: usize, before: usize, after: usize): void {
  const state = bytesOf(H);
  applyLogisticToSum(gates, recurrent, 2 * H);
  const whole = bytesOf(H & ~3);
  for (let at: usize = 0; at < whole; at += 16) forwardUnits(state, gates + at, recurrent + at, q + at, before + at, after + at, 4);
  forwardUnits(state, gates + whole, recurrent + whole, q + whole, before + whole, after + whole, H & 3);
}

@inline
function forwardUnits(state: usize, gates: usize, recurrent: usize, qs: usize, before: usize, after: usize, lanes: usize): void {
  const q = load(recurrent + 2 * state, lanes);
  store(qs, q, lanes);
  const n = tanh(fma(load(gates + state, lanes), q, load(gates + 2 * state, lanes)));
  store(gates + 2 * state, n, lanes);
  const z = load(gates, lanes);
  store(after, fma(z, load(before, lanes), times(rest(z), n)), lanes);
}

/**
 * @param R panels of R, k = 3H  @param gates [T, B, 3H]  @param recurrentCandidate q, [T, B, H]
 * @param dh [T, B, H] in: what reaches h_t from above; out: ∂L/∂h_t
 * @param dhCarried [B, H] in: gradient of the state after the last step; out: before the first
 * @param da out: gradient of the pre-activations as W sees them, [T, B, 3H]  @param daRecurrent out: as R sees them (with ∂L/∂q)
 * @param squares Float64[T]: += Σ (∂L/∂h_t)²
 */
export function gruBackward(
  T: usize, B: usize, H: usize, first: usize, count: usize, reverse: usize, lengths: usize, truncate: usize, R: usize,
  gates: usize, recurrentCandidate: usize, hidden: usize, dh: usize, dhCarried: usize, da: usize, daRecurrent: usize, squares: usize,
): void {
  const state = bytesOf(H);
  const carried = dhCarried + first * state;
  for (let s: usize = 0; s < T; s++) {
    const t = stepOf(s, T, !reverse);
    stepBack(s, T, B, H, first, count, reverse, lengths, truncate, gates, recurrentCandidate, hidden, dh, dhCarried, da, daRecurrent, squares);
    if (!isCut(reverse ? t + 1 : t, truncate)) multiplyAdd(carried, daRecurrent + (t * B + first) * 3 * state, R, count, H, 3 * H);
  }
}

/** Step s of the way of `gruBackward`. @param product Rᵀ times what R sees of the step before on that way, [H, B], or 0 */
export function gruBackwardStep(
  T: usize, B: usize, H: usize, first: usize, count: usize, reverse: usize, lengths: usize, truncate: usize, product: usize,
  gates: usize, recurrentCandidate: usize, hidden: usize, dh: usize, dhCarried: usize, da: usize, daRecurrent: usize, squares: usize, s: usize,
): void {
  if (product) addTransposed(dhCarried + bytesOf(first * H), product + bytesOf(first), B, count, H);
  stepBack(s, T, B, H, first, count, reverse, lengths, truncate, gates, recurrentCandidate, hidden, dh, dhCarried, da, daRecurrent, squares);
}

/** Leaves in `dhCarried` what does not pass through R. */
function stepBack(
  s: usize, T: usize, B: usize, H: usize, first: usize, count: usize, reverse: usize, lengths: usize, truncate: usize,
  gates: usize, recurrentCandidate: usize, hidden: usize, dh: usize, dhCarried: usize, da: usize, daRecurrent: usize, squares: usize,
): void {
  const state = bytesOf(H);
  const carried = dhCarried + first * state;
  if (s === 0 && isCut(reverse ? 0 : T, truncate)) zero(carried, count * H);
  const t = stepOf(s, T, !reverse);
  const row = t * B + first;
  const before = hidden + (reverse ? row + B : row) * state;
  for (let b: usize = 0; b < count; b++) {
    const at = (row + b) * state;
    if (isPadding(lengths, first + b, t)) {
      zero(dh + at, H);
      zero(da + 3 * at, 3 * H);
      zero(daRecurrent + 3 * at, 3 * H);
      zero(carried + b * state, H);
    } else {
      rowBack(H, gates + 3 * at, recurrentCandidate + at, before + b * state, dh + at, carried + b * state, da + 3 * at, daRecurrent + 3 * at);
    }
  }
  if (squares) increase(squares + (t << 3), sumOfSquares(dh + row * state, count * H));
  if (isCut(reverse ? t + 1 : t, truncate)) zero(carried, count * H);
}

/** Leaves ∂L/∂h ⊙ z in `carried`. */
function rowBack(H: usize, gates: usize, q: usize, before: usize, dh: usize, carried: usize, da: usize, daRecurrent: usize): void {
  const state = bytesOf(H);
  const whole = bytesOf(H & ~3);
  for (let at: usize = 0; at < whole; at += 16) unitsBack(state, gates + at, q + at, before + at, dh + at, carried + at, da + at, daRecurrent + at, 4);
  unitsBack(state, gates + whole, q + whole, before + whole, dh + whole, carried + whole, da + whole, daRecurrent + whole, H & 3);
}

@inline
function unitsBack(state: usize, gates: usize, q: usize, before: usize, dh: usize, carried: usize, da: usize, daRecurrent: usize, lanes: usize): void {
  const d = f32x4.add(load(dh, lanes), load(carried, lanes));
  storeGradient(dh, d, lanes);
  const z = load(gates, lanes);
  const r = load(gates + state, lanes);
  const n = load(gates + 2 * state, lanes);
  const az = times(times(d, f32x4.sub(load(before, lanes), n)), slopeOfLogistic(z));
  storeGradient(da, az, lanes);
  storeGradient(daRecurrent, az, lanes);
  const an = times(times(d, rest(z)), slopeOfTanh(n));
  const ar = times(times(an, load(q, lanes)), slopeOfLogistic(r));
  storeGradient(da + state, ar, lanes);
  storeGradient(daRecurrent + state, ar, lanes);
  storeGradient(da + 2 * state, an, lanes);
  storeGradient(daRecurrent + 2 * state, times(an, r), lanes);
  store(carried, times(d, z), lanes);
}
