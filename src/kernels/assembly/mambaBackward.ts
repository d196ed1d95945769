/**
 * The way back of the selective state space layer; see mambaForward.ts. With δ_t = ∂L/∂h_t, channel by channel and number by number:
 *   ∂L/∂y = ∂L/∂g ⊙ φ(z),  ∂L/∂z = ∂L/∂g ⊙ y ⊙ φ′(z)
 *   δ_t = (through h_{t+1}) + ∂L/∂y C_tᵀ,  ∂L/∂C_t = h_tᵀ ∂L/∂y,  ∂L/∂B_t = δ_tᵀ (Δ ⊙ v),  q = δ_t B_t
 *   ∂L/∂v = D ⊙ ∂L/∂y + Δ ⊙ q,  ∂L/∂Δ = v ⊙ q + Σ_s δ_t ⊙ exp(ΔA) ⊙ h_{t−1} ⊙ A,  ∂L/∂A = Σ_t Δ ⊙ δ_t ⊙ exp(ΔA) ⊙ h_{t−1}
 *   through h_t: exp(ΔA) ⊙ δ_t;   ∂L/∂a = ∂L/∂Δ ⊙ σ(a),  σ(a) = e^(a − Δ)
 * The states of a chunk of steps, and the factors exp(ΔA), are computed again from the state before it, for four channels at a time: that is faster than to fetch
 * them from memory, and T · B · E · S numbers need not be kept.
 */
import { sumOfSquares, zero } from './elements';
import { expOfNegative, logistic, slopeOfSilu } from './functions';
import { addHighSquares, addLowSquares, bytesOf, fma, load, store, storeGradient, sumOfHalves, times } from './lanes';
import { inputOf, stepsOf, stepsOfChunk } from './mambaForward';
import { increase, isCut } from './steps';

/** Fours of channels that are done one after another in a chunk: what they read fills cache lines. */
const fours: usize = 4;
/** Vectors of one step of one four: Δ, Δ ⊙ v, ∂L/∂y in; q, Σ δ exp(ΔA) h A out. */
const values: usize = 5;
const bytesOfStep: usize = values << 4;

/** Bytes of `scratch`: of a chunk the vectors above, factors and states of one four, and what the lanes of ∂L/∂B and ∂L/∂C sum up to. */
@inline
function scratchFactors(): usize {
  return fours * stepsOfChunk * bytesOfStep;
}

/**
 * @param starts as `mambaScan` has left them  @param dGated [T, B, E]: ∂L/∂g
 * @param carried [B, E / 4, S, 4], in: ∂L/∂h after the last step; out: before the first
 * @param dProjected [T, B, 2E], out: ∂L/∂z in its second half  @param dV, dBefore [T, B, E], out: ∂L/∂v but for what goes through W_x, ∂L/∂a
 * @param dSelected [T, B, width], out: its B and C  @param dA [E / 4, S, 4] and dD [E]: += their gradients
 * @param squares Float64[T]: += Σ (∂L/∂h_t)²; 0 where they are not wanted  @param scratch [4 · 16 · 20 + 16 · S · (4 + 4 + 8)]
 */
