/** Householder reflections in float64, of which QR and bidiagonalization are made: see src/core/spectra. */
import { load, madd, store, sumOfLanes } from './lanes64';

/** a ← (I − τ v vᵀ) a, a [rows, columns]. @param stride from row to row in elements  @param v [rows]  @param w [columns], scratch */
export function reflectLeft64(a: usize, stride: usize, rows: usize, columns: usize, v: usize, tau: f64, w: usize): void {
  const row = stride << 3;
  memory.fill(w, 0, columns << 3);
  for (let i: usize = 0, from = a; i < rows; i++, from += row) addScaled(w, f64.load(v + (i << 3)), from, columns);
  for (let i: usize = 0, to = a; i < rows; i++, to += row) addScaled(to, -tau * f64.load(v + (i << 3)), w, columns);
}

/** a ← a (I − τ v vᵀ), a [rows, columns]. @param v [columns] */
export function reflectRight64(a: usize, stride: usize, rows: usize, columns: usize, v: usize, tau: f64): void {
  const row = stride << 3;
  for (let i: usize = 0; i < rows; i++, a += row) addScaled(a, -tau * product(a, v, columns), v, columns);
}

/** out += factor · a, n elements. */
@inline
function addScaled(out: usize, factor: f64, a: usize, n: usize): void {
  const factors = f64x2.splat(factor);
  const end = out + ((n & ~1) << 3);
  for (; out < end; out += 16, a += 16) v128.store(out, madd(factors, v128.load(a), v128.load(out)));
  store(out, madd(factors, load(a, n & 1), load(out, n & 1)), n & 1);
}

/** Σ a b, n elements; two sums, so that one need not wait for the other. */
@inline
function product(a: usize, b: usize, n: usize): f64 {
  let first = f64x2.splat(0);
  let second = f64x2.splat(0);
  const end = a + ((n & ~3) << 3);
  for (; a < end; a += 32, b += 32) {
    first = madd(v128.load(a), v128.load(b), first);
    second = madd(v128.load(a, 16), v128.load(b, 16), second);
  }
  let sum = sumOfLanes(f64x2.add(first, second));
  for (let i: usize = 0; i < (n & 3); i++) sum += f64.load(a + (i << 3)) * f64.load(b + (i << 3));
  return sum;
}
