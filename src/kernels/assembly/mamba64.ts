/**
 * The selective state space layer in float64, of one stream, between its products. Channel by channel and number by number of the state, which lie side by side:
 *   h_t = f ⊙ h_{t−1} + (Δ ⊙ v) Bᵀ,  f = exp(Δ A),  y = h_t C
 * and back, with δ_t = ∂ℓ/∂h_t, as in mambaBackward.ts. Two numbers of a channel's state side by side; rows of E channels, or of E · S numbers.
 */
import { addProducts64 } from './elements64';
import { expOfNegative64 } from './functions64';
import { load, madd, store, sumOfLanes } from './lanes64';

/**
 * n steps of the channels `first` … `first + channels − 1`, in chunks of steps, each channel of a chunk by itself: what it needs stays in the nearest cache.
 * @param A [E, S]  @param BC of the first step: B [S], C [S] behind it, `width` numbers from row to row  @param step, v [n, E], `stride` from row to row
 * @param starts [chunks + 1, E, S], in: its first row, h before the first step; out: the others, h behind every chunk  @param y [n, E], out, as step
 * @param squares [n], += Σ h²
 */
export function mambaScan64(
  n: usize, chunk: usize, E: usize, S: usize, width: usize, stride: usize, first: usize, channels: usize, A: usize, BC: usize, step: usize,
  v: usize, starts: usize, y: usize, squares: usize,
): void {
  const row = S << 3;
  const whole = row & ~15;
  const next = stride << 3;
  A += first * row;
  for (let from: usize = 0; from < n; from += chunk, starts += E * row) {
    const count = min(chunk, n - from);
    for (let e: usize = 0; e < channels; e++) {
      const decay = A + e * row;
      const after = starts + (E + first + e) * row;
      let before = starts + (first + e) * row;
      let at = (from * stride + first + e) << 3;
      let B = BC + ((from * width) << 3);
      for (let t: usize = 0; t < count; t++, at += next, B += width << 3) {
        const C = B + row;
        const size = v128.load64_splat(step + at);
        const written = f64x2.mul(size, v128.load64_splat(v + at));
        let read = f64x2.splat(0);
        let sum = f64x2.splat(0);
        let s: usize = 0;
        for (; s < whole; s += 16) {
          const own = scanned(size, written, decay + s, B + s, before + s, after + s, 2);
          read = madd(own, v128.load(C + s), read);
          sum = madd(own, own, sum);
        }
        if (s < row) {
          const own = scanned(size, written, decay + s, B + s, before + s, after + s, 1);
          read = madd(own, load(C + s, 1), read);
          sum = madd(own, own, sum);
        }
        before = after;
        const sums = squares + ((from + t) << 3);
        f64.store(sums, f64.load(sums) + sumOfLanes(sum));
        f64.store(y + at, sumOfLanes(read));
      }
    }
  }
}

/** Leaves states of `lanes` numbers, which it returns. */
@inline
function scanned(size: v128, written: v128, decay: usize, B: usize, before: usize, after: usize, lanes: usize): v128 {
  const factor = expOfNegative64(f64x2.mul(size, load(decay, lanes)));
  const own = madd(factor, load(before, lanes), f64x2.mul(written, load(B, lanes)));
  store(after, own, lanes);
  return own;
}

/**
 * The same of n steps with all that it goes through kept, of one channel. @param even whether S is
 * @param factors [n, S], out: f  @param h [n + 1, S], in: its first row; out: the others
 */
@inline
function replay(
  even: bool, n: usize, S: usize, next: usize, width: usize, decay: usize, B: usize, step: usize, v: usize, factors: usize, h: usize,
): void {
  const row = S << 3;
  for (let t: usize = 0; t < n; t++, step += next, v += next, B += width << 3) {
    const size = v128.load64_splat(step);
    const written = f64x2.mul(size, v128.load64_splat(v));
    for (let s: usize = 0; s < row; s += 16) {
      const lanes: usize = even ? 2 : min<usize>(2, (row - s) >> 3);
      const factor = expOfNegative64(f64x2.mul(size, load(decay + s, lanes)));
      store(factors + s, factor, lanes);
      store(h + row + s, madd(factor, load(h + s, lanes), f64x2.mul(written, load(B + s, lanes))), lanes);
    }
    factors += row;
    h += row;
  }
}

