/**
 * The selective state space layer in float64, of one stream, between its products. Channel by channel and number by number of the state, which lie side by side:
 *   h_t = f ⊙ h_{t−1} + (Δ ⊙ v) Bᵀ,  f = exp(Δ A),  y = h_t C
 * The way back is in mambaBack64.ts. Two numbers of a channel's state side by side; rows of E channels, or of E · S numbers. Channels do not depend on each other: the scan
 * does `channels` of them from `first` on, so that threads can share them.
 */
import { expOfNegative64, storeExpsOfNegative64 } from './functions64';
import { load, madd, store, sumOfLanes } from './lanes64';

/**
 * T steps. @param n steps of a chunk  @param A [E, S]  @param BC of the first step: B [S], C [S] behind it, `width` numbers from row to row  @param step, v [T, E]
 * @param factors room for [S]  @param h [E, S]: before the first step, and then after the last  @param starts [chunks, E, S], out: h before every chunk
 * @param y [T, E], out  @param squares [T], out: Σ h² of these channels
 */
export function mambaScan64(
  T: usize, first: usize, channels: usize, E: usize, S: usize, width: usize, n: usize, A: usize, BC: usize, step: usize, v: usize, factors: usize, h: usize,
  starts: usize, y: usize, squares: usize,
): void {
  const row = S << 3;
  const all = E * row;
  const own = channels * row;
  const from = first * row;
  A += from;
  h += from;
  starts += from;
  const at = first << 3;
  step += at;
  v += at;
  y += at;
  for (let t: usize = 0; t < T; t++) {
    if (t % n === 0) {
      memory.copy(starts, h, own);
      starts += all;
    }
    f64.store(squares, sumOfLanes(scanStep(channels, row, A, BC, step, v, factors, 0, h, h, y)));
    BC += width << 3;
    step += E << 3;
    v += E << 3;
    y += E << 3;
    squares += 8;
  }
}

/**
 * n steps again, from the state in the first row of `h`. @param A [E, S], and `BC`, `step`, `v` [n, E] as above
 * @param factors [n, channels, S], out: f  @param h [n + 1, channels, S], out: all rows but the first  @param y room for [channels]
 */
export function mambaReplay64(
  n: usize, first: usize, channels: usize, E: usize, S: usize, width: usize, A: usize, BC: usize, step: usize, v: usize, factors: usize, h: usize, y: usize,
): void {
  const row = S << 3;
  const own = channels * row;
  A += first * row;
  step += first << 3;
  v += first << 3;
  for (let t: usize = 0; t < n; t++) {
    scanStep(channels, row, A, BC, step, v, factors, row, h, h + own, y);
    BC += width << 3;
    step += E << 3;
    v += E << 3;
    factors += own;
    h += own;
  }
}

/** One step of `channels`. @param between from one channel's factors to the next's  @param before, after [channels, S]: may be the same  @returns Σ h², in two lanes */
function scanStep(
  channels: usize, row: usize, A: usize, BC: usize, step: usize, v: usize, factors: usize, between: usize, before: usize, after: usize, y: usize,
): v128 {
  const inFours = row & ~31;
  const C = BC + row;
  let sum = f64x2.splat(0);
  for (let e: usize = 0; e < channels; e++, step += 8, v += 8, y += 8) {
    const size = v128.load64_splat(step);
    const written = f64x2.mul(size, v128.load64_splat(v));
    let read = f64x2.splat(0);
    let s: usize = 0;
    for (; s < inFours; s += 32)
      storeExpsOfNegative64(factors + s, f64x2.mul(size, v128.load(A + s)), f64x2.mul(size, v128.load(A + s, 16)));
    for (; s < row; s += 16) {
      const lanes = (row - s) >> 3;
      store(factors + s, expOfNegative64(f64x2.mul(size, load(A + s, lanes))), lanes);
    }
    for (s = 0; s < inFours; s += 16) {
      const own = madd(v128.load(factors + s), v128.load(before + s), f64x2.mul(written, v128.load(BC + s)));
      v128.store(after + s, own);
      read = madd(own, v128.load(C + s), read);
      sum = madd(own, own, sum);
    }
    for (; s < row; s += 16) {
      const lanes = (row - s) >> 3;
      const own = madd(load(factors + s, lanes), load(before + s, lanes), f64x2.mul(written, load(BC + s, lanes)));
      store(after + s, own, lanes);
      read = madd(own, load(C + s, lanes), read);
      sum = madd(own, own, sum);
    }
    A += row;
    factors += between;
    before += row;
    after += row;
    f64.store(y, sumOfLanes(read));
  }
  return sum;
}

/** out[t, e] = bias[e] + Σ_k taps[k, e] · u[t − k, e], T steps; rows of u are `stride` numbers apart, and the K − 1 before the first are there too. */
export function mambaConvolve64(T: usize, E: usize, K: usize, out: usize, bias: usize, taps: usize, u: usize, stride: usize): void {
  const row = E << 3;
  const between = stride << 3;
  for (let t: usize = 0; t < T; t++, out += row, u += between)
    for (let e: usize = 0; e < row; e += 16) {
      const lanes = (row - e) >> 3;
      let sum = load(bias + e, lanes);
      let tap = taps + e;
      let read = u + e;
      for (let k: usize = 0; k < K; k++, tap += row, read -= between) sum = madd(load(tap, lanes), load(read, lanes), sum);
      store(out + e, sum, lanes);
    }
}

/**
 * What the steps from one on read of it and of the K − 2 before it, in the convolution: found[i, e] = Σ_j factors[j] taps[i + j, e] · rows[j, e], `count` ≤ K steps.
 * @param found [K − 1, E], out  @returns Σ found²
 */
export function mambaConvolveBack64(E: usize, K: usize, count: usize, found: usize, factors: usize, taps: usize, rows: usize): f64 {
  const row = E << 3;
  let squares = f64x2.splat(0);
  for (let i: usize = 0; i + 1 < K; i++, taps += row, found += row) {
    const n = min<usize>(count, K - i);
    for (let e: usize = 0; e < row; e += 16) {
      const lanes = (row - e) >> 3;
      let sum = f64x2.splat(0);
      let from = e;
      for (let j: usize = 0; j < n; j++, from += row) {
        const factor = v128.load64_splat(factors + (j << 3));
        sum = madd(f64x2.mul(factor, load(taps + from, lanes)), load(rows + from, lanes), sum);
      }
      squares = madd(sum, sum, squares);
      store(found + e, sum, lanes);
    }
  }
  return sumOfLanes(squares);
}
