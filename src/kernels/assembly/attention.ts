/**
 * Causal softmax attention of one head after another (Vaswani et al. 2017), d = D / heads:
 *   a_{τ,t} = softmax over t ≤ τ of q_τ · k_t / √d,  o_τ = Σ_t a_{τ,t} v_t
 * Backward, as in FlashAttention-2 (Dao 2023, arXiv:2307.08691):
 *   ∂v_t = Σ_τ a_{τ,t} ∂o_τ,  ∂a_{τ,t} = ∂o_τ · v_t,  ∂s_{τ,t} = a_{τ,t} (∂a_{τ,t} − ∂o_τ · o_τ) / √d,  ∂q_τ = Σ_t ∂s_{τ,t} k_t,  ∂k_t = Σ_τ ∂s_{τ,t} q_τ
 * Queries go by twelve, and of the keys those that one of the twelve may see: nothing of the upper triangle beyond their own block is computed. Weights are not
 * kept: they are computed again from the row's largest product and the inverse of its sum. A part does the (stream, head) pairs first … first + count − 1, of
 * which number b · heads + head is one; rows (t, b) are t · B + b.
 */
import { zero } from './elements';
import { expOfNegative } from './functions';
import { bytesOf, fma, load, store, storeGradient, times } from './lanes';
import { pack, panelBytes, panelWidth } from './panels';
import { multiplyBlock } from './product';
import { multiplyTransposed } from './transposedProduct';

/** Queries of a block: two times the rows that a product has in registers. */
const block: usize = 12;
const columnsOfBlock: usize = 6;

/** Elements from row to row of a matrix of products: not a power of two, or columns of it would share a few places of the cache. */
@inline
function strideOf(T: usize): usize {
  return ((T + 15) & ~15) + 16;
}

@inline
function panelled(n: usize): usize {
  return (n + panelWidth - 1) & ~(panelWidth - 1);
}

/**
 * @param qkv [T, B, 3·D]: queries, keys, values  @param out [T, B, D]; zero in padding
 * @param tops largest product of each row, [B, heads, T], out  @param inverses 1 / Σ e^((s − largest)/√d), likewise
 * @param scratch the part's own: d·⌈T⌉ + T·⌈d⌉ + 12·(⌈T⌉ + 24) elements, ⌈n⌉ the next multiple of 8
 */
export function attentionForward(
  T: usize, B: usize, D: usize, heads: usize, first: usize, count: usize, lengths: usize,
  qkv: usize, out: usize, tops: usize, inverses: usize, scratch: usize,
): void {
  const d = D / heads;
  const scale = <f32>(1 / Math.sqrt(<f64>d));
  const rows = 3 * B * D;
  const down = bytesOf(rows);
  const right = bytesOf(B * D);
  const stride = strideOf(T);
  const keys = scratch;
  const values = keys + bytesOf(d * panelled(T));
  const products = values + bytesOf(T * panelled(d));
  for (let pair = first; pair < first + count; pair++) {
    const b = pair / heads;
    const head = pair % heads;
    const steps: usize = lengths ? i32.load(lengths + bytesOf(b)) : T;
    const q = qkv + bytesOf(3 * b * D + head * d);
    const o = out + bytesOf(b * D + head * d);
    const top = tops + bytesOf(pair * T);
    const inverse = inverses + bytesOf(pair * T);
    pack(keys, q + bytesOf(D), d, steps, 1, rows);
    pack(values, q + bytesOf(2 * D), steps, d, rows, 1);
    for (let i: usize = 0; i < steps; i += block) {
      const height = min(block, steps - i);
      const seen = i + height;
      multiplyBlock(products, stride, q + i * down, rows, keys, panelBytes(d), height, seen, d, 0);
      for (let r: usize = 0; r < height; r++) weigh(products + bytesOf(r * stride), i + r + 1, seen, scale, top + bytesOf(i + r), inverse + bytesOf(i + r));
      const to = o + i * right;
      multiplyBlock(to, B * D, products, stride, values, panelBytes(steps), height, d, seen, 0);
      for (let r: usize = 0; r < height; r++) scaleRow(to + r * right, d, f32.load(inverse + bytesOf(i + r)));
    }
    for (let t = steps; t < T; t++) zero(o + t * right, d);
  }
}

/**
 * @param qkv as forward; out: its gradient, zero in padding  @param o what forward gave, and @param dO its gradient, [T, B, D]
 * @param scratch the part's own: 2·d·⌈T⌉ + 3·T·⌈d⌉ + 2·T·(⌈T⌉ + 24) elements
 */
