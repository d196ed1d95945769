/** Over the rows of matrices, row-major float32 unless stated otherwise. */
import { add, scale, sumOfSquares, zero } from './elements';
import { bytesOf } from './lanes';

/** out[row] = Σ a[row]², float64; a [rows, n]. */
export function rowSquares(rows: usize, n: usize, a: usize, out: usize): void {
  const stride = bytesOf(n);
  for (let row: usize = 0; row < rows; row++, a += stride, out += 8) f64.store(out, sumOfSquares(a, n));
}

/** a[row] ← factors[row] · a[row]; a [rows, n], factors [rows]. */
export function scaleRows(rows: usize, n: usize, a: usize, factors: usize): void {
  const stride = bytesOf(n);
  for (let row: usize = 0; row < rows; row++, a += stride, factors += 4) scale(a, n, f32.load(factors));
}

/** out[row] = row, [rows, width]. */
export function fillRows(out: usize, row: usize, rows: usize, width: usize): void {
  const bytes = bytesOf(width);
  for (let i: usize = 0; i < rows; i++, out += bytes) memory.copy(out, row, bytes);
}

/** out[row] = table[ids[row]] + bias; where the id is negative bias alone. ids Int32[rows]; bias [width], or 0 for none. */
export function gatherRows(out: usize, table: usize, ids: usize, rows: usize, width: usize, bias: usize): void {
  const bytes = bytesOf(width);
  for (let i: usize = 0; i < rows; i++, out += bytes, ids += 4) {
    const id = i32.load(ids);
    const from = table + <usize>id * bytes;
    if (id < 0 && bias === 0) zero(out, width);
    else if (id < 0) memory.copy(out, bias, bytes);
    else if (bias === 0) memory.copy(out, from, bytes);
    else add(out, from, bias, width);
  }
}

/** table[ids[row]] += a[row], in the order of the rows; negative ids are skipped. a [rows, width]. */
export function scatterAddRows(table: usize, ids: usize, a: usize, rows: usize, width: usize): void {
  const bytes = bytesOf(width);
  for (let i: usize = 0; i < rows; i++, a += bytes, ids += 4) {
    const id = i32.load(ids);
    if (id < 0) continue;
    const to = table + <usize>id * bytes;
    add(to, to, a, width);
  }
}

/** out[j] = Σ a[row, j]; a [rows, n], out [n]. Summed in float64: over a long text, float32 would lose digits. */
export function columnSums(out: usize, a: usize, rows: usize, n: usize): void {
  const stride = bytesOf(n);
  let j: usize = 0;
  for (; j + 8 <= n; j += 8, a += 32, out += 32) {
    let s0 = f64x2.splat(0);
    let s1 = f64x2.splat(0);
    let s2 = f64x2.splat(0);
    let s3 = f64x2.splat(0);
    for (let row: usize = 0, at = a; row < rows; row++, at += stride) {
      s0 = f64x2.add(s0, f64x2.promote_low_f32x4(v128.load64_zero(at)));
      s1 = f64x2.add(s1, f64x2.promote_low_f32x4(v128.load64_zero(at, 8)));
      s2 = f64x2.add(s2, f64x2.promote_low_f32x4(v128.load64_zero(at, 16)));
      s3 = f64x2.add(s3, f64x2.promote_low_f32x4(v128.load64_zero(at, 24)));
    }
    storeSums(out, s0);
    storeSums(out + 8, s1);
    storeSums(out + 16, s2);
    storeSums(out + 24, s3);
  }
  for (; j < n; j++, a += 4, out += 4) {
    let sum: f64 = 0;
    for (let row: usize = 0, at = a; row < rows; row++, at += stride) sum += f32.load(at);
    f32.store(out, <f32>sum);
  }
}

/**
 * The same, row by row, as they lie in memory: the strided way fetches each line of the cache twice.
 * @param sums Float64[n], scratch
 */
export function columnSumsByRow(out: usize, a: usize, rows: usize, n: usize, sums: usize): void {
  memory.fill(sums, 0, n << 3);
  const even = n & ~3;
  for (let row: usize = 0; row < rows; row++) {
    let to = sums;
    const whole = a + bytesOf(even);
    for (; a < whole; a += 16, to += 32) {
      const values = v128.load(a);
      v128.store(to, f64x2.add(v128.load(to), f64x2.promote_low_f32x4(values)));
      v128.store(to, f64x2.add(v128.load(to, 16), f64x2.promote_low_f32x4(v128.shuffle<f32>(values, values, 2, 3, 0, 1))), 16);
    }
    for (let j = even; j < n; j++, a += 4, to += 8) f64.store(to, f64.load(to) + f32.load(a));
  }
  for (let j: usize = 0; j < n; j++) f32.store(out + bytesOf(j), <f32>f64.load(sums + (j << 3)));
}

@inline
function storeSums(out: usize, sums: v128): void {
  f32.store(out, <f32>f64x2.extract_lane(sums, 0));
  f32.store(out, <f32>f64x2.extract_lane(sums, 1), 4);
}

/** `width` columns of one matrix into another; strides from row to row in elements. */
export function copyColumns(out: usize, outStride: usize, a: usize, aStride: usize, rows: usize, width: usize): void {
  const bytes = bytesOf(width);
  for (let row: usize = 0; row < rows; row++) {
    memory.copy(out + bytesOf(row * outStride), a + bytesOf(row * aStride), bytes);
  }
}
