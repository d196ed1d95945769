/**
 * The selective state space layer (Gu & Dao 2023), between its products. E channels of S numbers each, K taps of the convolution; φ(x) = x σ(x).
 *   c_t = b + Σ_k w_{K−1−k} ⊙ u_{t−k},  v_t = φ(c_t)
 *   Δ_t = softplus(a_t),  h_t = exp(Δ_t A) ⊙ h_{t−1} + (Δ_t ⊙ v_t) B_tᵀ,  y_t = h_t C_t + D ⊙ v_t,  g_t = y_t ⊙ φ(z_t)
 * Channels go four by four, S numbers of each: states and A are [E / 4, S, 4] inside, the last four filled up with zeros. Rows of u and z are 2E wide, side by
 * side, those of B and C `width` wide. A call does the channels of `count` streams, or some fours of them all: channels are independent of each other here.
 */
import { zero } from './elements';
import { expOfNegative, logistic, softplus } from './functions';
import { bytesOf, fma, load, store, times } from './lanes';

/** Steps between two states that are kept for the way back, which computes those in between again. */
export const stepsOfChunk: usize = 16;

/** How many steps of stream b there are. */
@inline
export function stepsOf(lengths: usize, b: usize, T: usize): usize {
  return lengths ? <usize>i32.load(lengths + bytesOf(b)) : T;
}

/**
 * @param projected [T, B, 2E]: u, z  @param taps [K, E]: w, that of the oldest input first  @param state [B, K − 1, E]: u before the first step, oldest first; out: after the last
 * @param convolved [T, B, E], out: c  @param v [T, B, E], out  @param channel the first of `channels`, a multiple of four
 */
export function mambaConvolve(
  T: usize, B: usize, E: usize, K: usize, first: usize, count: usize, lengths: usize, channel: usize, channels: usize,
  projected: usize, taps: usize, bias: usize, state: usize, convolved: usize, v: usize,
): void {
  const row = bytesOf(E);
  const offset = bytesOf(channel);
  const whole = bytesOf(channels & ~3);
  const step = B * 2 * row;
  for (let b = first; b < first + count; b++) {
    const steps = stepsOf(lengths, b, T);
    const u = projected + b * 2 * row + offset;
    const carried = state + b * (K - 1) * row + offset;
    for (let t: usize = 0; t < T; t++) {
      const out = (t * B + b) * row + offset;
      if (t >= steps) {
        zero(convolved + out, channels);
        zero(v + out, channels);
        continue;
      }
      for (let at: usize = 0; at < whole; at += 16) convolveUnits(t, K, step, row, u + at, carried + at, taps + offset + at, bias + offset + at, convolved + out + at, v + out + at, 4);
      convolveUnits(t, K, step, row, u + whole, carried + whole, taps + offset + whole, bias + offset + whole, convolved + out + whole, v + out + whole, channels & 3);
    }
    carryInputs(steps, K, step, row, u, carried, channels);
  }
}

@inline
function convolveUnits(t: usize, K: usize, step: usize, row: usize, u: usize, carried: usize, taps: usize, bias: usize, convolved: usize, v: usize, lanes: usize): void {
  if (!lanes) return;
  let sum = load(bias, lanes);
  for (let k: usize = 0; k < K; k++) sum = fma(load(taps + (K - 1 - k) * row, lanes), load(inputOf(t, k, K, step, row, u, carried), lanes), sum);
  store(convolved, sum, lanes);
  store(v, times(sum, logistic(sum)), lanes);
}

/** Where u_{t−k} is: in the window, or among those carried in. */
@inline
export function inputOf(t: usize, k: usize, K: usize, step: usize, row: usize, u: usize, carried: usize): usize {
  return k <= t ? u + (t - k) * step : carried + (K - 1 + t - k) * row;
}

/** The last K − 1 inputs of `steps` steps, oldest first. Rows are read from further on than they are written to. */
function carryInputs(steps: usize, K: usize, step: usize, row: usize, u: usize, carried: usize, channels: usize): void {
  for (let slot: usize = 0; slot < K - 1; slot++) {
    const k = K - 2 - slot;
    // Of the step after the last one the inputs further back.
    const from = inputOf(steps, k + 1, K, step, row, u, carried);
    memory.copy(carried + slot * row, from, bytesOf(channels));
  }
}

