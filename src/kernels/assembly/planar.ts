/** One step with every gate in an array of its own: the equations of lstm.ts and gru.ts in the layout of ONNX Runtime's outputs. */
import { doubledAndNegative, expm1OfRest, powerOfTwo, slopeFrom, tanhFrom, wholeLogarithms } from './functions';
import { bytesOf, load, rest, store, times } from './lanes';

/**
 * States and gates are [B, H].
 * @param dh ∂L/∂h_t
 * @param dc in: what comes through c_{t+1}; out: ∂L/∂c_{t−1}
 * @param dcTotal out: ∂L/∂c_t
 * @param out ∂L/∂a, [B, 4·H], gates side by side in the order i o f g
 */
export function lstmCellBack(
  B: usize, H: usize, inputGate: usize, outputGate: usize, forgetGate: usize, candidate: usize,
  before: usize, after: usize, dh: usize, dc: usize, dcTotal: usize, out: usize,
): void {
  const block = bytesOf(H);
  for (let b: usize = 0; b < B; b++) {
    for (let u: usize = 0; u < H; u += 4) {
      const lanes = H - u;
      const at = bytesOf(b * H + u);
      const i = load(inputGate + at, lanes);
      const o = load(outputGate + at, lanes);
      const f = load(forgetGate + at, lanes);
      const g = load(candidate + at, lanes);
      const d = load(dh + at, lanes);
      const c = load(after + at, lanes);
      const y = doubledAndNegative(c);
      const n = wholeLogarithms(y);
      const p = expm1OfRest(y, n);
      const scale = powerOfTwo(n);
      const slope = slopeFrom(p, scale);
      const tanhC = tanhFrom(c, p, scale);
      const dct = f32x4.add(load(dc + at, lanes), times(times(d, o), slope));
      store(dcTotal + at, dct, lanes);
      store(dc + at, times(dct, f), lanes);
      const to = out + (bytesOf(b * 4 * H + u));
      store(to, times(times(dct, g), times(i, rest(i))), lanes);
      store(to + block, times(times(d, tanhC), times(o, rest(o))), lanes);
      store(to + 2 * block, times(times(dct, load(before + at, lanes)), times(f, rest(f))), lanes);
      store(to + 3 * block, times(times(dct, i), rest(times(g, g))), lanes);
    }
  }
}

/** c_t = f ⊙ c_{t−1} + i ⊙ g, `size` units; `before` and `after` are states one step apart. */
export function lstmCells(size: usize, inputGate: usize, forgetGate: usize, candidate: usize, before: usize, after: usize): void {
  for (let k: usize = 0; k < size; k += 4) {
    const at = bytesOf(k);
    const lanes = size - k;
    const kept = times(load(forgetGate + at, lanes), load(before + at, lanes));
    store(after + at, f32x4.add(kept, times(load(inputGate + at, lanes), load(candidate + at, lanes))), lanes);
  }
}

/**
 * States and gates are [B, H].
 * @param before h_{t−1}  @param dh ∂L/∂h_t
 * @param input out: gradient of the pre-activations as W sees it, [B, 3·H], gates side by side in the order z r n
 * @param recurrent out: as R sees it, the same but for the candidate, which the reset gate stands before
 * @param previous out: the part of ∂L/∂h_{t−1} that passes through z
 */
export function gruCellBack(
  B: usize, H: usize, updateGate: usize, resetGate: usize, candidate: usize, recurrentCandidate: usize,
  before: usize, dh: usize, input: usize, recurrent: usize, previous: usize,
): void {
  const block = bytesOf(H);
  for (let b: usize = 0; b < B; b++) {
    for (let u: usize = 0; u < H; u += 4) {
      const lanes = H - u;
      const at = bytesOf(b * H + u);
      const z = load(updateGate + at, lanes);
      const r = load(resetGate + at, lanes);
      const n = load(candidate + at, lanes);
      const d = load(dh + at, lanes);
      const an = times(times(d, rest(z)), rest(times(n, n)));
      const az = times(times(d, f32x4.sub(load(before + at, lanes), n)), times(z, rest(z)));
      const ar = times(times(an, load(recurrentCandidate + at, lanes)), times(r, rest(r)));
      const to = bytesOf(b * 3 * H + u);
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
