/**
 * The vanilla RNN's recurrence, h_t = φ(a_t),  a_t = W x_t + Wb + Rb + R h_{t−1},  φ = tanh or relu.
 * Backward:  ∂L/∂a = ∂L/∂h ⊙ φ′,  tanh′ = 1 − h²,  relu′ = [h > 0],  ∂L/∂h_{t−1} = Rᵀ ∂L/∂a.
 */
import { countBeyond, sumOfSquares, zero } from './elements';
import { applyTanh, slopeOfTanh } from './functions';
import { bytesOf, load, store, storeGradient, sumOfCounts, times } from './lanes';
import { multiplyAdd } from './product';
import { increase, isCut, isPadding, stepOf } from './steps';
import { addTransposed } from './transpose';

/**
 * @param R panels of Rᵀ, k = H  @param preActivations [T, B, H] in: W x + Wb + Rb; out: a
 * @param saturated tanh: the |h| above which a unit counts as saturated
 * @param counts Int32: += entries with |h| > saturated (relu: with h = 0)
 */
export function rnnForward(
  T: usize, B: usize, H: usize, first: usize, count: usize, reverse: usize, lengths: usize, R: usize, relu: usize, saturated: f32,
  preActivations: usize, hidden: usize, counts: usize,
): void {
  const state = bytesOf(H);
  for (let s: usize = 0; s < T; s++) {
    const t = stepOf(s, T, reverse);
    const row = t * B + first;
    multiplyAdd(preActivations + row * state, hidden + (reverse ? row + B : row) * state, R, count, H, H);
    stepForward(t, B, H, first, count, reverse, lengths, relu, saturated, preActivations, hidden, counts);
  }
}

/** Step s of `rnnForward`, with R h_{t−1} given. @param product [H, B], or 0 where the pre-activations hold the sum already */
export function rnnForwardStep(
  T: usize, B: usize, H: usize, first: usize, count: usize, reverse: usize, lengths: usize, product: usize, relu: usize, saturated: f32,
  preActivations: usize, hidden: usize, counts: usize, s: usize,
): void {
  const t = stepOf(s, T, reverse);
  if (product) addTransposed(preActivations + bytesOf((t * B + first) * H), product + bytesOf(first), B, count, H);
  stepForward(t, B, H, first, count, reverse, lengths, relu, saturated, preActivations, hidden, counts);
}

/** In: the pre-activations, whole. */
function stepForward(
  t: usize, B: usize, H: usize, first: usize, count: usize, reverse: usize, lengths: usize, relu: usize, saturated: f32,
  preActivations: usize, hidden: usize, counts: usize,
): void {
  const state = bytesOf(H);
  const row = t * B + first;
  const a = preActivations + row * state;
  const after = hidden + (reverse ? row : row + B) * state;
  for (let b: usize = 0; b < count; b++) {
    const at = b * state;
    if (isPadding(lengths, first + b, t)) zero(after + at, H);
    else if (relu) increaseCount(counts, reluRow(H, a + at, after + at));
    else {
      applyTanh(after + at, a + at, H);
      if (counts) increaseCount(counts, countBeyond(after + at, H, saturated));
    }
  }
}

function increaseCount(counts: usize, more: i32): void {
  if (counts) i32.store(counts, i32.load(counts) + more);
}

/** h = max(a, 0); returns how many are 0. */
function reluRow(H: usize, a: usize, h: usize): i32 {
  let active = i32x4.splat(0);
  const zeros = f32x4.splat(0);
  const whole = bytesOf(H & ~3);
  for (let at: usize = 0; at < whole; at += 16) {
    const x = f32x4.pmax(v128.load(a + at), zeros);
    active = i32x4.sub(active, f32x4.ne(x, zeros));
    v128.store(h + at, x);
  }
  const x = f32x4.pmax(load(a + whole, H & 3), zeros);
  active = i32x4.sub(active, f32x4.ne(x, zeros));
  store(h + whole, x, H & 3);
  return <i32>H - sumOfCounts(active);
}

/**
 * @param R panels of R, k = H  @param dh [T, B, H] in: what reaches h_t from above; out: ∂L/∂h_t
 * @param dhCarried [B, H] in: gradient of the state after the last step; out: before the first
 * @param da out: ∂L/∂a, [T, B, H]  @param squares Float64[T]: += Σ (∂L/∂h_t)²
 */
