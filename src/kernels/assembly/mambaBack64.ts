/**
 * Back through the scan of mamba64.ts, with δ_t = ∂ℓ/∂h_t:
 *   δ_t = ∂ℓ/∂y_t Cᵀ + f_{t+1} ⊙ δ_{t+1},  ∂ℓ/∂v = D ⊙ ∂ℓ/∂y + Δ ⊙ (δ B),  ∂ℓ/∂Δ = v ⊙ (δ B) + Σ_s (f ⊙ h_{t−1} ⊙ A ⊙ δ),
 *   ∂ℓ/∂B = Σ_e Δ v δ,  ∂ℓ/∂C = Σ_e ∂ℓ/∂y h
 * What goes back can leave float64 within a few steps, either way, so the rows of a step are at a scale of their own, a power of two: that at which what comes from
 * above or what comes from the step after, the greater, is about one. States and factors of a chunk of steps are computed again, from the state before it.
 */
import { load, madd, store, sumOfLanes } from './lanes64';
import { mambaReplay64 } from './mamba64';

/**
 * The steps `last` … 0 of `channels` from `first` on. @param n steps of a chunk  @param truncate k2, 0 for none: nothing comes to step t from t + 1 where that is a multiple of it
 * @param A [E, S]  @param BC of step 0, `width` numbers from row to row: B [S], C [S]  @param step, v [T, E]  @param D [E]
 * @param dY [last + 1, E], at scales: times factorsY 2^scalesY, [last + 1] each; a scale of −∞ where nothing comes from above, whose row is zeros
 * @param starts [chunks, E, S]  @param room [n, channels, S] + [n + 1, channels, S] + 2 · [channels, S] + [channels], at least two
 * @param dV, dStep [last + 1, E], out  @param dBC [last + 1, 2 S], out: of these channels; all three zeros where nothing has come
 * @param dA [E, S]: += A's share, times A, at scale 0; 0 where it is not wanted
 * @param lengths, scales [last + 1], out: ‖δ_t‖ of these channels, and the step's scale; −∞ where nothing has come
 */
export function mambaScanBack64(
  last: usize, first: usize, channels: usize, E: usize, S: usize, width: usize, n: usize, truncate: usize, A: usize, BC: usize, step: usize, v: usize, D: usize,
  dY: usize, factorsY: usize, scalesY: usize, starts: usize, room: usize, dV: usize, dStep: usize, dBC: usize, dA: usize, lengths: usize, scales: usize,
): void {
  const row = S << 3;
  const own = channels * row;
  const ofStep = E << 3;
  const atChannel = first << 3;
  const factors = room;
  const h = factors + n * own;
  let above = h + (n + 1) * own;
  let below = above + own;
  const y = below + own;
  // Nobody needs y here.
  const squares = y;
  const decays = A + first * row;
  // Of what comes from the step after: the scale that it is kept at, and that at which it is about one.
  let kept = 0.0;
  let carried = -Infinity;
  let chunk: usize = usize.MAX_VALUE;
  for (let t = <isize>last; t >= 0; t--) {
    const at = <usize>t * ofStep + atChannel;
    const at8 = <usize>t << 3;
    const sums = dBC + <usize>t * (row << 1);
    memory.fill(sums, 0, row << 1);
    if (truncate > 0 && (<usize>t + 1) % truncate === 0) carried = -Infinity;
    const arriving = f64.load(scalesY + at8);
    const scale = max<f64>(carried, arriving);
    f64.store(scales + at8, scale);
    if (scale === -Infinity) {
      f64.store(lengths + at8, 0);
      memory.fill(dV + at, 0, channels << 3);
      memory.fill(dStep + at, 0, channels << 3);
      continue;
    }
    const needed = <usize>t / n;
    if (needed !== chunk) {
      chunk = needed;
      const from = chunk * n;
      memory.copy(h, starts + chunk * E * row + first * row, own);
      const steps = min<usize>(n, last + 1 - from);
      const begin = from * ofStep;
      mambaReplay64(steps, first, channels, E, S, width, A, BC + ((from * width) << 3), step + begin, v + begin, factors, h, y);
    }
    const place = (<usize>t - chunk * n) * own;
    const ofY = f64.load(factorsY + at8) * powerOfTwo(arriving - scale);
    if (carried === -Infinity) memory.fill(above, 0, own);
    const ofAbove = carried === -Infinity ? 0 : powerOfTwo(kept - scale);
    const rows = BC + ((<usize>t * width) << 3);
    stepBack(
      channels, row, decays, rows, step + at, v + at, D + atChannel, ofY, dY + at, factors + place, h + place, ofAbove, above, below, dV + at, dStep + at, sums,
      dA ? dA + first * row : 0, powerOfTwo(scale), squares,
    );
    const sum = f64.load(squares);
    f64.store(lengths + at8, isSafe(sum) ? Math.sqrt(sum) : lengthOfGradient(channels, row, rows + row, ofY, dY + at, ofAbove, above));
    kept = scale;
    carried = scale + exponentOf(f64.load(squares, 8), below, own);
    const read = above;
    above = below;
    below = read;
  }
}