export function attentionBackward(
  T: usize, B: usize, D: usize, heads: usize, first: usize, count: usize, lengths: usize,
  qkv: usize, o: usize, dO: usize, tops: usize, inverses: usize, scratch: usize,
): void {
  const d = D / heads;
  const scale = <f32>(1 / Math.sqrt(<f64>d));
  const rows = 3 * B * D;
  const down = bytesOf(rows);
  const right = bytesOf(B * D);
  const stride = strideOf(T);
  const keysDown = scratch;
  const valuesDown = keysDown + bytesOf(d * panelled(T));
  const keys = valuesDown + bytesOf(d * panelled(T));
  const queries = keys + bytesOf(T * panelled(d));
  const gradients = queries + bytesOf(T * panelled(d));
  const weights = gradients + bytesOf(T * panelled(d));
  const slopes = weights + bytesOf(T * stride);
  for (let pair = first; pair < first + count; pair++) {
    const b = pair / heads;
    const head = pair % heads;
    const steps: usize = lengths ? i32.load(lengths + bytesOf(b)) : T;
    const q = qkv + bytesOf(3 * b * D + head * d);
    const k = q + bytesOf(D);
    const v = k + bytesOf(D);
    const at = bytesOf(b * D + head * d);
    const top = tops + bytesOf(pair * T);
    const inverse = inverses + bytesOf(pair * T);
    pack(keysDown, k, d, steps, 1, rows);
    pack(valuesDown, v, d, steps, 1, rows);
    pack(keys, k, steps, d, rows, 1);
    pack(queries, q, steps, d, rows, 1);
    pack(gradients, dO + at, steps, d, B * D, 1);
    for (let i: usize = 0; i < steps; i += block) {
      const height = min(block, steps - i);
      const seen = i + height;
      const a = weights + bytesOf(i * stride);
      const s = slopes + bytesOf(i * stride);
      multiplyBlock(a, stride, q + i * down, rows, keysDown, panelBytes(d), height, seen, d, 0);
      multiplyBlock(s, stride, dO + at + i * right, B * D, valuesDown, panelBytes(d), height, seen, d, 0);
      for (let r: usize = 0; r < height; r++) {
        const row = at + (i + r) * right;
        weighBack(
          a + bytesOf(r * stride), s + bytesOf(r * stride), i + r + 1, seen, scale,
          f32.load(top + bytesOf(i + r)), f32.load(inverse + bytesOf(i + r)), dot(o + row, dO + row, d),
        );
      }
      multiplyBlock(q + i * down, rows, s, stride, keys, panelBytes(steps), height, d, seen, 0);
    }
    for (let j: usize = 0; j < steps; j += columnsOfBlock) {
      const above = j - (j % block);
      const from = bytesOf(above * stride + j);
      const width = min(columnsOfBlock, steps - j);
      multiplyTransposed(k + j * down, rows, slopes + from, stride, queries + panelBytes(above), panelBytes(steps), width, d, steps - above);
      multiplyTransposed(v + j * down, rows, weights + from, stride, gradients + panelBytes(above), panelBytes(steps), width, d, steps - above);
    }
    for (let t = steps; t < T; t++) {
      zero(q + t * down, d);
      zero(k + t * down, d);
      zero(v + t * down, d);
    }
  }
}

/** s ← e^(scale · (s − largest)) of the first `visible`, 0 of those after them up to `seen`. */
function weigh(s: usize, visible: usize, seen: usize, scale: f32, top: usize, inverse: usize): void {
  const largest = maximum(s, visible);
  const subtrahend = f32x4.splat(largest);
  const factor = f32x4.splat(scale);
  let sums = f32x4.splat(0);
  const whole = bytesOf(visible & ~3);
  for (let at: usize = 0; at < whole; at += 16) {
    const e = expOfNegative(times(f32x4.sub(v128.load(s + at), subtrahend), factor));
    v128.store(s + at, e);
    sums = f32x4.add(sums, e);
  }
  let sum = f32x4.extract_lane(sums, 0) + f32x4.extract_lane(sums, 1) + (f32x4.extract_lane(sums, 2) + f32x4.extract_lane(sums, 3));
  const lanes = visible & 3;
  if (lanes > 0) {
    store(s + whole, expOfNegative(times(f32x4.sub(load(s + whole, lanes), subtrahend), factor)), lanes);
    for (let lane: usize = 0; lane < lanes; lane++) sum += f32.load(s + whole + bytesOf(lane));
  }
  clear(s, visible, seen);
  f32.store(top, largest);
  f32.store(inverse, 1 / sum);
}