export function rnnBackward(
  T: usize, B: usize, H: usize, first: usize, count: usize, reverse: usize, lengths: usize, truncate: usize, R: usize, relu: usize,
  hidden: usize, dh: usize, dhCarried: usize, da: usize, squares: usize,
): void {
  const state = bytesOf(H);
  const carried = dhCarried + first * state;
  for (let s: usize = 0; s < T; s++) {
    const t = stepOf(s, T, !reverse);
    stepBack(s, T, B, H, first, count, reverse, lengths, truncate, relu, hidden, dh, dhCarried, da, squares);
    if (!isCut(reverse ? t + 1 : t, truncate)) multiplyAdd(carried, da + (t * B + first) * state, R, count, H, H);
  }
}

/** Step s of the way of `rnnBackward`. @param product Rᵀ ∂L/∂a of the step before on that way, [H, B], or 0 */
export function rnnBackwardStep(
  T: usize, B: usize, H: usize, first: usize, count: usize, reverse: usize, lengths: usize, truncate: usize, product: usize, relu: usize,
  hidden: usize, dh: usize, dhCarried: usize, da: usize, squares: usize, s: usize,
): void {
  if (product) addTransposed(dhCarried + bytesOf(first * H), product + bytesOf(first), B, count, H);
  stepBack(s, T, B, H, first, count, reverse, lengths, truncate, relu, hidden, dh, dhCarried, da, squares);
}

/** Leaves in `dhCarried` what does not pass through R: nothing. */
function stepBack(
  s: usize, T: usize, B: usize, H: usize, first: usize, count: usize, reverse: usize, lengths: usize, truncate: usize, relu: usize,
  hidden: usize, dh: usize, dhCarried: usize, da: usize, squares: usize,
): void {
  const state = bytesOf(H);
  const carried = dhCarried + first * state;
  if (s === 0 && isCut(reverse ? 0 : T, truncate)) zero(carried, count * H);
  const t = stepOf(s, T, !reverse);
  const row = t * B + first;
  const after = hidden + (reverse ? row : row + B) * state;
  for (let b: usize = 0; b < count; b++) {
    const at = (row + b) * state;
    if (isPadding(lengths, first + b, t)) {
      zero(dh + at, H);
      zero(da + at, H);
    } else {
      rowBack(H, relu, after + b * state, dh + at, carried + b * state, da + at);
    }
  }
  if (squares) increase(squares + (t << 3), sumOfSquares(dh + row * state, count * H));
  zero(carried, count * H);
}

function rowBack(H: usize, relu: usize, h: usize, dh: usize, carried: usize, da: usize): void {
  const whole = bytesOf(H & ~3);
  for (let at: usize = 0; at < whole; at += 16) unitsBack(relu, h + at, dh + at, carried + at, da + at, 4);
  unitsBack(relu, h + whole, dh + whole, carried + whole, da + whole, H & 3);
}

@inline
function unitsBack(relu: usize, h: usize, dh: usize, carried: usize, da: usize, lanes: usize): void {
  const d = f32x4.add(load(dh, lanes), load(carried, lanes));
  storeGradient(dh, d, lanes);
  storeGradient(da, throughActivation(relu, d, load(h, lanes)), lanes);
}

/** d ⊙ φ′; where h is no number, none, which must not be taken for a dead unit. The mask of a comparison, all ones, is a NaN itself. */
@inline
function throughActivation(relu: usize, d: v128, h: v128): v128 {
  return relu ? v128.or(v128.and(d, f32x4.gt(h, f32x4.splat(0))), f32x4.ne(h, h)) : times(d, slopeOfTanh(h));
}

/** ∂L/∂a of one step for many rows of gradients. hidden [H]: h_t; dh, da [rows, H]. */
export function rnnStepBack(rows: usize, H: usize, relu: usize, hidden: usize, dh: usize, da: usize): void {
  const state = bytesOf(H);
  const whole = bytesOf(H & ~3);
  for (let row: usize = 0; row < rows; row++, dh += state, da += state) {
    for (let at: usize = 0; at < whole; at += 16) storeGradient(da + at, throughActivation(relu, v128.load(dh + at), v128.load(hidden + at)), 4);
    storeGradient(da + whole, throughActivation(relu, load(dh + whole, H & 3), load(hidden + whole, H & 3)), H & 3);
  }
}