export function mambaScanBack(
  T: usize, B: usize, E: usize, S: usize, R: usize, first: usize, count: usize, lengths: usize, truncate: usize, quad: usize, quads: usize,
  A: usize, D: usize, projected: usize, v: usize, selected: usize, before: usize, step: usize, y: usize, starts: usize, dGated: usize,
  carried: usize, dProjected: usize, dV: usize, dBefore: usize, dSelected: usize, dA: usize, dD: usize, squares: usize, scratch: usize,
): void {
  const row = bytesOf(E);
  const width = bytesOf(R + 2 * S);
  const four = S << 4;
  const all = (E + 3) >> 2;
  const sums = scratch + scratchFactors() + 2 * stepsOfChunk * four;
  const channels = min(quads << 2, E - (quad << 2));
  for (let b = first; b < first + count; b++) {
    const steps = stepsOf(lengths, b, T);
    const dh = carried + b * all * four;
    if (isCut(T, truncate) || steps < T) zero(dh + quad * four, quads * S * 4);
    for (let t = steps; t < T; t++) clearStep(t * B + b, row, width, R, S, quad, channels, dProjected, dV, dBefore, dSelected);
    for (let chunk = (steps + stepsOfChunk - 1) / stepsOfChunk; chunk > 0; chunk--) {
      const from = (chunk - 1) * stepsOfChunk;
      const n = min(stepsOfChunk, steps - from);
      const start = starts + ((chunk - 1) * B + b) * all * four;
      zero(sums, n * S * 8);
      for (let q = quad; q < quad + quads; q += fours) {
        const some = min(fours, quad + quads - q);
        for (let i: usize = 0; i < n; i++) {
          const at = ((from + i) * B + b) * row + (q << 4);
          prepare(E, row, q, some, i, at, b, D, projected, v, step, y, dGated, dProjected, dD, scratch);
        }
        for (let i: usize = 0; i < some; i++) {
          const place = (q + i) * four;
          const own = scratch + i * stepsOfChunk * bytesOfStep;
          const BC = selected + (from * B + b) * width + bytesOf(R);
          replay(S, n, A + place, BC, B * width, own, start + place, scratch + scratchFactors());
          chunkBack(S, n, from, truncate, A + place, BC, B * width, own, scratch + scratchFactors(), dh + place, dA + place, sums, squares ? squares + (from << 3) : 0);
        }
        for (let i: usize = 0; i < n; i++) {
          const at = ((from + i) * B + b) * row + (q << 4);
          finish(E, q, some, i, at, D, v, before, step, dV, dBefore, scratch);
        }
      }
      for (let i: usize = 0; i < n; i++) giveSums(dSelected + ((from + i) * B + b) * width + bytesOf(R), sums + i * 2 * four, 2 * S);
    }
  }
}

/** Padding has the gradient 0. */
function clearStep(index: usize, row: usize, width: usize, R: usize, S: usize, quad: usize, channels: usize, dProjected: usize, dV: usize, dBefore: usize, dSelected: usize): void {
  const at = index * row + (quad << 4);
  zero(dProjected + index * 2 * row + row + (quad << 4), channels);
  zero(dV + at, channels);
  zero(dBefore + at, channels);
  zero(dSelected + index * width + bytesOf(R), 2 * S);
}

/** ∂L/∂y and ∂L/∂z of one step of some fours, and D's share. */
@inline
function prepare(
  E: usize, row: usize, q: usize, some: usize, i: usize, at: usize, b: usize, D: usize, projected: usize, v: usize, step: usize, y: usize,
  dGated: usize, dProjected: usize, dD: usize, scratch: usize,
): void {
  // Rows of z and ∂L/∂z are twice as far apart.
  const double = ((at - (q << 4)) << 1) + row + (q << 4);
  const whole = min(some, (E >> 2) - min(q, E >> 2));
  for (let j: usize = 0; j < whole; j++) {
    const unit = j << 4;
    prepareUnits(projected + double + unit, v + at + unit, step + at + unit, y + at + unit, dGated + at + unit, dProjected + double + unit, dD + ((q + j) << 4), scratch + (j * stepsOfChunk + i) * bytesOfStep, 4);
  }
  if (whole < some) {
    const unit = whole << 4;
    prepareUnits(projected + double + unit, v + at + unit, step + at + unit, y + at + unit, dGated + at + unit, dProjected + double + unit, dD + ((q + whole) << 4), scratch + (whole * stepsOfChunk + i) * bytesOfStep, E & 3);
  }
}

@inline
function prepareUnits(z: usize, v: usize, step: usize, y: usize, dGated: usize, dZ: usize, dD: usize, own: usize, lanes: usize): void {
  const gate = load(z, lanes);
  const share = logistic(gate);
  const above = load(dGated, lanes);
  const input = load(v, lanes);
  const size = load(step, lanes);
  const dy = times(above, times(gate, share));
  storeGradient(dZ, times(times(above, load(y, lanes)), slopeOfSilu(gate, share)), lanes);
  store(dD, fma(dy, input, load(dD, lanes)), lanes);
  v128.store(own, size);
  v128.store(own, times(size, input), 16);
  v128.store(own, dy, 32);
}