/** s ← a, and da ← a (da − mean) · scale, of the first `visible`; 0 after them. */
function weighBack(s: usize, da: usize, visible: usize, seen: usize, scale: f32, largest: f32, inverse: f32, mean: f32): void {
  const subtrahend = f32x4.splat(largest);
  const factor = f32x4.splat(scale);
  const inverses = f32x4.splat(inverse);
  const means = f32x4.splat(mean);
  const whole = bytesOf(visible & ~3);
  for (let at: usize = 0; at < whole; at += 16) {
    const a = times(expOfNegative(times(f32x4.sub(v128.load(s + at), subtrahend), factor)), inverses);
    v128.store(s + at, a);
    storeGradient(da + at, times(times(f32x4.sub(v128.load(da + at), means), factor), a), 4);
  }
  const lanes = visible & 3;
  if (lanes > 0) {
    const a = times(expOfNegative(times(f32x4.sub(load(s + whole, lanes), subtrahend), factor)), inverses);
    storeGradient(da + whole, times(times(f32x4.sub(load(da + whole, lanes), means), factor), a), lanes);
    store(s + whole, a, lanes);
  }
  clear(s, visible, seen);
  clear(da, visible, seen);
}

/** Few numbers: a call of the memory's own filling would take longer. */
@inline
function clear(a: usize, from: usize, to: usize): void {
  for (let i = from; i < to; i++) f32.store(a + bytesOf(i), 0);
}

function maximum(a: usize, n: usize): f32 {
  let largest = f32x4.splat(-Infinity);
  const whole = a + bytesOf(n & ~3);
  for (; a < whole; a += 16) largest = f32x4.pmax(largest, v128.load(a));
  let one = max(max(f32x4.extract_lane(largest, 0), f32x4.extract_lane(largest, 1)), max(f32x4.extract_lane(largest, 2), f32x4.extract_lane(largest, 3)));
  for (let lanes = n & 3; lanes > 0; lanes--, a += 4) one = max(one, f32.load(a));
  return one;
}

function dot(a: usize, b: usize, n: usize): f32 {
  let sums = f32x4.splat(0);
  const whole = bytesOf(n & ~3);
  for (let at: usize = 0; at < whole; at += 16) sums = fma(v128.load(a + at), v128.load(b + at), sums);
  sums = fma(load(a + whole, n & 3), load(b + whole, n & 3), sums);
  return f32x4.extract_lane(sums, 0) + f32x4.extract_lane(sums, 1) + (f32x4.extract_lane(sums, 2) + f32x4.extract_lane(sums, 3));
}

function scaleRow(a: usize, n: usize, factor: f32): void {
  const factors = f32x4.splat(factor);
  const whole = bytesOf(n & ~3);
  for (let at: usize = 0; at < whole; at += 16) v128.store(a + at, times(v128.load(a + at), factors));
  store(a + whole, times(load(a + whole, n & 3), factors), n & 3);
}

/**
 * Turns heads of rows first … first + count − 1 by their step's angles, in place: numbers i and i + d/2 of a head, (a, b) → (a cos − b sin, b cos + a sin).
 * @param a [T, B, stride]: the heads are the first `heads · d` numbers  @param cosines [T, d/2]  @param sines likewise; with a minus to turn back
 */
export function turnHeads(B: usize, heads: usize, d: usize, first: usize, count: usize, stride: usize, a: usize, cosines: usize, sines: usize): void {
  const half = d / 2;
  const whole = bytesOf(half & ~3);
  for (let row = first; row < first + count; row++) {
    const cosine = cosines + bytesOf((row / B) * half);
    const sine = sines + bytesOf((row / B) * half);
    for (let head: usize = 0; head < heads; head++) {
      const low = a + bytesOf(row * stride + head * d);
      const high = low + bytesOf(half);
      for (let at: usize = 0; at < whole; at += 16) turn(low + at, high + at, cosine + at, sine + at, 4);
      turn(low + whole, high + whole, cosine + whole, sine + whole, half & 3);
    }
  }
}

@inline
function turn(low: usize, high: usize, cosine: usize, sine: usize, lanes: usize): void {
  const x = load(low, lanes);
  const y = load(high, lanes);
  const c = load(cosine, lanes);
  const s = load(sine, lanes);
  store(low, f32x4.sub(times(x, c), times(y, s)), lanes);
  store(high, fma(x, s, times(y, c)), lanes);
}