/**
 * @param quad the first of `quads` fours of channels  @param A [E / 4, S, 4]  @param selected [T, B, width]: R numbers, B, C
 * @param before [T, B, E]: a  @param step out: Δ  @param y out  @param gated out: g
 * @param starts [chunks, B, E / 4, S, 4], out: h before each chunk; 0 where no way back will be asked for
 * @param h [E / 4, S, 4], scratch of this call  @param state [B, E, S]: h before the first step; out: after the last
 */
export function mambaScan(
  T: usize, B: usize, E: usize, S: usize, R: usize, first: usize, count: usize, lengths: usize, quad: usize, quads: usize,
  A: usize, D: usize, projected: usize, v: usize, selected: usize, before: usize, step: usize, y: usize, gated: usize,
  starts: usize, h: usize, state: usize,
): void {
  const row = bytesOf(E);
  const width = bytesOf(R + 2 * S);
  const four = S << 4;
  const all = (E + 3) >> 2;
  const end = min(E >> 2, quad + quads);
  const lanes = quad + quads > end ? E & 3 : 0;
  const channels = ((end - quad) << 2) + lanes;
  for (let b = first; b < first + count; b++) {
    const steps = stepsOf(lengths, b, T);
    takeState(h, state + b * E * bytesOf(S), S, quad, channels);
    for (let t: usize = 0; t < T; t++) {
      const at = (t * B + b) * row;
      if (t >= steps) {
        zero(step + at + (quad << 4), channels);
        zero(y + at + (quad << 4), channels);
        zero(gated + at + (quad << 4), channels);
        continue;
      }
      if (starts && t % stepsOfChunk === 0) memory.copy(starts + ((t / stepsOfChunk * B + b) * all + quad) * four, h + quad * four, quads * four);
      const z = projected + 2 * at + row;
      const BC = selected + (t * B + b) * width + bytesOf(R);
      for (let q = quad; q < end; q++) {
        const unit = at + (q << 4);
        scanUnits(S, A + q * four, D + (q << 4), z + (q << 4), v + unit, BC, before + unit, step + unit, y + unit, gated + unit, h + q * four, 4);
      }
      if (lanes) {
        const unit = at + (end << 4);
        scanUnits(S, A + end * four, D + (end << 4), z + (end << 4), v + unit, BC, before + unit, step + unit, y + unit, gated + unit, h + end * four, lanes);
      }
    }
    giveState(state + b * E * bytesOf(S), h, S, quad, channels);
  }
}

@inline
function scanUnits(
  S: usize, A: usize, D: usize, z: usize, v: usize, BC: usize, before: usize, step: usize, y: usize, gated: usize, h: usize, lanes: usize,
): void {
  const input = load(v, lanes);
  const size = softplus(load(before, lanes));
  const written = times(size, input);
  const C = BC + bytesOf(S);
  let sum = times(load(D, lanes), input);
  for (let s: usize = 0; s < bytesOf(S); s += 4) {
    const unit = s << 2;
    const kept = expOfNegative(times(size, v128.load(A + unit)));
    const next = fma(kept, v128.load(h + unit), times(written, v128.load32_splat(BC + s)));
    v128.store(h + unit, next);
    sum = fma(next, v128.load32_splat(C + s), sum);
  }
  const gate = load(z, lanes);
  store(step, size, lanes);
  store(y, sum, lanes);
  store(gated, times(sum, times(gate, logistic(gate))), lanes);
}

/** h [.., S, 4] of some fours, from state [E, S]. */
function takeState(h: usize, state: usize, S: usize, quad: usize, channels: usize): void {
  for (let c: usize = 0; c < channels; c++) {
    const channel = (quad << 2) + c;
    const to = h + (channel >> 2) * (S << 4) + bytesOf(channel & 3);
    const from = state + channel * bytesOf(S);
    for (let s: usize = 0; s < S; s++) f32.store(to + (s << 4), f32.load(from + bytesOf(s)));
  }
}

function giveState(state: usize, h: usize, S: usize, quad: usize, channels: usize): void {
  for (let c: usize = 0; c < channels; c++) {
    const channel = (quad << 2) + c;
    const from = h + (channel >> 2) * (S << 4) + bytesOf(channel & 3);
    const to = state + channel * bytesOf(S);
    for (let s: usize = 0; s < S; s++) f32.store(to + bytesOf(s), f32.load(from + (s << 4)));
  }
}