/** Factors and states of n steps of four channels, from the state before them; the states before each step. */
function replay(S: usize, n: usize, A: usize, BC: usize, down: usize, own: usize, start: usize, out: usize): void {
  const four = S << 4;
  const states = out + stepsOfChunk * four;
  memory.copy(states, start, four);
  for (let i: usize = 0; i < n; i++, own += bytesOfStep, BC += down) {
    const size = v128.load(own);
    const written = v128.load(own, 16);
    const factors = out + i * four;
    const h = states + i * four;
    // The state after the chunk's last step goes into no room of the chunk: the way back makes it of the one before.
    const isLast = i + 1 === n;
    for (let s: usize = 0; s < four; s += 16) {
      const kept = expOfNegative(times(size, v128.load(A + s)));
      v128.store(factors + s, kept);
      if (!isLast) v128.store(h + four + s, fma(kept, v128.load(h + s), times(written, v128.load32_splat(BC + (s >> 2)))));
    }
  }
}

/** @param sums [n, 2 S, 4]: += lanes of ∂L/∂B, ∂L/∂C */
function chunkBack(
  S: usize, n: usize, from: usize, truncate: usize, A: usize, BC: usize, down: usize, own: usize, factors: usize, dh: usize, dA: usize,
  sums: usize, squares: usize,
): void {
  const four = S << 4;
  const states = factors + stepsOfChunk * four;
  for (let i = n; i-- > 0; ) {
    const values = own + i * bytesOfStep;
    const size = v128.load(values);
    const written = v128.load(values, 16);
    const dy = v128.load(values, 32);
    const row = BC + i * down;
    const ofB = sums + i * 2 * four;
    let q = f32x4.splat(0);
    let through = f32x4.splat(0);
    let low = f64x2.splat(0);
    let high = f64x2.splat(0);
    for (let s: usize = 0; s < four; s += 16) {
      const B = v128.load32_splat(row + (s >> 2));
      const C = v128.load32_splat(row + ((four + s) >> 2));
      const kept = v128.load(factors + i * four + s);
      const d = fma(dy, C, v128.load(dh + s));
      const remembered = times(kept, v128.load(states + i * four + s));
      low = addLowSquares(low, d);
      high = addHighSquares(high, d);
      q = fma(d, B, q);
      v128.store(ofB + s, fma(d, written, v128.load(ofB + s)));
      v128.store(ofB + four + s, fma(dy, fma(written, B, remembered), v128.load(ofB + four + s)));
      const ofFactor = times(d, remembered);
      through = fma(ofFactor, v128.load(A + s), through);
      v128.store(dA + s, fma(ofFactor, size, v128.load(dA + s)));
      storeGradient(dh + s, times(d, kept), 4);
    }
    v128.store(values, q, 48);
    v128.store(values, through, 64);
    if (squares) increase(squares + (i << 3), sumOfHalves(low, high));
    if (isCut(from + i, truncate)) zero(dh, S << 2);
  }
}

/** ∂L/∂v and ∂L/∂a of one step of some fours. */
@inline
function finish(E: usize, q: usize, some: usize, i: usize, at: usize, D: usize, v: usize, before: usize, step: usize, dV: usize, dBefore: usize, scratch: usize): void {
  const whole = min(some, (E >> 2) - min(q, E >> 2));
  for (let j: usize = 0; j < whole; j++) {
    const unit = at + (j << 4);
    finishUnits(D + ((q + j) << 4), v + unit, before + unit, dV + unit, dBefore + unit, scratch + (j * stepsOfChunk + i) * bytesOfStep, 4);
  }
  if (whole < some) {
    const unit = at + (whole << 4);
    finishUnits(D + ((q + whole) << 4), v + unit, before + unit, dV + unit, dBefore + unit, scratch + (whole * stepsOfChunk + i) * bytesOfStep, E & 3);
  }
}

@inline
function finishUnits(D: usize, v: usize, before: usize, dV: usize, dBefore: usize, own: usize, lanes: usize): void {
  const size = v128.load(own);
  const q = v128.load(own, 48);
  storeGradient(dV, fma(size, q, times(load(D, lanes), v128.load(own, 32))), lanes);
  const ofStep = fma(load(v, lanes), q, v128.load(own, 64));
  storeGradient(dBefore, times(ofStep, expOfNegative(f32x4.sub(load(before, lanes), size))), lanes);
}

/** out[s] = Σ of four lanes, n of them. */
function giveSums(out: usize, sums: usize, n: usize): void {
  for (let s: usize = 0; s < n; s++) {
    const lanes = v128.load(sums + (s << 4));
    const pairs = f32x4.add(lanes, v128.shuffle<f32>(lanes, lanes, 2, 3, 0, 1));
    f32.store(out + bytesOf(s), f32x4.extract_lane(pairs, 0) + f32x4.extract_lane(pairs, 1));
  }
}