/** All factors and states of n steps. @param factors [n, E, S]  @param h [n + 1, E, S], in: its first row */
export function mambaStates64(
  n: usize, E: usize, S: usize, width: usize, A: usize, BC: usize, step: usize, v: usize, factors: usize, h: usize,
): void {
  const row = S << 3;
  const state = E * row;
  for (let t: usize = 0; t < n; t++, BC += width << 3) {
    let decay = A;
    for (let e: usize = 0; e < E; e++, step += 8, v += 8, decay += row, factors += row, h += row) {
      const size = v128.load64_splat(step);
      const written = f64x2.mul(size, v128.load64_splat(v));
      for (let s: usize = 0; s < row; s += 16) {
        const lanes = min<usize>(2, (row - s) >> 3);
        const factor = expOfNegative64(f64x2.mul(size, load(decay + s, lanes)));
        store(factors + s, factor, lanes);
        store(h + state + s, madd(factor, load(h + s, lanes), f64x2.mul(written, load(BC + s, lanes))), lanes);
      }
    }
  }
}

/**
 * Back from step n − 1 to step `last`, of the channels `first` … `first + channels − 1`, all at one scale; each chunk of steps is computed again from its start.
 * @param BC, step, v, dY of step 0, as above  @param starts [chunks, E, S]: h before every chunk
 * @param scale of `above`, what comes from step n, [E, S]  @param below [E, S], out: ∂ℓ/∂h before step `last`
 * @param dV as step: += Δ ⊙ (δ B)  @param dStep likewise, out: ∂ℓ/∂Δ  @param dBC [n, 2 S]: += ∂ℓ/∂B, ∂ℓ/∂C
 * @param dA [E, S]: += A's share, times A; 0 where it is not wanted  @param squares [n, 2]: += Σ δ_t² and Σ (∂ℓ/∂h_{t−1})²
 * @param room (2 chunk + 1) S numbers
 */
export function mambaScanBack64(
  n: usize, last: usize, chunk: usize, E: usize, S: usize, width: usize, stride: usize, first: usize, channels: usize, A: usize, BC: usize,
  step: usize, v: usize, dY: usize, starts: usize, scale: f64, above: usize, below: usize, dV: usize, dStep: usize, dBC: usize, dA: usize,
  squares: usize, room: usize,
): void {
  if (S & 1)
    scanBack(
      false, n, last, chunk, E, S, width, stride, first, channels, A, BC, step, v, dY, starts, scale, above, below, dV, dStep, dBC, dA, squares, room,
    );
  else
    scanBack(
      true, n, last, chunk, E, S, width, stride, first, channels, A, BC, step, v, dY, starts, scale, above, below, dV, dStep, dBC, dA, squares, room,
    );
}

@inline
function scanBack(
  even: bool, n: usize, last: usize, chunk: usize, E: usize, S: usize, width: usize, stride: usize, first: usize, channels: usize, A: usize,
  BC: usize, step: usize, v: usize, dY: usize, starts: usize, scale: f64, above: usize, below: usize, dV: usize, dStep: usize, dBC: usize,
  dA: usize, squares: usize, room: usize,
): void {
  const row = S << 3;
  const next = stride << 3;
  const factors = room;
  const h = room + chunk * row;
  for (let end = n; end > last; ) {
    const begin = ((end - 1) / chunk) * chunk;
    const lowest = max(begin, last);
    const start = starts + (begin / chunk) * E * row;
    for (let e = first; e < first + channels; e++) {
      const decay = A + e * row;
      const own = below + e * row;
      const at = (begin * stride + e) << 3;
      memory.copy(h, start + e * row, row);
      replay(even, end - begin, S, next, width, decay, BC + ((begin * width) << 3), step + at, v + at, factors, h);
      let from = end === n ? above + e * row : own;
      let scales = f64x2.splat(end === n ? scale : 1);
      for (let t = end; t-- > lowest; ) {
        backStep(
          even, S, decay, BC + ((t * width) << 3), (t * stride + e) << 3, step, v, dY, factors + (t - begin) * row, h + (t - begin) * row, scales, from, own,
          dV, dStep, dBC + 2 * t * row, dA ? dA + e * row : 0, squares + (t << 4),
        );
        from = own;
        scales = f64x2.splat(1);
      }
    }
    end = lowest;
  }
}

