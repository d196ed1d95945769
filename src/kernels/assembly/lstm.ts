/**
 * One step of an LSTM backward:  c_t = f ⊙ c_{t−1} + i ⊙ g,  h_t = o ⊙ tanh(c_t).
 *   ∂L/∂c_t = (through c_{t+1}) + ∂L/∂h_t ⊙ o ⊙ (1 − tanh² c_t)
 *   ∂L/∂a = ∂L/∂gate ⊙ gate′,  σ′ = σ(1 − σ),  tanh′ = 1 − g²
 *   ∂L/∂c_{t−1} = ∂L/∂c_t ⊙ f
 */
import { expOfNegative, load, rest, store, times } from './lanes';

/**
 * States and gates are [B, H].
 * @param dh ∂L/∂h_t
 * @param dc in: what comes through c_{t+1}; out: ∂L/∂c_{t−1}
 * @param dcTotal out: ∂L/∂c_t
 * @param out ∂L/∂a, [B, 4·H], gates side by side in the order i o f g
 */
export function lstmBackward(
  B: u32, H: u32, inputGate: usize, outputGate: usize, forgetGate: usize, candidate: usize,
  before: usize, after: usize, dh: usize, dc: usize, dcTotal: usize, out: usize,
): void {
  const block = (<usize>H) << 2;
  for (let b: u32 = 0; b < B; b++) {
    for (let u: u32 = 0; u < H; u += 4) {
      const lanes = H - u;
      const at = (<usize>(b * H + u)) << 2;
      const i = load(inputGate + at, lanes);
      const o = load(outputGate + at, lanes);
      const f = load(forgetGate + at, lanes);
      const g = load(candidate + at, lanes);
      const d = load(dh + at, lanes);
      const c = load(after + at, lanes);
      // e = e^(−2|c|):  |tanh c| = (1 − e)/(1 + e),  1 − tanh² c = 4e/(1 + e)², to the last digits even where tanh is saturated
      const e = expOfNegative(times(f32x4.abs(c), f32x4.splat(-2)));
      const sum = f32x4.add(f32x4.splat(1), e);
      const slope = f32x4.div(times(f32x4.splat(4), e), times(sum, sum));
      const tanhC = tanhOf(c, e, sum);
      const dct = f32x4.add(load(dc + at, lanes), times(times(d, o), slope));
      store(dcTotal + at, dct, lanes);
      store(dc + at, times(dct, f), lanes);
      const to = out + ((<usize>(b * 4 * H + u)) << 2);
      store(to, times(times(dct, g), times(i, rest(i))), lanes);
      store(to + block, times(times(d, tanhC), times(o, rest(o))), lanes);
      store(to + 2 * block, times(times(dct, load(before + at, lanes)), times(f, rest(f))), lanes);
      store(to + 3 * block, times(times(dct, i), rest(times(g, g))), lanes);
    }
  }
}

/** tanh c; for small c, where 1 − e cancels, by Cephes' polynomial in c². */
function tanhOf(c: v128, e: v128, sum: v128): v128 {
  const z = times(c, c);
  let p = f32x4.splat(-5.70498872745e-3);
  p = f32x4.add(times(p, z), f32x4.splat(2.06390887954e-2));
  p = f32x4.add(times(p, z), f32x4.splat(-5.37397155531e-2));
  p = f32x4.add(times(p, z), f32x4.splat(1.33314422036e-1));
  p = f32x4.add(times(p, z), f32x4.splat(-3.33332819422e-1));
  const small = f32x4.add(c, times(c, times(z, p)));
  const size = f32x4.div(rest(e), sum);
  const sign = v128.and(c, i32x4.splat(<i32>0x80000000));
  return v128.bitselect(small, v128.or(size, sign), f32x4.lt(f32x4.abs(c), f32x4.splat(0.625)));
}

/** c_t = f ⊙ c_{t−1} + i ⊙ g, `size` units; `before` and `after` are states one step apart. */
export function lstmCells(size: u32, inputGate: usize, forgetGate: usize, candidate: usize, before: usize, after: usize): void {
  for (let k: u32 = 0; k < size; k += 4) {
    const at = (<usize>k) << 2;
    const lanes = size - k;
    const kept = times(load(forgetGate + at, lanes), load(before + at, lanes));
    store(after + at, f32x4.add(kept, times(load(inputGate + at, lanes), load(candidate + at, lanes))), lanes);
  }
}
