/**
 * The selective state space layer in float64, of one stream, between its products. Channel by channel and number by number of the state, which lie side by side:
 *   h_t = f ⊙ h_{t−1} + (Δ ⊙ v) Bᵀ,  f = exp(Δ A),  y = h_t C
 * and back, with δ_t = ∂ℓ/∂h_t, as in mambaBackward.ts. Two numbers of a channel's state side by side; rows of E channels, or of E · S numbers.
 */
import { expOfNegative64 } from './functions64';
import { load, madd, store, sumOfLanes } from './lanes64';

/**
 * n steps. @param A [E, S]  @param BC of the first step: B [S], C [S] behind it, `width` numbers from row to row  @param step, v [n, E]
 * @param factors [n, E, S], out: f  @param h [n + 1, E, S], in: its first row; out: the others  @param y [n, E], out  @param squares [n], out: Σ h²
 */
export function mambaScan64(
  n: usize, E: usize, S: usize, width: usize, A: usize, BC: usize, step: usize, v: usize, factors: usize, h: usize, y: usize, squares: usize,
): void {
  const row = S << 3;
  const whole = row & ~15;
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
      for (; s < whole; s += 16) {
        const own = scanned(size, written, decay + s, BC + s, factors + s, h + s, state, 2);
        read = madd(own, v128.load(C + s), read);
        sum = madd(own, own, sum);
      }
      if (s < row) {
        const own = scanned(size, written, decay + s, BC + s, factors + s, h + s, state, 1);
        read = madd(own, load(C + s, 1), read);
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

/** Leaves factors and states of `lanes` numbers, which it returns. */
@inline
function scanned(size: v128, written: v128, decay: usize, B: usize, factors: usize, h: usize, state: usize, lanes: usize): v128 {
  const factor = expOfNegative64(f64x2.mul(size, load(decay, lanes)));
  const own = madd(factor, load(h, lanes), f64x2.mul(written, load(B, lanes)));
  store(factors, factor, lanes);
  store(h + state, own, lanes);
  return own;
}

/**
 * One step back. @param BC as above, of the step  @param step, v, dY [E]  @param factors [E, S]  @param h [2, E, S]: before the step and after it
 * @param scale of `above`, what comes from the step after, [E, S]  @param below [E, S], out: ∂ℓ/∂h_{t−1}
 * @param dV [E]: += Δ ⊙ (δ B)  @param dStep [E], out: ∂ℓ/∂Δ  @param dBC [2 S], out: ∂ℓ/∂B, ∂ℓ/∂C
 * @param dA [E, S]: += A's share, times A; 0 where it is not wanted  @param squares [2], out: Σ δ_t² and Σ (∂ℓ/∂h_{t−1})²
 */
export function mambaScanBack64(
  E: usize, S: usize, A: usize, BC: usize, step: usize, v: usize, dY: usize, factors: usize, h: usize, scale: f64, above: usize, below: usize,
  dV: usize, dStep: usize, dBC: usize, dA: usize, squares: usize,
): void {
  const row = S << 3;
  const state = E * row;
  const C = BC + row;
  const scales = f64x2.splat(scale);
  memory.fill(dBC, 0, row << 1);
  let sum = f64x2.splat(0);
  let sumBelow = f64x2.splat(0);
  for (let e: usize = 0; e < E; e++, step += 8, v += 8, dY += 8, dV += 8, dStep += 8) {
    const dy = v128.load64_splat(dY);
    const size = v128.load64_splat(step);
    const written = f64x2.mul(size, v128.load64_splat(v));
    let q = f64x2.splat(0);
    let through = f64x2.splat(0);
    for (let s: usize = 0; s < row; s += 16, A += 16, factors += 16, h += 16, above += 16, below += 16) {
      const lanes = min<usize>(2, (row - s) >> 3);
      const d = madd(dy, load(C + s, lanes), f64x2.mul(scales, load(above, lanes)));
      const kept = f64x2.mul(d, load(factors, lanes));
      const ofFactor = f64x2.mul(f64x2.mul(kept, load(h, lanes)), load(A, lanes));
      sum = madd(d, d, sum);
      sumBelow = madd(kept, kept, sumBelow);
      q = madd(d, load(BC + s, lanes), q);
      through = f64x2.add(through, ofFactor);
      store(dBC + s, madd(d, written, load(dBC + s, lanes)), lanes);
      store(dBC + row + s, madd(dy, load(h + state, lanes), load(dBC + row + s, lanes)), lanes);
      store(below, kept, lanes);
      if (dA) {
        store(dA, madd(ofFactor, size, load(dA, lanes)), lanes);
        dA += 16;
      }
    }
    if (S & 1) {
      A -= 8;
      factors -= 8;
      h -= 8;
      above -= 8;
      below -= 8;
      if (dA) dA -= 8;
    }
    const all = sumOfLanes(q);
    f64.store(dV, f64.load(dV) + f64.load(step) * all);
    f64.store(dStep, f64.load(v) * all + sumOfLanes(through));
  }
  f64.store(squares, sumOfLanes(sum));
  f64.store(squares, sumOfLanes(sumBelow), 8);
}
