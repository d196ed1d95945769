/**
 * One step of a GRU backward:  n = tanh(a_n + r ⊙ q),  h_t = (1 − z) ⊙ n + z ⊙ h_{t−1}.
 *   ∂L/∂n = ∂L/∂h ⊙ (1 − z),  ∂L/∂z = ∂L/∂h ⊙ (h_{t−1} − n),  ∂L/∂r = ∂L/∂a_n ⊙ q,  ∂L/∂q = ∂L/∂a_n ⊙ r
 */
import { load, rest, store, times } from './lanes';

/**
 * States and gates are [B, H].
 * @param before h_{t−1}  @param dh ∂L/∂h_t
 * @param input out: gradient of the pre-activations as W sees it, [B, 3·H], gates side by side in the order z r n
 * @param recurrent out: as R sees it, the same but for the candidate, which the reset gate stands before
 * @param previous out: the part of ∂L/∂h_{t−1} that passes through z
 */
export function gruBackward(
  B: u32, H: u32, updateGate: usize, resetGate: usize, candidate: usize, recurrentCandidate: usize,
  before: usize, dh: usize, input: usize, recurrent: usize, previous: usize,
): void {
  const block = (<usize>H) << 2;
  for (let b: u32 = 0; b < B; b++) {
    for (let u: u32 = 0; u < H; u += 4) {
      const lanes = H - u;
      const at = (<usize>(b * H + u)) << 2;
      const z = load(updateGate + at, lanes);
      const r = load(resetGate + at, lanes);
      const n = load(candidate + at, lanes);
      const d = load(dh + at, lanes);
      const an = times(times(d, rest(z)), rest(times(n, n)));
      const az = times(times(d, f32x4.sub(load(before + at, lanes), n)), times(z, rest(z)));
      const ar = times(times(an, load(recurrentCandidate + at, lanes)), times(r, rest(r)));
      const to = (<usize>(b * 3 * H + u)) << 2;
      store(input + to, az, lanes);
      store(input + to + block, ar, lanes);
      store(input + to + 2 * block, an, lanes);
      store(recurrent + to, az, lanes);
      store(recurrent + to + block, ar, lanes);
      store(recurrent + to + 2 * block, times(an, r), lanes);
      store(previous + at, times(d, z), lanes);
    }
  }
}