/** One step of one channel. @param at its place in rows of channels  @param factors, h [S]: h is followed by the state after the step  @param from [S], what comes from there */
@inline
function backStep(
  even: bool, S: usize, decay: usize, B: usize, at: usize, step: usize, v: usize, dY: usize, factors: usize, h: usize, scales: v128, from: usize, below: usize,
  dV: usize, dStep: usize, dBC: usize, dA: usize, squares: usize,
): void {
  const row = S << 3;
  const dy = v128.load64_splat(dY + at);
  const size = v128.load64_splat(step + at);
  const written = f64x2.mul(size, v128.load64_splat(v + at));
  let sum = f64x2.splat(0);
  let sumBelow = f64x2.splat(0);
  let q = f64x2.splat(0);
  let through = f64x2.splat(0);
  for (let s: usize = 0; s < row; s += 16) {
    const lanes: usize = even ? 2 : min<usize>(2, (row - s) >> 3);
    const d = madd(dy, load(B + row + s, lanes), f64x2.mul(scales, load(from + s, lanes)));
    const kept = f64x2.mul(d, load(factors + s, lanes));
    const ofFactor = f64x2.mul(f64x2.mul(kept, load(h + s, lanes)), load(decay + s, lanes));
    sum = madd(d, d, sum);
    sumBelow = madd(kept, kept, sumBelow);
    q = madd(d, load(B + s, lanes), q);
    through = f64x2.add(through, ofFactor);
    store(dBC + s, madd(d, written, load(dBC + s, lanes)), lanes);
    store(dBC + row + s, madd(dy, load(h + row + s, lanes), load(dBC + row + s, lanes)), lanes);
    store(below + s, kept, lanes);
    if (dA) store(dA + s, madd(ofFactor, size, load(dA + s, lanes)), lanes);
  }
  const all = sumOfLanes(q);
  f64.store(dV + at, f64.load(dV + at) + f64.load(step + at) * all);
  f64.store(dStep + at, f64.load(v + at) * all + sumOfLanes(through));
  f64.store(squares, f64.load(squares) + sumOfLanes(sum));
  f64.store(squares, f64.load(squares, 8) + sumOfLanes(sumBelow), 8);
}

/** The convolution, n steps. @param out [n, E], += Σ_k taps_k ⊙ u_{t−k}  @param taps [K, E]  @param u [n, E], `stride` numbers from row to row */
export function convolve64(n: usize, E: usize, K: usize, out: usize, taps: usize, u: usize, stride: usize): void {
  for (let t: usize = 0; t < n; t++)
    for (let k: usize = 0; k < K && k <= t; k++)
      addProducts64(out + ((t * E) << 3), 1, taps + ((k * E) << 3), u + (((t - k) * stride) << 3), E);
}

/**
 * Back through it: what the steps t … say of u_t, u_{t−1}, …  @param out [K − 1, E]  @param taps [K, E]  @param row of step t, [rows, E]
 * @param rows of the steps from t on that there are, at most K  @param factors [K] of these rows
 */
export function convolveBack64(E: usize, K: usize, out: usize, taps: usize, row: usize, rows: usize, factors: usize): void {
  memory.fill(out, 0, ((K - 1) * E) << 3);
  for (let i: usize = 0; i < K - 1; i++)
    for (let later: usize = 0; later + i < K && later < rows; later++) {
      const factor = f64.load(factors + (later << 3));
      if (factor !== 0) addProducts64(out + ((i * E) << 3), factor, taps + (((later + i) * E) << 3), row + ((later * E) << 3), E);
    }
}
