/**
 * The selective state space layer in float64, of one stream, between its products. Channel by channel and number by number of the state, which lie side by side:
 *   h_t = f ⊙ h_{t−1} + (Δ ⊙ v) Bᵀ,  f = exp(Δ A),  y = h_t C
 * and back, with δ_t = ∂ℓ/∂h_t, as in mambaBackward.ts. Two numbers of a channel's state side by side; rows of E channels, or of E · S numbers.
 */
import { expOfNegative64, storeExpsOfNegative64 } from './functions64';
import { load, madd, store, sumOfLanes } from './lanes64';

/**
 * n steps. @param A [E, S]  @param BC of the first step: B [S], C [S] behind it, `width` numbers from row to row  @param step, v [n, E]
 * @param factors [n, E, S], out: f  @param h [n + 1, E, S], in: its first row; out: the others  @param y [n, E], out  @param squares [n], out: Σ h²
 */
export function mambaScan64(
  n: usize, E: usize, S: usize, width: usize, A: usize, BC: usize, step: usize, v: usize, factors: usize, h: usize, y: usize, squares: usize,
): void {
  const row = S << 3;
  const inFours = row & ~31;
  const state = E * row;
  for (let t: usize = 0; t < n; t++, BC += width << 3, squares += 8) {
    const C = BC + row;
    let decay = A;
    let sum = f64x2.splat(0);
    for (let e: usize = 0; e < E; e++, step += 8, v += 8, y += 8) {
      const size = v128.load64_splat(step);
      const written = f64x2.mul(size, v128.load64_splat(v));
      let read = f64x2.splat(0);
      let s: usize = 0;
      for (; s < inFours; s += 32)
        storeExpsOfNegative64(factors + s, f64x2.mul(size, v128.load(decay + s)), f64x2.mul(size, v128.load(decay + s, 16)));
      for (; s < row; s += 16) {
        const lanes = (row - s) >> 3;
        store(factors + s, expOfNegative64(f64x2.mul(size, load(decay + s, lanes))), lanes);
      }
      for (s = 0; s < inFours; s += 16) {
        const own = madd(v128.load(factors + s), v128.load(h + s), f64x2.mul(written, v128.load(BC + s)));
        v128.store(h + state + s, own);
        read = madd(own, v128.load(C + s), read);
        sum = madd(own, own, sum);
      }
      for (; s < row; s += 16) {
        const lanes = (row - s) >> 3;
        const own = madd(load(factors + s, lanes), load(h + s, lanes), f64x2.mul(written, load(BC + s, lanes)));
        store(h + state + s, own, lanes);
        read = madd(own, load(C + s, lanes), read);
        sum = madd(own, own, sum);
      }
      decay += row;
      factors += row;
      h += row;
      f64.store(y, sumOfLanes(read));
    }
    f64.store(squares, sumOfLanes(sum));
  }
}

/**
 * One step back. @param BC as above, of the step  @param step, v, D, dY [E]  @param factors [E, S]  @param h [2, E, S]: before the step and after it
 * @param scaleY of dY  @param scale of `above`, what comes from the step after, [E, S]  @param below [E, S], out: ∂ℓ/∂h_{t−1}
 * @param dV [E], out: D ⊙ ∂ℓ/∂y + Δ ⊙ (δ B)  @param dStep [E], out: ∂ℓ/∂Δ  @param dBC [2 S], out: ∂ℓ/∂B, ∂ℓ/∂C
 * @param dA [E, S]: += A's share, times A; 0 where it is not wanted  @param squares [2], out: Σ δ_t² and Σ (∂ℓ/∂h_{t−1})²
 */
export function mambaScanBack64(
  E: usize, S: usize, A: usize, BC: usize, step: usize, v: usize, D: usize, scaleY: f64, dY: usize, factors: usize, h: usize, scale: f64, above: usize,
  below: usize, dV: usize, dStep: usize, dBC: usize, dA: usize, squares: usize,
): void {
  const row = S << 3;
  const whole = row & ~15;
  const state = E * row;
  const C = BC + row;
  const scales = f64x2.splat(scale);
  memory.fill(dBC, 0, row << 1);
  let sum = f64x2.splat(0);
  let sumBelow = f64x2.splat(0);
  for (let e: usize = 0; e < E; e++, step += 8, v += 8, D += 8, dY += 8, dV += 8, dStep += 8) {
    const own = scaleY * f64.load(dY);
    const dy = f64x2.splat(own);
    const size = f64.load(step);
    const written = f64x2.splat(size * f64.load(v));
    let q = f64x2.splat(0);
    let through = f64x2.splat(0);
    for (let s: usize = 0; s < whole; s += 16) {
      const d = madd(dy, v128.load(C + s), f64x2.mul(scales, v128.load(above + s)));
      const kept = f64x2.mul(d, v128.load(factors + s));
      sum = madd(d, d, sum);
      sumBelow = madd(kept, kept, sumBelow);
      q = madd(d, v128.load(BC + s), q);
      through = madd(f64x2.mul(kept, v128.load(h + s)), v128.load(A + s), through);
      v128.store(dBC + s, madd(d, written, v128.load(dBC + s)));
      v128.store(dBC + row + s, madd(dy, v128.load(h + state + s), v128.load(dBC + row + s)));
      v128.store(below + s, kept);
    }
    if (whole < row) {
      const s = whole;
      const d = madd(dy, load(C + s, 1), f64x2.mul(scales, load(above + s, 1)));
      const kept = f64x2.mul(d, load(factors + s, 1));
      sum = madd(d, d, sum);
      sumBelow = madd(kept, kept, sumBelow);
      q = madd(d, load(BC + s, 1), q);
      through = madd(f64x2.mul(kept, load(h + s, 1)), load(A + s, 1), through);
      store(dBC + s, madd(d, written, load(dBC + s, 1)), 1);
      store(dBC + row + s, madd(dy, load(h + state + s, 1), load(dBC + row + s, 1)), 1);
      store(below + s, kept, 1);
    }
    if (dA) {
      const sizes = f64x2.splat(size);
      for (let s: usize = 0; s < row; s += 16) {
        const lanes = (row - s) >> 3;
        const ofFactor = f64x2.mul(f64x2.mul(load(below + s, lanes), load(h + s, lanes)), load(A + s, lanes));
        store(dA + s, madd(ofFactor, sizes, load(dA + s, lanes)), lanes);
      }
      dA += row;
    }
    A += row;
    factors += row;
    h += row;
    above += row;
    below += row;
    const all = sumOfLanes(q);
    f64.store(dV, f64.load(D) * own + size * all);
    f64.store(dStep, f64.load(v) * all + sumOfLanes(through));
  }
  f64.store(squares, sumOfLanes(sum));
  f64.store(squares, sumOfLanes(sumBelow), 8);
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