/**
 * ∂L/∂u of the convolution, step by step from the last.
 * @param state u before the window, as `mambaConvolve` found it  @param dV, dThrough [T, B, E]: the two parts of ∂L/∂v; the first is left as ∂L/∂c
 * @param carried [B, K − 1, E], in: ∂L/∂ of the inputs that are carried out, youngest first; out: of those carried in
 * @param dProjected out: its first half  @param dTaps [K, E] and dBias [E]: += their gradients
 * @param squares Float64[T]: += Σ of the squares of ∂L/∂(u_t, u_{t−1}, …, K − 1 of them), through what the steps from t on read of them; 0 where they are not wanted
 */
export function mambaConvolveBack(
  T: usize, B: usize, E: usize, K: usize, first: usize, count: usize, lengths: usize, truncate: usize, channel: usize, channels: usize,
  projected: usize, taps: usize, state: usize, convolved: usize, dV: usize, dThrough: usize, carried: usize, dProjected: usize, dTaps: usize, dBias: usize,
  squares: usize,
): void {
  const row = bytesOf(E);
  const offset = bytesOf(channel);
  const whole = bytesOf(channels & ~3);
  const step = B * 2 * row;
  for (let b = first; b < first + count; b++) {
    const steps = stepsOf(lengths, b, T);
    const u = projected + b * 2 * row + offset;
    const read = state + b * (K - 1) * row + offset;
    const later = carried + b * (K - 1) * row + offset;
    if (isCut(T, truncate) || steps < T) clearCarried(K, row, later, channels);
    for (let t = T; t-- > 0; ) {
      const at = (t * B + b) * row + offset;
      const du = dProjected + (t * B + b) * 2 * row + offset;
      if (t >= steps) {
        zero(dV + at, channels);
        zero(du, channels);
        continue;
      }
      for (let j: usize = 0; j < whole; j += 16) convolveUnitsBack(t, K, step, row, u + j, read + j, later + j, taps + offset + j, convolved + at + j, dV + at + j, dThrough + at + j, du + j, dTaps + offset + j, dBias + offset + j, 4);
      convolveUnitsBack(t, K, step, row, u + whole, read + whole, later + whole, taps + offset + whole, convolved + at + whole, dV + at + whole, dThrough + at + whole, du + whole, dTaps + offset + whole, dBias + offset + whole, channels & 3);
      if (squares) {
        increase(squares + (t << 3), sumOfSquares(du, channels));
        for (let i: usize = 0; i + 2 < K; i++) increase(squares + (t << 3), sumOfSquares(later + i * row, channels));
      }
      if (isCut(t, truncate)) clearCarried(K, row, later, channels);
    }
  }
}

function clearCarried(K: usize, row: usize, carried: usize, channels: usize): void {
  for (let i: usize = 0; i < K - 1; i++) zero(carried + i * row, channels);
}

@inline
function convolveUnitsBack(
  t: usize, K: usize, step: usize, row: usize, u: usize, read: usize, later: usize, taps: usize, convolved: usize, dV: usize, dThrough: usize, du: usize,
  dTaps: usize, dBias: usize, lanes: usize,
): void {
  if (!lanes) return;
  const c = load(convolved, lanes);
  const d = times(f32x4.add(load(dV, lanes), load(dThrough, lanes)), slopeOfSilu(c, logistic(c)));
  storeGradient(dV, d, lanes);
  store(dBias, f32x4.add(d, load(dBias, lanes)), lanes);
  for (let k: usize = 0; k < K; k++) {
    const tap = (K - 1 - k) * row;
    const through = times(load(taps + tap, lanes), d);
    // What later steps have sent to this input, that of the last but K − 1 none.
    const sum = k + 1 < K ? f32x4.add(load(later + k * row, lanes), through) : through;
    if (k === 0) storeGradient(du, sum, lanes);
    else storeGradient(later + (k - 1) * row, sum, lanes);
    store(dTaps + tap, fma(d, load(inputOf(t, k, K, step, row, u, read), lanes), load(dTaps + tap, lanes)), lanes);
  }
}