/**
 * One step back. @param BC of the step  @param step, v, D, dY, dV, dStep [channels]  @param A, factors, above, below, dA [channels, S]  @param h [2, channels, S]: before the step and
 * after it  @param ofY, ofAbove bring dY and `above`, what comes from the step after, to the step's scale  @param below out: ∂ℓ/∂h_{t−1}  @param dBC [2 S], +=
 * @param toPlain brings what is found to scale 0  @param squares [2], out: Σ δ_t² and Σ (∂ℓ/∂h_{t−1})²
 */
function stepBack(
  channels: usize, row: usize, A: usize, BC: usize, step: usize, v: usize, D: usize, ofY: f64, dY: usize, factors: usize, h: usize, ofAbove: f64, above: usize, below: usize,
  dV: usize, dStep: usize, dBC: usize, dA: usize, toPlain: f64, squares: usize,
): void {
  const whole = row & ~15;
  const state = channels * row;
  const C = BC + row;
  const scales = f64x2.splat(ofAbove);
  let sum = f64x2.splat(0);
  let sumBelow = f64x2.splat(0);
  for (let e: usize = 0; e < channels; e++, step += 8, v += 8, D += 8, dY += 8, dV += 8, dStep += 8) {
    const own = ofY * f64.load(dY);
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
      const sizes = f64x2.splat(size * toPlain);
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

/** Whether a sum of squares has lost nothing that counts. */
@inline
function isSafe(squares: f64): bool {
  return squares > 1e-270 && squares < 1e270;
}

/** ‖δ_t‖ where its squares leave float64. */
function lengthOfGradient(channels: usize, row: usize, C: usize, ofY: f64, dY: usize, ofAbove: f64, above: usize): f64 {
  let largest = 0.0;
  for (let e: usize = 0, from = above; e < channels; e++, from += row)
    for (let s: usize = 0; s < row; s += 8)
      largest = max<f64>(largest, abs<f64>(ofY * f64.load(dY + (e << 3)) * f64.load(C + s) + ofAbove * f64.load(from + s)));
  if (!(largest > 0 && largest < Infinity)) return largest;
  let sum = 0.0;
  for (let e: usize = 0, from = above; e < channels; e++, from += row)
    for (let s: usize = 0; s < row; s += 8) {
      const part = (ofY * f64.load(dY + (e << 3)) * f64.load(C + s) + ofAbove * f64.load(from + s)) / largest;
      sum += part * part;
    }
  return largest * Math.sqrt(sum);
}

/** n with about 2ⁿ = ‖values‖; −∞ of zeros, and 0 of what is not finite. @param bytes of the values */
function exponentOf(squares: f64, values: usize, bytes: usize): f64 {
  if (isSafe(squares)) return Math.floor(exponentOfNumber(squares) / 2);
  let largest = 0.0;
  for (const end = values + bytes; values < end; values += 8) largest = max<f64>(largest, abs<f64>(f64.load(values)));
  if (largest < 2.2250738585072014e-308) return -Infinity;
  return largest < Infinity ? exponentOfNumber(largest) : 0;
}

@inline
function exponentOfNumber(x: f64): f64 {
  return <f64>(<i32>((reinterpret<u64>(x) >> 52) & 0x7ff) - 1023);
}

/** 2ⁿ of a whole number n; 0 where that is no normal number. */
@inline
function powerOfTwo(n: f64): f64 {
  if (n < -1022) return 0;
  return n > 1023 ? Infinity : reinterpret<f64>(<u64>(<i64>n + 1023) << 52);
}
