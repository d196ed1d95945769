/**
 * One step of a vanilla RNN backward, h_t = φ(a):  ∂L/∂a = ∂L/∂h_t ⊙ φ′(a),  tanh′ = 1 − h²,  relu′ = [h > 0].
 * @param size B·H  @param hidden h_t  @param dh ∂L/∂h_t  @param out ∂L/∂a
 */
import { load, rest, store, times } from './lanes';

export function rnnBackward(size: u32, relu: bool, hidden: usize, dh: usize, out: usize): void {
  for (let i: u32 = 0; i < size; i += 4) {
    const at = (<usize>i) << 2;
    const lanes = size - i;
    const h = load(hidden + at, lanes);
    const d = load(dh + at, lanes);
    const positive = v128.and(d, f32x4.gt(h, f32x4.splat(0)));
    store(out + at, relu ? positive : times(d, rest(times(h, h))), lanes);
  }
}
